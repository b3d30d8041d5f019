"""The two-weight network ŷ = w2 w1 x: the smallest place to see what a flipped rule does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TwoWeights:
    """Continuous-time learning of ŷ = w2 w1 x towards y = target·x, with ⟨x²⟩ = 1.

    The loss is C = ½(w1 w2 − target)², the flow dw1 = −d1 ∂C/∂w1, dw2 = −d2 ∂C/∂w2.

    Args:
        target: s, the product to be learned.
        hidden: d1, the strength of w1's rule: 1 normal, −1 flipped.
        readout: d2, that of w2.

    Raises:
        InputError: a value that is not a finite number.

    Source: docs/theory.md, invariants of the flow; the paper's figure 1.

    Example:
        >>> from curldescent.model.two_weights import TwoWeights
        >>> flipped = TwoWeights(target=1.0, readout=-1.0)
        >>> path = flipped.trajectory([1.5, 0.2], time=20.0)
        >>> bool(abs(flipped.invariant(path) - flipped.invariant(path[:, :1])).max() < 1e-8)
        True
    """

    target: float = 1.0
    hidden: float = 1.0
    readout: float = 1.0

    def __post_init__(self) -> None:
        for name in ("target", "hidden", "readout"):
            object.__setattr__(self, name, validation.real(name, getattr(self, name)))

    def loss(self, weights: ArrayLike) -> Array:
        """C at weights (2, …): first w1, then w2."""
        w1, w2 = _pair(weights)
        return 0.5 * (w1 * w2 - self.target) ** 2

    def field(self, weights: ArrayLike) -> Array:
        """The flow (dw1, dw2) at weights (2, …)."""
        return self._field(_pair(weights))

    def _field(self, weights: Array) -> Array:
        w1, w2 = weights
        residual = w1 * w2 - self.target
        return np.array([-self.hidden * w2 * residual, -self.readout * w1 * residual])

    def invariant(self, weights: ArrayLike) -> Array:
        """Q = d1·d2·(d2·w1² − d1·w2²), conserved by the flow; d1·w1² − d2·w2² for strengths ±1.

        Its level sets are hyperbolas for strengths of equal sign and circles (ellipses) for opposite signs.
        """
        w1, w2 = _pair(weights)
        return self.hidden * self.readout * (self.readout * w1**2 - self.hidden * w2**2)

    def stability(self, weights: ArrayLike) -> Array:
        """K = d1 w2² + d2 w1²: a solution (w1 w2 = target) is stable where this is positive."""
        w1, w2 = _pair(weights)
        return self.hidden * w2**2 + self.readout * w1**2

    def trajectory(self, start: ArrayLike, *, time: float, points: int = 400) -> Array:
        """Where the flow takes a starting point.

        Args:
            start: (w1, w2).
            time: how long, positive; in units where the step size is 1.
            points: how many times to report at, evenly spaced from 0.

        Returns:
            Weights (2, points).

        Raises:
            InputError: unusable arguments, or a path that leaves every bound before the time is over.
        """
        from scipy.integrate import solve_ivp

        begin = validation.finite_array("start", start, ndim=1)
        validation.shape("start", begin, (2,), "(w1, w2)")
        time = validation.positive("time", time)
        times = np.linspace(0, time, validation.integer("points", points, minimum=2, maximum=10**6))
        # High order: at this tolerance the default pair of orders 5 and 4 takes half as many evaluations again.
        path = solve_ivp(
            lambda _, w: self._field(w), (0, time), begin, method="DOP853", t_eval=times, rtol=1e-10, atol=1e-12
        )
        if not path.success:
            raise InputError(f"the path from {begin.tolist()} cannot be followed to time {time:g}: {path.message}")
        return path.y


def _pair(weights: ArrayLike) -> Array:
    array = validation.real_array("weights", weights)
    if array.ndim == 0 or len(array) != 2:
        raise InputError(f"weights must have shape (2, …), first w1 and then w2, got {array.shape}")
    return array.astype(float)
