"""Random students, teachers and Gaussian inputs: the paper's sampler and its generalisations."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError
from curldescent.model.activations import Activation
from curldescent.model.losses import Loss
from curldescent.model.problem import Problem
from curldescent.model.weights import Weights

Array = NDArray[np.float64]
DISTRIBUTIONS = ("uniform", "normal")

# Inputs are x ~ N(0, ½ I) in the paper's simulations (docs/theory.md, simulation protocol).
PAPER_INPUT_VARIANCE = 0.5


def student_teacher(
    *,
    n_inputs: int,
    n_hidden: int | Sequence[int],
    n_outputs: int = 1,
    activation: str | Activation = "linear",
    output_activation: str | Activation | None = None,
    loss: str | Loss | Callable[..., Any] = "squared",
    n_train: int = 250,
    n_test: int = 100,
    student_scale: float = 1.0,
    teacher_scale: float = 1.0,
    distribution: str = "uniform",
    covariance: ArrayLike | None = None,
    trials: int = 1,
    seed: int = 0,
) -> Problem:
    """Sample a student–teacher problem as the paper does: shared inputs, a new teacher and student per trial.

    Args:
        n_inputs: M.
        n_hidden: N, of student and teacher; a list for several hidden layers.
        n_outputs: O.
        activation: φ of both, as in `Problem`.
        output_activation: φ_out of both; φ by default, as in the paper's simulations.
        loss: what is recorded and descended, as in `Problem`.
        n_train: P, training samples.
        n_test: test samples; 0 for none.
        student_scale: s of the student's initial weights.
        teacher_scale: s of the teacher's weights.
        distribution: "uniform", U(±s/√fan-in), or "normal", N(0, s²/fan-in).
        covariance: of the Gaussian inputs: a variance, M variances, or an (M, M) matrix. ½ by default.
        trials: T. Trial t is the same whatever the number of trials.
        seed: of everything sampled here.

    Returns:
        A `Problem` with a trial axis of length T on the student's and the teacher's weights.

    Raises:
        InputError: a size below 1, an unknown name, a covariance that is not positive semi-definite, or sizes that do
            not fit into memory.

    Source: the paper's simulations; M and N are related by the compression ratio c = M/N.

    Example:
        >>> import curldescent as cd
        >>> cd.student_teacher(n_inputs=100, n_hidden=10, activation="tanh", n_train=2000, trials=10)
        Problem(tanh → tanh, inputs=100, hidden=10, outputs=1, train=2000, test=100, trials=10, teacher)
    """
    n_inputs = validation.integer("n_inputs", n_inputs, minimum=1)
    many = isinstance(n_hidden, list | tuple)
    widths = [validation.integer("n_hidden", n, minimum=1) for n in (n_hidden if many else [n_hidden])]  # type: ignore[union-attr]
    sizes = (n_inputs, *widths, validation.integer("n_outputs", n_outputs, minimum=1))
    n_train = validation.integer("n_train", n_train, minimum=1)
    n_test = validation.integer("n_test", n_test, minimum=0)
    trials = validation.integer("trials", trials, minimum=1)
    seed = validation.integer("seed", seed, minimum=0)
    validation.choice("distribution", distribution, DISTRIBUTIONS)
    teacher_scale = validation.positive("teacher_scale", teacher_scale)
    student_scale = validation.positive("student_scale", student_scale, zero=True)
    memory.require(
        f"a problem with {validation.shown(n_inputs)} inputs, {validation.shown(sum(widths))} hidden neurons, "
        f"{validation.shown(sizes[-1])} outputs, {validation.shown(n_train + n_test)} samples and "
        f"{validation.shown(trials)} trials",
        2 * weights_size(sizes, trials) + inputs_size(n_inputs, n_train + n_test),
    )
    # One stream for the inputs and one per trial: adding trials or samples changes nothing already there.
    for_train, for_test, *for_trials = np.random.SeedSequence(seed).spawn(2 + trials)
    root = covariance_root(n_inputs, PAPER_INPUT_VARIANCE if covariance is None else covariance)
    teachers, students = [], []
    for stream in for_trials:
        rng = np.random.default_rng(stream)
        teachers.append(layer_weights(rng, sizes, teacher_scale, distribution))
        students.append(layer_weights(rng, sizes, student_scale, distribution))
    return Problem(
        inputs=gaussian_inputs(np.random.default_rng(for_train), n_train, root),
        test_inputs=gaussian_inputs(np.random.default_rng(for_test), n_test, root) if n_test else None,
        student=stack(students),
        teacher=stack(teachers),
        activation=activation,
        output_activation=activation if output_activation is None else output_activation,
        loss=loss,  # type: ignore[arg-type]
    )


def weights_size(sizes: Sequence[int], trials: int) -> int:
    """Bytes at the peak of drawing networks: their streams, one after the other, stacked, and a problem's copy."""
    stream = 2000  # a seed sequence with its generator
    return trials * (stream + 3 * 8 * sum(pre * post for pre, post in pairwise(sizes)))


def inputs_size(n_inputs: int, samples: int) -> int:
    """Bytes at the peak of drawing inputs: white, coloured, and a problem's copy."""
    return 3 * 8 * n_inputs * samples


def layer_weights(rng: np.random.Generator, sizes: Sequence[int], scale: float, distribution: str) -> tuple[Array, ...]:
    """One network's layers, each (post, pre), each entry of scale s/√fan-in."""
    validation.choice("distribution", distribution, DISTRIBUTIONS)
    layers = []
    for pre, post in pairwise(sizes):
        width, shape = scale / np.sqrt(pre), (post, pre)
        layers.append(rng.uniform(-width, width, shape) if distribution == "uniform" else rng.normal(0, width, shape))
    return tuple(layers)


def stack(networks: Sequence[tuple[Array, ...]]) -> Weights:
    """Networks of equal shape as one `Weights` with a trial axis."""
    return Weights([np.stack(layer) for layer in zip(*networks, strict=True)])


def covariance_root(n_inputs: int, covariance: ArrayLike) -> Array:
    """A matrix R with RᵀR the covariance, (M, M), or its diagonal, (M,), from any of the accepted forms."""
    array = validation.finite_array("covariance", covariance, ndim=(0, 1, 2))
    if array.ndim < 2:
        if array.ndim == 1:
            validation.shape("covariance", array, (n_inputs,), "(one variance per input)")
        if array.min() < 0:
            raise InputError(f"covariance must have no negative variance, got {array.min():g}")
        return np.sqrt(np.broadcast_to(array, (n_inputs,)))
    validation.shape("covariance", array, (n_inputs, n_inputs), "(inputs, inputs)")
    if not np.allclose(array, array.T, rtol=1e-10, atol=1e-12 * np.abs(array).max()):
        raise InputError("covariance must be symmetric")
    values, vectors = np.linalg.eigh(array)
    # Rounding leaves eigenvalues of a singular covariance slightly negative; anything more is a wrong matrix.
    if values[0] < -1e-10 * max(values[-1], 0):
        raise InputError(f"covariance must be positive semi-definite, got an eigenvalue of {values[0]:g}")
    return np.sqrt(values.clip(0))[:, None] * vectors.T


def gaussian_inputs(rng: np.random.Generator, samples: int, root: Array) -> Array:
    """Zero-mean Gaussian inputs, (samples, M), with the covariance whose root is given."""
    white = rng.standard_normal((samples, root.shape[-1]))
    return white * root if root.ndim == 1 else white @ root
