"""Columns of numbers brought to a common scale, and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaling:
    """What is subtracted from columns and what they are then divided by.

    Args:
        centre: (width,), in the units of the columns.
        spread: (width,), positive.

    Example:
        >>> import numpy as np
        >>> scaling = Scaling.of(np.array([[1.0, 7.0], [3.0, 7.0]]))
        >>> scaling.apply([[3.0, 7.0]]).tolist(), scaling.undo([[1.0, 0.0]]).tolist()
        ([[1.0, 0.0]], [[3.0, 7.0]])
    """

    centre: Array
    spread: Array

    @classmethod
    def of(cls, values: Array) -> "Scaling":
        """To zero mean and unit variance over the rows; a constant column becomes zero."""
        # The mean of equal numbers may differ from them in the last bit, and so may their spread from zero.
        constant = np.ptp(values, axis=0) == 0
        centre = np.where(constant, values[0], values.mean(axis=0))
        return cls(centre, np.where(constant, 1.0, values.std(axis=0)))

    def apply(self, values: ArrayLike) -> Array:
        """From the columns' units, (…, width)."""
        return np.asarray((np.asarray(values, dtype=np.float64) - self.centre) / self.spread)

    def undo(self, values: ArrayLike) -> Array:
        """Back to the columns' units, (…, width)."""
        return np.asarray(np.asarray(values, dtype=np.float64) * self.spread + self.centre)
