"""Numbers as claims write them: a criterion's words are made of the constants that its test compares with."""

import math

import numpy as np


def decimal(value: float) -> str:
    """A threshold; small and large ones with an exponent that has no zeros before it, half decades as powers of ten.

    Example:
        >>> decimal(1e-4), decimal(1e16), decimal(0.05), decimal(1.5), decimal(10**-3.5)
        ('1e-4', '1e16', '0.05', '1.5', '10^-3.5')
    """
    # Whoever sets a threshold half-way between two powers of ten means just that: sixteen digits would not say so.
    if value > 0 and 2 * math.log10(value) % 2 == 1:
        return f"10^{math.log10(value):g}"
    if value > 0 and not 0.02 <= value < 1e4:
        return np.format_float_scientific(value, trim="-", exp_digits=1).replace("+", "")
    return f"{value:g}"


def rounded(value: float, digits: int) -> str:
    """A measured number to some significant digits, without an exponent where it has a place before the point.

    Example:
        >>> rounded(2244.0, 2), rounded(38.0, 2), rounded(0.0331, 2), rounded(1.2e-7, 2)
        ('2200', '38', '0.033', '1.2e-07')
    """
    if 1 <= abs(value) < 1e15:
        places = digits - 1 - math.floor(math.log10(abs(value)))
        return f"{round(value, places):.0f}" if places <= 0 else f"{value:.{digits}g}"
    return f"{value:.{digits}g}"


def percent(share: float) -> str:
    """A share in per cent.

    Example:
        >>> percent(0.95)
        '95 %'
    """
    return f"{100 * share:g} %"


def spaced(count: int) -> str:
    """A count with its thousands set apart.

    Example:
        >>> spaced(100_000)
        '100 000'
    """
    return f"{count:,}".replace(",", " ")


def power_of_ten(value: float) -> str:
    """A power of ten for a label with mathematics.

    Example:
        >>> power_of_ten(1e-3)
        '$10^{-3}$'
    """
    return f"$10^{{{round(math.log10(value))}}}$"
