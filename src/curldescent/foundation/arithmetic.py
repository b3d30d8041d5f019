"""The arithmetic of everything computed here with JAX, whatever the user has set, and without a trace left behind."""

import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import jax
import numpy as np

_OFF = False


@contextmanager
def arithmetic(dtype: str = "float64") -> Iterator[None]:
    """JAX in double precision, or in single where another type is named, within a `with` block.

    A user's strict modes are set aside inside: they check the user's own code, and here NaN is a result (a run that
    diverges), functions are written to be compiled, and arrays come from NumPy. Which device is the default stays the
    user's choice.

    Args:
        dtype: "float64", or anything else for JAX's 32-bit mode.

    Example:
        >>> import jax.numpy as jnp
        >>> from curldescent.foundation.arithmetic import arithmetic
        >>> with arithmetic():
        ...     print(jnp.ones(1).dtype)
        float64
    """
    _tell_constants_apart()
    with ExitStack() as settings:
        for setting in (
            jax.enable_x64(dtype == "float64"),
            *(mode(_OFF) for mode in (jax.disable_jit, jax.debug_nans, jax.debug_infs)),
            *(mode(_OFF) for mode in (jax.check_tracer_leaks, jax.no_tracing)),
            jax.numpy_rank_promotion("allow"),
            jax.numpy_dtype_promotion("standard"),
            jax.default_matmul_precision("highest"),
            jax.transfer_guard("allow"),
        ):
            settings.enter_context(setting)
        yield


class TypedConstants:
    """JAX's canonical form of NumPy arrays that functions close over, one per array *and* precision.

    JAX keeps that form as long as any traced function needs it, by the array alone. A function traced in one precision
    then decides which precision the array has in every other function, whatever the mode: after an analysis in double
    precision the user's own `jax.jit` fails to compile in single, and the other way round.
    """

    def __init__(self, typed: Any, canonical_dtype: Any) -> None:
        self._typed, self._canonical_dtype = typed, canonical_dtype
        self._kept: dict[tuple[int, np.dtype[Any]], tuple[Any, Any]] = {}

    def __call__(self, array: Any) -> Any:
        """The array as JAX takes it into a computation in the present precision."""
        dtype = self._canonical_dtype(array.dtype)
        key = id(array), dtype
        kept = self._kept.get(key)
        if kept is not None and kept[0]() is array:
            found = kept[1]()
            if found is not None:
                return found
        found = self._typed(np.asarray(array, dtype))

        def forget(reference: Any) -> None:
            held = self._kept.get(key)
            if held is not None and held[1] is reference:
                self._kept.pop(key, None)

        self._kept[key] = weakref.ref(array), weakref.ref(found, forget)
        return found


@cache
def _tell_constants_apart() -> None:
    """Have JAX tell constants of the two precisions apart; once a process, when something is first traced here.

    Not part of JAX's public interface, and there is no public way. A JAX without these names is left as it is.
    """
    try:
        from jax._src import dtypes, literals

        constants = TypedConstants(literals.TypedNdArray, dtypes.canonicalize_dtype)
        register = getattr(dtypes, "register_canonicalize_value_handler", None)
        if register is None:
            register = dtypes.canonicalize_value_handlers.__setitem__
    except (ImportError, AttributeError):
        return
    register(np.ndarray, constants)
