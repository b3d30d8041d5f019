"""The limiting law of the eigenvalues of K = ρ D1 + W1ᵀ D2 W1."""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, validation
from curldescent.theory import _moments as _moments
from curldescent.theory import _poles as _poles
from curldescent.theory import _shown_law as _shown_law
from curldescent.theory._strengths import Strengths, StrengthsLike, parse_strengths
from curldescent.theory.sample_matrices import Distribution, checked_sizes, n_hidden_for, sample_matrix

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Spectrum:
    """The law of the stability matrix of a random two-layer linear network as its layers grow at a fixed ratio.

    K = ρ D1 + W1ᵀ D2 W1 decides whether a zero-loss solution is stable: it is where every eigenvalue of K is
    positive. The entries of W1 are independent with variance σ²/M, and ‖w2‖² = ρ.

    Args:
        ratio: compression ratio c = M/N, inputs over hidden neurons; below 1 the network expands.
        hidden: plasticity of the synapses from the inputs: the fraction of rule-flipped inputs (strength -1, the
            others 1), or a mapping {strength: probability}. Exactly 0 means that nothing is flipped, not the limit of a
            vanishing fraction (`critical_ratio` returns that limit).
        readout: the same for the synapses from the hidden neurons.
        rho: squared norm ‖w2‖² of the readout weights.
        sigma2: σ², M times the variance of one hidden weight.

    Raises:
        InputError: an argument outside its range.

    Source: docs/theory.md, sections "The law of K" to "Atoms and masses". Joint and graded cases are this project's
    own; each layer alone is in Ninou, Kadmon, Cayco-Gajic (NeurIPS 2025, arXiv:2510.02765).

    >>> law = Spectrum(ratio=0.5, hidden=0.3, readout=0.1)
    >>> law.stable
    False
    >>> Spectrum(ratio=4.0).atoms  # gradient descent in a compressive network: Marchenko-Pastur, shifted by 1
    array([[1.  , 0.75]])
    >>> Spectrum(ratio=4.0).edges
    array([[1.25, 3.25]])
    """

    ratio: float
    hidden: StrengthsLike = 0.0
    readout: StrengthsLike = 0.0
    rho: float = 1.0
    sigma2: float = 1.0

    def __post_init__(self) -> None:
        """Check every argument once, so that no method has to."""
        object.__setattr__(self, "ratio", validation.positive("ratio", self.ratio))
        object.__setattr__(self, "rho", validation.positive("rho", self.rho, zero=True))
        object.__setattr__(self, "sigma2", validation.positive("sigma2", self.sigma2))
        _ = self.hidden_strengths, self.readout_strengths
        citations.use("voiculescu1986")

    def _repr_html_(self) -> str:
        rows = [
            ("compression ratio", f"c = {self.ratio:g}"),
            ("hidden", str(self.hidden)),
            ("readout", str(self.readout)),
            ("scales", f"ρ = {self.rho:g}, σ² = {self.sigma2:g}"),
            ("λ_min, λ_max", f"{self.lambda_min:.4g}, {self.lambda_max:.4g}"),
            *_shown_law.support(self),
        ]
        return _shown_law.html("Spectrum of K", self, rows)

    @cached_property
    def hidden_strengths(self) -> Strengths:
        """Distribution of the entries of D1."""
        return parse_strengths("hidden", self.hidden)

    @cached_property
    def readout_strengths(self) -> Strengths:
        """Distribution of the entries of D2."""
        return parse_strengths("readout", self.readout)

    @cached_property
    def _poles(self) -> _poles.Poles:
        return _poles.expand(self.ratio, self.hidden_strengths, self.readout_strengths, self.rho, self.sigma2)

    @cached_property
    def _gaps(self) -> list[tuple[float, float]]:
        """Intervals of y that map onto the gaps between bands; one interval, everything, where there is no band."""
        return _poles.gaps(self._poles) if len(self._poles.positions) else [(-np.inf, np.inf)]

    @cached_property
    def edges(self) -> Array:
        """Lower and upper edge of every band of the continuous spectrum, ascending, shape (bands, 2)."""
        ends = [(left[1], right[0]) for left, right in itertools.pairwise(self._gaps)]
        if not ends:
            return np.empty((0, 2))
        return _frozen(self._poles.x(np.array(ends)))

    @cached_property
    def atoms(self) -> Array:
        """Eigenvalues that carry a positive fraction of the spectrum: rows (location, weight), shape (atoms, 2).

        Where the plastic readout neurons are fewer than the inputs, ρd keeps weight μ1(d) − ν/c, with μ1(d) the
        probability of hidden strength d and ν the fraction of readout neurons whose strength is not zero.
        """
        values, weights = self.hidden_strengths.scaled(self.rho)
        left = weights - self.readout_strengths.plastic / self.ratio
        # A remainder of rounding errors is no atom.
        keep = left > 8 * np.finfo(float).eps * weights
        return _frozen(np.column_stack([values[keep], left[keep]]))

    @property
    def lambda_min(self) -> float:
        """The lowest point of the spectrum."""
        return float(min([*self.edges[:1, 0], *self.atoms[:1, 0]]))

    @property
    def lambda_max(self) -> float:
        """The highest point of the spectrum."""
        return float(max([*self.edges[-1:, 1], *self.atoms[-1:, 0]]))

    @property
    def stable(self) -> bool:
        """Whether a zero-loss solution with random weights is stable: λ_min > 0.

        At exactly zero the solution is marginal, and counts as unstable.
        """
        return self.lambda_min > 0

    @cached_property
    def band_masses(self) -> Array:
        """The fraction of eigenvalues in each band, shape (bands,); with the atoms they sum to 1."""
        return _frozen(np.array([high - low for low, high in self._band_cdf]))

    @cached_property
    def _band_cdf(self) -> list[tuple[float, float]]:
        """The cumulative distribution at both edges of every band, surviving atoms inside it left out."""
        out = []
        for left, right in itertools.pairwise(self._gaps):
            low, high = left[1], right[0]
            below, above = self._mass_below(low), self._mass_below(high)
            # A surviving atom lies in a gap; only a band of rounding width can seem to hold one.
            inside = (self.atoms[:, 0] > low) & (self.atoms[:, 0] < high)
            out.append((below, max(below, above - float(self.atoms[inside, 1].sum()))))
        return out

    def _mass_below(self, y: float) -> float:
        """The mass to the left of x(y) for y at the end of a gap: the arguments of real logarithms are 0 or π."""
        atoms, weights = self.hidden_strengths.scaled(self.rho)
        # An edge may sit on an atom that has just vanished; approached from the right, G1 is +∞ there.
        g = np.inf if np.any(atoms == y) else (weights / (y - atoms)).sum()
        above = weights[atoms > y].sum()
        for d, w in zip(self.readout_strengths.values, self.readout_strengths.weights, strict=True):
            if self.sigma2 * d * g > 1:
                above += np.sign(d) * w / self.ratio
        return float(1 - above)

    @overload
    def density(self, x: float) -> float: ...
    @overload
    def density(self, x: ArrayLike) -> Array: ...
    def density(self, x: ArrayLike) -> float | Array:
        """Density of the continuous part; it integrates to 1 minus the weights of the atoms.

        Args:
            x: eigenvalues, any shape.

        Returns:
            The density per unit of eigenvalue, shape of x (a float for a float); 0 outside the bands and on edges.

        Raises:
            InputError: x is not finite and real.

        Performance: one small dense eigenproblem a point, of size 1 + (hidden strengths) x (nonzero readout strengths).

        >>> round(Spectrum(ratio=1.0).density(3.0), 6)  # Marchenko-Pastur at 3 − 1: √(2 · (4 − 2)) / (2π · 2)
        0.159155
        """
        flat = _finite("x", x)
        out = np.zeros(flat.size)
        values, weights = self.hidden_strengths.scaled(self.rho)
        for low, high in self.edges:
            inside = (flat > low) & (flat < high)
            if inside.any():
                y = _poles.upper_root(self._poles, flat[inside])
                out[inside] = -(weights / (y[:, None] - values)).sum(-1).imag / np.pi
        return _shaped_like(np.maximum(out, 0.0), x)

    @overload
    def cdf(self, x: float) -> float: ...
    @overload
    def cdf(self, x: ArrayLike) -> Array: ...
    def cdf(self, x: ArrayLike) -> float | Array:
        """Fraction of eigenvalues up to x, atoms included; closed form, no quadrature.

        Args:
            x: eigenvalues, any shape.

        Returns:
            Probability, shape of x (a float for a float).

        Raises:
            InputError: x is not finite and real.

        Source: docs/theory.md, section "Atoms and masses": the logarithmic potential is elementary in y.

        >>> Spectrum(ratio=0.5, readout=0.2).cdf([-100.0, 100.0])
        array([0., 1.])
        """
        flat = _finite("x", x)
        out = np.zeros(flat.size)
        for (low, high), (below, above) in zip(self.edges, self._band_cdf, strict=True):
            inside = (flat > low) & (flat < high)
            if inside.any():
                out[inside] += np.clip(self._cdf_in_band(flat[inside]), below, above) - below
            out[flat >= high] += above - below
        for location, weight in self.atoms:
            out[flat >= location] += weight
        return _shaped_like(np.clip(out, 0.0, 1.0), x)

    def _cdf_in_band(self, x: Array) -> Array:
        """1 − Im U(x + i0)/π with U(x) the mean of log(x − λ)."""
        y = _poles.upper_root(self._poles, x)[:, None]
        values, weights = self.hidden_strengths.scaled(self.rho)
        d = np.array(self.readout_strengths.values)
        w = np.array(self.readout_strengths.weights)
        g = (weights / (y - values)).sum(-1)[:, None]
        factor = 1 - self.sigma2 * d * g
        # U = E log(y − ρ d1) + g R(g) + E log(1 − σ² d2 g) / c, each logarithm's argument in a half-plane.
        potential = (weights * np.log(y - values)).sum(-1)
        potential = potential + (w * (self.sigma2 * d * g / factor + np.log(factor))).sum(-1) / self.ratio
        return 1 - potential.imag / np.pi

    def moments(self, order: int = 4) -> Array:
        """The first moments of the law, E[λ], E[λ²], ….

        Args:
            order: how many, at least 1.

        Returns:
            Shape (order,).

        Raises:
            InputError: order is not a positive whole number.

        >>> Spectrum(ratio=1.0).moments(2)  # mean 1 + 1, second moment 1 + 2 + 2
        array([2., 5.])
        """
        count = validation.integer("order", order, minimum=1, maximum=100)
        cumulants = _moments.free_cumulants_of_law(
            self.ratio, self.hidden_strengths, self.readout_strengths, self.rho, self.sigma2, count
        )
        return _moments.moments_from_cumulants(cumulants)

    def histogram(self, sample: ArrayLike, bins: int = 80) -> tuple[Array, Array]:
        """A sample's eigenvalues as a density that compares with the law's.

        Those on an atom are left out, but count in the scale: they share one place, and a bar would only show its own
        width.

        Args:
            sample: eigenvalues, any shape.
            bins: how many.

        Returns:
            Heights (bins,) and edges (bins + 1,).

        Raises:
            InputError: eigenvalues that are not finite, or fewer than one bin.

        >>> law = Spectrum(ratio=0.5, hidden=0.3)
        >>> heights, edges = law.histogram(law.sample(50, seed=0), bins=10)
        >>> round(float((heights * np.diff(edges)).sum()), 12)
        1.0
        """
        values = validation.finite_array("sample", sample, ndim=tuple(range(1, 9))).ravel()
        on_atom = np.zeros(values.size, dtype=bool)
        for location, _ in self.atoms:
            on_atom |= np.abs(values - location) < 1e-8 * (1 + abs(location))
        counts, edges = np.histogram(values[~on_atom], bins=validation.integer("bins", bins, minimum=1, maximum=10**5))
        return counts / (values.size * np.diff(edges)), edges

    def sample(
        self,
        n_inputs: int,
        seed: int | np.random.Generator,
        *,
        samples: int = 1,
        distribution: Distribution = "normal",
    ) -> Array:
        """Eigenvalues of stability matrices drawn at finite size.

        Args:
            n_inputs: M; the hidden layer gets round(M/c) neurons, at least one.
            seed: seed or generator of the hidden weights.
            samples: how many matrices.
            distribution: "normal" or "uniform" hidden weights.

        Returns:
            Eigenvalues, ascending, shape (M,), or (samples, M) for more than one sample.

        Raises:
            InputError: a size below 1 or an unknown distribution.

        >>> Spectrum(ratio=0.5, hidden=0.3).sample(50, seed=0).shape
        (50,)
        """
        size, count = checked_sizes(n_inputs, samples)
        rng = validation.generator("seed", seed)
        width = n_hidden_for(self.ratio, size)
        eigenvalues = np.stack(
            [
                np.linalg.eigvalsh(
                    sample_matrix(
                        size,
                        width,
                        self.hidden_strengths,
                        self.readout_strengths,
                        rng,
                        rho=self.rho,
                        sigma2=self.sigma2,
                        distribution=distribution,
                    )
                )
                for _ in range(count)
            ]
        )
        return eigenvalues[0] if count == 1 else eigenvalues

    def realised(self, n_inputs: int) -> "Spectrum":
        """The law with the ratio and fractions that a network of this size can have: whole numbers of neurons.

        Args:
            n_inputs: M.

        Returns:
            The law to compare samples of this size with, so that rounding is not mistaken for a finite-size effect.

        Raises:
            InputError: n_inputs is not a positive whole number.

        >>> Spectrum(ratio=0.3, hidden=0.25).realised(10).hidden
        {-1.0: 0.2, 1.0: 0.8}
        """
        size = validation.integer("n_inputs", n_inputs, minimum=1, maximum=2**53)
        width = n_hidden_for(self.ratio, size)
        d1, d2 = self.hidden_strengths, self.readout_strengths
        return Spectrum(
            size / width,
            {d: n / size for d, n in zip(d1.values, d1.counts(size).tolist(), strict=True)},
            {d: n / width for d, n in zip(d2.values, d2.counts(width).tolist(), strict=True)},
            self.rho,
            self.sigma2,
        )


def _frozen(values: Array) -> Array:
    """Results are computed once and kept: nobody may write into them."""
    values.flags.writeable = False
    return values


def _finite(name: str, x: ArrayLike) -> Array:
    return validation.finite_array(name, x, ndim=tuple(range(9))).ravel()


def _shaped_like(values: Array, x: ArrayLike) -> float | Array:
    shape = np.shape(x)
    return float(values[0]) if shape == () else values.reshape(shape)
