"""Integrals of any field around a loop, whose errors come from points that the values did not rest on.

Every piece of the loop is halved at least once, and by how much its integral changes with the new points counts as its
error; pieces are halved on until that is small. A field that is not smooth is closed in on so, too. What no point
meets remains unseen: unlike for a signed gradient nothing says beforehand what the integral of a piece must be.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._curl.loop_integral import NARROWEST, PLENTY, TARGET, LoopIntegral
from curldescent.analysis._curl.quadrature import ORDER, WEIGHTS, along_pieces, quadrature_errors, tangents
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.precision import DOUBLE, SAFETY, finite

Array = NDArray[np.float64]


def integrate_any(field: Field, path: Callable[[Array], Array], *, points: int, max_points: int) -> LoopIntegral:
    """Integrate F around a closed path.

    Args:
        field: any.
        path: t (k,) in [0, 1] → parameters (k, n).
        points: eight times the pieces before the first halving.
        max_points: evaluations after which no piece is halved any more.

    Returns:
        The `LoopIntegral`.
    """
    edges = np.linspace(0, 1, max(1, points // 8) + 1)
    begin, end = edges[:-1], edges[1:]
    values, rounding = _values(field, path, begin, end)
    evaluated = values.size
    errors = np.full(len(begin), np.inf)
    while True:
        work = float((np.abs(values) @ WEIGHTS).sum())
        value = float((values @ WEIGHTS).sum())
        target = max(TARGET * work, PLENTY * abs(value), rounding)
        halved = (errors > target / len(errors)) & (end - begin > NARROWEST)
        first = bool(np.isinf(errors).all())
        room = evaluated + 2 * (ORDER + 1) * int(halved.sum()) <= max_points
        if not first and (errors.sum() <= target or not halved.any() or not room):
            break
        middle = (begin[halved] + end[halved]) / 2
        left, right = (begin[halved], middle), (middle, end[halved])
        new, more = _values(field, path, np.r_[left[0], right[0]], np.r_[left[1], right[1]])
        rounding, evaluated = max(rounding, more), evaluated + new.size
        field.progress.update(evaluated)
        whole = new @ WEIGHTS
        change = np.abs(whole[: len(middle)] + whole[len(middle) :] - values[halved] @ WEIGHTS)
        # The change is the error of the piece that was; half of it stands for that of either half.
        doubt = np.maximum(np.r_[change, change] / 2, quadrature_errors(new))
        begin, end = np.r_[begin[~halved], left[0], right[0]], np.r_[end[~halved], left[1], right[1]]
        values, errors = np.concatenate([values[~halved], new]), np.r_[errors[~halved], doubt]
    error = float(errors.sum()) + SAFETY * field.precision * work + rounding * np.sqrt(len(errors))
    return LoopIntegral(value, error, work, evaluated, follows=True, smooth=True, uniform=False)


def _values(field: Field, path: Callable[[Array], Array], begin: Array, end: Array) -> tuple[Array, float]:
    """F · dθ/ds at the nodes of every piece, and what rounding of the parameters makes of one."""
    theta = path(along_pieces(begin, end).ravel())
    velocities = finite("the field along the loop", field.velocities(theta))
    shape = (len(begin), ORDER + 1, -1)
    rounding = 8 * DOUBLE * float(np.abs(theta).max() * np.abs(velocities).max())
    return (velocities.reshape(shape) * tangents(theta.reshape(shape))).sum(2), rounding
