"""Second derivatives of a PyTorch module: single products with the Hessian, and all of it with its rows in batches."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    from curldescent.learning.fields.torch_network import TorchNetwork

Array = NDArray[np.float64]

# Rows in one batch: time falls up to about here, memory grows with it.
BATCH = 256


def hessian_product(network: "TorchNetwork", direction: Array) -> Array:
    """H v by one backward pass through another, (n,)."""
    at, v = network._leaf(), network._tensor(direction)

    def one(x: Any, y: Any, part: slice) -> Any:
        return network._at(at, lambda f: network._backward(_slope(network, f, at, x, y), at, v))

    return network._summed("second derivatives", one)


def hessian(network: "TorchNetwork") -> Array:
    """H, (n, n), as computed."""
    torch = network._torch
    at = network._leaf()
    identity = torch.eye(network.n_params, dtype=network._dtype, device=at.device)

    def whole(x: Any, y: Any, f: Callable[[Any], Any]) -> Any:
        slope = _slope(network, f, at, x, y)

        def row(direction: Any) -> Any:
            return network._backward(slope, at, direction, retain_graph=True)

        def rows(batch: Any) -> Any:
            found = network._backward(slope, at, batch, retain_graph=True, is_grads_batched=True)
            weights = torch.randn_like(batch[:, 0])
            return network._checked(weights @ found, row(weights @ batch), found)

        return torch.cat([network._batched(rows, network._each(row))(batch) for batch in torch.split(identity, BATCH)])

    return network._summed("second derivatives", lambda x, y, part: network._at(at, partial(whole, x, y)))


def require_symmetric(network: "TorchNetwork", one: Any, other: Any, scale: float) -> None:
    """Refuse second derivatives that are none: those of weight normalisation are wrong in PyTorch 2.13."""
    if np.abs(one - other).max() > scale * network._torch.finfo(network._dtype).eps ** 0.5:
        raise InputError(
            "PyTorch's second derivatives of this module are wrong, since they are not symmetric: one of its "
            "layers has a faulty one (weight normalisation has, in PyTorch 2.13)"
        )


def _slope(network: "TorchNetwork", f: Callable[[Any], Any], at: Any, x: Any, y: Any) -> Any:
    """The gradient, to be differentiated again."""
    return network._backward(network._chunk_loss(f, x, y), at, create_graph=True)
