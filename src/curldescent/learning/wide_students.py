"""Linear students of any width, infinite width included, as narrow students with exactly the same dynamics.

Hidden neurons whose readout synapses learn alike (a group a) enter an update only through A_a = W1_aᵀ W1_a,
q_a = w2_a W1_a and s_a = ‖w2_a‖²: the order parameters of docs/chaos.md, "Modulo rotations". Any M + 1 neurons with
the same order parameters learn the same function, so a student of a million neurons is trained as one of M + 1 per
group, drawn without ever drawing the million where weights are normal.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError
from curldescent.model.flips import flipped_count
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import (
    DISTRIBUTIONS,
    PAPER_INPUT_VARIANCE,
    covariance_root,
    gaussian_inputs,
    inputs_size,
)
from curldescent.model.weights import Weights
from curldescent.theory.sample_matrices import bartlett_factor

Array = NDArray[np.float64]

# Rows of a wide layer that are drawn and absorbed at a time.
BLOCK = 8192
# More random numbers than these take weeks.
_MOST_DRAWS = 10**13


@dataclass(frozen=True, eq=False)
class WideStudents:
    """A narrow problem that stands for wide linear students.

    Attributes:
        problem: for `curldescent.train`; its students have M + 1 hidden neurons per group, and their errors, products
            W2 W1, Gram matrices and layer norms are those of the wide students. Their single weights are not.
        readout: the readout strengths of those neurons, (hidden neurons,): flipped group first.
    """

    problem: Problem
    readout: Array

    def rule(self, hidden: ArrayLike = 0.0) -> Plasticity:
        """Curl descent with this flipped fraction of the readout, and `hidden` flips as in `Plasticity`."""
        return Plasticity(hidden=hidden, readout=self.readout)


def wide_students(
    *,
    n_inputs: int,
    n_hidden: float,
    readout: float = 0.0,
    n_train: int = 250,
    n_test: int = 100,
    student_scale: float = 1.0,
    teacher_scale: float = 1.0,
    distribution: str = "uniform",
    hidden_gain: float | None = None,
    covariance: ArrayLike | None = None,
    trials: int = 1,
    seed: int = 0,
) -> WideStudents:
    """Sample linear students of any width, at a cost per update that does not depend on it.

    Args:
        n_inputs: M.
        n_hidden: N of student and teacher, up to millions, or `math.inf`.
        readout: α_r, the flipped fraction of the readout: the first ⌊α_r N⌋ hidden neurons.
        n_train: P.
        n_test: test samples; 0 for none.
        student_scale: s of the student's weights, of variance s²/3 over fan-in if uniform and s² over fan-in if normal.
        teacher_scale: the same for the teacher.
        distribution: "uniform" or "normal". Normal layers cost O(M²) to draw whatever N, uniform ones O(N M²).
        hidden_gain: the mean squared length of a column of W1. None: what the scale and N give, N/M times a weight's
            variance times fan-in, which grows with N. Needed for N = ∞, where the limit is taken at this value: W1
            then has weights that shrink as 1/√N, and q vanishes at the start.
        covariance: of the inputs, as in `curldescent.student_teacher`.
        trials: T. For N = ∞ the students of all trials are equal and the teachers differ, in direction and in
            norm, which does not vanish as that of random infinite teachers would.
        seed: of everything.

    Returns:
        `WideStudents`.

    Raises:
        InputError: a value out of range; N = ∞ without `hidden_gain`.

    Source: docs/chaos.md, section "Modulo rotations"; the limit: docs/limits_of_chaos.md.

    Example:
        >>> import curldescent as cd
        >>> wide = cd.wide_students(n_inputs=10, n_hidden=1_000_000, readout=0.3, distribution="normal", n_train=50)
        >>> wide.problem.student
        Weights(trials=1, inputs=10, hidden=22, outputs=1)
        >>> history = cd.train(wide.problem, wide.rule(), epochs=5, learning_rate=1e-6)
        >>> history.train_error.sizes["epoch"]
        6
    """
    n_inputs = validation.integer("n_inputs", n_inputs, minimum=1)
    infinite = isinstance(n_hidden, float) and n_hidden == math.inf
    if not infinite:
        n_hidden = validation.integer("n_hidden", n_hidden, minimum=1, maximum=2**53)
    elif hidden_gain is None:
        raise InputError(
            "hidden_gain must be given where n_hidden is infinite: it says at which W1ᵀW1 the limit is taken"
        )
    if hidden_gain is not None:
        hidden_gain = validation.positive("hidden_gain", hidden_gain)
    alpha = validation.fraction("readout", readout)
    validation.choice("distribution", distribution, DISTRIBUTIONS)
    trials = validation.integer("trials", trials, minimum=1)
    n_test = validation.integer("n_test", n_test, minimum=0)
    n_train = validation.integer("n_train", n_train, minimum=1)
    spread = 1 / 3 if distribution == "uniform" else 1.0
    scales = [
        validation.positive(name, scale) ** 2 * spread
        for name, scale in (("student_scale", student_scale), ("teacher_scale", teacher_scale))
    ]
    _refuse_too_much(n_inputs, n_hidden, n_train + n_test, trials, distribution)
    for_train, for_test, *for_trials = np.random.SeedSequence(validation.integer("seed", seed, minimum=0)).spawn(
        2 + trials
    )
    root = covariance_root(n_inputs, PAPER_INPUT_VARIANCE if covariance is None else covariance)
    inputs = gaussian_inputs(np.random.default_rng(for_train), n_train, root)
    test_inputs = gaussian_inputs(np.random.default_rng(for_test), n_test, root) if n_test else None

    students, teachers = [], []
    for stream in for_trials:
        rng = np.random.default_rng(stream)
        factors = []
        for variance, flipped in ((scales[0], alpha), (scales[1], 0.0)):
            gain = variance * n_hidden / n_inputs if hidden_gain is None else hidden_gain
            parts = [
                _factor(rng, n_inputs, n_hidden, share, gain, variance, distribution)
                for share in _shares(flipped, n_hidden)
            ]
            factors.append(np.concatenate(parts))
        students.append(factors[0])
        # At infinite width a teacher's q vanishes with its fluctuations; its direction is what they leave.
        product = factors[1][:, :-1].T @ factors[1][:, -1]
        if infinite:
            product = np.sqrt(scales[1] * hidden_gain / n_inputs) * rng.standard_normal(n_inputs)  # type: ignore[operator]
        teachers.append(product)
    rows = [n_inputs + 1 if infinite else min(n_inputs + 1, share) for share in _shares(alpha, n_hidden)]
    signs = [-1.0, 1.0] if len(rows) == 2 else [-1.0 if alpha == 1 else 1.0]
    targets = np.stack(teachers)[:, None, :]
    problem = Problem(
        inputs=inputs,
        test_inputs=test_inputs,
        student=Weights(
            hidden=np.stack([f[:, :-1] for f in students]), readout=np.stack([f[None, :, -1] for f in students])
        ),
        targets=inputs @ targets.swapaxes(1, 2),
        test_targets=None if test_inputs is None else test_inputs @ targets.swapaxes(1, 2),
    )
    return WideStudents(problem, np.repeat(signs, [int(r) for r in rows]))


def _refuse_too_much(n_inputs: int, n_hidden: float, samples: int, trials: int, distribution: str) -> None:
    # Two groups of M + 1 neurons of the student and as many of the teacher, drawn, factorised, stacked and copied.
    each = 2000 + 8 * 8 * (n_inputs + 1) ** 2
    memory.require(
        f"a problem with {validation.shown(n_inputs)} inputs, {validation.shown(samples)} samples and "
        f"{validation.shown(trials)} trials",
        trials * (each + 2 * 8 * samples) + inputs_size(n_inputs, samples),
    )
    if distribution == "uniform" and n_hidden != math.inf and 2 * n_hidden * n_inputs * trials > _MOST_DRAWS:
        raise InputError(
            f"uniform layers of {n_hidden} hidden neurons need {2 * n_hidden * n_inputs * trials:.1e} random numbers, "
            f"more than {_MOST_DRAWS:.0e}; normal ones, distribution='normal', cost the same whatever their "
            "number"
        )


def _shares(alpha: float, n_hidden: float) -> list[float]:
    """Sizes of the flipped and the other group, empty ones left out; fractions for infinite width."""
    if n_hidden == math.inf:
        both = [alpha, 1 - alpha]
    else:
        flipped = flipped_count(alpha, int(n_hidden))
        both = [flipped, n_hidden - flipped]
    return [share for share in both if share > 0]


def _factor(
    rng: np.random.Generator,
    n_inputs: int,
    n_hidden: float,
    share: float,
    gain: float,
    readout_variance: float,
    distribution: str,
) -> Array:
    """R, upper triangular, with RᵀR the Gram matrix of [W1_a, w2_aᵀ] of one group of neurons."""
    columns = n_inputs + 1
    if n_hidden == math.inf:
        deviations = np.sqrt([*[gain] * n_inputs, readout_variance])
        return np.diag(np.sqrt(share) * deviations)
    size = int(share)
    deviations = np.sqrt([*[gain / n_hidden] * n_inputs, readout_variance / n_hidden])
    if distribution == "normal" and size >= columns:
        return bartlett_factor(rng.standard_normal((columns, columns)).T, size, rng).T * deviations
    factor = np.empty((0, columns))
    for first in range(0, size, BLOCK):
        shape = (min(BLOCK, size - first), columns)
        block = (
            rng.standard_normal(shape) if distribution == "normal" else rng.uniform(-math.sqrt(3), math.sqrt(3), shape)
        )
        stacked = np.concatenate([factor, block * deviations])
        factor = stacked if len(stacked) <= columns else np.asarray(np.linalg.qr(stacked, mode="r"))
    return factor
