"""Velocities of W1 that are not written into it yet; the formulas are in `linear_tangent`.

A velocity is a multiple of W1 and one product ω hᵀ. So W1 = α W + Σ_l A_l ω_l h_lᵀ with W of some velocities ago,
and its tangent is the derivative of that, α V + β W + Σ_l (A_l (dω_l h_lᵀ + ω_l dh_lᵀ) + D_l ω_l h_lᵀ): what a velocity
needs takes one reading of W and V. `coefficients` holds (α, A_0, A_1, …) and (β, D_0, …).

With b = W2 W and bω = (post ∘ W2) W, both as they were for velocity l, ⟨W, ω_l h_lᵀ⟩ = bω · h_l =: g_l, and
⟨ω_l h_lᵀ, ω_k h_kᵀ⟩ = (ω_l·ω_k)(h_l·h_k) =: s_lk: `overlaps` holds g_l in its last column beside s_lk.
"""

from curldescent.learning.engines.kernels.linear_tangent_layers import moved
from curldescent.learning.engines.kernels.simd import inlined
from curldescent.learning.engines.kernels.tangent_parts import added, blank, copied, masked, varied

# As many as are written at once, those of two Runge–Kutta steps.
PENDING = 8


@inlined
def weighted(post, readout, dreadout, out, dout, rows):
    """Store post ∘ both."""
    masked(post, readout, out, rows)
    masked(post, dreadout, dout, rows)


@inlined
def joined(readout, dreadout, post, h, dh, left, dleft, right, dright, count, rows, width):
    """The next ω hᵀ and its derivative are pending, without a coefficient."""
    weighted(post, readout, dreadout, left[count], dleft[count], rows)
    copied(h, right[count], width)
    copied(dh, dright[count], width)


@inlined
def overlapping(along, dalong, factor, left, dleft, right, dright, overlaps, doverlaps, last, rows, width):
    """Fill in overlaps of the pending product `last` with those before it, itself and W, for bω = factor × along."""
    g, dg = varied(along, dalong, right[last], dright[last], width)
    overlaps[last, PENDING], doverlaps[last, PENDING] = factor * g, factor * dg
    for one in range(last + 1):
        x, dx = varied(left[one], dleft[one], left[last], dleft[last], rows)
        y, dy = varied(right[one], dright[one], right[last], dright[last], width)
        overlaps[one, last] = overlaps[last, one] = x * y
        doverlaps[one, last] = doverlaps[last, one] = dx * y + x * dy


@inlined
def along_last(coefficients, overlaps, doverlaps, last):
    """⟨W1, ω hᵀ⟩ with the pending product `last`, which W1 has no part of yet, and its derivative."""
    here, there = coefficients
    p = here[0] * overlaps[last, PENDING]
    dp = there[0] * overlaps[last, PENDING] + here[0] * doverlaps[last, PENDING]
    for one in range(last):
        p += here[1 + one] * overlaps[last, one]
        dp += there[1 + one] * overlaps[last, one] + here[1 + one] * doverlaps[last, one]
    return p, dp


@inlined
def squares(coefficients, overlaps, doverlaps, count, n, m):
    """‖W1‖² and ⟨W1, its tangent⟩, from n = ‖W‖² and m = ⟨W, V⟩."""
    here, there = coefficients
    alpha, beta = here[0], there[0]
    square, turned = alpha * alpha * n, alpha * beta * n + alpha * alpha * m
    for one in range(count):
        a, d = here[1 + one], there[1 + one]
        g, dg = overlaps[one, PENDING], doverlaps[one, PENDING]
        square += 2 * alpha * a * g
        turned += (beta * a + alpha * d) * g + alpha * a * dg
        for two in range(count):
            square += a * here[1 + two] * overlaps[one, two]
            turned += d * here[1 + two] * overlaps[one, two] + 0.5 * a * here[1 + two] * doverlaps[one, two]
    return square, turned


@inlined
def passed_on(coefficients, left, dleft, right, dright, count, e, de, extra, dextra, rows, width):
    """Store Σ_l A_l ω_l (h_l·e) and its derivative: what W e lacks of W1 e."""
    here, there = coefficients
    blank(extra, rows)
    blank(dextra, rows)
    for one in range(count):
        a, d = here[1 + one], there[1 + one]
        x, dx = varied(right[one], dright[one], e, de, width)
        added(a * x, left[one], extra, rows)
        added(a * x, dleft[one], dextra, rows)
        added(a * dx + d * x, left[one], dextra, rows)


@inlined
def multiplied_out(coefficients, left, dleft, right, dright, count, by, dby, base, dbase, q, dq, rows, width):
    """Store by·W1 and its derivative in q and dq, from `base` = by·W and its own."""
    here, there = coefficients
    blank(q, width)
    blank(dq, width)
    added(here[0], base, q, width)
    added(here[0], dbase, dq, width)
    added(there[0], base, dq, width)
    for one in range(count):
        a, d = here[1 + one], there[1 + one]
        x, dx = varied(by, dby, left[one], dleft[one], rows)
        added(a * x, right[one], q, width)
        added(a * x, dright[one], dq, width)
        added(a * dx + d * x, right[one], dq, width)


@inlined
def written(coefficients, left, dleft, right, dright, count, w, v, rows, width):
    """Write what is pending, an even number, into W and V: W1 = α W, its tangent α V + β W; α and β stay."""
    here, there = coefficients
    alpha, beta = here[0], there[0]
    for one in range(count):
        a = here[1 + one] / alpha
        d = (there[1 + one] - beta * a) / alpha
        for i in range(rows):
            dleft[one, i] = a * dleft[one, i] + d * left[one, i]
            left[one, i] *= a
    moved(w, v, left, dleft, right, dright, count, rows, width)
    coefficients[:, 1:] = 0.0
