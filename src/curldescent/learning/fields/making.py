"""How fields are made: of a problem and a rule, of a function, of a model with a loss."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.function_field import function_field
from curldescent.learning.fields.jax_network import JaxNetwork
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.subjects import refuse_choices, subject_field
from curldescent.model import losses
from curldescent.model.problem import Problem


def field(
    subject: Any,
    rule: Any = None,
    *,
    trial: int = 0,
    output_error: str = "delta",
    preserve_norms: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
) -> Field:
    """A learning rule as a vector field on weight space, dθ/dt = F(θ), which every analysis takes.

    Curl is a property of F, stability of its Jacobian J, chaos of its flow, and gradient descent is the special case
    F = −∇C.

    Args:
        subject: a `Problem`, whose student's weights are the parameters, {"hidden": (N, M), "readout": (O, N)}; a JAX
            function, parameters → dθ/dt in the same form; or a field, such as a `cd.analysis.network` (the way for
            PyTorch modules), which is returned as it is; neither of the two takes any of the options.
        rule: a problem's plasticity; for a function its parameters θ₀, an array or a tree of arrays.
        trial: which of a problem's.
        output_error: of a problem, "delta" or "mse", as in `train`.
        preserve_norms: of a problem: the field that keeps both layers' Frobenius norms.
        batch_size: of a problem whose rule is a signed gradient without norms to be kept, how many samples are
            differentiated at once; None: up to 1024.
        seed: of a feedback matrix that the rule draws.

    Returns:
        A `Field`: `theta`, `velocity(theta)`, `jvp(v)` and `vjp(u)` with J, `jacobian()`, `at(theta)`. For a problem
        whose rule backpropagates it is a `cd.analysis.Network`, which has a loss too.

    Raises:
        InputError: anything else, a rule that does not fit, a trial that does not exist, a function that does not give
            a velocity, an option that would change nothing.

    Source: docs/analysis.md.

    Example:
        >>> import curldescent as cd, jax.numpy as jnp, numpy as np
        >>> inputs = np.random.default_rng(0).normal(size=(50, 3)) * [2.0, 1.0, 0.5]
        >>> def oja(w):                            # one neuron, y = w·x, learns ⟨y (x − y w)⟩
        ...     y = inputs @ w
        ...     return jnp.mean(y[:, None] * (inputs - y[:, None] * w), axis=0)
        >>> rule = cd.field(oja, np.ones(3))
        >>> print(cd.analysis.circulation(rule, radius=0.5).verdict)      # no function has this gradient
        curl
        >>> component = np.linalg.eigh(inputs.T @ inputs / 50)[1][:, -1]
        >>> print(cd.analysis.stability(rule.at(component)).verdict)      # the first principal component attracts
        stable
    """
    options: dict[str, Any] = {
        "output_error": output_error,
        "preserve_norms": preserve_norms,
        "batch_size": batch_size,
    }
    if callable(subject) and not isinstance(subject, Field | Problem | type):
        _refuse_modules(subject)
        if _is_torch(subject):
            raise InputError("a PyTorch module becomes a field by cd.analysis.network(module, inputs=…, targets=…)")
        if rule is None:
            raise InputError("a function needs parameters: cd.field(function, theta0), an array or a tree of arrays")
        if isinstance(rule, list | tuple) and all(isinstance(item, int | float) for item in rule):
            rule = np.array(rule, dtype=np.float64)
        refuse_choices(trial=trial, **options)
        return function_field(subject, rule)
    return subject_field(subject, rule, trial, seed=seed, **options)


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
        A `Network`: a field, which every analysis takes.

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
    losses.checked("loss", loss)
    options: Mapping[str, Any] = {"strengths": strengths, "loss": loss, "batch_size": batch_size, "dtype": dtype}
    if _is_torch(model):
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


def _is_torch(model: Any) -> bool:
    # By name, so that nobody without PyTorch pays for looking.
    return any(base.__module__.startswith("torch.nn") for base in type(model).__mro__)


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
        raise InputError("a cd.Problem becomes a field by cd.field(problem, rule)")
    if isinstance(model, Field):
        raise InputError("model is a network or field already: give it to the analysis as it is")
