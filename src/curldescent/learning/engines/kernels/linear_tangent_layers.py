"""The sweeps over W1 and V of a linear student with a tangent vector; the formulas are in `linear_tangent`.

Four rows at a time share the loads of everything else and are in the first-level cache for both uses of them.
"""

from curldescent.learning.engines.kernels.simd import fma, inlined, load, splat, store, total
from curldescent.learning.engines.kernels.tangent_parts import blank


@inlined
def read(w, v, e, de, alpha, beta, extra, dextra, s2, u, du, y, dy, rows, width):
    """Store u = −s2 ∘ (α W e + extra), du, its derivative, y = uᵀW and dy = duᵀW + uᵀV.

    The derivative of α W e is α (V e + W de) + β W e.
    """
    blank(y, width)
    blank(dy, width)
    for i in range(0, rows, 4):
        r0 = i * width
        r1, r2, r3 = r0 + width, r0 + 2 * width, r0 + 3 * width
        p0 = splat(0.0)
        p1 = splat(0.0)
        p2 = splat(0.0)
        p3 = splat(0.0)
        m0 = splat(0.0)
        m1 = splat(0.0)
        m2 = splat(0.0)
        m3 = splat(0.0)
        t0 = splat(0.0)
        t1 = splat(0.0)
        t2 = splat(0.0)
        t3 = splat(0.0)
        for k in range(0, width, 8):
            along, turned = load(e, k), load(de, k)
            x0, x1, x2, x3 = load(w, r0 + k), load(w, r1 + k), load(w, r2 + k), load(w, r3 + k)
            p0 = fma(x0, along, p0)
            p1 = fma(x1, along, p1)
            p2 = fma(x2, along, p2)
            p3 = fma(x3, along, p3)
            m0 = fma(x0, turned, m0)
            m1 = fma(x1, turned, m1)
            m2 = fma(x2, turned, m2)
            m3 = fma(x3, turned, m3)
            t0 = fma(load(v, r0 + k), along, t0)
            t1 = fma(load(v, r1 + k), along, t1)
            t2 = fma(load(v, r2 + k), along, t2)
            t3 = fma(load(v, r3 + k), along, t3)
        f0, f1, f2, f3 = total(p0), total(p1), total(p2), total(p3)
        u[i] = -s2[i] * (alpha * f0 + extra[i])
        u[i + 1] = -s2[i + 1] * (alpha * f1 + extra[i + 1])
        u[i + 2] = -s2[i + 2] * (alpha * f2 + extra[i + 2])
        u[i + 3] = -s2[i + 3] * (alpha * f3 + extra[i + 3])
        du[i] = -s2[i] * (alpha * total(m0 + t0) + beta * f0 + dextra[i])
        du[i + 1] = -s2[i + 1] * (alpha * total(m1 + t1) + beta * f1 + dextra[i + 1])
        du[i + 2] = -s2[i + 2] * (alpha * total(m2 + t2) + beta * f2 + dextra[i + 2])
        du[i + 3] = -s2[i + 3] * (alpha * total(m3 + t3) + beta * f3 + dextra[i + 3])
        weighed(w, v, r0, r1, r2, r3, u, du, i, y, dy, width)


@inlined
def weighed(w, v, r0, r1, r2, r3, u, du, i, y, dy, width):
    """Add to y and dy what four rows weigh in, by u and du from i on."""
    b0, b1, b2, b3 = splat(u[i]), splat(u[i + 1]), splat(u[i + 2]), splat(u[i + 3])
    d0, d1, d2, d3 = splat(du[i]), splat(du[i + 1]), splat(du[i + 2]), splat(du[i + 3])
    for k in range(0, width, 8):
        x0, x1, x2, x3 = load(w, r0 + k), load(w, r1 + k), load(w, r2 + k), load(w, r3 + k)
        store(y, k, fma(x3, b3, fma(x2, b2, fma(x1, b1, fma(x0, b0, load(y, k))))))
        turned = fma(x3, d3, fma(x2, d2, fma(x1, d1, fma(x0, d0, load(dy, k)))))
        turned = fma(load(v, r1 + k), b1, fma(load(v, r0 + k), b0, turned))
        store(dy, k, fma(load(v, r3 + k), b3, fma(load(v, r2 + k), b2, turned)))


@inlined
def multiplied(w, v, u, du, y, dy, rows, width):
    """Store y = uᵀW and dy = duᵀW + uᵀV; returns ‖W‖² and ⟨W, V⟩."""
    blank(y, width)
    blank(dy, width)
    n0 = splat(0.0)
    n1 = splat(0.0)
    m0 = splat(0.0)
    m1 = splat(0.0)
    for i in range(0, rows, 4):
        r0 = i * width
        r1, r2, r3 = r0 + width, r0 + 2 * width, r0 + 3 * width
        weighed(w, v, r0, r1, r2, r3, u, du, i, y, dy, width)
        for k in range(0, width, 8):
            x0, x1, x2, x3 = load(w, r0 + k), load(w, r1 + k), load(w, r2 + k), load(w, r3 + k)
            n0 = fma(x2, x2, fma(x0, x0, n0))
            n1 = fma(x3, x3, fma(x1, x1, n1))
            m0 = fma(x2, load(v, r2 + k), fma(x0, load(v, r0 + k), m0))
            m1 = fma(x3, load(v, r3 + k), fma(x1, load(v, r1 + k), m1))
    return total(n0 + n1), total(m0 + m1)


@inlined
def moved(w, v, left, dleft, right, dright, count, rows, width):
    """W += Σ left rightᵀ and V += Σ (dleft rightᵀ + left drightᵀ), over `count` of them, an even number."""
    for i in range(0, rows, 2):
        r0 = i * width
        r1 = r0 + width
        for one in range(0, count, 2):
            two = one + 1
            a0, a1, b0, b1 = splat(left[one, i]), splat(left[one, i + 1]), splat(left[two, i]), splat(left[two, i + 1])
            c0, c1 = splat(dleft[one, i]), splat(dleft[one, i + 1])
            d0, d1 = splat(dleft[two, i]), splat(dleft[two, i + 1])
            first, dfirst, second, dsecond = right[one], dright[one], right[two], dright[two]
            for k in range(0, width, 8):
                f, df, g, dg = load(first, k), load(dfirst, k), load(second, k), load(dsecond, k)
                store(w, r0 + k, fma(b0, g, fma(a0, f, load(w, r0 + k))))
                store(w, r1 + k, fma(b1, g, fma(a1, f, load(w, r1 + k))))
                y0 = fma(a0, df, fma(c0, f, load(v, r0 + k)))
                y1 = fma(a1, df, fma(c1, f, load(v, r1 + k)))
                store(v, r0 + k, fma(b0, dg, fma(d0, g, y0)))
                store(v, r1 + k, fma(b1, dg, fma(d1, g, y1)))
