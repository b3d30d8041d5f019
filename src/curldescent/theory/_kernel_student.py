"""From a student's activation and scales to the coefficients of its kernel's law."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model import activations
from curldescent.theory import _kernel_outliers as outliers
from curldescent.theory._gaussian_averages import GaussianAverages, gaussian_averages
from curldescent.theory._kernel_law import KernelLaw, Place, at, edge
from curldescent.theory._kernel_spread import Powers, blur, edge_shift
from curldescent.theory.sample_matrices import DISTRIBUTIONS

Array = NDArray[np.float64]

# Scales whose squares and products stay within the range of numbers, and how far apart those of two layers may be.
LEAST, MOST, APART = 1e-40, 1e40, 1e15
# Of the squared weights u = w²/⟨w²⟩ and of a weight vector's squared norm: nodes and weights of Gauss's rules, and κ.
_SPREADS: dict[str, tuple[Array, Array, float]] = {}
# Tracy–Widom's law of real symmetric matrices: its median (minus the lowest edge's) and standard deviation.
TRACY_WIDOM_MEDIAN, TRACY_WIDOM_SD = -1.268574616581, 1.267982957


@dataclass(frozen=True)
class KernelStudent:
    """What all students of a diagram share; checked by `checked`.

    Attributes:
        activation: a built-in's name or an `Activation`.
        samples: p = P/M.
        rho: ‖w2‖².
        sigma2: σ².
        variance: τ, of one input.
        distribution: of the weights, "uniform" or "normal"; matters at finite size only.
    """

    activation: "str | activations.Activation"
    samples: float
    rho: float
    sigma2: float
    variance: float
    distribution: str

    @cached_property
    def averages(self) -> GaussianAverages:
        """Of the activation over its drive."""
        return gaussian_averages(self.activation, self.variance * self.sigma2)

    @property
    def linear(self) -> bool:
        """Whether the activation is linear, as far as the drive can tell."""
        return self.averages.rest == 0

    def law(
        self,
        ratio: Array,
        hidden: tuple[ArrayLike, Array],
        readout: tuple[ArrayLike, Array],
        size: int | None = None,
    ) -> KernelLaw:
        """The law of settings that differ in ratio and strengths.

        Args:
            ratio: c = M/N, shape (B,).
            hidden: possible strengths (K1,) and their shares (K1, B).
            readout: the same, K2.
            size: M, which adds what finitely many synapses and samples do to the term along the identity.

        Returns:
            The law, of B settings.
        """
        averages, tau = self.averages, self.variance
        d1, share1 = np.asarray(hidden[0], dtype=float), hidden[1]
        d2, share2 = np.asarray(readout[0], dtype=float), readout[1]
        strength = tau * self.rho * averages.slope_rest
        grain = grain_weights = None
        if size is not None and not self.linear:
            grain, grain_weights = self._grain(d1, share1, ratio, size)
        law = KernelLaw(
            neurons=1 / np.asarray(ratio, dtype=float),
            samples=self.samples,
            hidden=d1,
            hidden_shares=share1,
            readout=d2,
            readout_shares=share2,
            linear=averages.linear**2,
            rest=averages.rest,
            hidden_linear=tau * self.rho * averages.slope**2,
            hidden_rest=strength,
            grain=grain,
            grain_weights=grain_weights,
        )
        if grain is None or size is None:
            return law
        return replace(law, blur=blur(law, self.powers, size))

    @cached_property
    def powers(self) -> Powers:
        """How the law's coefficients grow with the variance of the drive, by central differences; not if linear."""
        step, v = 1e-3, self.variance * self.sigma2
        up, down = (gaussian_averages(self.activation, v * (1 + sign * step)) for sign in (1, -1))

        def power(name: str) -> float:
            return float((np.log(getattr(up, name)) - np.log(getattr(down, name))) / (2 * step))

        return Powers(linear=2 * power("linear"), rest=power("rest"), slope_rest=power("slope_rest"))

    def _grain(self, d1: Array, share: Array, ratio: Array, size: int) -> tuple[Array, Array]:
        """Each kind of hidden synapse's share of the identity, and q: docs/nonlinear_theory.md, "Finite size"."""
        strength = self.variance * self.rho * self.averages.slope_rest
        squares, weights, _ = _spread(self.distribution)
        every = strength * d1[:, None] * squares
        q = (every.reshape(-1, 1)) * ratio / size
        parts = (every * weights).reshape(-1, 1) * np.repeat(share, squares.size, axis=0)
        # Slopes that go with the drive see pairs of inputs, M²/2 of them and not N M.
        pair = self.variance * self.rho * self.averages.slope_linear**2 * (d1[:, None] + d1).reshape(-1, 1)
        both = (share[:, None] * share).reshape(-1, share.shape[1])
        nothing = np.zeros_like(both)
        return (
            np.concatenate([q, pair / size + nothing, nothing]),
            np.concatenate([parts, pair / 2 * both, -pair / 2 * both]),
        )

    def commons(self, law: KernelLaw, size: int | None = None) -> outliers.Commons:
        """What the activities of these settings have in common."""
        averages = self.averages
        return outliers.Commons(
            mean=averages.mean,
            bend=0.5 * (self.variance * self.sigma2) ** 0.5 * averages.slope_linear,
            slopes=self.variance * self.rho * averages.slope_linear**2 * (law.hidden @ law.hidden_shares),
            weights=_spread(self.distribution)[2],
            size=size,
        )


@dataclass(frozen=True)
class Bottom:
    """The low end of the spectrum of B settings; arrays of shape (B,).

    Attributes:
        edge: of the bulk, or the atom where that is lowest.
        place: of the edge.
        outlier: below the bulk, NaN where there is none.
        outlier_scatter: its standard deviation; NaN in the limit or where there is none.
    """

    edge: Array
    place: Place
    outlier: Array
    outlier_scatter: Array

    @property
    def lowest(self) -> Array:
        """Edge or outlier, in the limit."""
        return np.fmin(self.edge, self.outlier)

    @property
    def airy(self) -> Array:
        """Edges fluctuate by this times M^(−2/3)."""
        return np.asarray((-0.5 * self.place.curvature) ** (1 / 3))

    def median(self, size: int) -> Array:
        """The lowest eigenvalue's median over students of that many inputs, for ends that were found at this size."""
        return np.fmin(self.edge - TRACY_WIDOM_MEDIAN * self.airy * size ** (-2 / 3), self.outlier)


def bottom(law: KernelLaw, commons: outliers.Commons, powers: Powers | None = None) -> Bottom:
    """Find the lowest edge and the lowest outlier of every setting.

    Args:
        law: B settings.
        commons: of the same settings; with a size where `powers` are given.
        powers: of the activation, at finite size.
    """
    place, y = edge(law)
    lowest, where = outliers.lowest(law, commons, y)
    scatter = np.full(lowest.shape, np.nan)
    if commons.size is not None and np.isfinite(lowest).any():
        scatter = outliers.scatter(law, commons, at(law, np.where(np.isnan(where), y, where)))
        scatter = np.where(np.isnan(lowest), np.nan, scatter)
    low = place.z
    if powers is not None and commons.size is not None:
        low = low + edge_shift(law, powers, place, commons.size, commons.weights)
    return Bottom(low, place, lowest, scatter)


def checked(
    activation: object,
    samples_per_input: object,
    *,
    scale: object,
    rho: object,
    sigma2: object,
    input_variance: object,
    distribution: object = "uniform",
) -> KernelStudent:
    """Check what users say of nonlinear students.

    Raises:
        InputError: an argument outside its range, or an activation without the averages that the law needs.
    """
    found = activations.checked("activation", activation)
    law = validation.choice("distribution", distribution, DISTRIBUTIONS)
    if samples_per_input is None:
        raise InputError("samples_per_input must be given, P/M: the kernel of nonlinear students depends on it")
    size = validation.positive("scale", 1.0 if scale is None else scale)
    if not LEAST <= size <= MOST:
        raise InputError(f"scale must lie between {LEAST:g} and {MOST:g}, got {size:g}")
    default = size**2 / (3 if law == "uniform" else 1)
    if scale is not None and rho is not None and sigma2 is not None:
        raise InputError("scale sets rho and sigma2; give scale, or rho and sigma2, not all three")
    student = KernelStudent(
        found,
        validation.positive("samples_per_input", samples_per_input),
        default if rho is None else validation.positive("rho", rho),
        default if sigma2 is None else validation.positive("sigma2", sigma2),
        validation.positive("input_variance", input_variance),
        law,
    )
    for name, value in (("rho", student.rho), ("sigma2", student.sigma2), ("input_variance", student.variance)):
        if not LEAST**2 / 10 <= value <= MOST**2:
            raise InputError(f"{name} must lie between {LEAST**2 / 10:g} and {MOST**2:g}, got {value:g}")
    if not 1 / APART <= student.rho / student.sigma2 <= APART:
        raise InputError(
            f"rho must be within a factor of {APART:g} of sigma2, got {student.rho:g} and {student.sigma2:g}: beside "
            "one layer nothing of the other is left in double precision"
        )
    averages = student.averages
    if averages.rest == 0 and averages.linear == 0:
        raise InputError(f"the activation {found} must not be constant over a Gaussian drive: nothing could be learned")
    return student


def _spread(distribution: str) -> tuple[Array, Array, float]:
    if not _SPREADS:
        nodes, weights = np.polynomial.legendre.leggauss(4)
        _SPREADS["uniform"] = (3 * (0.5 + 0.5 * nodes) ** 2, weights / 2, 0.8)
        nodes, weights = np.polynomial.hermite_e.hermegauss(6)
        _SPREADS["normal"] = (nodes[nodes > 0] ** 2, 2 * weights[nodes > 0] / weights.sum(), 2.0)
    return _SPREADS[distribution]
