"""A JAX function as a `Network`: every product is compiled once and runs over chunks of samples."""

import math
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.learning.fields import precision
from curldescent.learning.fields.curvature import curvature_root
from curldescent.learning.fields.network import Network, chunk_layout
from curldescent.learning.fields.parameters import ParameterTree
from curldescent.learning.fields.velocity import Velocity
from curldescent.model.losses import BUILT_IN

Array = NDArray[np.float64]


class JaxNetwork(Network):
    """See `curldescent.learning.fields.network`; all arithmetic is in `dtype` within a scoped setting."""

    def __init__(
        self,
        model: Callable[[Any, Any], Any],
        params: Any,
        inputs: Any,
        targets: Any,
        *,
        strengths: Any,
        loss: Any,
        batch_size: int | None,
        dtype: str,
    ) -> None:
        self._form = ParameterTree.of(params)
        self.shapes = self._form.shapes
        self._model, self._dtype = model, dtype
        self.theta = self._form.flat(params)
        self.strengths = self._resolved(strengths)
        x = validation.real_array("inputs", inputs)
        if x.ndim == 0 or len(x) == 0:
            raise InputError(f"inputs must have samples along the first axis, (P, …), got shape {x.shape}")
        self.n_samples = len(x)
        x = self._in_dtype("inputs", x)
        self._chunks, self._size = chunk_layout(len(x), batch_size)
        padding = self._chunks * self._size - len(x)
        # Samples that only fill the last chunk up get weight zero.
        self._padding = padding
        with arithmetic(dtype):
            # On the device once, and not again with every product.
            self._inputs = jnp.asarray(self._split(x))
            self._weights = jnp.asarray(
                np.pad(np.ones(len(x), dtype), (0, padding)).reshape(self._chunks, self._size), dtype=dtype
            )
            made = self._evaluated(self.theta.astype(dtype), self._inputs[0])
        shape = getattr(made, "shape", None)
        if shape is None:
            raise InputError(f"the model must return one array, (b, O), got {type(made).__name__}")
        if not jnp.issubdtype(made.dtype, jnp.floating):
            raise InputError(f"the model must return real numbers, got dtype {made.dtype}")
        if shape[:1] != (self._size,):
            raise InputError(f"the model must return one output row per sample, ({self._size}, O), got shape {shape}")
        self.n_outputs = math.prod(shape[1:])
        self._identity = loss == "squared"
        # Of one sample's outputs; of the cross-entropy these are logits.
        self._loss = (lambda z, y: BUILT_IN[loss].of_samples(z, y, "linear", jnp)) if isinstance(loss, str) else loss
        self.has_targets = targets is not None
        self._loss_name = loss
        self._targets = self._placed(targets) if self.has_targets else None
        # Built here so that copies share it; nothing is compiled before it is called.
        self._compiled = self._functions()
        self._precisions: dict[bool, float] = {}

    @property
    def precision(self) -> float:
        """See the base class."""
        # Copies share the model, so that one of them finds out for all.
        if self.has_targets not in self._precisions:
            with jax.enable_x64(self._dtype == "float64"):
                theta = self.theta.astype(self._dtype)
                chunk = [a if a is None else a[0] for a in self._chunk_arrays()]
                found = precision.of_jax(self._derivative, theta, *chunk)
            self._precisions[self.has_targets] = max(found, self.arithmetic)
        return self._precisions[self.has_targets]

    @property
    def arithmetic(self) -> float:
        """See the base class."""
        return float(np.finfo(self._dtype).eps)

    def _evaluated(self, theta: Array, x: Any) -> Any:
        """What the model returns, by shape and type; whatever it raises becomes one sentence."""
        try:
            return jax.eval_shape(self._raw, theta, x)
        except Exception as fault:
            said = " ".join(str(fault).split())[:200]
            raise InputError(
                "model must be a JAX function f(params, inputs) → outputs, but it raised "
                f"{type(fault).__name__}: {said}"
            ) from fault

    def _chunk_arrays(self) -> tuple[Any, Any, Any]:
        return self._inputs, self._targets, self._weights

    def _derivative(self, theta: Any, x: Any, y: Any, w: Any) -> Any:
        if y is not None:
            return jax.grad(self._chunk_loss)(theta, x, y, w)
        rows, back = jax.vjp(lambda t: self._rows(t, x), theta)
        return back(rows)

    def _in_dtype(self, name: str, array: NDArray) -> NDArray:
        """Floating-point arrays, NumPy's own or not, in the network's dtype; whole numbers as they are."""
        if not jnp.issubdtype(array.dtype, jnp.floating):
            if array.dtype.kind not in "biu":
                raise InputError(f"{name} must hold real numbers, got dtype {array.dtype}")
            return array
        with np.errstate(over="ignore"):
            array = array.astype(self._dtype)
        if not np.isfinite(array).all():
            raise InputError(f"{name} must be finite in {self._dtype}, got NaN or infinite values")
        return array

    def _split(self, rows: NDArray) -> NDArray:
        """Chunks of samples, (chunks, size, …), the last one filled up with the first sample."""
        filled = np.concatenate([rows, np.repeat(rows[:1], self._padding, axis=0)])
        return filled.reshape(self._chunks, self._size, *rows.shape[1:])

    def with_targets(self, targets: Any) -> Self:
        """See the base class."""
        other = copy(self)
        other._targets, other.has_targets = self._placed(targets), True
        return other

    def _placed(self, targets: Any) -> Any:
        checked = self._split(self._checked_targets(targets, self._loss_name))
        with arithmetic(self._dtype):
            return jnp.asarray(checked)

    def _checked_targets(self, targets: Any, loss: Any) -> NDArray:
        y = validation.real_array("targets", targets)
        if y.ndim == 0 or len(y) != self.n_samples:
            raise InputError(f"targets must have one row per sample, ({self.n_samples}, …), got shape {y.shape}")
        if loss == "cross_entropy" and y.ndim == 1:
            if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= self.n_outputs:
                raise InputError(f"class labels must be whole numbers from 0 to {self.n_outputs - 1}")
            y = np.eye(self.n_outputs)[y]
        if isinstance(loss, str):
            if math.prod(y.shape[1:]) != self.n_outputs:
                raise InputError(
                    f"targets must have {self.n_outputs} values per sample, as the outputs, got shape {y.shape}"
                )
            y = y.reshape(self.n_samples, self.n_outputs)
        return self._in_dtype("targets", y)

    # --- forms of the parameters

    def _flat(self, params: Any) -> Array:
        return self._form.flat(params)

    def structured(self, vector: Array) -> Any:
        """See the base class; a tree of NumPy arrays."""
        return self._form.tree(np.asarray(vector))

    def _named(self, strengths: Any) -> dict[str, Any]:
        # A list counts as the strengths of one parameter where the parameters have a leaf; only their tree can tell.
        try:
            leaves = self._form.structure.flatten_up_to(strengths)
        except ValueError:
            tree = jax.tree_util.tree_structure(strengths)
            raise InputError(
                f"strengths must be a tree like the parameters, {self._form.structure}, got {tree}"
            ) from None
        return dict(zip(self.shapes, leaves, strict=True))

    # --- products

    def _raw(self, theta: Any, x: Any) -> Any:
        return self._model(self._form.tree(theta), x)

    def _rows(self, theta: Any, x: Any) -> Any:
        # In the network's dtype, whatever the model ends in: what multiplies the outputs has that too.
        return self._raw(theta, x).reshape(self._size, self.n_outputs).astype(self._dtype)

    def _chunk_loss(self, theta: Any, x: Any, y: Any, w: Any) -> Any:
        return jnp.sum(w * jax.vmap(self._loss)(self._rows(theta, x), y)) / self.n_samples

    def _call(self, name: str, *vectors: Array | None) -> Any:
        """Run a compiled function on flat float64 vectors and bring its result back to NumPy."""
        with arithmetic(self._dtype):
            arrays = [np.asarray(self.theta if v is None else v, dtype=self._dtype) for v in vectors]
            result = self._compiled[name](*arrays, self._inputs, self._targets, self._weights)
            return np.asarray(result, dtype=np.float64)

    def _functions(self) -> dict[str, Callable[..., Any]]:
        def total(one: Callable[..., Any], theta: Any, chunks: Any) -> Any:
            zero = jax.tree_util.tree_map(
                lambda s: jnp.zeros(s.shape, s.dtype),
                jax.eval_shape(one, *jax.tree_util.tree_map(lambda a: a[0], chunks)),
            )
            return lax.scan(lambda sum_, chunk: (sum_ + one(*chunk), None), zero, chunks)[0]

        def outputs(theta: Any, x: Any, y: Any, w: Any) -> Any:
            return lax.map(partial(self._rows, theta), x)

        def jvp(theta: Any, v: Any, x: Any, y: Any, w: Any) -> Any:
            return lax.map(lambda x: jax.jvp(lambda t: self._rows(t, x), (theta,), (v,))[1], x)

        def vjp(theta: Any, u: Any, x: Any, y: Any, w: Any) -> Any:
            return total(lambda x, u: jax.vjp(lambda t: self._rows(t, x), theta)[1](u)[0], theta, (x, u))

        def jacobian(theta: Any, x: Any, y: Any, w: Any) -> Any:
            return lax.map(lambda x: self._chunk_jacobian(theta, x), x)

        def gram(theta: Any, root: Any, x: Any, y: Any, w: Any) -> Any:
            def one(x: Any, root: Any) -> Any:
                rows = jnp.einsum("pab,pan->pbn", root, self._chunk_jacobian(theta, x)).reshape(-1, theta.size)
                return rows.T @ rows / self.n_samples

            return total(one, theta, (x, root))

        def loss(theta: Any, x: Any, y: Any, w: Any) -> Any:
            return total(partial(self._chunk_loss, theta), theta, (x, y, w))

        def gradient(theta: Any, x: Any, y: Any, w: Any) -> Any:
            return total(partial(jax.grad(self._chunk_loss), theta), theta, (x, y, w))

        def hessian(theta: Any, v: Any, x: Any, y: Any, w: Any) -> Any:
            def one(*chunk: Any) -> Any:
                return jax.jvp(lambda t: jax.grad(self._chunk_loss)(t, *chunk), (theta,), (v,))[1]

            return total(one, theta, (x, y, w))

        def residual(theta: Any, x: Any, y: Any, w: Any) -> Any:
            return lax.map(lambda c: jax.vmap(jax.grad(self._loss))(self._rows(theta, c[0]), c[1]), (x, y))

        def curvature(theta: Any, x: Any, y: Any, w: Any) -> Any:
            return lax.map(lambda c: jax.vmap(jax.hessian(self._loss))(self._rows(theta, c[0]), c[1]), (x, y))

        def along(thetas: Any, x: Any, y: Any, w: Any) -> Any:
            return lax.map(lambda t: jnp.append(gradient(t, x, y, w), loss(t, x, y, w)), thetas)

        functions = (along, outputs, jvp, vjp, jacobian, gram, loss, gradient, hessian, residual, curvature)
        return {function.__name__: jax.jit(function) for function in functions}

    def _chunk_jacobian(self, theta: Any, x: Any) -> Any:
        def one(sample: Any) -> Any:
            return jax.jacrev(lambda t: self._raw(t, sample[None]).reshape(self.n_outputs).astype(self._dtype))(theta)

        return jax.vmap(one)(x)

    def _trimmed(self, stacked: Array) -> Array:
        """Chunks joined and the padding dropped."""
        return stacked.reshape(-1, *stacked.shape[2:])[: self.n_samples]

    def outputs(self, theta: Any = None) -> Array:
        """See the base class."""
        return self._trimmed(self._call("outputs", self._position(theta)))

    def outputs_jvp(self, direction: Array) -> Array:
        """See the base class."""
        return self._trimmed(self._call("jvp", None, direction)).ravel()

    def outputs_vjp(self, rows: Array) -> Array:
        """See the base class."""
        padded = np.zeros((self._chunks * self._size, self.n_outputs))
        padded[: self.n_samples] = rows.reshape(self.n_samples, self.n_outputs)
        return self._call("vjp", None, padded.reshape(self._chunks, self._size, self.n_outputs))

    def outputs_jacobian(self) -> Array:
        """See the base class."""
        return self._trimmed(self._call("jacobian", None)).reshape(self.n_rows, self.n_params)

    def gram(self) -> Array:
        """See the base class."""
        root = curvature_root(self)
        if root is None:
            root = np.broadcast_to(np.eye(self.n_outputs), (self.n_samples, self.n_outputs, self.n_outputs))
        return self._call("gram", None, self._split(root) * np.asarray(self._weights)[..., None, None])

    def loss(self, theta: Any = None) -> float:
        """See the base class."""
        self.require_targets("the loss")
        return float(self._call("loss", self._position(theta)))

    def residual(self) -> Array:
        """See the base class."""
        self.require_targets("the residual")
        return self._trimmed(self._call("residual", None))

    def curvature(self) -> Array | None:
        """See the base class."""
        if self._identity:
            return None
        self.require_targets("the curvature of this loss")
        return self._trimmed(self._call("curvature", None))

    def gradient(self, theta: Any = None) -> Array:
        """See the base class."""
        self.require_targets("the gradient")
        return self._call("gradient", self._position(theta))

    def along(self, thetas: Array) -> tuple[Array, Array]:
        """See the base class; in batches of one size, so that one is compiled."""
        self.require_targets("the loss")
        size = min(64, max(1, 2**24 // self.n_params))
        parts = []
        for start in range(0, len(thetas), size):
            batch = thetas[start : start + size]
            filled = np.concatenate([batch, np.repeat(batch[:1], size - len(batch), axis=0)])
            parts.append(self._call("along", filled)[: len(batch)])
        found = np.concatenate(parts)
        return found[:, -1], found[:, :-1]

    def hessian_product(self, direction: Array) -> Array:
        """See the base class."""
        self.require_targets("the Hessian")
        return self._call("hessian", None, direction)

    def traced(self) -> tuple[Velocity, Any]:
        """See the base class."""
        self.require_targets("the field")
        velocity = SignedGradient(self._compiled["gradient"], self._compiled["loss"], self._dtype)
        return velocity, (self.strengths, self._inputs, self._targets, self._weights)


@dataclass(frozen=True, eq=False)
class SignedGradient(Velocity):
    """−S ∘ ∂C/∂θ of a network, with args (S, inputs, targets, weights of the samples).

    Attributes:
        gradient: (θ, inputs, targets, weights) → ∂C/∂θ.
        value: the same arguments → C.
        dtype: what both compute in.
    """

    gradient: Callable[..., Any]
    value: Callable[..., Any]
    dtype: str

    @property
    def has_loss(self) -> bool:
        """See the base class."""
        return True

    def __call__(self, theta: Any, args: Any) -> Any:
        """See the base class."""
        strengths, *samples = args
        return -strengths * self.gradient(theta.astype(self.dtype), *samples).astype(theta.dtype)

    def loss(self, theta: Any, args: Any) -> Any:
        """See the base class."""
        return self.value(theta.astype(self.dtype), *args[1:]).astype(theta.dtype)
