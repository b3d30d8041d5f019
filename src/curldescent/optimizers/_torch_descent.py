"""The PyTorch optimizer itself; imports PyTorch, so that only who builds one pays for it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.optim.sgd import sgd

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.parameter_names import input_axes
from curldescent.optimizers import _options as options
from curldescent.optimizers._torch_corrections import corrected
from curldescent.optimizers._torch_strengths import Strengths

OWN_ATTRIBUTES = ("_strengths", "_amount", "_correction", "_mu")


class CurlDescent(torch.optim.SGD):
    """See `curldescent.optimizers.torch.curl_descent`.

    PyTorch's own stochastic gradient descent in everything but the gradient, which is multiplied by the synapses'
    strengths first: momentum, weight decay, implementations and checks are PyTorch's.
    """

    def __init__(
        self,
        params: Any,
        learning_rate: Any,
        signature: Any,
        *,
        amount: Any = 1.0,
        correction: str | None = None,
        correction_strength: float = 1.0,
        **sgd_options: Any,
    ) -> None:
        if callable(learning_rate) and not isinstance(learning_rate, torch.Tensor):
            raise InputError("learning_rate must be a number; use a torch learning-rate scheduler to change it")
        self._correction, self._mu = options.check(0.0, amount, correction, correction_strength)
        if correction is not None and sgd_options.get("differentiable"):
            raise InputError("a step with a correction is not differentiable")
        self._amount = amount
        groups = _groups(params)
        shared = [group for group in groups if "signature" not in group]
        self._strengths = Strengths(
            signature,
            [pair for group in shared for pair in group["params"]],
            {name: axis for group in shared for name, axis in group["axes"].items()},
        )
        super().__init__(groups, lr=_rate(learning_rate), **sgd_options)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters, with their own learning rate (``lr``), ``signature``, ``amount``, ``momentum`` if need be.

        Args:
            param_group: ``params`` is a module, its named parameters, or one pair of a name and a tensor. Without a
                ``signature`` the optimizer's holds.
        """
        (group,) = _groups([param_group])
        if "lr" in group:
            group["lr"] = _rate(group["lr"])
        if not callable(group.setdefault("amount", self._amount)):
            validation.real("amount", group["amount"])
        # Schedules are of the optimizer's steps, also in a group that comes later.
        group["steps"] = self.param_groups[0]["steps"] if self.param_groups else 0
        named, signature, axes = group["params"], group.pop("signature", None), group.pop("axes")
        # Apart, since PyTorch finds no names in a list of no pairs, and wants them in all groups or in none.
        group |= {"params": [p for _, p in named], "param_names": [name for name, _ in named]}
        super().add_param_group(group)
        try:
            self._strengths.add(named, signature, axes)
        except InputError:
            self.param_groups.pop()
            raise

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update; see `curl_descent` for what the closure must do where there is a correction."""
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return self._step(closure)

    def _step(self, closure: Callable[[], Any] | None) -> Any:
        if closure is not None:
            validation.function("closure", closure, "a function of no arguments that returns the loss")
        groups = self.param_groups
        amounts = [validation.real("amount", options.at_step(g["amount"], g["steps"])) for g in groups]
        if self._correction is not None:
            loss, gradients = corrected(
                closure, groups, self._strengths, amounts, correction=self._correction, strength=self._mu
            )
        else:
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            # All of them before the first parameter moves: a refused one leaves the rest alone.
            gradients = [
                {p: self._strengths.times(p, p.grad, amount) for p in group["params"] if p.grad is not None}
                for group, amount in zip(groups, amounts, strict=True)
            ]
        for group, signed in zip(groups, gradients, strict=True):
            self._descend(group, signed)
            group["steps"] += 1
        return loss

    def _descend(self, group: dict[str, Any], gradients: dict[Any, Any]) -> None:
        """PyTorch's own update along given gradients."""
        # A parameter that is listed twice moves twice, as in torch.optim.SGD.
        moving = [p for p in group["params"] if p in gradients]
        momentum = group["momentum"] != 0
        buffers = [self.state[p].get("momentum_buffer") for p in moving] if momentum else []
        sgd(
            moving,
            [gradients[p] for p in moving],
            buffers,
            has_sparse_grad=any(g.is_sparse for g in gradients.values()),
            grad_scale=getattr(self, "grad_scale", None),
            found_inf=getattr(self, "found_inf", None),
            **{
                name: group[name]
                for name in ("foreach", "fused", "weight_decay", "momentum", "lr", "dampening", "nesterov", "maximize")
            },
        )
        if momentum:
            for p, buffer in zip(moving, buffers, strict=True):
                self.state[p]["momentum_buffer"] = buffer

    # --- checkpoints and copies

    def state_dict(self) -> dict[str, Any]:
        """As PyTorch's, and in every group the strengths of its parameters; schedules are not in it."""
        state: dict[str, Any] = super().state_dict()
        for group, saved in zip(self.param_groups, state["param_groups"], strict=True):
            saved["strengths"] = [self._strengths.get(p) for p in group["params"]]
            if callable(saved["amount"]):
                del saved["amount"]
        return state

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {name: getattr(self, name) for name in OWN_ATTRIBUTES}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Copies come with all of our own; what does not is a state_dict that is being loaded.
        if "_strengths" not in state:
            for group, saved in zip(self.param_groups, state["param_groups"], strict=True):
                self._strengths.require_same(group["params"], saved.pop("strengths", None))
                if callable(group["amount"]):
                    saved["amount"] = group["amount"]
                for name, value in group.items():
                    saved.setdefault(name, value)
        super().__setstate__(state)  # type: ignore[no-untyped-call, unused-ignore]


def _rate(value: Any) -> Any:
    """A learning rate as torch.optim.SGD takes it: a number, or a tensor of one element, which stays one."""
    if isinstance(value, torch.Tensor):
        if value.numel() != 1:
            raise InputError(f"learning_rate must be one number, got a tensor of shape {tuple(value.shape)}")
        if not value.is_meta:
            validation.positive("learning_rate", value.item(), zero=True)
        return value
    return validation.positive("learning_rate", value, zero=True)


def _groups(params: Any) -> list[dict[str, Any]]:
    """Groups whose parameters are lists of names with tensors."""
    if isinstance(params, list | tuple) and params and all(isinstance(group, dict) for group in params):
        groups = []
        for group in params:
            if "params" not in group:
                raise InputError(f"a group of parameters needs 'params', got {', '.join(map(str, group)) or 'nothing'}")
            for name, reason in {
                "learning_rate": "is called 'lr' in a group, as everywhere in PyTorch",
                "correction": "holds for all parameters together: give it to the optimizer",
                "correction_strength": "holds for all parameters together: give it to the optimizer",
            }.items():
                if name in group:
                    raise InputError(f"{name!r} {reason}")
            # PyTorch hands groups on that have been here already, their modules taken apart.
            axes = group.get("axes") or input_axes(group["params"])
            groups.append(group | {"params": list(_named(group["params"])), "axes": axes})
        return groups
    named = list(_named(params))
    if not named:
        raise InputError(
            "params must be a module or its named_parameters(), with at least one parameter; there is none"
        )
    return [{"params": named, "axes": input_axes(params)}]


def _named(params: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(params, tuple) and len(params) == 2 and isinstance(params[0], str):
        params = [params]
    if hasattr(params, "named_parameters"):
        params = params.named_parameters()
    elif isinstance(params, Mapping):
        params = params.items()
    try:
        pairs = None if isinstance(params, torch.Tensor | set | frozenset) else list(params)
    except TypeError:
        pairs = None
    if pairs is None or not all(
        isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
    ):
        raise InputError(
            "params must be a module or its named_parameters() (or groups of these): a signature goes by name"
        )
    for name, tensor in pairs:
        if not isinstance(tensor, torch.Tensor):
            raise InputError(f"parameter {name!r} must be a tensor, got {type(tensor).__name__}")
        if torch.nn.parameter.is_lazy(tensor):
            raise InputError(
                f"parameter {name!r} has no shape yet, being part of a lazy module: run the module once before this"
            )
        yield name, tensor
