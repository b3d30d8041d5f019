"""Random-matrix theory of curl descent: what should happen, before anything runs.

NumPy and SciPy, milliseconds to import. `critical_ratio` and `critical_fraction` give phase boundaries, `Spectrum` the
whole law of the stability matrix, `linear_stability` the matrix of a given network, `stability_probability` what to
expect of a small one; `KernelSpectrum` is the law of nonlinear students, `macroscopic` and `excess_nonlinearity` follow
how students of many samples learn. The derivations are in docs/theory.md, docs/nonlinear_theory.md and
docs/why_faster.md.
"""

from curldescent.theory.critical import critical_fraction, critical_ratio, stable_ratios
from curldescent.theory.diagrams import phase_diagram
from curldescent.theory.excess_nonlinearity import excess_nonlinearity
from curldescent.theory.finite_size import (
    FiniteSizeScaling,
    StabilityProbability,
    finite_size_scaling,
    sample_lambda_min,
    stability_probability,
)
from curldescent.theory.invariants import invariants
from curldescent.theory.kernel_spectrum import KernelSpectrum
from curldescent.theory.macroscopic import macroscopic
from curldescent.theory.multi_output import MultiOutputSpectrum
from curldescent.theory.onset import nonlinear_error, speedup_onset
from curldescent.theory.origin import OriginSpectrum, origin_spectrum
from curldescent.theory.sign_flips import lambda_min
from curldescent.theory.spectrum import Spectrum
from curldescent.theory.stability_matrix import LinearStability, linear_stability, stability_matrix
from curldescent.theory.turning import Turning, turning

__all__ = [
    "FiniteSizeScaling",
    "KernelSpectrum",
    "LinearStability",
    "MultiOutputSpectrum",
    "OriginSpectrum",
    "Spectrum",
    "StabilityProbability",
    "Turning",
    "critical_fraction",
    "critical_ratio",
    "excess_nonlinearity",
    "finite_size_scaling",
    "invariants",
    "lambda_min",
    "linear_stability",
    "macroscopic",
    "nonlinear_error",
    "origin_spectrum",
    "phase_diagram",
    "sample_lambda_min",
    "speedup_onset",
    "stability_matrix",
    "stability_probability",
    "stable_ratios",
    "turning",
]
