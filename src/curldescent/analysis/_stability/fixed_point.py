"""Stability of any field where it stands still: the eigenvalues of −J, its rates of decay."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig

from curldescent.analysis._stability.jacobian_spectrum import arnoldi
from curldescent.analysis._stability.tangent_kernel import SMALL, rounding_of
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.precision import finite

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

# Up to this size J is decomposed densely.
DENSE_SIZE = 1500
# A field stands still where F is what moving θ by this share would change.
AT_REST = 1e-6
# Power iterations for the size of J.
ITERATIONS = 20


def fixed_point_verdict(field: Field, method: str, count: int, tolerance: float, seed: int) -> dict[str, Any]:
    """What `Stability` says of a field that is not a signed gradient.

    A direction grows where the real part of its eigenvalue of J is positive beyond its error: rounding times the
    condition number of that eigenvalue, and how far the spectrum may be from that of the fixed point nearby.
    """
    dense = method == "dense" or field.n_params <= (DENSE_SIZE if method == "auto" else SMALL)
    rates, errors, vectors, scale, converged = _dense(field) if dense else _leading(field, count, seed)
    speed, reach = float(np.linalg.norm(field.velocity())), 1 + float(np.abs(field.theta).max())
    away = speed / (scale * reach) if scale > 0 else float(speed > 0)
    zero = max(tolerance, away if away <= AT_REST else 0.0)
    growing = rates.real < -zero * scale - errors
    unclear = (rates.real < -zero * scale) & ~growing
    decaying = int((rates.real > zero * scale).sum())
    reason = ""
    if away > AT_REST:
        reason = f"this is no fixed point: ‖F‖ = {speed:.2g}, and a step to one may be as long as {away * reach:.1g}"
    elif scale == 0:
        reason = "the field does not change with any parameter, to first order"
    elif not growing.any() and (unclear.any() or not converged):
        reason = "the iteration did not converge" if not converged else "the sign of a rate is not told from rounding"
    lowest = float(rates[0].real)
    return {
        "verdict": "undecided" if reason else "unstable" if growing.any() else "stable",
        "reason": reason,
        "lambda_min": lowest,
        "lambda_max": float(rates[-1].real),
        "margin": lowest / scale if scale > 0 else 0.0,
        "eigenvalues": rates if np.abs(rates.imag).max() > zero * scale else rates.real,
        "errors": errors,
        "inertia": (int(growing.sum()), len(rates) - int(growing.sum()) - decaying, decaying),
        "complete": dense,
        "direction": vectors[:, 0].real if np.abs(vectors[:, 0].real).max() > 0 else vectors[:, 0].imag,
        "scale": scale,
        "tolerance": zero,
        "products": 0,
        "method": "dense" if dense else "matrix-free",
        "speed": speed,
        "at_solution": away <= AT_REST,
    }


def _dense(field: Field) -> tuple[Complex, Array, Complex, float, bool]:
    """Eigenvalues of −J by ascending real part with their errors and vectors, ‖J‖, and whether they converged."""
    jacobian = finite("the Jacobian of the field", field.jacobian())
    values, left, right = eig(jacobian, left=True, right=True)
    order = np.lexsort((-values.imag, -values.real))
    scale = float(np.linalg.norm(jacobian, 2))
    # How far an eigenvalue moves with J is one over the cosine of the angle between its left and right vectors.
    cosines = np.abs((left.conj() * right).sum(axis=0))[order]
    with np.errstate(divide="ignore"):
        errors = np.minimum(scale, rounding_of(field, len(values)) * scale / cosines)
    return -values[order], errors, right[:, order], scale, True


def _leading(field: Field, count: int, seed: int) -> tuple[Complex, Array, Complex, float, bool]:
    start = np.random.default_rng(seed).standard_normal(field.n_params)
    v, scale = start, 0.0
    for _ in range(ITERATIONS):
        image = finite("the Jacobian of the field", field.jvp(v / (np.linalg.norm(v) or 1.0)))
        scale, v = float(np.linalg.norm(image)), field.vjp(image)
    wanted = min(count, field.n_params - 2)
    values, vectors = arnoldi(lambda u: finite("the Jacobian of the field", field.jvp(u)), start, wanted, 1e-8)
    if len(values) == 0:
        return np.full(1, np.nan + 0j), np.full(1, np.inf), np.zeros((field.n_params, 1), complex), scale, False
    images = [field.jvp(u.real) + 1j * field.jvp(u.imag) for u in vectors.T]
    errors = [float(np.linalg.norm(w - x * u)) for w, x, u in zip(images, values, vectors.T, strict=True)]
    rounding = rounding_of(field, len(values)) * scale
    return -values, np.array(errors) + rounding, vectors, scale, len(values) == wanted
