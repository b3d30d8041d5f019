"""Curl descent as a PyTorch optimizer. PyTorch is imported when one is built, not before."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from curldescent.errors import InputError
from curldescent.optimizers import options
from curldescent.signatures import Signature, flatten_strengths

Schedule = Callable[[int], float]


def curl_descent(
    params: Any,
    learning_rate: float,
    signature: Signature | Any,
    *,
    amount: float | Schedule = 1.0,
    correction: str | None = None,
    correction_strength: float = 1.0,
) -> Any:
    """Curl descent, θ ← θ − η S_t ∘ ∂C/∂θ with S_t = 1 + a_t (S − 1), as a `torch.optim.Optimizer`.

    Args:
        params: a module, or its ``named_parameters()``: names are what a signature speaks of.
        learning_rate: η; torch's learning-rate schedulers work on it.
        signature: a `cd.Signature`, or a mapping from parameter names to strengths (tensors, arrays, numbers that
            broadcast).
        amount: a, of the curl, as in `curldescent.optimizers.curl_descent`: a number or a schedule of the number of
            steps so far.
        correction: None, "sga", "aligned-sga" or "extragradient", as there. ``step`` then needs a closure that
            returns the loss and does *not* call backward: the optimizer differentiates it itself.
        correction_strength: μ of the symplectic adjustment.

    Returns:
        The optimizer, a `CurlDescent`. Its state_dict holds the number of steps, so that schedules resume.

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
    )


def __getattr__(name: str) -> Any:
    if name == "CurlDescent":
        return _class()
    raise AttributeError(f"module 'curldescent.optimizers.torch' has no attribute {name!r}")


@cache
def _class() -> Any:
    """The optimizer class; its base is known only once PyTorch is imported."""
    try:
        import torch
    except ImportError:
        raise options.missing("PyTorch", "torch") from None

    class CurlDescent(torch.optim.Optimizer):
        """See `curldescent.optimizers.torch.curl_descent`."""

        def __init__(
            self,
            params: Any,
            learning_rate: float,
            signature: Any,
            *,
            amount: Any = 1.0,
            correction: str | None = None,
            correction_strength: float = 1.0,
        ) -> None:
            self._correction, self._strength = options.check(learning_rate, amount, correction, correction_strength)
            if callable(learning_rate):
                raise InputError("learning_rate must be a number; use a torch learning-rate scheduler to change it")
            self._amount = amount
            named = _named(params)
            strengths = _strengths(named, signature)
            super().__init__([{"params": list(named.values())}], {"lr": float(learning_rate), "steps": 0})
            self._strengths = {
                parameter: torch.as_tensor(strengths[name]).to(parameter) for name, parameter in named.items()
            }

        @torch.no_grad()
        def step(self, closure: Any = None) -> Any:
            """One update; see `curl_descent` for what the closure must do where there is a correction."""
            group = self.param_groups[0]
            amount = options.at_step(self._amount, group["steps"])
            group["steps"] += 1
            if self._correction is not None:
                return self._corrected(closure, group["lr"], amount)
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.sub_(group["lr"] * self._signed(parameter, parameter.grad, amount))
            return loss

        def _signed(self, parameter: Any, value: Any, amount: float) -> Any:
            return value * (1 + amount * (self._strengths[parameter] - 1))

        def _all_signed(self, values: Iterable[Any], amount: float) -> list[Any]:
            return [self._signed(p, v, amount) for p, v in zip(self.param_groups[0]["params"], values, strict=True)]

        def _gradients(self, closure: Any, *, graph: bool) -> tuple[Any, list[Any]]:
            params = self.param_groups[0]["params"]
            with torch.enable_grad():
                loss = closure()
                try:
                    found = torch.autograd.grad(loss, params, create_graph=graph, allow_unused=True)
                except RuntimeError as problem:
                    raise InputError(
                        "with a correction the closure must return the loss without calling backward; differentiating "
                        f"it failed: {str(problem).splitlines()[0]}"
                    ) from None
            return loss.detach(), [torch.zeros_like(p) if g is None else g for p, g in zip(params, found, strict=True)]

        def _corrected(self, closure: Any, rate: float, amount: float) -> Any:
            if closure is None:
                raise InputError(
                    f"correction {self._correction!r} needs a closure that returns the loss: step(closure)"
                )
            params = self.param_groups[0]["params"]
            if self._correction == "extragradient":
                loss, gradient = self._gradients(closure, graph=False)
                before = [p.clone() for p in params]
                for p, x in zip(params, self._all_signed(gradient, amount), strict=True):
                    p.sub_(rate * x)
                try:
                    _, gradient = self._gradients(closure, graph=False)
                finally:
                    for p, old in zip(params, before, strict=True):
                        p.copy_(old)
                field = self._all_signed(gradient, amount)
            else:
                loss, gradient = self._gradients(closure, graph=True)
                field = self._adjusted(gradient, amount)
            for p, x in zip(params, field, strict=True):
                p.sub_(rate * x)
            return loss

        def _adjusted(self, gradient: list[Any], amount: float) -> list[Any]:
            """ξ + μ Aᵀξ."""
            params = self.param_groups[0]["params"]

            def hessian(vector: list[Any]) -> list[Any]:
                found = torch.autograd.grad(gradient, params, vector, retain_graph=True, allow_unused=True)
                return [torch.zeros_like(p) if h is None else h for p, h in zip(params, found, strict=True)]

            field = self._all_signed([g.detach() for g in gradient], amount)
            forward = self._all_signed(hessian(field), amount)
            backward = hessian(self._all_signed(field, amount))
            adjustment = [(b - f) / 2 for b, f in zip(backward, forward, strict=True)]
            mu = self._strength
            if self._correction == "aligned-sga":
                size = sum(p.numel() for p in params)
                alignment = float(_inner(field, backward) * _inner(adjustment, backward)) / size
                mu *= float(np.sign(alignment + options.ALIGNMENT_OFFSET))
            return [x + mu * y for x, y in zip(field, adjustment, strict=True)]

    return CurlDescent


def _inner(a: list[Any], b: list[Any]) -> Any:
    return sum((x * y).sum() for x, y in zip(a, b, strict=True))


def _named(params: Any) -> dict[str, Any]:
    if hasattr(params, "named_parameters"):
        params = params.named_parameters()
    try:
        named = dict(params)
    except (TypeError, ValueError, RuntimeError):
        named = {}
    named = {name: value for name, value in named.items() if getattr(value, "requires_grad", False)}
    if not named or not all(isinstance(name, str) for name in named):
        raise InputError(
            "params must be a module or its named_parameters(), with at least one that requires a gradient"
        )
    return named


def _strengths(named: dict[str, Any], signature: Any) -> dict[str, Any]:
    shapes = {name: tuple(parameter.shape) for name, parameter in named.items()}
    if isinstance(signature, Signature):
        return dict(signature.resolve(shapes))
    if not hasattr(signature, "keys") or set(signature.keys()) != set(shapes):
        raise InputError(f"the signature must be a cd.Signature or a mapping with the names {', '.join(shapes)}")
    given = {n: np.asarray(s.detach().cpu() if hasattr(s, "detach") else s) for n, s in signature.items()}
    flat, parts, start = flatten_strengths(given, shapes), {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        parts[name] = flat[start : start + size].reshape(shape)
        start += size
    return parts
