"""Integrals of a signed gradient around a loop, piece by piece, checked against the loss at the ends of every piece.

On a piece of the loop a polynomial through Chebyshev points stands for the path: pieces join, so that the polynomials
form a closed loop themselves, whose tangent is known exactly, and whatever is smooth on a piece is integrated to many
digits. Where the field has a kink or a jump, as that of a rectifier network has, pieces are halved until it no longer
matters.

An error estimate from fewer points misses what happens between the points. But here the integral of the plain
gradient over a piece is known beforehand: the difference of the losses at its ends, whatever lies between. How much the
quadrature misses *that* by, the defect, says for every piece how well it has seen the field. What it cannot see is a
feature between two points after which the loss is what it was.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._curl.quadrature import ORDER, WEIGHTS, along_pieces, quadrature_errors, tangents
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import DOUBLE, SAFETY, finite

Array = NDArray[np.float64]

# What is aimed at: the error of the integral against the work along the loop.
TARGET = 1e-8
# Losses that follow the gradient to this fraction of the work: the gradient is the loss' derivative.
HONEST = 1e-3
# So small an error against the value is small enough.
PLENTY = 1e-4
# What quadrature reaches on a field without jumps, against the work.
SMOOTH = 1e-8
# Defects that halving does not lessen, in this many rounds, are not a matter of points.
PATIENCE = 4
FEW = 16
NARROWEST = 1e-13


@dataclass(frozen=True)
class LoopIntegral:
    """Integrals over all pieces of a loop.

    Attributes:
        value: ∮ F·dθ; where the loss follows its gradient, without the part of F that is a gradient, whose integral is
            zero.
        error: estimate of its error.
        work: ∮ |F·dθ|.
        points: evaluations of the field.
        follows: whether the loss changes along every piece as its gradient says.
        smooth: whether the field is one that quadrature converges on, though the loss does not follow it.
        uniform: whether all synapses that move along the loop have one strength.
    """

    value: float
    error: float
    work: float
    points: int
    follows: bool
    smooth: bool
    uniform: bool


@dataclass
class _Pieces:
    """Pieces of a loop with what the quadrature needs of each; every array has one row per piece."""

    begin: Array
    end: Array
    drops: Array  # loss at the end minus loss at the beginning
    level: Array  # magnitude of the losses
    plain: Array  # ∂C/∂θ · dθ/ds at the nodes
    curled: Array  # (S − s) ∂C/∂θ · dθ/ds at the nodes
    whole: Array  # S ∂C/∂θ · dθ/ds at the nodes

    def joined(self, other: "_Pieces", kept: NDArray[np.bool_]) -> "_Pieces":
        """These where `kept`, and the others."""
        return _Pieces(
            *(np.concatenate([getattr(self, n)[kept], getattr(other, n)]) for n in self.__dataclass_fields__)
        )


def integrate_signed(network: Network, path: Callable[[Array], Array], *, points: int, max_points: int) -> LoopIntegral:
    """Integrate F = −S ∘ ∂C/∂θ around a closed path.

    Args:
        network: with targets.
        path: t (k,) in [0, 1] → parameters (k, n).
        points: four times the pieces to begin with.
        max_points: evaluations after which no piece is halved any more.

    Returns:
        The `LoopIntegral`.
    """
    edges = np.linspace(0, 1, points // 4 + 1)
    integrand = _Integrand(network, path)
    pieces = integrand.evaluate(edges[:-1], edges[1:])
    history: list[float] = []
    # Without a curled part only the defects are asked for, and only whether the loss follows its gradient.
    target = max(TARGET, SAFETY * integrand.precision) if integrand.spread > 0 else HONEST / 2
    while True:
        errors, defects = _errors(pieces, integrand)
        work = float((np.abs(pieces.whole) @ WEIGHTS).sum())
        total = float(defects.sum())
        history.append(total)
        need = np.maximum(errors, defects * integrand.largest)
        value = float((pieces.curled @ WEIGHTS).sum())
        if need.sum() <= max(target * work, PLENTY * abs(value)):
            break
        halved = (need > target * work / len(need)) & (pieces.end - pieces.begin > NARROWEST)
        # A defect in few places may be a step too narrow yet, and is cheap to close in on; one along the whole loop is
        # that of a gradient which is not the loss'.
        stuck = len(history) > PATIENCE and total > 0.7 * history[-1 - PATIENCE] and total > HONEST * work
        if stuck and halved.sum() > FEW and float(quadrature_errors(pieces.whole).sum()) <= HONEST * work:
            break
        if not halved.any() or integrand.points + 2 * (ORDER + 1) * int(halved.sum()) > max_points:
            break
        begin, end = pieces.begin[halved], pieces.end[halved]
        middle = (begin + end) / 2
        pieces = pieces.joined(integrand.evaluate(np.r_[begin, middle], np.r_[middle, end]), ~halved)
        network.progress.update(integrand.points)
    return _summed(pieces, integrand, errors, defects, work)


def _summed(pieces: _Pieces, integrand: "_Integrand", errors: Array, defects: Array, work: float) -> LoopIntegral:
    plain = float((np.abs(pieces.plain) @ WEIGHTS).sum())
    rounding = SAFETY * integrand.precision * work + integrand.rounding * np.sqrt(len(defects))
    follows = bool(defects.sum() <= HONEST * plain)
    if follows:
        error = float(np.maximum(errors, integrand.spread * defects).sum()) + rounding * integrand.curled_share
        value = 0.0 - float((pieces.curled @ WEIGHTS).sum())
        return LoopIntegral(value, error, work, integrand.points, follows, True, integrand.spread == 0)  # noqa: FBT003
    error = float(quadrature_errors(pieces.whole).sum()) + rounding
    length = pieces.end - pieces.begin
    # A jump of the loss sits in a few narrow pieces; a gradient that is not the loss' derivative is wrong everywhere.
    # Most of the defect, that is: traces of it are found everywhere.
    largest = np.argsort(-defects)
    most = largest[: 1 + int(np.searchsorted(np.cumsum(defects[largest]), 0.9 * defects.sum()))]
    smooth = bool(length[most].sum() > 0.25 and error <= SMOOTH * work)
    return LoopIntegral(-float((pieces.whole @ WEIGHTS).sum()), error, work, integrand.points, follows, smooth, False)  # noqa: FBT003


class _Integrand:
    """The field along the path, with the strength that most of the work is done at."""

    def __init__(self, network: Network, path: Callable[[Array], Array]) -> None:
        self._network, self._path = network, path
        self.points = 0
        self.precision = network.precision
        self.rounding = 0.0
        self._common = float("nan")
        self.spread = self.largest = self.curled_share = 0.0

    def evaluate(self, begin: Array, end: Array) -> _Pieces:
        """Field and loss on pieces of the path."""
        theta = self._path(along_pieces(begin, end).ravel())
        losses, gradients = self._network.along(theta)
        finite("the loss along the loop", losses)
        finite("the gradient along the loop", gradients)
        self.points += len(theta)
        shape = (len(begin), ORDER + 1, -1)
        shares = gradients.reshape(shape) * tangents(theta.reshape(shape))
        strengths = self._network.strengths
        if np.isnan(self._common):
            self._choose(np.abs(shares).sum((0, 1)), theta, gradients)
        losses = losses.reshape(shape[:2])
        return _Pieces(
            begin,
            end,
            losses[:, -1] - losses[:, 0],
            np.abs(losses[:, [0, -1]]).sum(1),
            shares.sum(2),
            shares @ (strengths - self._common),
            shares @ strengths,
        )

    def _choose(self, shares: Array, theta: Array, gradients: Array) -> None:
        """The median strength by work: F minus this multiple of the gradient is what can have a circulation."""
        strengths = self._network.strengths
        order = np.argsort(strengths, kind="stable")
        heights = np.cumsum(shares[order])
        self._common = float(strengths[order][np.searchsorted(heights, heights[-1] / 2)])
        moving = np.ptp(theta, axis=0) > 0
        self.spread = float(np.abs(strengths[moving] - self._common).max(initial=0.0))
        self.largest = float(np.abs(strengths[moving]).max(initial=0.0))
        self.curled_share = 1.0 if self.spread > 0 else 0.0
        self.rounding = 8 * DOUBLE * float(np.abs(theta).max() * np.abs(gradients).max()) * self.largest


def _errors(pieces: _Pieces, integrand: _Integrand) -> tuple[Array, Array]:
    """Of every piece: the estimated error of its curled part, and the defect of its plain part beyond rounding."""
    defects = np.abs(pieces.plain @ WEIGHTS - pieces.drops)
    defects[defects <= 4 * SAFETY * integrand.precision * pieces.level] = 0.0
    return quadrature_errors(pieces.curled), defects
