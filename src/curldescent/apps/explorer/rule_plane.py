"""A rule on a small network: its field in the plane of two weights, a loop there, and how much of it is curl."""

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import student_teacher

if TYPE_CHECKING:
    # JAX is loaded when something is measured, not before the first page.
    from curldescent.analysis import Circulation, CurlShare
    from curldescent.learning.fields.field import Field
    from curldescent.learning.fields.jax_network import JaxNetwork

Array = NDArray[np.float64]
# How far the plane goes, either way.
REACH = 2.5
GRID = np.linspace(-REACH, REACH, 41)
ANGLES = np.linspace(0, 2 * np.pi, 73)
SAMPLES = 40


@dataclass(frozen=True)
class Network:
    """What is learned: a student of M inputs, N hidden neurons and one linear output, and the seed of it all."""

    n_inputs: int
    n_hidden: int
    activation: str
    seed: int

    @property
    def weights(self) -> dict[str, int]:
        """Every weight by the neurons it connects, to its place among the field's parameters.

        Example:
            >>> Network(2, 1, "tanh", 0).weights
            {'input 1 → hidden 1': 0, 'input 2 → hidden 1': 1, 'hidden 1 → output': 2}
        """
        m, n = self.n_inputs, self.n_hidden
        names = [f"input {j + 1} → hidden {i + 1}" for i in range(n) for j in range(m)]
        return {name: at for at, name in enumerate([*names, *(f"hidden {i + 1} → output" for i in range(n))])}


@dataclass(frozen=True)
class Slice:
    """What is measured: a loop of a radius about a point in the plane of two weights; all others stay as they are."""

    network: Network
    rule: Plasticity
    pair: tuple[int, int]
    centre: tuple[float, float]
    radius: float


@dataclass(frozen=True)
class Found:
    """What a rule does in a slice.

    Attributes:
        loss: C on `GRID` × `GRID`, rows along the second weight.
        flow: the field's components along the two weights there, (2, 41, 41).
        along: F·t on the loop at `ANGLES`, t being the unit tangent.
        antisymmetric: A = (J − Jᵀ)/2 at the loop's centre, (n, n).
        share: of A in J.
        turning: ∮ F·dθ around the loop.
        realised: what the plasticity comes to in this network.
    """

    loss: Array
    flow: Array
    along: Array
    antisymmetric: Array
    share: "CurlShare"
    turning: "Circulation"
    realised: str


def read_layer(name: str, text: str) -> float | list[float]:
    """What a person typed about a layer: nothing, a fraction, or one strength per neuron.

    Args:
        name: of the layer, for the message.
        text: numbers, separated by commas, semicolons or blanks.

    Returns:
        A fraction where there is one number, 0 where there is none; otherwise strengths.

    Raises:
        InputError: something that is no number.

    Example:
        >>> read_layer("readout", "0.5"), read_layer("readout", "-1, 1 0.5"), read_layer("readout", "")
        (0.5, [-1, 1, 0.5], 0.0)
    """
    words = [word for word in re.split(r"[,;\s]+", text.strip()) if word]
    numbers: list[float] = []
    for word in words:
        try:
            # Whole numbers stay whole: of 0 and 1 the library says that they flip nothing.
            numbers.append(int(word) if re.fullmatch(r"[+-]?\d{1,9}", word) else float(word))
        except ValueError:
            raise InputError(
                f"the {name} rule must be a fraction, such as 0.5, or one strength per neuron, such as -1, 1, 0.5, "
                f"got {word[:30]!r}"
            ) from None
    return (numbers or [0.0])[0] if len(numbers) < 2 else numbers


def read_feedback(kind: str, text: str) -> Any:
    """What carries the error back: None for Wᵀ, "random", or the typed numbers as a matrix (N, 1)."""
    if kind != "typed":
        return {"transpose": None, "random": "random"}[kind]
    numbers = read_layer("feedback", text)
    return [[value] for value in (numbers if isinstance(numbers, list) else [numbers])]


def read_rule(hidden: str, readout: str, kind: str, numbers: str) -> tuple[Plasticity, list[str]]:
    """The plasticity that was typed, and what the library warns of about it.

    Raises:
        InputError: as `read_layer` and `Plasticity`.
    """
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        rule = Plasticity(
            hidden=read_layer("hidden", hidden),
            readout=read_layer("readout", readout),
            feedback=read_feedback(kind, numbers),
        )
    return rule, [str(warning.message) for warning in heard]


@lru_cache(maxsize=8)
def problem_of(network: Network) -> Problem:
    """The problem of a network; its output is linear, so that the loss shown is the one that is descended."""
    return student_teacher(
        n_inputs=network.n_inputs,
        n_hidden=network.n_hidden,
        activation=network.activation,
        output_activation="linear",
        n_train=SAMPLES,
        n_test=0,
        seed=network.seed,
    )


@lru_cache(maxsize=8)
def _descent(network: Network) -> "JaxNetwork":
    """Gradient descent on the same loss; its kernels serve every rule without feedback."""
    from curldescent.learning.fields.from_problem import problem_field
    from curldescent.learning.fields.jax_network import JaxNetwork

    field = problem_field(problem_of(network), Plasticity())
    assert isinstance(field, JaxNetwork)
    return field


def field_of(asked: Slice) -> "Field":
    """`cd.field(problem, rule)` at the loop's centre.

    Raises:
        InputError: a rule that does not fit the network, or one weight shown twice.
    """
    from curldescent.learning.fields.from_problem import problem_field

    if asked.pair[0] == asked.pair[1]:
        raise InputError("the two weights shown must be different ones")
    problem, descent = problem_of(asked.network), _descent(asked.network)
    if asked.rule.feedback is None:
        names = problem.student.names
        strengths = asked.rule.resolved(problem.student.sizes)
        field: Field = descent.with_strengths(dict(zip(names, strengths, strict=True)))
    else:
        field = problem_field(problem, asked.rule)
    theta = field.theta.copy()
    theta[list(asked.pair)] = asked.centre
    return field.at(theta)


def measured(asked: Slice) -> Found:
    """Everything that is shown of a slice.

    Raises:
        InputError: as `field_of`.

    Example:
        >>> turned = Slice(Network(2, 2, "linear", 0), Plasticity(readout=[-1.0, 1.0]), (0, 4), (1.0, 0.5), 0.5)
        >>> found = measured(turned)
        >>> found.turning.verdict, found.share.antisymmetric > 0.01
        ('curl', True)
    """
    from curldescent.analysis import circulation, curl

    field = field_of(asked)
    across, up = np.eye(field.n_params)[list(asked.pair)]
    w1, w2 = np.meshgrid(GRID, GRID)
    there = (
        field.theta + (w1.ravel() - asked.centre[0])[:, None] * across + (w2.ravel() - asked.centre[1])[:, None] * up
    )
    tangents = -np.sin(ANGLES)[:, None] * across + np.cos(ANGLES)[:, None] * up
    loop = field.theta + asked.radius * (np.cos(ANGLES)[:, None] * across + np.sin(ANGLES)[:, None] * up)
    velocities = field.velocities(np.concatenate([there, loop]))
    losses, _ = _descent(asked.network).along(np.concatenate([there, loop]))
    jacobian = field.jacobian()
    return Found(
        loss=losses[: len(there)].reshape(w1.shape),
        flow=velocities[: len(there)][:, list(asked.pair)].T.reshape(2, *w1.shape),
        along=(velocities[len(there) :] * tangents).sum(1),
        antisymmetric=(jacobian - jacobian.T) / 2,
        share=curl(field),
        turning=circulation(field, radius=asked.radius, plane=[across, up]),
        realised=str(asked.rule.realised(problem_of(asked.network).student.sizes)),
    )
