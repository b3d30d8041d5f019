"""φ and φ' on eight doubles at a time.

tanh has no branch and one division. With 2x = k ln 2 + r, |r| ≤ ½ ln 2, and the rational form
eʳ = (Q + rP)/(Q − rP) in r² (S. L. Moshier, Cephes, exp.c),

    tanh x = (e²ˣ − 1)/(e²ˣ + 1) = [(2ᵏ − 1) Q + (2ᵏ + 1) rP] / [(2ᵏ + 1) Q + (2ᵏ − 1) rP],

which has no cancellation near zero (k = 0 leaves rP/Q) and needs no sign taken off. NaN passes through.
"""

from curldescent.learning.engines.kernels.simd import fma, inlined, kernel, load, power_of_two, splat, store, where_less

# `model.activations` gives these codes to the activations.
LINEAR, TANH, RELU, SIGMOID = 0, 1, 2, 3

# Beyond this tanh is 1 to the last bit.
_SATURATED = 20.0
_TWO_OVER_LN2 = 2.8853900817779268
# ½ ln 2 in two parts: k times the first is exact for the k that occur.
_HALF_LN2_HIGH = 0.34657359027914936
_HALF_LN2_LOW = 8.232974791448541e-13
# Added and subtracted, this rounds to a whole number, which stays readable in the low bits in between.
_ROUNDING = 6755399441055744.0

_P0, _P1, _P2 = 1.26177193074810590878e-4, 3.02994407707441961300e-2, 9.99999999999999999910e-1
_Q0, _Q1, _Q2, _Q3 = 3.00198505138664455042e-6, 2.52448340349684104192e-3, 2.27265548208155028766e-1, 2.0


@inlined
def tanh(x):
    """Hyperbolic tangent of eight doubles, to a few units in the last place."""
    limit = splat(_SATURATED)
    minus = splat(-_SATURATED)
    x = where_less(limit, x, limit, where_less(x, minus, minus, x))
    shifted = fma(x, splat(_TWO_OVER_LN2), splat(_ROUNDING))
    k = shifted - splat(_ROUNDING)
    half_r = fma(k, splat(-_HALF_LN2_LOW), fma(k, splat(-_HALF_LN2_HIGH), x))
    r = half_r + half_r
    square = r * r
    p = r * fma(square, fma(square, splat(_P0), splat(_P1)), splat(_P2))
    q = fma(square, fma(square, fma(square, splat(_Q0), splat(_Q1)), splat(_Q2)), splat(_Q3))
    power = power_of_two(shifted)
    one = splat(1.0)
    less, more = power - one, power + one
    return fma(less, q, more * p) / fma(more, q, less * p)


@inlined
def activate(code, drive):
    """φ(drive)."""
    if code == TANH:
        return tanh(drive)
    if code == RELU:
        zero = splat(0.0)
        # The drive itself where it is NaN, as a maximum would give.
        return where_less(drive, zero, zero, drive)
    if code == SIGMOID:
        half = splat(0.5)
        return fma(half, tanh(half * drive), half)
    return drive


@inlined
def slope(code, activity):
    """φ'(drive) from activity = φ(drive)."""
    one = splat(1.0)
    if code == TANH:
        return one - activity * activity
    if code == RELU:
        return where_less(splat(0.0), activity, one, splat(0.0))
    if code == SIGMOID:
        return activity * (one - activity)
    return one


@kernel
def activate_array(code, values):
    """φ in place on a flat array whose length is a multiple of `LANES`."""
    for i in range(0, values.size, 8):
        store(values, i, activate(code, load(values, i)))
