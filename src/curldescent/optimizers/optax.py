"""Curl descent as an optax GradientTransformation."""

from collections.abc import Callable
from copy import copy
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from curldescent.foundation import optional
from curldescent.foundation.errors import InputError
from curldescent.model.signatures import Signature, flatten_strengths
from curldescent.optimizers import _options as options

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
                ahead = optax.apply_updates(params, _scaled(-eta, field))
                field = _signed(grad_fn(ahead), state, a)
            else:
                field = _adjusted(field, state, a, params, grad_fn, strength, aligned=correction == "aligned-sga")
        return _scaled(-eta, field), _next(state)

    return optax.GradientTransformationExtraArgs(init, update)


def _adjusted(
    field: Any, state: SignatureState, amount: Any, params: Any, grad_fn: Any, strength: float, *, aligned: bool
) -> Any:
    """ξ + μ Aᵀξ."""
    import jax
    import jax.numpy as jnp

    if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(params)):
        raise InputError("corrections are defined for real parameters, and there are complex ones")

    def hessian(v: Any) -> Any:
        along = _map(lambda p, x: jnp.asarray(x, jnp.result_type(p)), params, v)
        return jax.jvp(grad_fn, (params,), (along,))[1]

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
    return _map(lambda x, y: x + jnp.asarray(mu, x.dtype) * y.astype(x.dtype), field, adjustment)


def _optax() -> Any:
    optional.require("optax", purpose="this optimizer")
    import optax

    return optax


def _map(function: Any, *trees: Any) -> Any:
    import jax

    return jax.tree.map(function, *trees)


def _signed(tree: Any, state: SignatureState, amount: Any) -> Any:
    """S_t ∘ updates, each in its own type; updates that are missing stay so."""
    import jax
    import jax.numpy as jnp

    def one(g: Any, s: Any) -> Any:
        if g is None or jnp.result_type(g) == jax.dtypes.float0:
            return g
        g = jnp.asarray(g)
        return g * (1 + jnp.asarray(amount, s.dtype) * (s - 1)).astype(g.dtype)

    try:
        return jax.tree.map(one, tree, state.strengths, is_leaf=lambda leaf: leaf is None)
    except (ValueError, TypeError, AttributeError) as fault:
        raise InputError(
            "updates must be a tree of gradients like the parameters, and the state that of init or the last update: "
            + " ".join(str(fault).split())[:200]
        ) from None


def _scaled(factor: Any, tree: Any) -> Any:
    """A number times a tree, each leaf in its own type, as `optax.scale_by_learning_rate` has it."""
    import jax
    import jax.numpy as jnp

    def one(x: Any) -> Any:
        return x if jnp.result_type(x) == jax.dtypes.float0 else jnp.asarray(factor, x.dtype) * x

    return jax.tree.map(one, tree)


def _next(state: SignatureState) -> SignatureState:
    import jax.numpy as jnp

    # Stands still at the largest number, as optax's counters do.
    count = jnp.minimum(state.count, np.iinfo(state.count.dtype).max - 1) + 1
    return SignatureState(count, state.strengths)


def _initial(params: Any, signature: Any) -> SignatureState:
    import jax
    import jax.numpy as jnp

    from curldescent.learning.fields.parameters import path_name

    # JAX's default whole number and not int32: schedules divide it, and int32 would make them single precision.
    count = jnp.zeros((), int)
    if not jax.tree.leaves(params):
        return SignatureState(count, params)
    masked = _optax().MaskedNode

    def is_hole(leaf: Any) -> bool:
        return leaf is None or isinstance(leaf, masked)

    # What another transformation masks away is a place in the tree that the signature may speak of.
    tree: Any
    places, tree = jax.tree_util.tree_flatten_with_path(params, is_leaf=is_hole)
    for path, leaf in places:
        if not is_hole(leaf):
            _require_numbers(path_name(path), leaf)
    given = _by_name(signature, places, is_hole) if isinstance(signature, Signature) else None
    if given is None:
        try:
            given = tree.flatten_up_to(signature)
        except ValueError:
            raise InputError(
                f"the signature must be a cd.Signature or a tree of strengths like the parameters, {tree}"
            ) from None
    kept = [
        leaf if is_hole(leaf) else _strength(path_name(path), strengths, leaf)
        for (path, leaf), strengths in zip(places, given, strict=True)
    ]
    return SignatureState(count, jax.tree_util.tree_unflatten(tree, kept))


def _by_name(signature: Signature, places: list[tuple[Any, Any]], is_hole: Callable[[Any], bool]) -> list[Any]:
    """Strengths of the leaves of a tree, in its order; None at holes."""
    from curldescent.learning.fields.parameters import path_name

    names = [path_name(path) for path, _ in places]
    shapes: dict[str, tuple[int, ...]] = {}
    for name, (_, leaf) in zip(names, places, strict=True):
        if is_hole(leaf):
            continue
        if name in shapes:
            raise InputError(f"two parameters are called {name!r}: give a tree of strengths instead of a cd.Signature")
        shapes[name] = tuple(np.shape(leaf))
    holes = [name for name in names if name not in shapes]
    here = copy(signature)
    # Patterns for parameters that are only in the holes are another transformation's to follow.
    object.__setattr__(
        here,
        "layers",
        {
            pattern: rule
            for pattern, rule in signature.layers.items()
            if any(fnmatchcase(name, pattern) for name in shapes) or not any(fnmatchcase(n, pattern) for n in holes)
        },
    )
    named = here.strengths(shapes)
    return [named.get(name) for name in names]


def _require_numbers(name: str, leaf: Any) -> None:
    """Refuse a leaf that is no array of numbers; text would be taken for the name of a type."""
    import jax.numpy as jnp

    try:
        if isinstance(leaf, str | bytes | type):
            raise TypeError
        jnp.result_type(leaf)
        np.shape(leaf)
    except (TypeError, ValueError):
        where = f"at {name!r} there is" if name else "got"
        raise InputError(
            f"params must be a tree (dicts, lists, tuples) whose leaves are arrays of numbers; {where} "
            f"{f'the class {leaf.__name__}' if isinstance(leaf, type) else f'a {type(leaf).__name__}'}"
        ) from None


def _strength(name: str, given: Any, parameter: Any) -> Any:
    """One parameter's strengths in its shape: real, and at least in single precision."""
    import jax
    import jax.numpy as jnp

    dtype = jnp.result_type(parameter)
    if not jnp.issubdtype(dtype, jnp.inexact):
        dtype = jnp.dtype(jnp.float32)
    real = jnp.zeros((), dtype).real.dtype
    dtype = jnp.promote_types(real, jnp.float32)
    shape = tuple(np.shape(parameter))
    if isinstance(given, jax.core.Tracer):
        try:
            return jnp.broadcast_to(given, shape).astype(dtype)
        except ValueError:
            raise InputError(
                f"the strengths of {name!r} must broadcast to the parameter's shape {shape}, got {given.shape}"
            ) from None
    whole = flatten_strengths({name: given}, {name: shape}).reshape(shape)
    # A copy: where the state is donated to a compiled step, the user's own array is not.
    return jnp.array(whole, dtype=dtype)
