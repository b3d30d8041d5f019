"""The game's corrections for the PyTorch optimizer: the field ξ that learning follows, adjusted or taken further ahead.

With weight decay w and maximisation (σ = −1) the field is ξ = σ S_t ∘ ∂C/∂θ + w θ; the decay adds no curl.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from curldescent.foundation.errors import InputError
from curldescent.optimizers import _options as options
from curldescent.optimizers._torch_strengths import Strengths

Tensors = list[Any]


def corrected(
    closure: Callable[[], Any] | None,
    groups: Sequence[dict[str, Any]],
    strengths: Strengths,
    amounts: Sequence[float],
    *,
    correction: str,
    strength: float,
) -> tuple[Any, list[dict[Any, Any]]]:
    """The loss, and the gradients to give to plain descent so that it follows the corrected field.

    Args:
        closure: returns the loss, without calling backward.
        groups: of the optimizer.
        strengths: S.
        amounts: a_t of every group.
        correction: one of `options.CORRECTIONS`.
        strength: μ.

    Returns:
        The loss, and by group the gradients of the parameters that the loss depends on.

    Raises:
        InputError: no closure, or one that cannot be differentiated.
    """
    if closure is None:
        raise InputError(f"correction {correction!r} needs a closure that returns the loss: step(closure)")
    game = _Game(closure, groups, strengths, amounts)
    loss, gradient = game.gradient(graph=correction != "extragradient")
    if correction == "extragradient":
        field = game.ahead(game.field(gradient))
    else:
        field = game.adjusted(gradient, strength, aligned=correction == "aligned-sga")
    used = [g is not None for g in gradient]
    # Plain descent turns signs where it maximises, and adds the decay.
    plain = iter(zip(game.params, game.descended(field), used, strict=True))
    by_group = [{p: next(plain) for p in dict.fromkeys(g["params"]) if p.requires_grad} for g in groups]
    return loss, [{p: g for p, (_, g, has) in group.items() if has} for group in by_group]


class _Game:
    def __init__(
        self,
        closure: Callable[[], Any],
        groups: Sequence[dict[str, Any]],
        strengths: Strengths,
        amounts: Sequence[float],
    ) -> None:
        self._closure, self._strengths = closure, strengths
        rows = [
            (p, amount, -1.0 if group["maximize"] else 1.0, group["weight_decay"], group["lr"])
            for group, amount in zip(groups, amounts, strict=True)
            for p in dict.fromkeys(group["params"])
            if p.requires_grad
        ]
        self.params: Tensors = [row[0] for row in rows]
        self._amounts, self._turns, self._decays, self._rates = ([row[i] for row in rows] for i in range(1, 5))
        if any(p.is_complex() for p in self.params):
            raise InputError("corrections are defined for real parameters, and there are complex ones")

    def gradient(self, *, graph: bool) -> tuple[Any, Tensors]:
        """The loss and ∂C/∂θ; None where it does not depend on a parameter."""
        with torch.enable_grad():
            loss = self._closure()
            try:
                found = torch.autograd.grad(loss, self.params, create_graph=graph, allow_unused=True)
            except (RuntimeError, TypeError, AttributeError) as problem:
                raise InputError(
                    "with a correction the closure must return the loss without calling backward; differentiating "
                    f"it failed: {str(problem).splitlines()[0]}"
                ) from None
        return loss.detach(), list(found)

    def _signed(self, values: Tensors) -> Tensors:
        """σ S_t ∘ values."""
        return [
            turn * self._strengths.times(p, v, amount)
            for p, v, amount, turn in zip(self.params, values, self._amounts, self._turns, strict=True)
        ]

    def field(self, gradient: Tensors) -> Tensors:
        """ξ."""
        full = [torch.zeros_like(p) if g is None else g.detach() for p, g in zip(self.params, gradient, strict=True)]
        return [x + w * p for x, w, p in zip(self._signed(full), self._decays, self.params, strict=True)]

    def descended(self, field: Tensors) -> Tensors:
        """The gradients with which plain descent follows a field."""
        return [turn * (x - w * p) for x, w, p, turn in zip(field, self._decays, self.params, self._turns, strict=True)]

    def ahead(self, field: Tensors) -> Tensors:
        """ξ where a plain step along the field would lead, at the present decay."""
        before = [p.detach().clone() for p in self.params]
        with torch.no_grad():
            for p, x, rate in zip(self.params, field, self._rates, strict=True):
                p.sub_(rate * x)
            try:
                _, gradient = self.gradient(graph=False)
                return self.field(gradient)
            finally:
                for p, old in zip(self.params, before, strict=True):
                    p.copy_(old)

    def adjusted(self, gradient: Tensors, strength: float, *, aligned: bool) -> Tensors:
        """ξ + μ Aᵀξ."""
        depends = [g for g in gradient if g is not None and g.requires_grad]

        def hessian(vector: Tensors) -> Tensors:
            along = [v for g, v in zip(gradient, vector, strict=True) if g is not None and g.requires_grad]
            if not depends:
                return [torch.zeros_like(p) for p in self.params]
            found = torch.autograd.grad(depends, self.params, along, retain_graph=True, allow_unused=True)
            return [torch.zeros_like(p) if h is None else h for p, h in zip(self.params, found, strict=True)]

        field = self.field(gradient)
        forward = self._signed(hessian(field))
        backward = hessian(self._signed(field))
        adjustment = [(b - f) / 2 for b, f in zip(backward, forward, strict=True)]
        mu = strength
        if aligned:
            # Jᵀξ, with the decay's share.
            descent = [b + w * x for b, w, x in zip(backward, self._decays, field, strict=True)]
            size = sum(p.numel() for p in self.params)
            alignment = float(_inner(field, descent) * _inner(adjustment, descent)) / size
            mu *= float(np.sign(alignment + options.ALIGNMENT_OFFSET))
        return [x + mu * y for x, y in zip(field, adjustment, strict=True)]


def _inner(a: Tensors, b: Tensors) -> Any:
    return sum((x * y).sum() for x, y in zip(a, b, strict=True))
