"""The antisymmetric share of a Jacobian, and how far rounding may move it."""

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.fields.precision import power_of_two

Array = NDArray[np.float64]


def antisymmetric_share(jacobian: Array) -> tuple[float, float]:
    """Share of a matrix' squared Frobenius norm that is antisymmetric, and that norm.

    Args:
        jacobian: J, (D, D).

    Returns:
        ‖(J − Jᵀ)/2‖² / ‖J‖², between 0 (symmetric) and 1 (antisymmetric), 0 for a zero matrix; and ‖J‖.

    Example:
        >>> antisymmetric_share(np.array([[0.0, 1.0], [-1.0, 0.0]]))[0]
        1.0
        >>> antisymmetric_share(np.array([[1.0, 2.0], [2.0, 0.0]]))[0]
        0.0
    """
    # Squares of very large and very small entries would overflow or vanish.
    unit = power_of_two(float(np.abs(jacobian).max()))
    j = jacobian / unit
    total = float((j**2).sum())
    # Summed directly: ‖J‖² minus a trace would cancel where the curl is small.
    share = float(((j - j.T) ** 2).sum()) / 4 / total if total > 0 else 0.0
    return share, unit * float(np.sqrt(total))


def widened(share: float, off: float) -> tuple[float, float]:
    """The shares that a share may really be where ‖A‖/‖J‖, its root, is off by so much."""
    root = np.sqrt(share)
    return float(max(0.0, root - off) ** 2), float(min(1.0, root + off) ** 2)
