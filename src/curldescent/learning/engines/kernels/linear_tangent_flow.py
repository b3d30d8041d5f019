"""The Runge–Kutta step of the flow of a linear student with a tangent vector; the formulas are in `linear_tangent`."""

import numpy as np

from curldescent.learning.engines.kernels.simd import fma, inlined, load, splat, store, total
from curldescent.learning.engines.kernels.tangent_parts import beyond, blank, product


@inlined
def multiplied(w, v, row, w2, v2, q, dq, width):
    """Add what one row does to q and dq; returns its part of ‖W1‖² and of ⟨W1, V⟩."""
    n = splat(0.0)
    m = splat(0.0)
    b, db = splat(w2), splat(v2)
    for k in range(0, width, 8):
        x, y = load(w, row + k), load(v, row + k)
        store(q, k, fma(x, b, load(q, k)))
        store(dq, k, fma(x, db, fma(y, b, load(dq, k))))
        n = fma(x, x, n)
        m = fma(x, y, m)
    return total(n), total(m)


@inlined
def drift(w, v, w2, v2, n, m, e, de, h, dh, post, s2, u, du, norms, rows, width, preserve):
    """Store the readout's velocity in u, du; returns κ and dκ of the hidden layer, whose velocity is a hᵀ − κ W1.

    NaN where a square is beyond.
    """
    p, dp = 0.0, 0.0
    for i in range(rows):
        row = i * width
        y0 = splat(0.0)
        y1 = splat(0.0)
        z0 = splat(0.0)
        z1 = splat(0.0)
        for k in range(0, width, 8):
            x, y = load(w, row + k), load(v, row + k)
            y0 = fma(x, load(e, k), y0)
            y1 = fma(x, load(de, k), fma(y, load(e, k), y1))
            z0 = fma(x, load(h, k), z0)
            z1 = fma(x, load(dh, k), fma(y, load(h, k), z1))
        u[i] = -s2[i] * total(y0)
        du[i] = -s2[i] * total(y1)
        along = total(z0)
        p -= post[i] * w2[i] * along
        dp -= post[i] * (v2[i] * along + w2[i] * total(z1))
    if not preserve:
        return 0.0, 0.0
    n2, m2 = product(w2, w2, rows), product(w2, v2, rows)
    if beyond(n, norms[0]) or beyond(n2, norms[1]):
        return np.nan, np.nan
    if n2 > 0:
        p2 = product(u, w2, rows)
        kappa2 = p2 / n2
        dkappa2 = (product(du, w2, rows) + product(u, v2, rows) - 2 * kappa2 * m2) / n2
        for i in range(0, rows, 8):
            store(du, i, fma(splat(-dkappa2), load(w2, i), fma(splat(-kappa2), load(v2, i), load(du, i))))
            store(u, i, fma(splat(-kappa2), load(w2, i), load(u, i)))
    if n > 0:
        return p / n, (dp - 2 * (p / n) * m) / n
    return 0.0, 0.0


@inlined
def run_on(velocity, base, sums, share, ahead, onward, rows):
    """What `staged` does, for one array of the readout."""
    for i in range(0, rows, 8):
        f = load(velocity, i)
        summed = fma(splat(share), f, load(sums, i))
        if ahead < 0:
            x = load(base, i) + summed
            store(base, i, x)
            summed = splat(0.0)
        else:
            x = fma(splat(ahead), f, load(base, i))
        store(sums, i, summed)
        store(onward, i, x)


@inlined
def staged(
    base,
    moved,
    here,
    there,
    sums,
    turns,
    w2,
    v2,
    readout,
    tangent,
    h,
    dh,
    post,
    kappa,
    dkappa,
    share,
    ahead,
    q,
    dq,
    rows,
    width,
):
    """Add share × velocity to the sums of W1 and V and put base + ahead × velocity where the next stage is.

    With `ahead` negative the sums themselves are the step: base + sums is the next base and stage. Leaves q and dq of
    the next stage, whose readout is given, and returns its ‖W1‖² and ⟨W1, V⟩.
    """
    blank(q, width)
    blank(dq, width)
    n, m = 0.0, 0.0
    for i in range(rows):
        row = i * width
        a, da = splat(-post[i] * w2[i]), splat(-post[i] * v2[i])
        for k in range(0, width, 8):
            at = row + k
            x, y = load(here, at), load(there, at)
            f = fma(a, load(h, k), splat(-kappa) * x)
            df = fma(da, load(h, k), fma(a, load(dh, k), fma(splat(-dkappa), x, splat(-kappa) * y)))
            total_f = fma(splat(share), f, load(sums, at))
            total_df = fma(splat(share), df, load(turns, at))
            if ahead < 0:
                x, y = load(base, at) + total_f, load(moved, at) + total_df
                store(base, at, x)
                store(moved, at, y)
                total_f = splat(0.0)
                total_df = splat(0.0)
            else:
                x, y = fma(splat(ahead), f, load(base, at)), fma(splat(ahead), df, load(moved, at))
            store(sums, at, total_f)
            store(turns, at, total_df)
            store(here, at, x)
            store(there, at, y)
        more, turned = multiplied(here, there, row, readout[i], tangent[i], q, dq, width)
        n += more
        m += turned
    return n, m
