"""A linear student with one output and a tangent vector of its weights, full batch: updates, or the flow.

Each array has a companion that moves along its derivative: V that of W1, v2 of W2, dq of q = W2 W1. With e = Σ̂ (q − W*)
an update is W1 += a hᵀ, W2 −= s2 ∘ (W1 e), a = −dt post ∘ W2, h = pre ∘ e, so that

    V += da hᵀ + a dhᵀ,   v2 −= s2 ∘ (V e + W1 de),   dq = v2 W1 + W2 V.

A layer W that is rescaled to its norm by σ = c/‖W‖ takes its tangent along by V ↦ σ (V − W ⟨W, V⟩/‖W‖²). The flow under
kept norms is a hᵀ − κ W1 with κ = ⟨a hᵀ, W1⟩/‖W1‖²; its Runge–Kutta step is the classical one
(`linear_tangent_flow`).

Layout as in `linear`: rows padded to whole vectors, padding is zero and stays zero.
"""

import numpy as np

from curldescent.learning.engines.kernels.linear import multiply
from curldescent.learning.engines.kernels.simd import fma, inlined, kernel, load, splat, store, total
from curldescent.learning.engines.kernels.tangent_parts import (
    blank,
    copied,
    looked_at,
    masked,
    product,
    regained,
    renormed,
    shortened,
    signal,
)


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


@kernel
def follow_steps(
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
    products,
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
        dt: total step of an update.
        every: steps from one look to the next.
        kept: (2, rows × width + rows), where the last finished interval ended: W1 and W2, V and v2.
        work: (5, width) or more.
        growth: (n,), set to the logarithmic growth of the tangent vector, which has length one after every look.
        seen: (n, 3), set to ½‖R (q − W*)‖² and the two projections.
        products: (2, width), q and dq of the layers.

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
            signal(root, directions, target, q, dq, off, e, de, width)
            masked(pre, e, h, width)
            masked(pre, de, dh, width)
            n, m = updated(w, v, w2, v2, q, dq, e, de, h, dh, post, s2, dt, rows, width, sigma, mu)
            if preserve:
                sigma, mu = renormed(w2, v2, rows, q, dq, n, m, norms, rows, width)
                if step == every - 1:
                    regained(w, v, size, sigma, mu)
                    n, m, sigma, mu = sigma * sigma * n, 0.0, 1.0, 0.0
        length = shortened(v, v2, size, rows)
        if length == 0:
            return interval
        growth[interval] = np.log(length)
        multiply(dq, width, 1 / length)
        m /= length
        looked_at(root, directions, vectors, q, off, e, de, dh, seen[interval], width)
    return len(growth)
