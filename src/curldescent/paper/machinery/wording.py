"""Numbers as claims write them: a criterion's words are made of the constants that its test compares with."""

import math

import numpy as np


def decimal(value: float) -> str:
    """A threshold; small and large ones with an exponent that has no zeros before it.

    Example:
        >>> decimal(1e-4), decimal(1e16), decimal(0.05), decimal(1.5)
        ('1e-4', '1e16', '0.05', '1.5')
    """
    if value > 0 and not 0.02 <= value < 1e4:
        return np.format_float_scientific(value, trim="-", exp_digits=1).replace("+", "")
    return f"{value:g}"


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
