"""Signed tangent kernels of finite students, drawn at random and built from their definition."""

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import memory
from curldescent.model import activations
from curldescent.theory._strengths import Strengths
from curldescent.theory.sample_matrices import Distribution

Array = NDArray[np.float64]

# Entries of the drives in memory: wide layers are summed block by block.
_BLOCK_ENTRIES = 4_000_000


def sample_kernel(
    n_inputs: int,
    n_hidden: int,
    n_samples: int,
    hidden: Strengths,
    readout: Strengths,
    activation: "str | activations.Activation",
    rng: np.random.Generator,
    *,
    rho: float,
    sigma2: float,
    input_variance: float,
    distribution: Distribution = "uniform",
) -> Array:
    """Draw a student and its inputs, and build P·G/M = Φ S Φᵀ/M, one output.

    Args:
        n_inputs: M.
        n_hidden: N.
        n_samples: P.
        hidden: strengths of the inputs; the first ones get the lowest.
        readout: strengths of the hidden neurons.
        activation: φ.
        rng: source of randomness.
        rho: ‖w2‖², exactly.
        sigma2: M times the variance of a hidden weight.
        input_variance: τ; inputs are normal.
        distribution: of the weights.

    Returns:
        Shape (P, P), symmetric: Σ_i d2_i φ(h_ip) φ(h_iq) + Σ_i w2_i² φ'(h_ip) φ'(h_iq) Σ_j d1_j x_pj x_qj, over M.
    """
    phi = activations.of(activation)
    side = np.sqrt(3.0)

    def draw(*shape: int) -> Array:
        return rng.standard_normal(shape) if distribution == "normal" else rng.uniform(-side, side, shape)

    x = np.sqrt(input_variance) * rng.standard_normal((n_samples, n_inputs))
    w2 = draw(n_hidden)
    w2 *= np.sqrt(rho) / np.linalg.norm(w2)
    d1, d2 = hidden.vector(n_inputs), readout.vector(n_hidden)
    activities, slopes = np.zeros((2, n_samples, n_samples))
    block = max(1, _BLOCK_ENTRIES // n_samples)
    for start in range(0, n_hidden, block):
        part = slice(start, min(n_hidden, start + block))
        weights = np.sqrt(sigma2 / n_inputs) * draw(part.stop - part.start, n_inputs)
        drive = x @ weights.T
        activity = np.asarray(phi.value(drive, np))
        slope = np.asarray(phi.slope(drive, activity, np)) * w2[part]
        activities += (activity * d2[part]) @ activity.T
        slopes += slope @ slope.T
    return (activities + slopes * ((x * d1) @ x.T)) / n_inputs


def require_memory(n_samples: int, count: int) -> None:
    """Refuse kernels whose matrices or eigenvalues would not fit into memory."""
    memory.require(
        f"the eigenvalues of {count} kernels of {n_samples} samples", 6 * 8 * n_samples**2 + 2 * 8 * n_samples * count
    )
