"""A linear student with one output and a tangent vector of its weights, full batch: updates, or the flow.

Each array has a companion that moves along its derivative: V that of W1, v2 of W2, dq of q = W2 W1. With e = Σ̂ (q − W*)
an update is W1 += a hᵀ, W2 −= s2 ∘ (W1 e), a = −dt post ∘ W2, h = pre ∘ e, so that

    V += da hᵀ + a dhᵀ,   v2 −= s2 ∘ (V e + W1 de),   dq = v2 W1 + W2 V.

A layer W that is rescaled to its norm by σ = c/‖W‖ takes its tangent along by V ↦ σ (V − W ⟨W, V⟩/‖W‖²). The flow under
kept norms is a hᵀ − κ W1 with κ = ⟨a hᵀ, W1⟩/‖W1‖²; its Runge–Kutta step is the classical one.

Layout as in `linear`: rows padded to whole vectors, padding is zero and stays zero.
"""

import numpy as np

from curldescent.learning.engines.kernels.linear import multiply
from curldescent.learning.engines.kernels.simd import fma, inlined, kernel, load, splat, store, total

# A frame that has shrunk or grown beyond these between two looks is left to the reference,
SHRUNK, GROWN = 1e-9, 1e100
# and so is a layer that is to keep its norm where its square is beyond these, or zero: a square that is rounded away
# looks like that of a layer of zeros.
LEAST, MOST = 1e-250, 1e250


@inlined
def blank(values, size):
    """Zeros."""
    for v in range(0, size, 8):
        store(values, v, splat(0.0))


@inlined
def copied(values, into, size):
    """The same numbers elsewhere."""
    for v in range(0, size, 8):
        store(into, v, load(values, v))


@inlined
def product(left, right, size):
    """Σ left·right."""
    acc = splat(0.0)
    for v in range(0, size, 8):
        acc = fma(load(left, v), load(right, v), acc)
    return total(acc)


@inlined
def signal(root, directions, target, q, dq, off, e, de, width):
    """Store e = RᵀR (q − W*) and its derivative; returns ‖R (q − W*)‖²."""
    for v in range(0, width, 8):
        store(off, v, load(q, v) - load(target, v))
    blank(e, width)
    blank(de, width)
    squared = 0.0
    for k in range(directions):
        row = k * width
        along = splat(0.0)
        turned = splat(0.0)
        for v in range(0, width, 8):
            r = load(root, row + v)
            along = fma(r, load(off, v), along)
            turned = fma(r, load(dq, v), turned)
        s, t = total(along), total(turned)
        squared += s * s
        for v in range(0, width, 8):
            r = load(root, row + v)
            store(e, v, fma(r, splat(s), load(e, v)))
            store(de, v, fma(r, splat(t), load(de, v)))
    return squared


@inlined
def masked(pre, e, h, width):
    """Store pre ∘ e in h."""
    for v in range(0, width, 8):
        store(h, v, load(pre, v) * load(e, v))


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
def updated(w, v, w2, v2, q, dq, e, de, h, dh, post, s2, dt, rows, width, sigma, mu):
    """One update of both layers, without norms; leaves q and dq and returns ‖W1‖² and ⟨W1, V⟩.

    The layer that is updated is σ W1 and its tangent σ (V − μ W1), as norms of the update before have left them. Two
    rows at a time share the loads of everything else.
    """
    blank(q, width)
    blank(dq, width)
    n0 = splat(0.0)
    n1 = splat(0.0)
    m0 = splat(0.0)
    m1 = splat(0.0)
    scale, turn = splat(sigma), splat(-sigma * mu)
    for i in range(0, rows, 2):
        first, second = i * width, (i + 1) * width
        y0 = splat(0.0)
        y1 = splat(0.0)
        z0 = splat(0.0)
        z1 = splat(0.0)
        for k in range(0, width, 8):
            along, turned = load(e, k), load(de, k)
            w0, w1 = load(w, first + k), load(w, second + k)
            y0 = fma(w0, along, y0)
            y1 = fma(w1, along, y1)
            z0 = fma(w0, turned, fma(load(v, first + k), along, z0))
            z1 = fma(w1, turned, fma(load(v, second + k), along, z1))
        a0, a1 = splat(-dt * post[i] * w2[i]), splat(-dt * post[i + 1] * w2[i + 1])
        da0, da1 = splat(-dt * post[i] * v2[i]), splat(-dt * post[i + 1] * v2[i + 1])
        # ⟨σ (V − μ W1), e⟩ + ⟨σ W1, de⟩
        f0, f1 = total(y0), total(y1)
        w2[i] -= dt * s2[i] * sigma * f0
        w2[i + 1] -= dt * s2[i + 1] * sigma * f1
        v2[i] -= dt * s2[i] * sigma * (total(z0) - mu * f0)
        v2[i + 1] -= dt * s2[i + 1] * sigma * (total(z1) - mu * f1)
        b0, b1, db0, db1 = splat(w2[i]), splat(w2[i + 1]), splat(v2[i]), splat(v2[i + 1])
        for k in range(0, width, 8):
            g, dg = load(h, k), load(dh, k)
            w0, w1 = load(w, first + k), load(w, second + k)
            x0 = fma(a0, g, scale * w0)
            x1 = fma(a1, g, scale * w1)
            u0 = fma(da0, g, fma(a0, dg, fma(turn, w0, scale * load(v, first + k))))
            u1 = fma(da1, g, fma(a1, dg, fma(turn, w1, scale * load(v, second + k))))
            store(w, first + k, x0)
            store(w, second + k, x1)
            store(v, first + k, u0)
            store(v, second + k, u1)
            store(q, k, fma(x1, b1, fma(x0, b0, load(q, k))))
            store(dq, k, fma(x1, db1, fma(u1, b1, fma(x0, db0, fma(u0, b0, load(dq, k))))))
            n0 = fma(x0, x0, n0)
            n1 = fma(x1, x1, n1)
            m0 = fma(x0, u0, m0)
            m1 = fma(x1, u1, m1)
    return total(n0 + n1), total(m0 + m1)


@inlined
def regained(w, v, size, sigma, mu):
    """W ↦ σ W, V ↦ σ (V − μ W)."""
    for k in range(0, size, 8):
        x = load(w, k)
        store(v, k, splat(sigma) * fma(splat(-mu), x, load(v, k)))
        store(w, k, splat(sigma) * x)


@inlined
def beyond(square, norm):
    """Whether a layer's square is none that can be divided by; that of a layer without a norm may be zero."""
    return not (LEAST <= square <= MOST) and not (square == 0 and norm == 0)


@inlined
def renormed(w2, v2, q, dq, n, m, norms, rows, width):
    """The readout at its norm, and q as with both at theirs, tangents taken along; returns σ and μ of the hidden layer.

    NaN where a square is beyond.
    """
    n2, m2 = product(w2, w2, rows), product(w2, v2, rows)
    sigma, mu, s1, mu1 = 1.0, 0.0, 1.0, 0.0
    if beyond(n, norms[0]) or beyond(n2, norms[1]):
        regained(w2, v2, rows, np.nan, np.nan)
    # A layer of zeros has no direction and stays as it is.
    if n > 0:
        s1, mu1 = norms[0] / np.sqrt(n), m / n
        sigma *= s1
        mu += mu1
    if n2 > 0:
        s2, mu2 = norms[1] / np.sqrt(n2), m2 / n2
        regained(w2, v2, rows, s2, mu2)
        sigma *= s2
        mu += mu2
    regained(q, dq, width, sigma, mu)
    return s1, mu1


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


@kernel
def follow(
    layers,
    readouts,
    products,
    root,
    vectors,
    strengths,
    norms,
    preserve,
    flow,
    dt,
    every,
    kept,
    work,
    short,
    stages,
    growth,
    seen,
):
    """Carry a student and a tangent vector along, and look at both every so many steps.

    Args:
        layers: (2, rows × width), W1 and V; moved in place.
        readouts: (2, rows), W2 and v2; moved in place.
        products: (2, width), q and dq of them.
        root: (directions × width,), R of Σ̂ = RᵀR.
        vectors: (4, width): W*, pre, two waves to project q on.
        strengths: (2, rows): post and s2.
        norms: (2,), those that are preserved.
        preserve: whether they are.
        flow: Runge–Kutta steps of the flow in place of updates.
        dt: total step of an update.
        every: steps from one look to the next.
        kept: (2, rows × width + rows), where the last finished interval ended: W1 and W2, V and v2.
        work: (5, width).
        short: (8, rows).
        stages: (4, rows × width) for the flow; empty otherwise.
        growth: (n,), set to the logarithmic growth of the tangent vector, which has length one after every look.
        seen: (n, 3), set to ½‖R (q − W*)‖² and the two projections.

    Returns:
        How many intervals are finished; fewer than n where the tangent vector or a layer that keeps its norm shrank or
        grew beyond bounds or is no longer a number. `kept` is then where to go on from.
    """
    rows, width = readouts.shape[1], products.shape[1]
    size, directions = rows * width, len(root) // width
    w, v, w2, v2, q, dq = layers[0], layers[1], readouts[0], readouts[1], products[0], products[1]
    target, pre, post, s2 = vectors[0], vectors[1], strengths[0], strengths[1]
    off, e, de, h, dh = work[0], work[1], work[2], work[3], work[4]
    n, m = product(w, w, size), product(w, v, size)
    for interval in range(len(growth)):
        copied(w, kept[0], size)
        copied(w2, kept[0, size:], rows)
        copied(v, kept[1], size)
        copied(v2, kept[1, size:], rows)
        sigma, mu = 1.0, 0.0
        for step in range(every):
            if flow:
                copied(w, stages[0], size)
                copied(v, stages[1], size)
                copied(w2, short[2], rows)
                copied(v2, short[3], rows)
                blank(stages[2], size)
                blank(stages[3], size)
                blank(short[4], rows)
                blank(short[5], rows)
                for stage in range(4):
                    share = dt / 6 if stage == 0 or stage == 3 else dt / 3
                    ahead = -1.0 if stage == 3 else dt if stage == 2 else dt / 2
                    signal(root, directions, target, q, dq, off, e, de, width)
                    masked(pre, e, h, width)
                    masked(pre, de, dh, width)
                    kappa, dkappa = drift(
                        w, v, w2, v2, n, m, e, de, h, dh, post, s2, short[0], short[1], norms, rows, width, preserve
                    )
                    run_on(short[0], short[2], short[4], share, ahead, short[6], rows)
                    run_on(short[1], short[3], short[5], share, ahead, short[7], rows)
                    n, m = staged(
                        stages[0],
                        stages[1],
                        w,
                        v,
                        stages[2],
                        stages[3],
                        w2,
                        v2,
                        short[6],
                        short[7],
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
                    )
                    copied(short[6], w2, rows)
                    copied(short[7], v2, rows)
            else:
                signal(root, directions, target, q, dq, off, e, de, width)
                masked(pre, e, h, width)
                masked(pre, de, dh, width)
                n, m = updated(w, v, w2, v2, q, dq, e, de, h, dh, post, s2, dt, rows, width, sigma, mu)
            if preserve:
                sigma, mu = renormed(w2, v2, q, dq, n, m, norms, rows, width)
                if flow or step == every - 1:
                    regained(w, v, size, sigma, mu)
                    n, m, sigma, mu = sigma * sigma * n, 0.0, 1.0, 0.0
        length = np.sqrt(product(v, v, size) + product(v2, v2, rows))
        # A length that is not a number fails the comparison too.
        if not (SHRUNK <= length <= GROWN):
            return interval
        growth[interval] = np.log(length)
        multiply(v, size, 1 / length)
        multiply(v2, rows, 1 / length)
        multiply(dq, width, 1 / length)
        m /= length
        blank(dh, width)
        seen[interval, 0] = 0.5 * signal(root, directions, target, q, dh, off, e, de, width)
        seen[interval, 1] = product(q, vectors[2], width)
        seen[interval, 2] = product(q, vectors[3], width)
    return len(growth)
