"""A root of the curvature of the loss, by which Φ is weighted where the loss is not the squared one."""

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.precision import SAFETY, finite

Array = NDArray[np.float64]


def curvature_root(network: Network) -> Array | None:
    """L with Λ = L Lᵀ for every sample, (P, O, O); None where Λ is the identity."""
    curvature = network.curvature()
    if curvature is None:
        return None
    values, vectors = np.linalg.eigh(finite("the second derivative of the loss", curvature))
    if (values < -max(1e-6, SAFETY * network.precision) * np.abs(values).max()).any():
        raise InputError(
            "the loss must be convex in the outputs for the tangent kernel to be symmetric; it is not at sample "
            f"{int(values.min(axis=1).argmin())}"
        )
    return vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
