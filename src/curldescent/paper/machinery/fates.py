"""Do linear students that start beside a zero-loss solution return or leave? The instrument of the stability maps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.train import train
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import covariance_root, gaussian_inputs
from curldescent.model.weights import Weights
from curldescent.theory import Spectrum, linear_stability
from curldescent.theory.sample_matrices import n_hidden_for

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

# Verdicts carry the sign of the lowest eigenvalue that theory would give.
RETURNED, UNDECIDED, LEFT = 1, 0, -1

# A student starts this far from its solution, relative to its weights.
START = 1e-6
# Errors relative to the first one. Every direction has a share of it, the smallest about 1/M² or, with inputs of
# unequal variance, the inverse of their condition: an error 1e-10 of the first has no growing part left.
RETURN_BELOW, LEAVE_ABOVE = 1e-10, 100.0
# The step, in units of the fastest rate: far inside 2, where the update itself would be unstable.
STEP = 0.5
# Students are looked at after pieces of a run, each longer than the one before; those that have decided drop out.
_FIRST_PIECE, _FACTOR = 250, 4
# How a criterion says so.
PIECES = ", ".join(str(_FIRST_PIECE * _FACTOR**piece) for piece in range(3))


@dataclass(frozen=True)
class Fates:
    """What became of the students of several solutions.

    Attributes:
        verdict: (T,), `RETURNED`, `LEFT` or `UNDECIDED`.
        steps: (T,), updates made until the piece of the run in which it was decided had ended.
    """

    verdict: NDArray[np.int8]
    steps: NDArray[np.int64]


def random_solutions(n_inputs: int, n_hidden: int, *, n_outputs: int = 1, trials: int, seed: int) -> Weights:
    """Networks with normal weights, scaled to ‖W1‖_F = √N and ‖W2‖_F = √O: σ² = 1 and, for one output, ρ = 1 exactly.

    Args:
        n_inputs: M.
        n_hidden: N.
        n_outputs: O.
        trials: how many, T.
        seed: of all of them.

    Returns:
        `Weights` with a trial axis.
    """
    rng = np.random.default_rng(seed)
    w1 = rng.standard_normal((trials, n_hidden, n_inputs))
    w2 = rng.standard_normal((trials, n_outputs, n_hidden))
    w1 *= np.sqrt(n_hidden / (w1**2).sum((1, 2), keepdims=True))
    w2 *= np.sqrt(n_outputs / (w2**2).sum((1, 2), keepdims=True))
    return Weights([w1, w2])


def white_inputs(n_inputs: int, *, seed: int = 0) -> Array:
    """Gaussian inputs x ~ N(0, ½ I), four samples for each input: a well-conditioned sample, (4M, M)."""
    return gaussian_inputs(np.random.default_rng(seed), 4 * n_inputs, covariance_root(n_inputs, 0.5))


def fates(
    inputs: Array,
    solutions: Weights,
    d1: Array,
    d2: Array,
    *,
    steps: int,
    preserve_norms: bool = False,
    seed: int = 0,
) -> Fates:
    """Train students that start 1e-6 beside their solutions until they return or leave.

    Args:
        inputs: (P, M), the whole of which is every batch.
        solutions: with a trial axis; teachers and starting points.
        d1: strengths of the synapses from each input, (M,).
        d2: strengths of the synapses from each hidden neuron, (N,).
        steps: at most about so many updates. An eigenvalue of a fraction f of the largest is resolved in about 30/f.
        preserve_norms: whether both layers keep their norms.
        seed: of the starting points.

    Returns:
        `Fates`. An error below 1e-10 of the first is a return, one above 100 times it a departure.
    """
    problem = Problem(inputs=inputs, student=solutions, teacher=solutions)
    problem = problem.starting_at_teacher(
        hidden_noise=START / np.sqrt(solutions.n_inputs), readout_noise=START / np.sqrt(solutions.n_hidden), seed=seed
    )
    rate = STEP / _fastest(inputs, solutions, d1, d2)
    verdict = np.zeros(problem.trials, dtype=np.int8)
    taken = np.zeros(problem.trials, dtype=np.int64)
    left = np.arange(problem.trials)
    weights, first, piece = problem.student, None, _FIRST_PIECE
    while len(left) and taken.max() < steps:
        history = train(
            Problem(inputs=inputs, student=weights, teacher=_some(solutions, left)),
            Plasticity(hidden=d1, readout=d2),
            epochs=piece,
            learning_rate=rate,
            preserve_norms=preserve_norms,
            stop_below=None if first is None else RETURN_BELOW * float(first.min()),
            threads=1,
        )
        error = history.train_error.values
        first = error[:, 0] if first is None else first
        lost = (error > LEAVE_ABOVE * first[:, None]).any(1) | history.diverged.values
        back = ~lost & (error[:, -1] < RETURN_BELOW * first)
        verdict[left] = np.where(lost, LEFT, np.where(back, RETURNED, UNDECIDED))
        taken[left] += piece
        going = ~(lost | back)
        left, first = left[going], first[going]
        if len(left):
            weights = Weights([history.student_hidden.values[going], history.student_readout.values[going]])
        piece *= _FACTOR
    return Fates(verdict, taken)


def lowest_eigenvalues(
    solutions: Weights, d1: Array, d2: Array, *, preserve_norms: bool = False, covariance: Array | None = None
) -> Array:
    """The smallest real part of each solution's stability operator, (T,).

    Args:
        solutions: with a trial axis.
        d1: (M,).
        d2: (N,).
        preserve_norms: the operator of norm-preserving updates.
        covariance: of the inputs; matters for the sign with norms preserved only.

    Returns:
        λ_min of each; positive is stable.
    """
    return np.array(
        [
            linear_stability(w1, w2, d1, d2, preserve_norms=preserve_norms, covariance=covariance).lambda_min
            for w1, w2 in zip(solutions.hidden, solutions.readout, strict=True)
        ]
    )


def finite_size_margin(law: Spectrum, n_inputs: int) -> float:
    """How close to zero λ_min may lie before a network of this size need not follow the limit: width · M^(−2/3).

    Edges of random spectra scatter by M^(−2/3) of their scale (docs/theory.md, "Finite size").

    Args:
        law: of the limit.
        n_inputs: M.

    Returns:
        The margin, in units of the eigenvalues.
    """
    return (law.lambda_max - law.lambda_min) * n_inputs ** (-2 / 3)


@dataclass(frozen=True)
class Networks:
    """Random solutions of one cell of a map, and what theory says of their size.

    Attributes:
        law: with the ratio and shares that whole numbers of neurons realise.
        n_inputs: M.
        solutions: with a trial axis.
        seed: of solutions and starting points.
    """

    law: Spectrum
    n_inputs: int
    solutions: Weights
    seed: int

    @property
    def d1(self) -> Array:
        """Strengths of the synapses from each input, (M,)."""
        return self.law.hidden_strengths.vector(self.n_inputs)

    @property
    def d2(self) -> Array:
        """Strengths of the synapses from each hidden neuron, (N,)."""
        return self.law.readout_strengths.vector(self.solutions.n_hidden)

    def fates(self, inputs: Array, *, steps: int, preserve_norms: bool = False, seed: int | None = None) -> Fates:
        """What becomes of students that start beside the solutions, see `fates`; the seed is the networks' own."""
        seed = self.seed if seed is None else seed
        return fates(inputs, self.solutions, self.d1, self.d2, steps=steps, preserve_norms=preserve_norms, seed=seed)

    def lowest(self, *, preserve_norms: bool = False, covariance: Array | None = None) -> Array:
        """λ_min of every solution's own operator, see `lowest_eigenvalues`."""
        return lowest_eigenvalues(
            self.solutions, self.d1, self.d2, preserve_norms=preserve_norms, covariance=covariance
        )

    @property
    def expected(self) -> dict[str, float]:
        """λ_min of the limit with the sizes realised, and the margin within which networks need not follow it."""
        return {"predicted": self.law.lambda_min, "margin": finite_size_margin(self.law, self.n_inputs)}


def draw_networks(law: Spectrum, n_inputs: int, *, n_outputs: int = 1, trials: int, seed: int) -> Networks:
    """Draw the networks of one cell.

    Args:
        law: ratio and strengths; the network gets the whole numbers of neurons closest to them.
        n_inputs: M.
        n_outputs: O.
        trials: solutions.
        seed: of solutions and starting points.

    Returns:
        The networks.
    """
    width = n_hidden_for(law.ratio, n_inputs)
    solutions = random_solutions(n_inputs, width, n_outputs=n_outputs, trials=trials, seed=seed)
    return Networks(law.realised(n_inputs), n_inputs, solutions, seed)


def judged(law: Spectrum, n_inputs: int, *, trials: int, steps: int, seed: int) -> dict[str, Any]:
    """Theory and simulation of one cell of a map with Gaussian inputs.

    Args:
        law: see `draw_networks`.
        n_inputs: M.
        trials: solutions.
        steps: see `fates`.
        seed: of solutions and starting points.

    Returns:
        verdict (T,); lowest (T,): λ_min of every solution's own K; predicted: λ_min of the limit with the sizes
        realised; margin.
    """
    drawn = draw_networks(law, n_inputs, trials=trials, seed=seed)
    verdict = drawn.fates(white_inputs(n_inputs), steps=steps).verdict
    return {"verdict": verdict, "lowest": drawn.lowest(), **drawn.expected}


def over_grid(
    coordinates: Mapping[str, Sequence[float]], cell: Callable[..., Mapping[str, Any]], *, seed: int
) -> "xr.Dataset":
    """Call a function at every point of a grid and put what it returns side by side.

    Args:
        coordinates: dimension → its values.
        cell: called with one value of each as keyword arguments and a `seed` of the point's own; returns name → number
            or (T,) array.
        seed: what the points' seeds come from. A point keeps its seed as long as its index stays.

    Returns:
        A dataset over the dimensions, and `trial` where the cell gives arrays.
    """
    import xarray as xr

    shape = tuple(len(values) for values in coordinates.values())
    columns: dict[str, Any] = {}
    for index in product(*map(range, shape)):
        point = {name: values[i] for (name, values), i in zip(coordinates.items(), index, strict=True)}
        own = int(np.random.default_rng([seed, *index]).integers(2**31))
        for name, value in cell(**point, seed=own).items():
            if name not in columns:
                columns[name] = np.empty(shape + np.shape(value), dtype=np.asarray(value).dtype)
            columns[name][index] = value
    names = tuple(coordinates)
    return xr.Dataset(
        {name: (names + ("trial",) * (values.ndim - len(names)), values) for name, values in columns.items()},
        coords={name: list(values) for name, values in coordinates.items()},
    )


def _fastest(inputs: Array, solutions: Weights, d1: Array, d2: Array) -> float:
    """A bound on every rate: ‖Σ̂‖ (‖W2‖² max|d1| + ‖W1‖² max|d2|) in spectral norms."""
    sigma = float(np.linalg.norm(inputs, 2) ** 2 / len(inputs))
    w1, w2 = (np.linalg.norm(layer, 2, axis=(1, 2)) for layer in (solutions.hidden, solutions.readout))
    return sigma * float((w2**2 * np.abs(d1).max() + w1**2 * np.abs(d2).max()).max())


def _some(weights: Weights, chosen: NDArray) -> Weights:
    return Weights([layer[chosen] for layer in weights.layers])
