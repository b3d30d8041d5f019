"""The law of the signed tangent kernel of nonlinear students."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError
from curldescent.model import activations
from curldescent.theory import _kernel_student as students
from curldescent.theory import _shown_law
from curldescent.theory._kernel_boundary import SMALLEST_RATIO
from curldescent.theory._kernel_density import density
from curldescent.theory._kernel_law import KernelLaw, edge
from curldescent.theory._strengths import Strengths, StrengthsLike, parse_strengths
from curldescent.theory.kernel_samples import require_memory, sample_kernel
from curldescent.theory.sample_matrices import Distribution, n_hidden_for

Array = NDArray[np.float64]

# Points at which gaps between bands are looked for, and how often the interval in which a band ends is cut in how many.
_POINTS = 400
_ROUNDS, _CUTS = 6, 32
# Inside a band the density, in units of one over the spectrum's width, is above this.
_NOTHING = 1e-4


@dataclass(frozen=True)
class KernelSpectrum:
    """The law of the signed tangent kernel of random nonlinear students, at a solution of their own.

    A two-layer student f(x) = w2 φ(W1 x) is stable at zero loss exactly when G = Φ S Φᵀ/P has no negative eigenvalue,
    with Φ the derivatives of its P outputs by its synapses and S the synapses' strengths. Eigenvalues here are those of
    P·G in units of M, in the limit of many inputs, hidden neurons and samples in fixed proportion: order one wherever
    activities have no mean. Inputs are normal, independent, of variance τ; hidden weights have variance σ²/M, and
    ‖w2‖² = ρ. Norms that are preserved and a nonlinearity of the output change nothing at this order.

    Args:
        ratio: compression ratio c = M/N, inputs over hidden neurons.
        hidden: plasticity of the synapses from the inputs: the fraction of rule-flipped inputs (strength -1, the
            others 1), or a mapping {strength: probability}.
        readout: the same for the synapses from the hidden neurons.
        activation: a built-in's name, or one of ``cd.activation``; continuous, kinks allowed.
        samples_per_input: p = P/M.
        scale: the student's scale as in ``cd.student_teacher``: weights uniform in ±scale/√fan-in, so that
            σ² = ρ = scale²/3 (normal ones of that standard deviation: σ² = ρ = scale²).
        input_variance: τ, by default that of the paper, ½.
        rho: ρ; by default from the scale.
        sigma2: σ²; by default from the scale.
        n_inputs: M, which adds what is known of finite size, to first order, to `lambda_min`, `outliers` and `scatter`;
            for ratios from 0.01 on. None is the limit.
        distribution: of the weights, "uniform" or "normal".

    Raises:
        InputError: an argument outside its range, or an activation that jumps or grows too fast.

    In relu, sigmoid, gelu and softplus students activities have a mean. It makes an eigenvalue below the bulk where
    readout neurons are flipped, and that one decides stability; with half of them flipped or more it grows with M, and
    is -inf here unless `n_inputs` is given.

    Source: docs/nonlinear_theory.md. The signed law, its outliers and their scatter are this project's own; for S = 1
    it is that of Fan & Wang (2020) and Adlam & Pennington (2020), when the largest eigenvalue of a conjugate kernel
    leaves the bulk is in Benigni & Péché (2022).

    >>> law = KernelSpectrum(ratio=0.5, hidden=0.2, activation="tanh", samples_per_input=2.5)
    >>> law.stable, round(law.lambda_min, 4)
    (False, -0.0691)
    >>> KernelSpectrum(0.5, readout=0.2, activation="relu", samples_per_input=2.5, n_inputs=400).outliers.round(2)
    array([-0.1 , 32.34])
    """

    ratio: float
    hidden: StrengthsLike = 0.0
    readout: StrengthsLike = 0.0
    activation: "str | activations.Activation" = field(kw_only=True)
    samples_per_input: float = field(kw_only=True)
    scale: float | None = field(default=None, kw_only=True)
    input_variance: float = field(default=0.5, kw_only=True)
    rho: float | None = field(default=None, kw_only=True)
    sigma2: float | None = field(default=None, kw_only=True)
    n_inputs: int | None = field(default=None, kw_only=True)
    distribution: Distribution = field(default="uniform", kw_only=True)

    def __post_init__(self) -> None:
        """Check every argument once, so that no method has to."""
        object.__setattr__(self, "ratio", validation.positive("ratio", self.ratio))
        _ = self.hidden_strengths, self.readout_strengths, self._student
        if self.n_inputs is not None:
            validation.integer("n_inputs", self.n_inputs, minimum=2)
            if self.ratio < SMALLEST_RATIO:
                raise InputError(
                    f"n_inputs needs a ratio of {SMALLEST_RATIO:g} or more, got {self.ratio:g}: in wider students the "
                    "corrections of finite size are not small; leave n_inputs out for the limit"
                )
        citations.use("fan2020", "adlam2020", *(() if self._student.averages.mean == 0 else ("benigni2022",)))

    def _repr_html_(self) -> str:
        student = self._student
        rows = [
            ("compression ratio", f"c = {self.ratio:g}"),
            ("hidden", str(self.hidden)),
            ("readout", str(self.readout)),
            ("activation", str(self.activation)),
            ("samples", f"P/M = {student.samples:g}"),
            ("scales", f"ρ = {student.rho:g}, σ² = {student.sigma2:g}, τ = {student.variance:g}"),
            ("λ_min", f"{self.lambda_min:.4g}"),
            *_shown_law.support(self),
            ("outliers", ", ".join(f"{value:.4g}" for value in self.outliers) or "none"),
        ]
        return _shown_law.html("Spectrum of P·G/M", self, rows)

    @cached_property
    def hidden_strengths(self) -> Strengths:
        """Distribution of the strengths of the inputs' synapses."""
        return parse_strengths("hidden", self.hidden)

    @cached_property
    def readout_strengths(self) -> Strengths:
        """Distribution of the strengths of the hidden neurons' synapses."""
        return parse_strengths("readout", self.readout)

    @cached_property
    def _student(self) -> students.KernelStudent:
        return students.checked(
            self.activation,
            self.samples_per_input,
            scale=self.scale,
            rho=self.rho,
            sigma2=self.sigma2,
            input_variance=self.input_variance,
            distribution=self.distribution,
        )

    def _law(self, size: int | None) -> KernelLaw:
        d1, d2 = self.hidden_strengths, self.readout_strengths
        return self._student.law(
            np.array([self.ratio]),
            (d1.values, np.array(d1.weights)[:, None]),
            (d2.values, np.array(d2.weights)[:, None]),
            size,
        )

    @cached_property
    def _ends(self) -> tuple[students.Bottom, students.Bottom]:
        """Both ends of the spectrum, the upper one as the lower one of −G; at finite size where it is given."""
        law = self._law(self.n_inputs)
        commons = self._student.commons(law, self.n_inputs)
        powers = None if self.n_inputs is None or self._student.linear else self._student.powers
        return (
            students.bottom(law, commons, powers),
            students.bottom(law.mirrored(), commons.mirrored(), powers),
        )

    @cached_property
    def _limits(self) -> tuple[float, float]:
        """Lowest and highest point of bulk and atoms in the limit."""
        law = self._law(None)
        return float(edge(law)[0].z[0]), -float(edge(law.mirrored())[0].z[0])

    @cached_property
    def outliers(self) -> Array:
        """Eigenvalues below the lowest band and above the highest, ascending; ±inf where they grow with M."""
        low, high = (end.outlier[0] for end in self._ends)
        return _frozen(np.array([value for value in (low, -high) if not np.isnan(value)]))

    @cached_property
    def lambda_min(self) -> float:
        """The lowest eigenvalue: of the limit, or with `n_inputs` the median of networks of that size.

        Linear students have P − M directions out of their synapses' reach, whose zeros do not count.
        """
        lower = self._ends[0]
        if self.n_inputs is None:
            return float(lower.lowest[0])
        return float(lower.median(self.n_inputs)[0])

    @property
    def scatter(self) -> float:
        """Standard deviation of `lambda_min` over networks of `n_inputs` inputs; 0 in the limit."""
        if self.n_inputs is None:
            return 0.0
        if np.isnan(self._ends[0].outlier[0]):
            return float(students.TRACY_WIDOM_SD * self._ends[0].airy[0] * self.n_inputs ** (-2 / 3))
        return float(self._ends[0].outlier_scatter[0])

    @property
    def stable(self) -> bool:
        """Whether a zero-loss solution with random weights is stable: λ_min > 0. At exactly zero it is marginal."""
        return self.lambda_min > 0

    @cached_property
    def atoms(self) -> Array:
        """Eigenvalues that a positive fraction of the P samples shares in the limit: rows (location, weight)."""
        weight = 1 - self._reached
        return _frozen(np.array([[self._law(None).shift[0], weight]] if weight > 1e-14 else np.empty((0, 2))))

    @property
    def _reached(self) -> float:
        """The fraction of the eigenvalues that are no atom's; above 1 where every direction is reached."""
        rank = 1 - sum(w for d, w in zip(*_pairs(self.hidden_strengths), strict=True) if d == 0)
        rank += self.readout_strengths.plastic / self.ratio
        if self._student.linear:
            rank = min(1.0, rank)
        return rank / self._student.samples

    @cached_property
    def edges(self) -> Array:
        """Lower and upper edge of every band of the limit, ascending, shape (bands, 2).

        The outermost edges are exact; the others are found from the density. Gaps and bands narrower than a
        four-hundredth of the spectrum can be missed. With p of 10⁵ and more samples per input that is the case of
        nonlinear students' bands far below the largest eigenvalues, of widths 1/√p of where they are; and gaps beside
        the atom narrower than 2·10⁻¹³ p of the spectrum are not seen.
        """
        low, high = self._limits
        if not high > low:
            return np.empty((0, 2))
        # Crowded at both ends, where bands can be narrow, and beside an atom, where the gap around it can be.
        x = low + (high - low) * 0.5 * (1 - np.cos(np.pi * np.linspace(0, 1, _POINTS + 1)))
        closest = self._hidden
        beside = (high - low) * np.geomspace(closest, max(1e-2, 2 * closest), 26)
        for at in self.atoms[:, 0]:
            covered = np.abs(x - at) < closest * (high - low)
            covered[[0, -1]] = False
            x = np.concatenate([x[~covered], at - beside, at + beside])
            x = np.unique(np.clip(x, low, high))
        inside = self._within(x)
        inside[[0, -1]] = False
        changes = np.flatnonzero(inside[1:] != inside[:-1])
        left, right, starts = x[changes], x[changes + 1], inside[changes + 1]
        for _ in range(_ROUNDS):
            fine = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, _CUTS + 1)
            beyond = self._within(fine.ravel()).reshape(fine.shape) == starts[:, None]
            beyond[:, 0], beyond[:, -1] = False, True
            index = np.argmax(beyond, axis=1) - 1
            row = np.arange(len(left))
            left, right = fine[row, index], fine[row, index + 1]
        ends = 0.5 * (left + right)
        at = self.atoms[:, 0]
        for place, exact in ((0, low), (-1, high)):
            if ends.size and not np.any(at == exact):
                ends[place] = exact
        return _frozen(ends.reshape(-1, 2))

    @property
    def _hidden(self) -> float:
        """How near an atom is, in units of the spectrum's width, where it hides the density.

        In double precision the atom of ever more samples hides the few eigenvalues beside it.
        """
        return float(np.clip(2e-13 * self._student.samples, 1e-7, 5e-2))

    def _within(self, x: Array) -> NDArray[np.bool_]:
        low, high = self._limits
        # With ever more samples ever fewer of the eigenvalues are no atom's.
        least = _NOTHING * min(1.0, self._reached)
        return density(self._law(None), x, high - low) * (high - low) > least

    @overload
    def density(self, x: float) -> float: ...
    @overload
    def density(self, x: ArrayLike) -> Array: ...
    def density(self, x: ArrayLike) -> float | Array:
        """Density of the P eigenvalues in the limit; with the atoms' weights it integrates to 1.

        Args:
            x: eigenvalues of P·G/M, any shape.

        Returns:
            The density per unit of eigenvalue, shape of x (a float for a float); 0 outside the bands. As near an atom
            as rounding leaves nothing of it, 10⁻⁷ of the spectrum's width (2·10⁻¹³ p for more than 5·10⁵ samples per
            input), it is that at this distance.

        Raises:
            InputError: x is not finite and real.

        >>> law = KernelSpectrum(0.5, readout=0.3, activation="relu", samples_per_input=2.0)
        >>> x = np.linspace(*law.edges[0], 2001)
        >>> round(float(np.trapezoid(law.density(x), x)), 2)
        1.0
        """
        flat = validation.finite_array("x", x, ndim=tuple(range(9))).ravel()
        low, high = self._limits
        hidden = self._hidden * (high - low)
        for at in self.atoms[:, 0]:
            flat = np.where(np.abs(flat - at) < hidden, at + np.where(flat < at, -hidden, hidden), flat)
        out = np.zeros(flat.size)
        inside = (flat > low) & (flat < high)
        if inside.any():
            out[inside] = density(self._law(None), flat[inside], high - low)
        return float(out[0]) if np.shape(x) == () else out.reshape(np.shape(x))

    def sample(self, n_inputs: int | None = None, seed: int | np.random.Generator = 0, *, samples: int = 1) -> Array:
        """Eigenvalues of P·G/M of students drawn at finite size, G built from its definition.

        Args:
            n_inputs: M, by default the law's own; N = round(M/c) and P = round(pM), at least one.
            seed: seed or generator of weights and inputs.
            samples: how many students.

        Returns:
            Eigenvalues, ascending, shape (P,), or (samples, P) for more than one student.

        Raises:
            InputError: a size below 1, or none.

        >>> law = KernelSpectrum(0.5, hidden=0.2, activation="tanh", samples_per_input=2.5)
        >>> law.sample(20, seed=0).shape
        (50,)
        """
        size = validation.integer("n_inputs", self.n_inputs if n_inputs is None else n_inputs, minimum=1)
        count = validation.integer("samples", samples, minimum=1)
        require_memory(max(1, round(self._student.samples * size)), count)
        rng = validation.generator("seed", seed)
        eigenvalues = np.stack([np.linalg.eigvalsh(self._kernel(size, rng)) for _ in range(count)])
        return eigenvalues[0] if count == 1 else eigenvalues

    def _kernel(self, size: int, rng: np.random.Generator) -> Array:
        """P·G/M of one random student with that many inputs."""
        student = self._student
        return sample_kernel(
            size,
            n_hidden_for(self.ratio, size),
            max(1, round(student.samples * size)),
            self.hidden_strengths,
            self.readout_strengths,
            student.activation,
            rng,
            rho=student.rho,
            sigma2=student.sigma2,
            input_variance=student.variance,
            distribution=self.distribution,
        )


def _pairs(strengths: Strengths) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return strengths.values, strengths.weights


def _frozen(values: Array) -> Array:
    """Results are computed once and kept: nobody may write into them."""
    values.flags.writeable = False
    return values
