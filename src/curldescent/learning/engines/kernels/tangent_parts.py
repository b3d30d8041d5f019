"""What kernels of a linear student with a tangent vector are made of; the formulas are in `linear_tangent`.

Layout as in `linear`: rows padded to whole vectors, their number too; padding is zero and stays zero.
"""

import numpy as np

from curldescent.learning.engines.kernels.linear import multiply, ordinary
from curldescent.learning.engines.kernels.simd import fma, inlined, load, splat, store, total

# A frame that has shrunk or grown beyond these between two looks is left to the reference.
SHRUNK, GROWN = 1e-9, 1e100


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
def varied(left, dleft, right, dright, size):
    """Σ left·right and its derivative."""
    here = splat(0.0)
    there = splat(0.0)
    more = splat(0.0)
    for v in range(0, size, 8):
        x, y = load(left, v), load(right, v)
        here = fma(x, y, here)
        there = fma(load(dleft, v), y, there)
        more = fma(x, load(dright, v), more)
    return total(here), total(there) + total(more)


@inlined
def added(factor, values, into, size):
    """Add factor × values."""
    for v in range(0, size, 8):
        store(into, v, fma(splat(factor), load(values, v), load(into, v)))


@inlined
def signal(root, directions, target, q, dq, off, e, de, width):
    """Store e = RᵀR (q − W*) and its derivative; returns ‖R (q − W*)‖². Four rows of R share the loads of the rest."""
    for v in range(0, width, 8):
        store(off, v, load(q, v) - load(target, v))
    blank(e, width)
    blank(de, width)
    squared = 0.0
    for k in range(0, directions, 4):
        r0 = k * width
        r1, r2, r3 = r0 + width, r0 + 2 * width, r0 + 3 * width
        s0 = splat(0.0)
        s1 = splat(0.0)
        s2 = splat(0.0)
        s3 = splat(0.0)
        t0 = splat(0.0)
        t1 = splat(0.0)
        t2 = splat(0.0)
        t3 = splat(0.0)
        for v in range(0, width, 8):
            x, y = load(off, v), load(dq, v)
            a0, a1, a2, a3 = load(root, r0 + v), load(root, r1 + v), load(root, r2 + v), load(root, r3 + v)
            s0 = fma(a0, x, s0)
            s1 = fma(a1, x, s1)
            s2 = fma(a2, x, s2)
            s3 = fma(a3, x, s3)
            t0 = fma(a0, y, t0)
            t1 = fma(a1, y, t1)
            t2 = fma(a2, y, t2)
            t3 = fma(a3, y, t3)
        f0, f1, f2, f3 = total(s0), total(s1), total(s2), total(s3)
        squared += (f0 * f0 + f1 * f1) + (f2 * f2 + f3 * f3)
        s0, s1, s2, s3 = splat(f0), splat(f1), splat(f2), splat(f3)
        t0, t1, t2, t3 = splat(total(t0)), splat(total(t1)), splat(total(t2)), splat(total(t3))
        for v in range(0, width, 8):
            a0, a1, a2, a3 = load(root, r0 + v), load(root, r1 + v), load(root, r2 + v), load(root, r3 + v)
            store(e, v, fma(a3, s3, fma(a2, s2, fma(a1, s1, fma(a0, s0, load(e, v))))))
            store(de, v, fma(a3, t3, fma(a2, t2, fma(a1, t1, fma(a0, t0, load(de, v))))))
    return squared


@inlined
def masked(pre, e, h, width):
    """Store pre ∘ e in h."""
    for v in range(0, width, 8):
        store(h, v, load(pre, v) * load(e, v))


@inlined
def regained(w, v, size, sigma, mu):
    """W ↦ σ W, V ↦ σ (V − μ W)."""
    for k in range(0, size, 8):
        x = load(w, k)
        store(v, k, splat(sigma) * fma(splat(-mu), x, load(v, k)))
        store(w, k, splat(sigma) * x)


@inlined
def beyond(square, norm):
    """Whether a layer that is to keep its norm is left to the reference; one of zeros without a norm is not."""
    return not ordinary(square) and not (square == 0 and norm == 0)


@inlined
def renormed(readout, dreadout, long, q, dq, n, m, norms, rows, width):
    """The readout at its norm, and q as with both at theirs, tangents taken along; returns σ and μ of the hidden layer.

    What follows the `rows` of the readout, up to `long`, is taken along too. NaN where a square is beyond.
    """
    n2, m2 = product(readout, readout, rows), product(readout, dreadout, rows)
    sigma, mu, s1, mu1 = 1.0, 0.0, 1.0, 0.0
    if beyond(n, norms[0]) or beyond(n2, norms[1]):
        regained(readout, dreadout, long, np.nan, np.nan)
    # A layer of zeros has no direction and stays as it is.
    if n > 0:
        s1, mu1 = norms[0] / np.sqrt(n), m / n
        sigma *= s1
        mu += mu1
    if n2 > 0:
        s2, mu2 = norms[1] / np.sqrt(n2), m2 / n2
        regained(readout, dreadout, long, s2, mu2)
        sigma *= s2
        mu += mu2
    regained(q, dq, width, sigma, mu)
    return s1, mu1


@inlined
def shortened(v, v2, size, rows):
    """Give the tangent vector length one; returns the length it had, or 0 where that is beyond bounds or no number."""
    length = np.sqrt(product(v, v, size) + product(v2, v2, rows))
    # What is not a number fails the comparison too.
    if not (SHRUNK <= length <= GROWN):
        return 0.0
    multiply(v, size, 1 / length)
    multiply(v2, rows, 1 / length)
    return length


@inlined
def looked_at(root, directions, vectors, q, off, e, de, spare, seen, width):
    """Store ½‖R (q − W*)‖² and the two projections of q in `seen`."""
    blank(spare, width)
    seen[0] = 0.5 * signal(root, directions, vectors[0], q, spare, off, e, de, width)
    seen[1] = product(q, vectors[2], width)
    seen[2] = product(q, vectors[3], width)
