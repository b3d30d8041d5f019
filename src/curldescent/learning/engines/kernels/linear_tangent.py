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
from curldescent.learning.engines.kernels.linear_tangent_flow import drift, run_on, staged
from curldescent.learning.engines.kernels.simd import fma, inlined, kernel, load, splat, store, total
from curldescent.learning.engines.kernels.tangent_parts import beyond, blank, copied, masked, product, regained, signal

# A frame that has shrunk or grown beyond these between two looks is left to the reference.
SHRUNK, GROWN = 1e-9, 1e100


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
