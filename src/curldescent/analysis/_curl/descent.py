"""How far learning is from descending, along a run: angles to the gradient, climbing steps, height climbed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import citations
from curldescent.foundation.errors import InputError
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import SAFETY
from curldescent.learning.fields.subjects import subject_network
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class DescentProfile(Summarised):
    """What a run of k recorded parameters did to the loss.

    Attributes:
        loss: C at every point, (k,).
        field_alignment: cosine of the angle between the field −S ∘ ∂C/∂θ and −∂C/∂θ at every point, (k,): 1 for
            gradient descent, negative where the field climbs; NaN where either vanishes.
        step_alignment: the same for the displacement to the next point and −∂C/∂θ at the first of the two, (k − 1,).
        rate: dC/dt along the field, −Σ S (∂C/∂θ)², (k,).
        climbing: fraction of the k − 1 steps that end with a higher loss than they began with, by more than rounding.
        height: sum of all rises of the loss, over the steps that climb.
        drop: sum of all falls; loss[0] − loss[-1] = drop − height.
        rounding: estimate of how much of each loss is rounding in the precision that the model computes in, (k,).
    """

    loss: Array
    field_alignment: Array
    step_alignment: Array
    rate: Array
    climbing: float
    height: float
    drop: float
    rounding: Array

    def __str__(self) -> str:
        return (
            f"loss {self.loss[0]:.4g} → {self.loss[-1]:.4g}; {100 * self.climbing:.3g} % of steps climb, "
            f"{self.height:.4g} in all; mean cosine of field and −gradient {np.nanmean(self.field_alignment):.3g}"
        )


def descent_profile(
    subject: Problem | Network, rule: Plasticity | None = None, *, run: Iterable[Any], trial: int = 0
) -> DescentProfile:
    """Compare a run with descent of the loss.

    Args:
        subject: a problem, or a `cd.analysis.network` with targets: the loss and the strengths.
        rule: a problem's plasticity; it must backpropagate.
        run: at least two parameter sets in the form the network was given its own, in order; or the history of
            `cd.train(…, record_weights=True)` for one trial and rule.
        trial: which of a problem's: the one that the run is of.

    Returns:
        A `DescentProfile`. Between recorded points a run may climb and fall again: what it climbs is at least the
        height.

    Raises:
        InputError: fewer than two points, a history without weights, with several trials or of another one, a field
            without a loss.

    Source: docs/analysis.md, section "Curl".

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=10, n_hidden=20, n_train=50)
        >>> rule = cd.Plasticity(readout=0.3)
        >>> history = cd.train(problem, rule, epochs=50, record=range(51), record_weights=True)
        >>> cd.analysis.descent_profile(problem, rule, run=history.isel(trial=0)).climbing
        0.0
    """
    citations.use("richards2023", "shoji2024")
    network = subject_network(subject, rule, trial, what="a descent profile")
    network.require_targets("a descent profile")
    if isinstance(subject, Problem):
        _require_trial(run, trial)
    path = [network.flat(params) for params in _points(run, list(network.shapes))]
    if len(path) < 2:
        raise InputError(f"a run needs at least two points, got {len(path)}")
    losses = np.array([network.loss(theta) for theta in path])
    gradients = [network.gradient(theta) for theta in path]
    rounding = np.array([_rounding(network, theta) for theta in path])
    steps = np.diff(losses)
    # At the end of learning losses go up and down by rounding, and no run climbs there.
    rises = steps[steps > rounding[:-1] + rounding[1:]]
    height = float(rises.sum())
    return DescentProfile(
        loss=losses,
        field_alignment=np.array([cosine(network.strengths * g, g) for g in gradients]),
        step_alignment=np.array(
            [cosine(b - a, -g) for a, b, g in zip(path[:-1], path[1:], gradients[:-1], strict=True)]
        ),
        rate=np.array([-float(network.strengths @ g**2) for g in gradients]),
        climbing=len(rises) / len(steps),
        height=height,
        drop=float(losses[0] - losses[-1]) + height,
        rounding=rounding,
    )


def _require_trial(run: Any, trial: int) -> None:
    """Refuse a history that says it is of another trial, whose targets are others."""
    of = run["trial"] if hasattr(run, "data_vars") and "trial" in run else None
    if of is not None and of.ndim == 0 and int(of) != trial:
        raise InputError(f"run is of trial {int(of)}, but trial is {trial}: its loss and gradient are others'")


def _rounding(network: Network, theta: Array) -> float:
    """What outputs that are off by their rounding do to the loss: to first order, and to second at zero residual."""
    here = network.at(theta)
    outputs = SAFETY * network.precision * np.abs(here.outputs())
    return float((np.abs(here.residual()) * outputs + outputs**2).sum() / network.n_samples)


def _points(run: Any, names: Sequence[str]) -> Iterable[Any]:
    if not hasattr(run, "data_vars"):
        if isinstance(run, str | Mapping) or not isinstance(run, Iterable):
            raise InputError(
                "run must be parameter sets in order, or a history of cd.train(…, record_weights=True), got "
                f"{type(run).__name__}"
            )
        return run
    paths = [f"{name}_history" for name in names]
    if not all(path in run for path in paths):
        raise InputError("the history has no weights along the run: train with record_weights=True")
    if run[paths[0]].ndim != 3:
        raise InputError(
            "the history must be of one trial and one rule, e.g. history.isel(trial=0), got dimensions "
            f"{run[paths[0]].dims}"
        )
    snapshots = zip(*(run[path].values for path in paths), strict=True)
    return [dict(zip(names, layers, strict=True)) for layers in snapshots]


def cosine(a: Array, b: Array) -> float:
    """Cosine of the angle between two vectors; NaN where one is zero."""
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size > 0 else float("nan")
