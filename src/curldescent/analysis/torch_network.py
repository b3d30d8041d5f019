"""A PyTorch module as a `Network`, through torch.func. PyTorch is imported when one is built, not before."""

import math
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis import precision
from curldescent.analysis.network import Network, chunk_layout
from curldescent.errors import InputError

Array = NDArray[np.float64]


class TorchNetwork(Network):
    """See `curldescent.analysis.network`; works on copies, the module and its parameters are left alone."""

    def __init__(
        self,
        model: Any,
        inputs: Any,
        targets: Any,
        *,
        strengths: Any,
        loss: Any,
        batch_size: int | None,
        dtype: str,
    ) -> None:
        import torch

        self._torch, self._module = torch, model
        self._dtype = getattr(torch, dtype)
        named = {name: value for name, value in model.named_parameters() if value.requires_grad}
        if not named:
            raise InputError("the module must have at least one parameter that requires a gradient")
        self.shapes = {name: tuple(value.shape) for name, value in named.items()}
        fixed = dict(model.named_buffers()) | {n: p for n, p in model.named_parameters() if not p.requires_grad}
        self._fixed = {n: self._cast(value.detach().clone()) for n, value in fixed.items()}
        self.theta = self.flat(named)
        self.strengths = self._resolved(strengths)
        self._inputs = self._cast(torch.as_tensor(inputs).detach())
        if self._inputs.ndim == 0 or len(self._inputs) == 0:
            raise InputError(f"inputs must have samples along the first axis, (P, …), got {tuple(self._inputs.shape)}")
        if self._inputs.is_floating_point() and not bool(torch.isfinite(self._inputs).all()):
            raise InputError("inputs must be finite, got NaN or infinite values")
        self.n_samples = len(self._inputs)
        _, self._size = chunk_layout(self.n_samples, batch_size)
        with torch.no_grad():
            shape = tuple(self._raw(self._tensor(self.theta), self._inputs[:1]).shape)
        if shape[:1] != (1,):
            raise InputError(f"the model must return one output row per sample, (1, O) for one, got shape {shape}")
        self.n_outputs = math.prod(shape[1:])
        self._identity = loss == "squared"
        self._loss = self._losses()[loss] if isinstance(loss, str) else loss
        self.has_targets = targets is not None
        self._loss_name = loss
        self._targets = self._checked_targets(targets, loss) if self.has_targets else None

    def with_targets(self, targets: Any) -> "TorchNetwork":
        """See the base class."""
        other = copy(self)
        other._targets, other.has_targets = self._checked_targets(targets, self._loss_name), True
        return other

    @cached_property
    def precision(self) -> float:
        """See the base class."""
        at = self._tensor(self.theta)
        return max(precision.of_torch(lambda: self._raw(at, self._inputs[:1])), self.arithmetic)

    @property
    def arithmetic(self) -> float:
        """See the base class."""
        return float(self._torch.finfo(self._dtype).eps)

    def _losses(self) -> dict[str, Callable[[Any, Any], Any]]:
        return {
            "squared": lambda output, target: 0.5 * ((output - target) ** 2).sum(),
            "cross_entropy": lambda output, target: target.sum() * output.logsumexp(0) - (target * output).sum(),
        }

    def _checked_targets(self, targets: Any, loss: Any) -> Any:
        y = self._torch.as_tensor(targets).detach()
        if y.ndim == 0 or len(y) != self.n_samples:
            raise InputError(f"targets must have one row per sample, ({self.n_samples}, …), got {tuple(y.shape)}")
        if loss == "cross_entropy" and y.ndim == 1:
            if y.is_floating_point() or int(y.min()) < 0 or int(y.max()) >= self.n_outputs:
                raise InputError(f"class labels must be whole numbers from 0 to {self.n_outputs - 1}")
            y = self._torch.eye(self.n_outputs)[y]
        if isinstance(loss, str):
            if math.prod(y.shape[1:]) != self.n_outputs:
                raise InputError(
                    f"targets must have {self.n_outputs} values per sample, as the outputs, got {tuple(y.shape)}"
                )
            y = y.reshape(self.n_samples, self.n_outputs).to(self._dtype)
        if y.is_floating_point() and not bool(self._torch.isfinite(y).all()):
            raise InputError("targets must be finite, got NaN or infinite values")
        return self._cast(y)

    # --- forms of the parameters

    def _cast(self, tensor: Any) -> Any:
        return tensor.to(self._dtype) if tensor.is_floating_point() else tensor

    def _tensor(self, vector: Array) -> Any:
        return self._torch.as_tensor(np.asarray(vector, dtype=np.float64)).to(self._dtype)

    def flat(self, params: Any) -> Array:
        """See the base class; a mapping from names to tensors or arrays, such as a state_dict."""
        if not isinstance(params, Mapping) or not set(self.shapes) <= set(params):
            raise InputError(f"parameters must be a mapping with the names {', '.join(self.shapes)}")
        parts = []
        for name, shape in self.shapes.items():
            value = params[name]
            array = np.asarray(value.detach().cpu().double() if hasattr(value, "detach") else value, dtype=np.float64)
            if array.shape != shape:
                raise InputError(f"parameter {name!r} must have shape {shape}, got {array.shape}")
            parts.append(array.ravel())
        theta = np.concatenate(parts)
        if not np.isfinite(theta).all():
            raise InputError("parameters must be finite, got NaN or infinite values")
        return theta

    def structured(self, vector: Array) -> dict[str, Array]:
        """See the base class; names to arrays."""
        return self.named(vector)

    def _named(self, strengths: Any) -> dict[str, Any]:
        if not isinstance(strengths, Mapping) or set(strengths) != set(self.shapes):
            raise InputError(f"strengths must be a mapping with the names {', '.join(self.shapes)}")
        return {n: np.asarray(s.detach().cpu()) if hasattr(s, "detach") else s for n, s in strengths.items()}

    def _split(self, theta: Any) -> dict[str, Any]:
        parts, start = dict(self._fixed), 0
        for name, shape in self.shapes.items():
            size = math.prod(shape)
            parts[name] = theta[start : start + size].reshape(shape)
            start += size
        return parts

    # --- products

    @cached_property
    def _functions(self) -> Any:
        return self._torch.func

    def _raw(self, theta: Any, x: Any) -> Any:
        return self._functions.functional_call(self._module, self._split(theta), (x,))

    def _rows(self, theta: Any, x: Any) -> Any:
        # In the network's dtype, whatever the module ends in: what multiplies the outputs has that too.
        return self._raw(theta, x).reshape(len(x), self.n_outputs).to(self._dtype)

    def _chunks(self) -> Iterator[tuple[Any, Any, slice]]:
        for start in range(0, self.n_samples, self._size):
            part = slice(start, start + self._size)
            yield self._inputs[part], None if self._targets is None else self._targets[part], part

    def _chunk_loss(self, theta: Any, x: Any, y: Any) -> Any:
        return self._functions.vmap(self._loss)(self._rows(theta, x), y).sum() / self.n_samples

    def _joined(self, one: Callable[[Any, Any, slice], Any]) -> Array:
        parts = [one(*chunk).detach().double().numpy() for chunk in self._chunks()]
        return np.concatenate(parts)

    def _summed(self, one: Callable[[Any, Any, slice], Any]) -> Array:
        total = 0.0
        for chunk in self._chunks():
            total = total + one(*chunk).detach().double()
        return np.asarray(total)

    def outputs(self, theta: Array | None = None) -> Array:
        """See the base class."""
        at = self._tensor(self.theta if theta is None else theta)
        return self._joined(lambda x, y, part: self._rows(at, x))

    def jvp(self, direction: Array) -> Array:
        """See the base class."""
        at, v = self._tensor(self.theta), self._tensor(direction)
        return self._joined(lambda x, y, part: self._functions.jvp(lambda t: self._rows(t, x), (at,), (v,))[1]).ravel()

    def vjp(self, rows: Array) -> Array:
        """See the base class."""
        at, u = self._tensor(self.theta), self._tensor(rows.reshape(self.n_samples, self.n_outputs))
        return self._summed(lambda x, y, part: self._functions.vjp(lambda t: self._rows(t, x), at)[1](u[part])[0])

    def _chunk_jacobian(self, x: Any) -> Any:
        at = self._tensor(self.theta)

        def one(sample: Any) -> Any:
            return self._functions.jacrev(lambda t: self._raw(t, sample[None]).reshape(self.n_outputs).to(self._dtype))(
                at
            )

        return self._functions.vmap(one)(x)

    def jacobian(self) -> Array:
        """See the base class."""
        return self._joined(lambda x, y, part: self._chunk_jacobian(x)).reshape(self.n_rows, self.n_params)

    def gram(self) -> Array:
        """See the base class."""
        from curldescent.analysis.tangent_kernel import curvature_root

        root = curvature_root(self)

        def one(x: Any, y: Any, part: slice) -> Any:
            rows = self._chunk_jacobian(x)
            if root is not None:
                rows = self._torch.einsum("pab,pan->pbn", self._tensor(root[part]), rows)
            rows = rows.reshape(-1, self.n_params)
            return rows.T @ rows / self.n_samples

        return self._summed(one)

    def loss(self, theta: Array | None = None) -> float:
        """See the base class."""
        self.require_targets("the loss")
        at = self._tensor(self.theta if theta is None else theta)
        return float(self._summed(lambda x, y, part: self._chunk_loss(at, x, y)))

    def residual(self) -> Array:
        """See the base class."""
        self.require_targets("the residual")
        at, func = self._tensor(self.theta), self._functions
        return self._joined(lambda x, y, part: func.vmap(func.grad(self._loss))(self._rows(at, x), y))

    def curvature(self) -> Array | None:
        """See the base class."""
        if self._identity:
            return None
        self.require_targets("the curvature of this loss")
        at, func = self._tensor(self.theta), self._functions
        return self._joined(lambda x, y, part: func.vmap(func.hessian(self._loss))(self._rows(at, x), y))

    def gradient(self, theta: Array | None = None) -> Array:
        """See the base class."""
        self.require_targets("the gradient")
        at = self._tensor(self.theta if theta is None else theta)
        return self._summed(lambda x, y, part: self._functions.grad(self._chunk_loss)(at, x, y))

    def hessian_product(self, direction: Array) -> Array:
        """See the base class."""
        self.require_targets("the Hessian")
        at, v, func = self._tensor(self.theta), self._tensor(direction), self._functions

        def one(x: Any, y: Any, part: slice) -> Any:
            return func.jvp(lambda t: func.grad(self._chunk_loss)(t, x, y), (at,), (v,))[1]

        return self._summed(one)
