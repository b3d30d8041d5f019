"""What updates and flows of a linear student with a tangent vector share; the formulas are in `linear_tangent`.

Layout as in `linear`: rows padded to whole vectors, padding is zero and stays zero.
"""

from curldescent.learning.engines.kernels.linear import ordinary
from curldescent.learning.engines.kernels.simd import fma, inlined, load, splat, store, total


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
