"""The verdict of `stability` by its three routes: what the eigenvalues show, and what they do not."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._stability import norm_preserving
from curldescent.analysis._stability.tangent_kernel import (
    KernelProducts,
    ReducedKernel,
    extreme_eigenvalues,
    reduced_kernel,
    rounding_of,
)
from curldescent.foundation.errors import InputError
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import DOUBLE, words

Array = NDArray[np.float64]

# The rank of Φ is clear where its kernel's eigenvalues inside and outside of the range differ by this factor.
WELL_APART = 100.0


def dense_verdict(network: Network, tolerance: float) -> dict[str, Any]:
    """From every eigenvalue on the range of Φ, decomposed densely."""
    kernel = reduced_kernel(network)
    if len(kernel.spectrum) == 0:
        return nothing(0.0, NO_MOTION) | {"direction": np.zeros(network.n_params)}
    values, vectors = np.linalg.eigh(kernel.signed(network.strengths))
    scale = float(np.linalg.eigvalsh(kernel.signed(np.abs(network.strengths)))[-1])
    rounding = kernel.rounding * scale
    reason = _unresolved(float(values[0]), rounding, scale, tolerance, network)
    if not reason and (network.strengths < 0).any():
        reason = _unresolved_range(kernel, tolerance, network)
    found = _summary(values, scale, max(tolerance, kernel.rounding), reason)
    return _in_units(found | {"errors": np.full(values.shape, rounding)}, kernel.square) | {
        "complete": True,
        "direction": network.strengths * (kernel.features.T @ vectors[:, 0]),
        "products": 0,
    }


def norm_preserving_verdict(
    network: Network,
    method: str,
    count: int,
    tolerance: float,
    resolution: float,
    max_products: int,
    seed: int,
) -> dict[str, Any]:
    """Where every layer keeps its norm, by either method."""
    if method == "dense":
        spectrum = norm_preserving.dense(network, tolerance)
    else:
        _require_rows(network)
        spectrum = norm_preserving.matrix_free(
            network, count=count, tolerance=tolerance, resolution=resolution, max_products=max_products, seed=seed
        )
    values, scale = spectrum.values, spectrum.scale
    more = {"complete": method == "dense", "direction": spectrum.direction, "products": spectrum.products}
    if len(values) == 0:
        return nothing(scale * spectrum.square, NOT_CONVERGED if scale > 0 else NO_MOTION) | more
    lowest, error = float(values[0].real), float(spectrum.errors[0])
    # The operator is not normal, so that nothing is proof: below zero counts only beyond the error.
    if method == "dense":
        reason = _unresolved(lowest, error, scale, tolerance, network)
        zero = max(tolerance, error / scale) if scale > 0 else tolerance
    else:
        zero = max(tolerance, error / scale, rounding_of(network, len(values))) if scale > 0 else tolerance
        reason = "" if lowest < -zero * scale else _unfinished(lowest - error, scale, resolution, spectrum.converged)
        if not spectrum.converged:
            reason = NOT_CONVERGED
    found = _summary(values.real, scale, zero, reason)
    return _in_units(found | {"eigenvalues": values, "errors": spectrum.errors}, spectrum.square) | more


def matrix_free_verdict(
    network: Network,
    count: int,
    tolerance: float,
    resolution: float,
    max_products: int,
    seed: int,
    tell: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """From both ends of the spectrum, by products alone."""
    ends = extreme_eigenvalues(
        network, count=count, resolution=resolution, max_products=max_products, seed=seed, tell=tell
    )
    more = {"complete": False, "direction": np.zeros(network.n_params), "products": ends.products}
    if len(ends.values) == 0 or (ends.scale == 0 and network.strengths.any()):
        return nothing(ends.scale * ends.square, NO_MOTION if ends.scale == 0 else NOT_CONVERGED) | more
    lowest, rounding = float(ends.values[0]), rounding_of(network, len(ends.values))
    zero = max(tolerance, rounding)
    # A Ritz value is never below the smallest eigenvalue, so that a negative one beyond rounding is proof; one that is
    # not shows stability as far as the iteration has converged and the numbers are precise.
    reason = ""
    if lowest >= -zero * ends.scale:
        certain = bool((network.strengths >= 0).all())
        below = lowest - float(ends.errors[0]) - (0.0 if certain else rounding * ends.scale)
        reason = _unfinished(below, ends.scale, resolution, ends.converged)
        if reason and ends.converged and rounding > resolution:
            reason = _imprecise(network)
    found = _summary(ends.values, ends.scale, zero, reason)
    direction = network.strengths * KernelProducts(network).to_parameters(ends.vectors[:, 0])
    return _in_units(found | {"errors": ends.errors}, ends.square) | more | {"direction": direction}


def _require_rows(network: Network) -> None:
    if network.n_rows < 4:
        raise InputError(f"the matrix-free method needs at least 4 residuals, got {network.n_rows}; use method='dense'")


NO_MOTION = "no output moves with any parameter, to first order: G is zero; see jacobian_spectrum for the field itself"
NOT_CONVERGED = "the iteration did not converge within max_products"


def _imprecise(network: Network) -> str:
    return f"the model computes in {words(network.precision)}, too coarse for the sign of the smallest eigenvalue"


def _unresolved(lowest: float, error: float, scale: float, tolerance: float, network: Network) -> str:
    """Why the sign of the smallest eigenvalue cannot be told; empty where it can."""
    if error <= tolerance * scale or abs(lowest) > error or network.is_descent:
        return ""
    if network.precision > DOUBLE:
        return _imprecise(network)
    return f"the smallest eigenvalue is {lowest / scale:.1e} κ and its error {error / scale:.1e} κ"


def _unresolved_range(kernel: ReducedKernel, tolerance: float, network: Network) -> str:
    """Why directions that count as outside the range of Φ might be inside and unstable; empty where that is clear."""
    inside = float(kernel.spectrum[-1] / kernel.spectrum[0])
    if kernel.outside <= tolerance or inside > WELL_APART * kernel.outside:
        return ""
    return (
        f"the rank of Φ is not clear: singular values fall without a gap into the rounding of "
        f"{words(network.precision)}, the kernel's eigenvalues from {inside:.1e} to {kernel.outside:.1e} of the largest"
    )


def _unfinished(below: float, scale: float, resolution: float, converged: bool) -> str:  # noqa: FBT001
    if not converged:
        return NOT_CONVERGED
    if below < -resolution * scale:
        return f"the smallest eigenvalue is not resolved from zero to {resolution:g} κ"
    return ""


def nothing(scale: float, reason: str) -> dict[str, Any]:
    """What is said where there is no eigenvalue to judge by."""
    unknown = dict.fromkeys(("lambda_min", "lambda_max", "margin"), np.nan)
    nothing = {"eigenvalues": np.zeros(0), "errors": np.zeros(0), "inertia": (0, 0, 0), "complete": False}
    found = {"verdict": "undecided", "reason": reason, "scale": scale, "tolerance": np.nan, "products": 0}
    return found | unknown | nothing


def _in_units(found: dict[str, Any], square: float) -> dict[str, Any]:
    """Eigenvalues of G/unit² and what goes with them as those of G."""
    names = ("lambda_min", "lambda_max", "eigenvalues", "errors", "scale")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return found | {name: np.where(found[name] == 0, 0.0, found[name] * square)[()] for name in names}


def _summary(values: Array, scale: float, zero: float, reason: str) -> dict[str, Any]:
    negative, positive = int((values < -zero * scale).sum()), int((values > zero * scale).sum())
    return {
        "verdict": "unstable" if negative and not reason else "undecided" if reason else "stable",
        "reason": reason,
        "lambda_min": float(values[0]),
        "lambda_max": float(values[-1]),
        "margin": float(values[0]) / scale if scale > 0 else 0.0,
        "eigenvalues": values,
        "inertia": (negative, len(values) - negative - positive, positive),
        "scale": scale,
        "tolerance": zero,
    }
