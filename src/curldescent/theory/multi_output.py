"""The law for networks with several outputs: one law of K for each singular value of the readout."""

from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.theory._strengths import StrengthsLike
from curldescent.theory.spectrum import Spectrum

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MultiOutputSpectrum:
    """The law of the stability operator of a network with O outputs, given its readout's singular values.

    Perturbations of the network's map, E ↦ W2 W2ᵀ E D1 + E W1ᵀ D2 W1, split along the eigenvectors of W2 W2ᵀ: its
    spectrum is the union over the singular values κ of the spectra of κ² D1 + W1ᵀ D2 W1, each with weight 1/O.

    Args:
        ratio: compression ratio c = M/N.
        hidden: fraction of flipped inputs, or a mapping {strength: probability}.
        readout: fraction of flipped hidden neurons, or a mapping.
        singular_values: the O singular values of W2 (zeros included where O > N), shape (O,).
        sigma2: M times the variance of a hidden weight.

    Attributes:
        laws: one `Spectrum` per singular value.

    Raises:
        InputError: an argument outside its range.

    Source: docs/theory.md, section "Several outputs".

    >>> two = MultiOutputSpectrum(0.3, hidden=0.4, singular_values=[1.0, 2.0])
    >>> [law.stable for law in two.laws], two.stable
    ([True, False], False)
    """

    ratio: float
    hidden: StrengthsLike = 0.0
    readout: StrengthsLike = 0.0
    singular_values: ArrayLike = (1.0,)
    sigma2: float = 1.0

    def __post_init__(self) -> None:
        """Check every argument once."""
        values = validation.finite_array("singular_values", self.singular_values, ndim=1)
        for value in values:
            validation.positive("each of singular_values", value, zero=True)
        object.__setattr__(self, "singular_values", values)
        _ = self.laws

    @cached_property
    def laws(self) -> tuple[Spectrum, ...]:
        """One law per singular value, in the order given."""
        return tuple(
            Spectrum(self.ratio, self.hidden, self.readout, float(value) ** 2, self.sigma2)
            for value in np.asarray(self.singular_values)
        )

    @property
    def lambda_min(self) -> float:
        """The lowest point of all the laws."""
        return min(law.lambda_min for law in self.laws)

    @property
    def lambda_max(self) -> float:
        """The highest point of all the laws."""
        return max(law.lambda_max for law in self.laws)

    @property
    def stable(self) -> bool:
        """Whether every law is positive."""
        return self.lambda_min > 0

    @cached_property
    def edges(self) -> Array:
        """Bands of the union, overlapping ones merged, ascending, shape (bands, 2)."""
        merged: list[list[float]] = []
        for low, high in sorted(pair for law in self.laws for pair in law.edges.tolist()):
            if merged and low <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], high)
            else:
                merged.append([low, high])
        return np.array(merged).reshape(-1, 2)

    @cached_property
    def atoms(self) -> Array:
        """Rows (location, weight), ascending, atoms at one location added up, shape (atoms, 2)."""
        rows = np.concatenate([law.atoms for law in self.laws])
        locations, index = np.unique(rows[:, 0], return_inverse=True)
        return np.column_stack([locations, np.bincount(index, rows[:, 1], len(locations)) / len(self.laws)])

    @overload
    def density(self, x: float) -> float: ...
    @overload
    def density(self, x: ArrayLike) -> Array: ...
    def density(self, x: ArrayLike) -> float | Array:
        """Density of the continuous part at x, shape of x."""
        return sum(law.density(x) for law in self.laws) / len(self.laws)

    @overload
    def cdf(self, x: float) -> float: ...
    @overload
    def cdf(self, x: ArrayLike) -> Array: ...
    def cdf(self, x: ArrayLike) -> float | Array:
        """Fraction of eigenvalues up to x, shape of x."""
        return sum(law.cdf(x) for law in self.laws) / len(self.laws)

    def moments(self, order: int = 4) -> Array:
        """E[λ] … E[λᵒʳᵈᵉʳ], shape (order,)."""
        return np.mean([law.moments(order) for law in self.laws], axis=0)

    def sample(self, n_inputs: int, seed: int | np.random.Generator) -> Array:
        """Eigenvalues of one sampled operator, ascending, shape (O·M,); all outputs share the hidden weights.

        Args:
            n_inputs: M.
            seed: seed of the hidden weights.
        """
        # The same seed gives the same W1 for every singular value, as in one network.
        state = validation.generator("seed", seed).integers(2**63)
        return np.sort(np.concatenate([law.sample(n_inputs, int(state)) for law in self.laws]))
