"""Tangent vectors carried along and decomposed, J Q = Q' R, as often as their contraction asks for.

Between two decompositions the vectors of a frame turn towards the fastest direction. What then tells the slower ones
apart is a difference of nearly equal numbers, and after about sixteen digits of contraction nothing is left of it.
"""

from typing import Any

import jax
import jax.numpy as jnp

# What every vector keeps outside the span of those before it must be this share of the longest vector, or the square
# root of the arithmetic's precision where that is larger …
APART = 1e-5
# … and this length altogether, so that no single step's contraction goes unseen.
SHRUNK = 1e-9
GROWN = 1e100
# What is left of a vector after a step counts as nothing where it is below this many rounding errors.
ROUNDINGS = 16


def precision_of(step: Any, args: Any, state: Any) -> float:
    """The unit of rounding of what a step returns, at least that of double precision.

    Raises:
        InputError: a step that returns something else than a state.
    """
    from curldescent.foundation.errors import InputError

    if not callable(step):
        raise InputError(f"step must be a function (state, args) → state, got {type(step).__name__}")
    moved = jax.eval_shape(step, state, args)
    if getattr(moved, "shape", None) != state.shape or not jnp.issubdtype(moved.dtype, jnp.floating):
        raise InputError(f"step must return a state of real numbers like start, {state.shape}, got {moved}")
    return float(max(jnp.finfo(dtype).eps for dtype in (moved.dtype, state.dtype)))  # type: ignore[no-untyped-call]


def decomposed_interval(
    step: Any, args: Any, state: Any, frame: Any, stride: Any, precision: Any, every: int
) -> tuple[Any, Any, Any, Any, Any, Any]:
    """`every` steps with a decomposition after each `stride` of them, and a stride that adapts.

    A stretch of several steps after which the vectors have collapsed is taken again with half the stride. After a
    single step there is nothing to halve: what is left of a vector is then held against rounding, that of the
    decomposition and what comes of the last digits of state and vectors.

    Args:
        step: (state, args) → state.
        args: of the step.
        state: (D,).
        frame: (D, k), orthonormal.
        stride: steps between decompositions to begin with.
        precision: the unit of rounding.
        every: how many steps.

    Returns:
        State, frame, stride; the frame's logarithmic growth (k,), −inf where nothing is left; upper bounds of it (k,);
        and R over the whole interval, (k, k).
    """
    count = frame.shape[1]
    # Signs without a pattern that a derivative could share.
    signs = jnp.sign(jnp.cos(12.9898 * jnp.arange(1.0, 1.0 + frame.size).reshape(frame.shape) ** 1.5))
    nudge = 4 * precision * signs
    apart = jnp.maximum(APART, jnp.sqrt(precision))

    def unfinished(carried: Any) -> Any:
        return carried[0] > 0

    def attempt(carried: Any) -> Any:
        left, stride, asking, state, frame, held, growth, bound, triangle = carried
        taken = jnp.where(asking, 1, jnp.minimum(stride, left))
        # The same step once more with other last digits, where it must be known how sure the image is.
        begin = jnp.where(asking, state * (1 + nudge[:, 0]), state), jnp.where(asking, frame * (1 + nudge), frame)
        moved, image = jax.lax.fori_loop(0, taken, lambda _, both: pushed(step, args, *both), begin)
        unsure = jnp.where(asking, lengths(image - held[1]), 0.0)
        moved, image = jnp.where(asking, held[0], moved), jnp.where(asking, held[1], image)
        q, r = decomposed(image)
        size, left_over = lengths(r), jnp.abs(jnp.diagonal(r))
        # Comparisons that are false for NaN: a frame that is not finite is taken again, too.
        kept = (left_over >= apart * size.max()) & (left_over >= SHRUNK) & (size <= GROWN)
        good = kept.all() | ~jnp.isfinite(moved).all()
        again = ~good & (taken > 1)
        ask = ~good & (taken == 1) & ~asking & jnp.isfinite(image).all()
        done = ~again & ~ask
        noise = ROUNDINGS * (precision * size + unsure)
        gone = (left_over <= noise) & ~good
        logarithm = jnp.where(gone, -jnp.inf, jnp.log(left_over))
        # Twice as many steps would square what is left.
        wide = (
            (taken == stride)
            & ((left_over / size.max()) ** 2 >= 10 * apart).all()
            & (left_over**2 >= 10 * SHRUNK).all()
        )
        stride = jnp.where(again, taken // 2, jnp.where(done & wide, jnp.minimum(2 * stride, every), stride))
        return (
            jnp.where(done, left - taken, left),
            stride,
            ask,
            jnp.where(done, moved, state),
            jnp.where(done, q, frame),
            (moved, image),
            jnp.where(done, growth + logarithm, growth),
            jnp.where(done, bound + jnp.where(gone, jnp.log(2 * noise), logarithm), bound),
            jnp.where(done, r @ triangle, triangle),
        )

    zeros = jnp.zeros(count, state.dtype)
    begin = every, stride, False, state, frame, (state, frame), zeros, zeros, jnp.eye(count, dtype=state.dtype)
    begin = jax.tree.map(jnp.asarray, begin)
    _, stride, _, state, frame, _, growth, bound, triangle = jax.lax.while_loop(unfinished, attempt, begin)
    return state, frame, stride, growth, bound, triangle


def pushed(step: Any, args: Any, state: Any, frame: Any) -> tuple[Any, Any]:
    """The state after a step and the frame's image under the step's derivative."""

    def image(vector: Any) -> Any:
        # A step in lower precision takes and gives what the rest is in.
        return jax.jvp(lambda x: step(x, args).astype(x.dtype), (state,), (vector,))

    if frame.shape[1] == 1:  # one vector needs no batching, which XLA would pay for
        moved, vector = image(frame[:, 0])
        return moved, vector[:, None]
    return jax.vmap(image, in_axes=1, out_axes=(None, 1))(frame)


def decomposed(image: Any) -> tuple[Any, Any]:
    """Q (D, k) and R (k, k), columns scaled beforehand so that no square under- or overflows."""
    scale = jnp.abs(image).max(axis=0)
    scale = jnp.where((scale > 0) & jnp.isfinite(scale), scale, 1.0)
    scaled = image / scale
    if image.shape[1] == 1:
        norm = jnp.linalg.norm(scaled)
        # A vector that is gone leaves some direction behind for the next step to start from.
        some = jnp.zeros_like(image).at[0].set(1.0)
        return jnp.where(norm > 0, scaled / jnp.where(norm > 0, norm, 1.0), some), (norm * scale)[None]
    q, r = jnp.linalg.qr(scaled)
    return q, r * scale


def lengths(columns: Any) -> Any:
    """The columns' Euclidean lengths, safe from under- and overflow."""
    scale = jnp.abs(columns).max(axis=0)
    scale = jnp.where((scale > 0) & jnp.isfinite(scale), scale, 1.0)
    return scale * jnp.linalg.norm(columns / scale, axis=0)
