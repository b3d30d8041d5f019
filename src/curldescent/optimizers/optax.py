"""Curl descent as an optax GradientTransformation."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from curldescent.errors import InputError
from curldescent.optimizers import options
from curldescent.signatures import Signature, flatten_strengths

if TYPE_CHECKING:
    import optax

Schedule = Callable[[Any], Any]


class SignatureState(NamedTuple):
    """State of the transformations in this file."""

    count: Any
    """Updates so far."""
    strengths: Any
    """S in the form of the parameters."""


def scale_by_signature(
    signature: Signature | Any, *, amount: float | Schedule = 1.0
) -> "optax.GradientTransformationExtraArgs":
    """Multiply every update by its synapse's strength: the piece to chain with the rest of optax.

    Args:
        signature: a `cd.Signature`, or a tree of strengths like the parameters, each leaf a scalar or an array that
            broadcasts to the parameter.
        amount: a, of the curl: updates are multiplied by 1 + a (S − 1); 1 is S, 0 gradient descent. With S = −1 it
            passes through a frozen synapse at ½. A number, or a schedule of the number of updates so far.

    Returns:
        The transformation. It does not change the sign: chain it with `optax.scale_by_learning_rate` or an optimizer.

    Raises:
        InputError: optax is missing, or (on init) strengths that do not fit the parameters.

    Example:
        >>> import optax, jax.numpy as jnp, curldescent as cd
        >>> half = cd.Signature({"weight": 0.5}, seed=None)
        >>> both = optax.chain(cd.optimizers.scale_by_signature(half), optax.sgd(0.1, momentum=0.9))
        >>> params = {"weight": jnp.ones((1, 2)), "b": jnp.ones(1)}
        >>> both.update(params, both.init(params), params)[0]["weight"].tolist()[0][0] > 0
        True
    """
    optax = _optax()
    options.check(1.0, amount, None, 1.0)

    def init(params: Any) -> SignatureState:
        return _initial(params, signature)

    def update(updates: Any, state: SignatureState, params: Any = None, **extra: Any) -> tuple[Any, SignatureState]:
        return _signed(updates, state, options.at_step(amount, state.count)), _next(state)

    return optax.GradientTransformationExtraArgs(init, update)


def curl_descent(
    learning_rate: float | Schedule,
    signature: Signature | Any,
    *,
    amount: float | Schedule = 1.0,
    correction: str | None = None,
    correction_strength: float = 1.0,
) -> "optax.GradientTransformationExtraArgs":
    """Curl descent: θ ← θ − η S_t ∘ ∂C/∂θ with S_t = 1 + a_t (S − 1).

    Args:
        learning_rate: η, a number or a schedule of the number of updates so far.
        signature: as in `scale_by_signature`.
        amount: a, as in `scale_by_signature`; a schedule that ends at zero ends with gradient descent.
        correction: from the theory of differentiable games, where flipped synapses are players who climb. "sga":
            symplectic gradient adjustment. "aligned-sga": with its authors' choice of sign. "extragradient": the
            field at the point that a plain step would reach. All need ``grad_fn`` in every update.
        correction_strength: μ of the symplectic adjustment.

    Returns:
        The transformation. With a correction, ``update(grads, state, params, grad_fn=grad)`` takes the function from
        parameters to the gradient of the loss on the same batch.

    Raises:
        InputError: optax is missing, an option out of range, or (in update) a correction without grad_fn.

    Source: Balduzzi et al., The Mechanics of n-Player Differentiable Games (ICML 2018), for the adjustment; Korpelevich
        (1976) for extragradient; docs/analysis.md, section "The game view".

    Example:
        >>> import jax, jax.numpy as jnp, optax, curldescent as cd
        >>> loss = lambda w: 0.5 * (w["a"] * w["b"] - 1.0) ** 2
        >>> rule = cd.optimizers.curl_descent(0.1, {"a": 1.0, "b": -1.0})
        >>> params = {"a": jnp.array(0.5), "b": jnp.array(1.5)}
        >>> state = rule.init(params)
        >>> for _ in range(200):
        ...     updates, state = rule.update(jax.grad(loss)(params), state, params)
        ...     params = optax.apply_updates(params, updates)
        >>> bool(loss(params) < 1e-6)
        True
    """
    optax = _optax()
    correction, strength = options.check(learning_rate, amount, correction, correction_strength)

    def init(params: Any) -> SignatureState:
        return _initial(params, signature)

    def update(
        updates: Any, state: SignatureState, params: Any = None, *, grad_fn: Any = None, **extra: Any
    ) -> tuple[Any, SignatureState]:
        eta, a = options.at_step(learning_rate, state.count), options.at_step(amount, state.count)
        field = _signed(updates, state, a)
        if correction is not None:
            if grad_fn is None or params is None:
                raise InputError(
                    f"correction {correction!r} needs the gradient as a function: "
                    "update(grads, state, params, grad_fn=…)"
                )
            if correction == "extragradient":
                ahead = _map(lambda p, x: p - eta * x, params, field)
                field = _signed(grad_fn(ahead), state, a)
            else:
                field = _adjusted(field, state, a, params, grad_fn, strength, aligned=correction == "aligned-sga")
        return _map(lambda x: -eta * x, field), _next(state)

    return optax.GradientTransformationExtraArgs(init, update)


def _adjusted(
    field: Any, state: SignatureState, amount: Any, params: Any, grad_fn: Any, strength: float, *, aligned: bool
) -> Any:
    """ξ + μ Aᵀξ."""
    import jax
    import jax.numpy as jnp

    def hessian(v: Any) -> Any:
        return jax.jvp(grad_fn, (params,), (v,))[1]

    def inner(a: Any, b: Any) -> Any:
        return sum(jnp.vdot(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))

    forward = _signed(hessian(field), state, amount)
    backward = hessian(_signed(field, state, amount))
    adjustment = _map(lambda b, f: (b - f) / 2, backward, forward)
    mu: Any = strength
    if aligned:
        size = sum(leaf.size for leaf in jax.tree.leaves(field))
        alignment = inner(field, backward) * inner(adjustment, backward) / size + options.ALIGNMENT_OFFSET
        mu = strength * jnp.sign(alignment)
    return _map(lambda x, y: x + mu * y, field, adjustment)


def _optax() -> Any:
    try:
        import optax
    except ImportError:
        raise options.missing("optax", "optimizers") from None
    return optax


def _map(function: Any, *trees: Any) -> Any:
    import jax

    return jax.tree.map(function, *trees)


def _signed(tree: Any, state: SignatureState, amount: Any) -> Any:
    """S_t ∘ updates; arithmetic in the updates' own type."""
    import jax.numpy as jnp

    def one(g: Any, s: Any) -> Any:
        g = jnp.asarray(g)
        return g * (1 + jnp.asarray(amount, g.dtype) * (s - 1))

    return _map(one, tree, state.strengths)


def _next(state: SignatureState) -> SignatureState:
    return SignatureState(state.count + 1, state.strengths)


def _initial(params: Any, signature: Any) -> SignatureState:
    import jax
    import jax.numpy as jnp

    from curldescent.analysis.jax_network import path_name, strengths_by_path

    tree: Any
    leaves, tree = jax.tree_util.tree_flatten_with_path(params)
    shapes = {path_name(path): tuple(np.shape(leaf)) for path, leaf in leaves}
    if isinstance(signature, Signature):
        named = signature.resolve(shapes)
    else:
        given = strengths_by_path(signature, tree, list(shapes))
        if given is None:
            raise InputError(f"the signature must be a cd.Signature or a tree of strengths like the parameters, {tree}")
        flat = flatten_strengths(given, shapes)
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes.values())])
        named = {
            name: flat[a:b].reshape(shape) for (name, shape), a, b in zip(shapes.items(), ends, ends[1:], strict=False)
        }
    cast = [
        jnp.asarray(named[name], dtype=jnp.asarray(leaf).dtype) for name, (_, leaf) in zip(named, leaves, strict=True)
    ]
    # JAX's default whole number and not int32: schedules divide it, and int32 would make them single precision.
    return SignatureState(jnp.zeros((), int), jax.tree_util.tree_unflatten(tree, cast))
