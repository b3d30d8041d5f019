"""Curl descent as a PyTorch optimizer. PyTorch is imported when one is built, not before."""

from collections.abc import Callable
from typing import Any

from curldescent.foundation import optional
from curldescent.model.signatures import Signature

Schedule = Callable[[int], float]


def curl_descent(
    params: Any,
    learning_rate: Any,
    signature: Signature | Any,
    *,
    amount: float | Schedule = 1.0,
    correction: str | None = None,
    correction_strength: float = 1.0,
    **sgd_options: Any,
) -> Any:
    """Curl descent, θ ← θ − η S_t ∘ ∂C/∂θ with S_t = 1 + a_t (S − 1), as a `torch.optim.SGD`.

    It is stochastic gradient descent with gradients that are multiplied by S_t: whatever torch.optim.SGD does with the
    gradient it does with S_t ∘ ∂C/∂θ. Weight decay comes after the signs and shrinks flipped weights, too.

    Args:
        params: a module, or its ``named_parameters()``, or groups (dicts) of these with an ``lr``, ``signature``,
            ``amount``, ``momentum``, … of their own. Names are what a signature speaks of, without the components that
            wrappers add ("module.", "_orig_mod.", "parametrizations.weight.original"). A module also tells
            which of its weights are (pre, post): embeddings and transposed convolutions; by name alone all are read as
            (post, pre), and a signature of these layers needs its ``presynaptic_axis``. Frozen parameters are taken
            too, and learn once they are unfrozen.
        learning_rate: η, a number or a tensor of one element; torch's learning-rate schedulers work on it.
        signature: a `cd.Signature`, or a mapping from parameter names to strengths (tensors, arrays, numbers that
            broadcast). Groups that are added later may bring their own, and must where this one does not name them.
        amount: a, of the curl, as in `curldescent.optimizers.curl_descent`: a number or a schedule of the number of
            steps so far.
        correction: None, "sga", "aligned-sga" or "extragradient", as there. ``step`` then needs a closure that
            returns the loss and does *not* call backward: the optimizer differentiates it itself. The corrected field
            takes the gradient's place before momentum.
        correction_strength: μ of the symplectic adjustment.
        **sgd_options: momentum, dampening, weight_decay, nesterov, maximize, foreach, differentiable, fused, as in
            torch.optim.SGD.

    Returns:
        The optimizer, a `CurlDescent`. Its state_dict holds the strengths, and a state with other ones is refused; and
        the number of steps, so that schedules resume. Schedules themselves are not in it, as those of torch's
        LambdaLR are not.

    Raises:
        InputError: PyTorch is missing, an option out of range, strengths that do not fit.

    Source: docs/analysis.md, section "Optimizers".
    """
    return _class()(
        params,
        learning_rate,
        signature,
        amount=amount,
        correction=correction,
        correction_strength=correction_strength,
        **sgd_options,
    )


def __getattr__(name: str) -> Any:
    if name == "CurlDescent":
        return _class()
    raise AttributeError(f"module 'curldescent.optimizers.torch' has no attribute {name!r}")


def _class() -> Any:
    """The optimizer class; its base is known only once PyTorch is imported."""
    optional.require("torch", purpose="this optimizer")
    from curldescent.optimizers._torch_descent import CurlDescent

    return CurlDescent
