"""Transformations of updates, as optax has them: which are taken, and what a history says of them."""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

_ACCEPTED = "an optax transformation (init, update), or a function of `trial` that returns one"


def check(transform: Any, shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuse what is no transformation, or one that turns updates round, as whole optimizers do.

    Args:
        transform: as `curldescent.train` takes it.
        shapes: of the layers.

    Raises:
        InputError: something else; a function with another argument than `trial`, such as `optax.adam` without its
            arguments; a transformation whose first update points against what it was given.
    """
    one = transform
    if not hasattr(transform, "update"):
        if not callable(transform) or _arguments(transform) != ["trial"]:
            raise InputError(f"transform must be {_ACCEPTED}, got {validation.shown(transform)}")
        one = _tried(transform, 0)
    if not (callable(getattr(one, "init", None)) and callable(getattr(one, "update", None))):
        raise InputError(f"transform must be {_ACCEPTED}, got {validation.shown(one)}")
    import jax.numpy as jnp

    from curldescent.foundation.arithmetic import arithmetic

    with arithmetic():
        layers = tuple(jnp.ones(shape) for shape in shapes)
        moved, _ = _tried(one.update, layers, _tried(one.init, layers), layers)
        along = sum(float(np.sum(np.asarray(layer))) for layer in moved)
    if along < 0:
        raise InputError(
            "transform turns updates round: whole optimizers of optax (sgd, adam) carry their own −learning rate; give "
            "the transformation alone, such as optax.trace or optax.scale_by_adam, and learning_rate to train"
        )


def _tried(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as fault:  # whatever a stranger's function raises
        said = " ".join(str(fault).split())[:150]
        raise InputError(f"transform must be {_ACCEPTED}, but it raised {type(fault).__name__}: {said}") from fault


def described(transform: Any) -> str:
    """A transformation in words, with the numbers it was made with, as far as they can be seen."""
    if not hasattr(transform, "update"):
        return f"of each trial, {getattr(transform, '__qualname__', type(transform).__name__)}"
    return _told(transform.update)


def _told(function: Any) -> str:
    name = str(getattr(function, "__qualname__", type(function).__name__)).split(".<locals>")[0]
    try:
        held = inspect.getclosurevars(function).nonlocals
    except TypeError:
        return name
    parts, inner = [], []
    for key, value in held.items():
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            parts.append(f"{key}={value}")
        for item in value if isinstance(value, list) or (type(value) is tuple) else [value]:
            update = getattr(item, "update", item if "update" in key else None)
            if callable(update):
                inner.append(_told(update))
    # What only passes updates on to one transformation has no settings of its own to say.
    return inner[0] if len(inner) == 1 and not parts else f"{name}({', '.join([*parts, *inner])})"


def _arguments(function: Any) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.default is p.empty]
