"""A PyTorch module as a `Network`. PyTorch is imported when one is built, not before.

Derivatives are plain automatic differentiation, which every layer knows: vector products by backward passes (Φv by two
of them, Hv by one through another), and many at a time by `vmap` over these passes. Where a layer cannot be batched so,
they are computed one by one.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import array_likes
from curldescent.foundation.errors import InputError
from curldescent.learning.fields import precision
from curldescent.learning.fields.curvature import curvature_root
from curldescent.learning.fields.network import Network, chunk_layout
from curldescent.learning.fields.torch_hessian import hessian, hessian_product, require_symmetric
from curldescent.model.parameter_names import PlainNames, input_axes
from curldescent.model.signatures import Signature, flatten_strengths

Array = NDArray[np.float64]


class TorchNetwork(Network):
    """See `curldescent.learning.fields.network`; the module and its parameters are left alone."""

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

        from curldescent.learning.fields.torch_module import ModuleFunction

        self._torch = torch
        self._dtype = getattr(torch, dtype)
        self._function = ModuleFunction(model, self._dtype)
        self.shapes = {name: tuple(value.shape) for name, value in self._function.parameters.items()}
        self.theta = self._flat(self._function.parameters)
        self.axes = input_axes(model)
        self.strengths = self._resolved(strengths)
        self._inputs = self._placed(inputs)
        if self._inputs.ndim == 0 or len(self._inputs) == 0:
            raise InputError(f"inputs must have samples along the first axis, (P, …), got {tuple(self._inputs.shape)}")
        if self._inputs.is_floating_point() and not bool(torch.isfinite(self._inputs).all()):
            raise InputError("inputs must be finite, got NaN or infinite values")
        self.n_samples = len(self._inputs)
        _, self._size = chunk_layout(self.n_samples, batch_size)
        with self._plain():
            shape = self._function.require_a_function(self._tensor(self.theta), self._inputs)
        self.n_outputs = math.prod(shape[1:])
        self._identity = loss == "squared"
        # One sample's loss is the user's to say; it is batched here.
        self._losses_of = self._losses()[loss] if isinstance(loss, str) else self._for_each(loss)
        self._symmetric = False  # the Hessian, as far as anyone has looked
        self.has_targets = targets is not None
        self._loss_name = loss
        self._targets = self._checked_targets(targets, loss) if self.has_targets else None

    def with_targets(self, targets: Any) -> Self:
        """See the base class."""
        other = copy(self)
        other._targets, other.has_targets = self._checked_targets(targets, self._loss_name), True
        return other

    @cached_property
    def precision(self) -> float:
        """See the base class."""
        at = self._tensor(self.theta)
        with self._plain():
            return max(precision.of_torch(lambda: self._function(at, self._inputs[:1])), self.arithmetic)

    @property
    def arithmetic(self) -> float:
        """See the base class."""
        return float(self._torch.finfo(self._dtype).eps)

    def _losses(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Losses of all samples at once, (b,)."""
        return {
            "squared": lambda output, target: 0.5 * ((output - target) ** 2).sum(1),
            "cross_entropy": lambda output, target: target.sum(1) * output.logsumexp(1) - (target * output).sum(1),
        }

    def _checked_targets(self, targets: Any, loss: Any) -> Any:
        y = self._placed(targets)
        if y.ndim == 0 or len(y) != self.n_samples:
            raise InputError(f"targets must have one row per sample, ({self.n_samples}, …), got {tuple(y.shape)}")
        if loss == "cross_entropy" and y.ndim == 1:
            if y.is_floating_point() or int(y.min()) < 0 or int(y.max()) >= self.n_outputs:
                raise InputError(f"class labels must be whole numbers from 0 to {self.n_outputs - 1}")
            y = self._torch.eye(self.n_outputs, device=y.device)[y]
        if isinstance(loss, str):
            if math.prod(y.shape[1:]) != self.n_outputs:
                raise InputError(
                    f"targets must have {self.n_outputs} values per sample, as the outputs, got {tuple(y.shape)}"
                )
            y = y.reshape(self.n_samples, self.n_outputs).to(self._dtype)
        if y.is_floating_point() and not bool(self._torch.isfinite(y).all()):
            raise InputError("targets must be finite, got NaN or infinite values")
        return self._function.cast(y)

    # --- forms of the parameters

    def _placed(self, given: Any) -> Any:
        """Samples beside the parameters, as ordinary tensors in the precision of the analysis."""
        with self._torch.inference_mode(mode=False):
            tensor = self._torch.as_tensor(given).detach().clone()
            return self._function.cast(tensor.to(self._function.device))

    def _tensor(self, vector: Array) -> Any:
        # A copy: a module may write into its parameters.
        with self._torch.inference_mode(mode=False):
            return self._torch.tensor(np.asarray(vector), dtype=self._dtype, device=self._function.device)

    def _leaf(self, theta: Any = None) -> Any:
        return self._tensor(self._position(theta)).requires_grad_()

    def _flat(self, params: Any) -> Array:
        # A mapping from names to tensors or arrays, such as a state_dict.
        plain = PlainNames(self.shapes)
        given = plain.mapping(params) if isinstance(params, Mapping) else {}
        if not {plain(name) for name in self.shapes} <= set(given):
            raise InputError(f"parameters must be a mapping with the names {', '.join(self.shapes)}")
        parts = []
        for name, shape in self.shapes.items():
            value = given[plain(name)]
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
        plain = PlainNames(self.shapes)
        given = plain.mapping(strengths) if isinstance(strengths, Mapping) else {}
        if set(given) != {plain(name) for name in self.shapes}:
            raise InputError(f"strengths must be a mapping with the names {', '.join(self.shapes)}")
        found = {name: given[plain(name)] for name in self.shapes}
        return {name: array_likes.on_host(value) for name, value in found.items()}

    def _resolved(self, strengths: Any) -> Array:
        if not isinstance(strengths, Signature):
            return super()._resolved(strengths)
        # A signature speaks of parameters, not of how a wrapper spells their names.
        plain = PlainNames(self.shapes)
        found = plain.signature(strengths, self.axes).strengths(
            {plain(name): shape for name, shape in self.shapes.items()}
        )
        return flatten_strengths({name: found[plain(name)] for name in self.shapes}, self.shapes)

    # --- one chunk of samples

    @contextmanager
    def _plain(self) -> Iterator[None]:
        with self._function.plain(self.n_params * getattr(self, "_size", 1)):
            yield

    def _chunks(self) -> Iterator[tuple[Any, Any, slice]]:
        for start in range(0, self.n_samples, self._size):
            part = slice(start, start + self._size)
            yield self._inputs[part], None if self._targets is None else self._targets[part], part

    def _joined(self, what: str, one: Callable[[Any, Any, slice], Any]) -> Array:
        from curldescent.learning.fields.torch_module import explained

        with explained(what), self._plain():
            return np.concatenate([one(*chunk).detach().double().cpu().numpy() for chunk in self._chunks()])

    def _summed(self, what: str, one: Callable[[Any, Any, slice], Any]) -> Array:
        from curldescent.learning.fields.torch_module import explained

        total = 0.0
        with explained(what), self._plain():
            for chunk in self._chunks():
                total = total + one(*chunk).detach().double().cpu()
        return np.asarray(total)

    def _at(self, theta: Any, job: Callable[[Callable[[Any], Any]], Any]) -> Any:
        """What a job finds that is given the function from samples to rows of outputs."""
        return self._function.at(theta, lambda module: job(lambda x: self._rows(module(x))))

    def _rows(self, outputs: Any) -> Any:
        # In the network's type, whatever the module ends in: what multiplies the outputs has that too.
        return outputs.reshape(len(outputs), self.n_outputs).to(self._dtype)

    def _for_each(self, loss: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        either = self._batched(self._torch.func.vmap(loss), self._each(loss))

        def losses(outputs: Any, y: Any) -> Any:
            found = either(outputs, y)
            if found.shape != (len(outputs),):
                raise InputError(f"the loss of a sample must be one number, got shape {tuple(found.shape[1:])}")
            return found

        return losses

    def _each(self, one: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *rows: self._torch.stack([one(*row) for row in zip(*rows, strict=True)])

    def _batched(self, batched: Callable[..., Any], single: Callable[..., Any]) -> Callable[..., Any]:
        """What can be computed for many at once where vmap knows all operations; else one by one."""

        def either(*args: Any) -> Any:
            try:
                return batched(*args)
            except (RuntimeError, NotImplementedError, ValueError, TypeError) as problem:
                if isinstance(problem, self._torch.OutOfMemoryError):
                    raise
            return single(*args)

        return either

    def _checked(self, batched: Any, single: Any, result: Any) -> Any:
        """A batched result, if a random combination of it is what one backward pass gives.

        A layer's own rule for vmap, or one that runs it wrongly, would show nowhere else.
        """
        from curldescent.learning.fields.torch_module import close

        if not close(single, batched):
            raise RuntimeError("vmap gives other derivatives than a backward pass")
        return result

    def _chunk_loss(self, f: Callable[[Any], Any], x: Any, y: Any) -> Any:
        return self._losses_of(f(x), y).sum() / self.n_samples

    def _backward(self, output: Any, theta: Any, along: Any = None, **options: Any) -> Any:
        """∂output/∂θ contracted with `along`; zero where it does not depend on θ."""
        from curldescent.learning.fields.torch_module import require_graph

        if not output.requires_grad:
            lead = along.shape[:1] if options.get("is_grads_batched") else ()
            return theta.new_zeros(*lead, *theta.shape)
        require_graph(output)
        return self._torch.autograd.grad(output, theta, along, materialize_grads=True, **options)[0]

    # --- products

    def outputs(self, theta: Any = None) -> Array:
        """See the base class."""
        at = self._tensor(self._position(theta))
        return self._joined("the outputs", lambda x, y, part: self._at(at, lambda f: f(x)))

    def outputs_jvp(self, direction: Array) -> Array:
        """See the base class."""
        at, v = self._leaf(), self._tensor(direction)

        def twice(x: Any, f: Callable[[Any], Any]) -> Any:
            # Φᵀu is linear in u: its derivative there along v is Φv.
            rows = f(x)
            u = self._torch.zeros_like(rows).requires_grad_()
            return self._backward(self._backward(rows, at, u, create_graph=True), u, v)

        def one(x: Any, y: Any, part: slice) -> Any:
            either = self._batched(lambda: self._at(at, partial(twice, x)), lambda: self._chunk_jacobian(x) @ v)
            return either()

        return self._joined("how the outputs move", one).ravel()

    def outputs_vjp(self, rows: Array) -> Array:
        """See the base class."""
        at, u = self._leaf(), self._tensor(rows.reshape(self.n_samples, self.n_outputs))

        def one(x: Any, y: Any, part: slice) -> Any:
            return self._at(at, lambda f: self._backward(f(x), at, u[part]))

        return self._summed("derivatives of the outputs", one)

    def _chunk_jacobian(self, x: Any) -> Any:
        """∂f/∂θ of a chunk, (b, O, n)."""
        at, func = self._tensor(self.theta), self._torch.func

        def one(sample: Any) -> Any:
            return func.jacrev(lambda t: self._rows(self._function(t, sample[None]))[0])(at)

        def row_by_row(sample: Any) -> Any:
            leaf = self._leaf()

            def rows(f: Callable[[Any], Any]) -> list[Any]:
                return [self._backward(output, leaf, retain_graph=True) for output in f(sample[None])[0]]

            return self._torch.stack(self._at(leaf, rows))

        def at_once(samples: Any) -> Any:
            found, leaf = func.vmap(one)(samples), self._leaf()
            u = self._torch.randn_like(found[..., 0])
            single = self._at(leaf, lambda f: self._backward(f(samples), leaf, u))
            return self._checked(self._torch.einsum("bo,bon->n", u, found), single, found)

        return self._batched(at_once, self._each(row_by_row))(x)

    def outputs_jacobian(self) -> Array:
        """See the base class."""
        found = self._joined("derivatives of the outputs", lambda x, y, part: self._chunk_jacobian(x))
        return found.reshape(self.n_rows, self.n_params)

    def gram(self) -> Array:
        """See the base class."""
        root = curvature_root(self)

        def one(x: Any, y: Any, part: slice) -> Any:
            rows = self._chunk_jacobian(x)
            if root is not None:
                rows = self._torch.einsum("pab,pan->pbn", self._tensor(root[part]), rows)
            rows = rows.reshape(-1, self.n_params)
            return rows.T @ rows / self.n_samples

        return self._summed("derivatives of the outputs", one)

    def loss(self, theta: Any = None) -> float:
        """See the base class."""
        self.require_targets("the loss")
        at = self._tensor(self._position(theta))
        return float(self._summed("the loss", lambda x, y, part: self._at(at, lambda f: self._chunk_loss(f, x, y))))

    def residual(self) -> Array:
        """See the base class."""
        self.require_targets("the residual")
        at = self._tensor(self.theta)

        def one(x: Any, y: Any, part: slice) -> Any:
            outputs = self._at(at, lambda f: f(x)).detach().requires_grad_()
            return self._backward(self._losses_of(outputs, y).sum(), outputs)

        return self._joined("the derivative of the loss", one)

    def curvature(self) -> Array | None:
        """See the base class."""
        if self._identity:
            return None
        self.require_targets("the curvature of this loss")
        at = self._tensor(self.theta)

        def one(x: Any, y: Any, part: slice) -> Any:
            outputs = self._at(at, lambda f: f(x)).detach().requires_grad_()
            slope = self._backward(self._losses_of(outputs, y).sum(), outputs, create_graph=True)
            # Samples do not mix, so that one backward pass gives a row of the Hessian of each.
            rows = [self._backward(column.sum(), outputs, retain_graph=True) for column in slope.unbind(1)]
            return self._torch.stack(rows, dim=1)

        return self._joined("the curvature of the loss", one)

    def gradient(self, theta: Any = None) -> Array:
        """See the base class."""
        self.require_targets("the gradient")
        at = self._leaf(theta)

        def one(x: Any, y: Any, part: slice) -> Any:
            return self._at(at, lambda f: self._backward(self._chunk_loss(f, x, y), at))

        return self._summed("the gradient", one)

    def hessian_product(self, direction: Array) -> Array:
        """See the base class."""
        self.require_targets("the Hessian")
        found = hessian_product(self, direction)
        if not self._symmetric:
            other = np.random.default_rng(0).standard_normal(self.n_params)
            beside = hessian_product(self, other)
            scale = float(np.linalg.norm(found) * np.linalg.norm(other))
            require_symmetric(self, found @ other, beside @ direction, scale)
            self._symmetric = True
        return found

    def hessian(self) -> Array:
        """See the base class."""
        self.require_targets("the Hessian")
        found = hessian(self)
        require_symmetric(self, found, found.T, float(np.abs(found).max()))
        return found

    def _jacobian(self) -> Array:
        return -self.strengths[:, None] * self.hessian()
