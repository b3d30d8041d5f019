"""The largest set of neurons that can be flipped with a given network staying stable: greedy, with a bound."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._stability.flip_margins import Groups, checked_groups, group_kernel, moving_kernel, neurons
from curldescent.analysis._trials import each_trial
from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import DOUBLE, SAFETY
from curldescent.learning.fields.subjects import require_network
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class StableFlips(Summarised):
    """A large set of flips under which the network stays stable, and how much larger any set could be.

    Attributes:
        names: the flipped neurons, in the order in which the greedy search took them.
        lambda_min: smallest eigenvalue of G after each of these flips, (len(names),).
        bound: no stable set has more neurons than this, as far as the numbers are precise (`tolerance`).
        candidates: how many neurons there were to choose from.
        strengths: the signature that the set gives, flat, (n,); `network.with_strengths` takes it.
        cuts: how many eigenvectors the bound rests on.
        tolerance: relative to the largest eigenvalue of gradient descent's kernel: how far below the margin an
            eigenvalue may be and still pass, 1e-12 or the precision of the numbers where that is coarser.
    """

    names: tuple[str, ...]
    lambda_min: Array
    bound: int
    candidates: int
    strengths: Array
    cuts: int
    tolerance: float

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(("size", "bound", "gap", "candidates"), ())

    @property
    def size(self) -> int:
        """How many neurons are flipped."""
        return len(self.names)

    @property
    def gap(self) -> int:
        """How many more than these a stable set might have; 0: this one is as large as any."""
        return self.bound - self.size

    def __str__(self) -> str:
        lowest = f"{self.lambda_min[-1]:.3g}" if self.size else "unchanged"
        return (
            f"{self.size} of {self.candidates} neurons can be flipped (λ_min {lowest}); no stable set has more than "
            f"{self.bound}"
        )


def largest_stable_flips(
    subject: Problem | Network,
    rule: Plasticity | None = None,
    *,
    groups: Groups | None = None,
    trial: int | None = 0,
    margin: float = 0.0,
    max_cuts: int = 200,
    progress: Progress | None = None,
) -> Any:
    """Flip as many neurons as possible with every eigenvalue of G staying at or above a margin.

    Starts from the network's strengths made positive and flips, one after the other, the neuron that leaves the largest
    λ_min. Every flip lowers G in the order of symmetric matrices, so that a value computed for a smaller set is a bound
    for a larger one and most candidates are never looked at again; the result is that of the plain greedy search. The
    bound is the linear programme over fractions x of flipped neurons, Σ x_g uᵀK_g u ≤ ½(uᵀKu − margin) for a growing
    list of unit vectors u, each the lowest eigenvector of its last solution: an outer approximation of the semidefinite
    relaxation, and a valid bound whenever it stops.

    Args:
        subject: a problem, or a trained `cd.analysis.network`; dense.
        rule: a problem's plasticity; it must backpropagate.
        groups: as in `flip_margins`; they must not overlap.
        trial: which of a problem's; None: all of them.
        margin: the smallest eigenvalue that is still accepted, as a fraction of κ, in [0, 1).
        max_cuts: how many rounds of the bound at most.
        progress: told how many trials are done; of a single PyTorch module, how many samples are differentiated.

    Returns:
        The `StableFlips`; `Trials` of them for all trials.

    Raises:
        InputError: overlapping groups, or a margin that not even gradient descent has.

    Source: docs/analysis.md, section "Which flips matter"; lazy evaluation after Minoux (1978).

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=12, n_train=30, seed=0)
        >>> one = cd.field(problem, cd.Plasticity())
        >>> found = cd.analysis.largest_stable_flips(one, groups=cd.analysis.neurons(one, layers="readout"))
        >>> cd.analysis.stability(one.with_strengths(found.strengths)).stable, found.gap >= 0
        (True, True)
    """
    share = validation.fraction("margin", margin)

    def one(field: Field) -> StableFlips:
        return _flips(require_network(field, "largest_stable_flips"), groups, share, max_cuts)

    return each_trial(one, subject, rule, trial, progress=progress)


def _flips(network: Network, groups: Groups | None, share: float, max_cuts: int) -> StableFlips:
    groups = neurons(network) if groups is None else checked_groups(network, groups)
    positions = np.concatenate(list(groups.values()))
    if len(np.unique(positions)) < len(positions):
        raise InputError("groups must not overlap: a synapse cannot be flipped twice")
    kernel = moving_kernel(network)
    unsigned = np.abs(network.strengths)
    start = kernel.signed(unsigned)
    values = np.linalg.eigvalsh(start)
    floor = share * values[-1]
    # Rounding, the model's where that computes coarsely, must not refuse the flip of a neuron without influence.
    tolerance = max(1e-12, SAFETY * network.precision if network.precision > DOUBLE else 0.0)
    slack = tolerance * values[-1]
    if values[0] < floor - slack:
        raise InputError(
            f"margin {share:g} is more than gradient descent itself has, {values[0] / values[-1]:.3g}; take a smaller "
            "one"
        )
    parts = [group_kernel(kernel, p, unsigned[p]) for p in groups.values()]
    chosen, trace = _greedy(start, parts, floor - slack)
    bound, cuts = _bound(start, parts, floor - slack, max_cuts)
    names = list(groups)
    strengths = unsigned.copy()
    for index in chosen:
        strengths[groups[names[index]]] *= -1
    return StableFlips(
        names=tuple(names[i] for i in chosen),
        lambda_min=np.array(trace) * kernel.square,
        bound=max(bound, len(chosen)),
        candidates=len(parts),
        strengths=strengths,
        cuts=cuts,
        tolerance=tolerance,
    )


def _greedy(start: Array, parts: list[Array], floor: float) -> tuple[list[int], list[float]]:
    def lowest(g: Array) -> float:
        return float(np.linalg.eigvalsh(g)[0])

    g = start
    chosen: list[int] = []
    trace: list[float] = []
    heap = [(-lowest(g - 2 * part), index, 0) for index, part in enumerate(parts)]
    heapq.heapify(heap)
    while heap:
        value, index, computed_for = heapq.heappop(heap)
        if -value < floor:
            break  # even its best case is too low, and all others' are lower
        if computed_for < len(chosen):
            heapq.heappush(heap, (-lowest(g - 2 * parts[index]), index, len(chosen)))
            continue
        g = g - 2 * parts[index]
        chosen.append(index)
        trace.append(-value)
    return chosen, trace


def _bound(start: Array, parts: list[Array], floor: float, max_cuts: int) -> tuple[int, int]:
    from scipy.optimize import linprog

    scale = float(np.abs(np.diag(start)).max())
    stack = np.stack(parts)

    def cuts(vectors: Array) -> tuple[Array, Array]:
        weights = np.einsum("ra,krs,sa->ak", vectors, stack, vectors, optimize=True)
        return weights / scale, (np.einsum("ra,rs,sa->a", vectors, start, vectors) - floor) / 2 / scale

    rows, limits = cuts(np.linalg.eigh(start)[1])
    best = len(parts)
    rounds = 0
    while rounds < max_cuts:
        rounds += 1
        solution = linprog(-np.ones(len(parts)), A_ub=rows, b_ub=limits, bounds=(0, 1), method="highs")
        if not solution.success:
            break
        # The programme is exact to about 1e-7 a neuron; rounding down must not lose a whole one to that.
        best = min(best, int(np.floor(-solution.fun + 1e-6 + 1e-7 * len(parts))))
        values, vectors = np.linalg.eigh(start - 2 * np.tensordot(solution.x, stack, axes=1))
        violated = values < floor - 1e-9 * scale
        if not violated.any():
            break
        more_rows, more_limits = cuts(vectors[:, violated][:, :5])
        rows, limits = np.concatenate([rows, more_rows]), np.concatenate([limits, more_limits])
    return best, rounds
