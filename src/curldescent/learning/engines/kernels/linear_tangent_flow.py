"""The flow of a linear student with a tangent vector, by Runge–Kutta steps; the formulas are in `linear_tangent`.

Velocities of W1 are products of two vectors and multiples of W1. Those of two steps are left pending
(`linear_tangent_pending`), so that a stage reads W1 and V once and writes neither.
"""

import numpy as np

from curldescent.learning.engines.kernels.linear_tangent_layers import multiplied, read
from curldescent.learning.engines.kernels.linear_tangent_pending import (
    PENDING,
    along_last,
    joined,
    multiplied_out,
    overlapping,
    passed_on,
    squares,
    weighted,
    written,
)
from curldescent.learning.engines.kernels.simd import kernel
from curldescent.learning.engines.kernels.tangent_parts import (
    added,
    beyond,
    copied,
    looked_at,
    masked,
    product,
    regained,
    renormed,
    shortened,
    signal,
)

STAGES = 4


@kernel
def follow_flow(
    layers,
    readouts,
    root,
    vectors,
    strengths,
    norms,
    preserve,
    dt,
    every,
    kept,
    work,
    growth,
    seen,
    factor,
    states,
    pending_rows,
    pending_columns,
    short,
):
    """Carry a student and a tangent vector along, and look at both every so many steps.

    Args:
        layers: (2, rows × width), W1 and V; moved in place.
        readouts: (2, rows), W2 and v2; moved in place.
        root: (directions × width,), R of Σ̂ = RᵀR; directions a multiple of four.
        vectors: (4, width): W*, pre, two waves to project q on.
        strengths: (2, rows): post and s2.
        norms: (2,), those that are preserved.
        preserve: whether they are.
        dt: of a Runge–Kutta step, in units of total step.
        every: steps from one look to the next.
        kept: (2, rows × width + rows), where the last finished interval ended: W1 and W2, V and v2.
        work: (7, width).
        growth: (n,), set to the logarithmic growth of the tangent vector, which has length one after every look.
        seen: (n, 3), set to ½‖R (q − W*)‖² and the two projections.
        factor: post, where all neurons share it; NaN otherwise.
        states: (4, 2, rows + width, and width once more without `factor`), to work with.
        pending_rows: (2, `PENDING`, rows).
        pending_columns: (2, `PENDING`, width).
        short: (4, rows).

    Returns:
        How many intervals are finished; fewer than n where the tangent vector or a layer that keeps its norm shrank or
        grew beyond bounds, vanished, or is no longer a number. `kept` is then where to go on from.
    """
    rows, width = readouts.shape[1], vectors.shape[1]
    size, directions, long = rows * width, len(root) // width, states.shape[2]
    # The readout, b and bω with their tangents; their velocities; both at the begin of a step, and what is added there.
    carried, speeds, begins, sums = states[0], states[1], states[2], states[3]
    shared = factor == factor
    w, v = layers[0], layers[1]
    target, pre, post, s2 = vectors[0], vectors[1], strengths[0], strengths[1]
    off, e, de, h, dh, q, dq = work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    left, dleft, right, dright = pending_rows[0], pending_rows[1], pending_columns[0], pending_columns[1]
    w2, v2, u, du = carried[0, :rows], carried[1, :rows], speeds[0, :rows], speeds[1, :rows]
    b, db = carried[0, rows : rows + width], carried[1, rows : rows + width]
    y, dy = speeds[0, rows : rows + width], speeds[1, rows : rows + width]
    # Where all neurons share a factor, b and its velocity stand for bω and its own.
    bo, dbo, yo, dyo = carried[0, -width:], carried[1, -width:], speeds[0, -width:], speeds[1, -width:]
    ratio = factor if shared else 1.0
    coefficients, moving = np.zeros((2, PENDING + 1)), np.zeros((2, PENDING + 1))
    first, whole = np.zeros((2, PENDING + 1)), np.zeros((2, PENDING + 1))
    overlaps, doverlaps = np.zeros((PENDING, PENDING + 1)), np.zeros((PENDING, PENDING + 1))
    copied(readouts[0], w2, rows)
    copied(readouts[1], v2, rows)
    for interval in range(len(growth)):
        copied(w, kept[0], size)
        copied(w2, kept[0, size:], rows)
        copied(v, kept[1], size)
        copied(v2, kept[1, size:], rows)
        coefficients[:] = 0.0
        coefficients[0, 0] = 1.0
        n, m = multiplied(w, v, w2, v2, b, db, rows, width)
        copied(b, q, width)
        copied(db, dq, width)
        if not shared:
            weighted(post, w2, v2, short[2], short[3], rows)
            multiplied(w, v, short[2], short[3], bo, dbo, rows, width)
        pending = 0
        for step in range(every):
            begins[:] = carried
            sums[:] = 0.0
            first[:] = coefficients
            whole[:] = 0.0
            for stage in range(STAGES):
                signal(root, directions, target, q, dq, off, e, de, width)
                masked(pre, e, h, width)
                masked(pre, de, dh, width)
                passed_on(coefficients, left, dleft, right, dright, pending, e, de, short[0], short[1], rows, width)
                read(
                    w,
                    v,
                    e,
                    de,
                    coefficients[0, 0],
                    coefficients[1, 0],
                    short[0],
                    short[1],
                    s2,
                    u,
                    du,
                    y,
                    dy,
                    rows,
                    width,
                )
                if not shared:
                    weighted(post, u, du, short[2], short[3], rows)
                    multiplied(w, v, short[2], short[3], yo, dyo, rows, width)
                joined(w2, v2, post, h, dh, left, dleft, right, dright, pending, rows, width)
                moving[:] = 0.0
                moving[0, 1 + pending] = -1.0
                if preserve:
                    overlapping(bo, dbo, ratio, left, dleft, right, dright, overlaps, doverlaps, pending, rows, width)
                    square, turned = squares(coefficients, overlaps, doverlaps, pending, n, m)
                    n2, m2 = product(w2, w2, rows), product(w2, v2, rows)
                    if beyond(square, norms[0]) or beyond(n2, norms[1]):
                        return interval
                    if square > 0:
                        p, dp = along_last(coefficients, overlaps, doverlaps, pending)
                        kappa = -p / square
                        dkappa = (-dp - 2 * kappa * turned) / square
                        for one in range(pending + 1):
                            moving[0, one] -= kappa * coefficients[0, one]
                            moving[1, one] -= kappa * coefficients[1, one] + dkappa * coefficients[0, one]
                    if n2 > 0:
                        kappa = product(u, w2, rows) / n2
                        dkappa = (product(du, w2, rows) + product(u, v2, rows) - 2 * kappa * m2) / n2
                        added(-kappa, carried[0], speeds[0], long)
                        added(-kappa, carried[1], speeds[1], long)
                        added(-dkappa, carried[0], speeds[1], long)
                share = dt / 6 if stage == 0 or stage == 3 else dt / 3
                whole += share * moving
                for side in range(2):
                    added(share, speeds[side], sums[side], long)
                if stage < 3:
                    ahead = dt if stage == 2 else dt / 2
                    coefficients[:] = first + ahead * moving
                    for side in range(2):
                        copied(begins[side], carried[side], long)
                        added(ahead, speeds[side], carried[side], long)
                else:
                    coefficients[:] = first + whole
                    for side in range(2):
                        copied(begins[side], carried[side], long)
                        added(1.0, sums[side], carried[side], long)
                pending += 1
                multiplied_out(coefficients, left, dleft, right, dright, pending, w2, v2, b, db, q, dq, rows, width)
            if preserve:
                square, turned = squares(coefficients, overlaps, doverlaps, pending, n, m)
                sigma, mu = renormed(carried[0], carried[1], long, q, dq, square, turned, norms, rows, width)
                coefficients[1] = sigma * (coefficients[1] - mu * coefficients[0])
                coefficients[0] *= sigma
            if step == every - 1 or pending + STAGES > PENDING:
                # Nothing can be written beside a layer that has vanished.
                if coefficients[0, 0] == 0:
                    return interval
                written(coefficients, left, dleft, right, dright, pending, w, v, rows, width)
                # Measured again: the norms of what is written say nothing of roundings, which grow where weights do.
                n, m = multiplied(w, v, w2, v2, b, db, rows, width)
                if not shared:
                    weighted(post, w2, v2, short[2], short[3], rows)
                    multiplied(w, v, short[2], short[3], bo, dbo, rows, width)
                pending = 0
                multiplied_out(coefficients, left, dleft, right, dright, pending, w2, v2, b, db, q, dq, rows, width)
        regained(w, v, size, coefficients[0, 0], -coefficients[1, 0] / coefficients[0, 0])
        length = shortened(v, v2, size, rows)
        if length == 0:
            return interval
        growth[interval] = np.log(length)
        multiplied(w, v, w2, v2, q, dq, rows, width)
        looked_at(root, directions, vectors, q, off, e, de, dh, seen[interval], width)
    copied(w2, readouts[0], rows)
    copied(v2, readouts[1], rows)
    return len(growth)
