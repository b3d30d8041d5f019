"""How many neurons a layer has where their total and the compression ratio c = M/N are given."""

import math


def sizes_of_total(total: int, ratio: float) -> tuple[int, int]:
    """M and N of a network with so many neurons in both layers, each rounded down as the paper's scripts do.

    Args:
        total: M + N before rounding.
        ratio: c = M/N.

    Returns:
        ⌊T/(1 + 1/c)⌋ and ⌊T/(1 + c)⌋, in double precision.

    Example:
        >>> sizes_of_total(220, 0.1)
        (20, 199)
    """
    return math.floor(total / (1 + 1 / ratio)), math.floor(total / (1 + ratio))
