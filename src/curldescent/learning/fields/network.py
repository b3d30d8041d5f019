"""A network as the analyses see it: flat parameters, strengths, and products with its derivatives."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.flips import strengths_array
from curldescent.model.problem import Problem
from curldescent.model.signatures import Signature, flatten_strengths

Array = NDArray[np.float64]


class Network(ABC):
    """A differentiable model at one point of its parameter space, with data and plasticity. Built by `network`.

    Parameters are one flat vector θ of n synapses, in the order of `shapes`. With f the outputs, ℓ the loss of a sample
    and S the strengths, C = ⟨ℓ⟩ and the field that learning follows is F = −S ∘ ∂C/∂θ.

    Attributes:
        theta: θ, (n,).
        strengths: S, (n,).
        shapes: parameter paths to shapes.
        n_samples: P.
        n_outputs: O.
        has_targets: whether there is a loss.
        axes: parameters whose layout the model tells, whatever their names say, to the axis of presynaptic neurons.
    """

    theta: Array
    strengths: Array
    shapes: dict[str, tuple[int, ...]]
    n_samples: int
    n_outputs: int
    has_targets: bool
    axes: Mapping[str, int] = MappingProxyType({})

    @property
    def n_params(self) -> int:
        """The number n of synapses."""
        return self.theta.size

    @property
    def n_rows(self) -> int:
        """P·O, the rows of the Jacobian of the outputs."""
        return self.n_samples * self.n_outputs

    @property
    @abstractmethod
    def precision(self) -> float:
        """Machine epsilon of the coarsest type that the model computes in, whatever type its parameters have."""

    @property
    @abstractmethod
    def arithmetic(self) -> float:
        """Machine epsilon of the type in which the model's results are summed over samples."""

    @abstractmethod
    def outputs(self, theta: Array | None = None) -> Array:
        """The outputs f, (P, O)."""

    @abstractmethod
    def jvp(self, direction: Array) -> Array:
        """Φ v: how the outputs move with the parameters, (P·O,); rows run over outputs fastest."""

    @abstractmethod
    def vjp(self, rows: Array) -> Array:
        """Φᵀ u, (n,)."""

    @abstractmethod
    def jacobian(self) -> Array:
        """Φ = ∂f/∂θ, (P·O, n), dense."""

    @abstractmethod
    def gram(self) -> Array:
        """Φᵀ Λ Φ / P, (n, n), without ever holding Φ; Λ the curvature of the loss."""

    @abstractmethod
    def loss(self, theta: Array | None = None) -> float:
        """The loss C."""

    @abstractmethod
    def residual(self) -> Array:
        """The derivative ∂ℓ/∂f of every sample's loss, (P, O); ŷ − y for the squared loss."""

    @abstractmethod
    def curvature(self) -> Array | None:
        """The Hessian Λ of every sample's loss in the outputs, (P, O, O); None where it is the identity."""

    @abstractmethod
    def gradient(self, theta: Array | None = None) -> Array:
        """The gradient ∂C/∂θ, (n,)."""

    def along(self, thetas: Array) -> tuple[Array, Array]:
        """Losses (k,) and gradients (k, n) at parameters (k, n)."""
        return np.array([self.loss(theta) for theta in thetas]), np.stack([self.gradient(theta) for theta in thetas])

    @abstractmethod
    def hessian_product(self, direction: Array) -> Array:
        """H v with H the Hessian of C, (n,)."""

    @abstractmethod
    def structured(self, vector: Array) -> Any:
        """A flat vector in the form the parameters came in."""

    @abstractmethod
    def flat(self, params: Any) -> Array:
        """Parameters in the form the user has them as a flat vector, (n,)."""

    @abstractmethod
    def _named(self, strengths: Any) -> dict[str, Any]:
        """Explicit strengths by parameter path."""

    def field(self, theta: Array | None = None) -> Array:
        """F = −S ∘ ∂C/∂θ, (n,)."""
        return -self.strengths * self.gradient(theta)

    def field_product(self, direction: Array) -> Array:
        """J v with J = −diag(S) H the Jacobian of the field, (n,)."""
        return -self.strengths * self.hessian_product(direction)

    def field_transpose_product(self, direction: Array) -> Array:
        """Jᵀ v = −H (S ∘ v), (n,)."""
        return -self.hessian_product(self.strengths * direction)

    def field_jacobian(self) -> Array:
        """The Jacobian J of the field, dense, (n, n)."""
        return np.stack([self.field_transpose_product(row) for row in np.eye(self.n_params)])

    def at(self, params: Any) -> "Network":
        """The same network at other parameters (same structure)."""
        return self.moved(self.flat(params))

    def moved(self, theta: Array) -> "Network":
        """The same network at other parameters, flat, (n,)."""
        other = copy(self)
        other.theta = theta
        return other

    def with_strengths(self, strengths: Any) -> "Network":
        """The same network under another plasticity; `strengths` as in `network`, or a flat vector (n,)."""
        other = copy(self)
        other.strengths = self._resolved(strengths)
        return other

    @abstractmethod
    def with_targets(self, targets: Any) -> "Network":
        """The same network with other targets of the same kind."""

    def named(self, vector: NDArray) -> dict[str, NDArray]:
        """A flat vector by parameter path, each part in its parameter's shape."""
        parts: dict[str, NDArray] = {}
        start = 0
        for path, shape in self.shapes.items():
            size = math.prod(shape)
            parts[path] = vector[start : start + size].reshape(shape)
            start += size
        return parts

    @property
    def is_descent(self) -> bool:
        """Whether every synapse learns with the same strength, not a negative one: gradient descent at some rate."""
        return bool(self.strengths.min() == self.strengths.max() and self.strengths.min() >= 0)

    def require_targets(self, what: str) -> None:
        """Refuse an analysis that needs the loss when there is none."""
        if not self.has_targets:
            raise InputError(f"{what} needs the loss: give targets to cd.analysis.network")

    def _resolved(self, strengths: Any) -> Array:
        if strengths is None:
            return np.ones(self.n_params)
        if isinstance(strengths, Signature):
            return flatten_strengths(strengths.resolve(self.shapes), self.shapes)
        if isinstance(strengths, np.ndarray) and strengths.shape == (self.n_params,):
            return np.array(strengths_array("strengths", strengths, ndim=1))
        return flatten_strengths(self._named(strengths), self.shapes)

    def __repr__(self) -> str:
        flipped = int((self.strengths < 0).sum())
        return (
            f"Network(synapses={self.n_params}, flipped={flipped}, samples={self.n_samples}, outputs={self.n_outputs})"
        )


def network(
    model: Any,
    params: Any = None,
    inputs: Any = None,
    targets: Any = None,
    *,
    strengths: Any = None,
    loss: Any = "squared",
    batch_size: int | None = None,
    dtype: str = "float64",
) -> Network:
    """Describe any differentiable network to the analyses: a JAX function or a PyTorch module.

    Args:
        model: a JAX function f(params, inputs) → outputs, (b, …) → (b, O) or (b,), that treats samples independently;
            or a `torch.nn.Module` (put it in eval mode if it has dropout or batch normalisation).
        params: a pytree of arrays. For a module leave it out.
        inputs: samples along the first axis, (P, …).
        targets: (P, …), one per sample: outputs for the squared loss, class labels (P,) or probabilities (P, O) for
            "cross_entropy". May be left out where only the kernel of the squared loss is asked for.
        strengths: S. A `Signature`; or a tree of the parameters' structure (for a module: a mapping from parameter
            names) whose leaves are scalars or arrays that broadcast to the parameter; or a flat vector (n,); of
            booleans True is flipped. None: gradient descent.
        loss: "squared", ½‖ŷ − y‖²; "cross_entropy", of logits; or a function ℓ(output (O,), target) → scalar, convex in
            the output, of one sample, in the framework of the model.
        batch_size: how many samples are differentiated at once; memory grows with it. None: up to 1024.
        dtype: "float64" whatever the parameters' own type, or "float32" for speed.

    Returns:
        A `Network`, which `stability`, `curl` and the other analyses take.

    Raises:
        InputError: missing or unusable arguments; PyTorch is not installed.

    Example:
        >>> import curldescent as cd, jax.numpy as jnp, numpy as np
        >>> def f(params, x):
        ...     return jnp.tanh(x @ params["w1"].T) @ params["w2"].T
        >>> rng = np.random.default_rng(0)
        >>> params = {"w1": rng.normal(size=(5, 3)), "w2": rng.normal(size=(1, 5))}
        >>> cd.analysis.network(f, params, rng.normal(size=(4, 3)), strengths={"w1": 1, "w2": [1, 1, 1, 1, -1]})
        Network(synapses=20, flipped=1, samples=4, outputs=1)
    """
    _refuse_modules(model)
    if inputs is None:
        raise InputError("inputs must be given: the samples along the first axis, (P, …)")
    validation.lossless("inputs", inputs)
    validation.lossless("targets", targets)
    validation.choice("dtype", dtype, ("float64", "float32"))
    if batch_size is not None:
        validation.integer("batch_size", batch_size, minimum=1)
    if isinstance(loss, str):
        validation.choice("loss", loss, ("squared", "cross_entropy"))
    elif not callable(loss):
        raise InputError(
            f"loss must be 'squared', 'cross_entropy' or a function of one sample, got {validation.shown(loss)}"
        )
    options: Mapping[str, Any] = {"strengths": strengths, "loss": loss, "batch_size": batch_size, "dtype": dtype}
    # By name, so that nobody without PyTorch pays for looking.
    if any(base.__module__.startswith("torch.nn") for base in type(model).__mro__):
        from curldescent.learning.fields.torch_network import TorchNetwork

        if params is not None:
            raise InputError("a PyTorch module has its own parameters: leave params out")
        return TorchNetwork(model, inputs, targets, **options)
    if not callable(model):
        raise InputError(
            f"model must be a JAX function f(params, inputs) or a PyTorch module, got {validation.shown(model)}"
        )
    if params is None:
        raise InputError(
            "params must be given: a pytree of arrays, the first argument of the model; a module that holds its "
            "parameters inside must be split into a function and them"
        )
    from curldescent.learning.fields.jax_network import JaxNetwork

    return JaxNetwork(model, params, inputs, targets, **options)


# How a model of another JAX library becomes a function f(params, inputs), by the package of its class.
_AS_FUNCTION = {
    "equinox": "params, static = equinox.partition(model, equinox.is_inexact_array), then "
    "network(lambda p, x: jax.vmap(equinox.combine(p, static))(x), params, inputs, …)",
    "flax.nnx": "graph, params = nnx.split(model), then "
    "network(lambda p, x: nnx.merge(graph, p)(x), params, inputs, …)",
    "flax.linen": "network(model.apply, variables, inputs, …) with variables = model.init(key, inputs)",
    "haiku": "network(lambda p, x: transformed.apply(p, None, x), params, inputs, …)",
}


def _refuse_modules(model: Any) -> None:
    kind = model if isinstance(model, type) else type(model)
    for base in kind.__mro__:
        for package, way in _AS_FUNCTION.items():
            if f"{base.__module__}.".startswith(f"{package}."):
                raise InputError(
                    "model must be a JAX function f(params, inputs) or a PyTorch module, got a module of "
                    f"{package}: {way}"
                )
    if isinstance(model, Problem):
        raise InputError("a cd.Problem becomes a network by cd.analysis.problem_network(problem, rule)")
    if isinstance(model, Network):
        raise InputError("model is a network already: give it to the analysis as it is")


def chunk_layout(samples: int, batch_size: int | None) -> tuple[int, int]:
    """Number of chunks and their size, as equal as can be."""
    chunks = -(-samples // min(samples, batch_size or 1024))
    return chunks, -(-samples // chunks)
