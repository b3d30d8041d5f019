"""How precise a network's numbers really are: what its model computes in, whatever type its parameters have.

A parameter of type float64 says little where the model casts it to bfloat16. Here the program of a model is read, step
by step, and the coarsest floating-point type that lies between its inputs and its results is its precision. Constants
count as exact, and so do comparisons and whole numbers.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError

Array = NDArray[np.float64]

DOUBLE = float(np.finfo(np.float64).eps)

# By how many units of its precision the Jacobian of a network of a few layers is off in the spectral norm, twice.
SAFETY = 4.0
# Below this, float64 loses digits that later steps need; it ends at 5e-324.
LEAST = 1e-290
# What accelerators make of float32 in products unless they are told otherwise.
_COARSE_PRODUCTS = {"gpu": 2.0**-10, "cuda": 2.0**-10, "rocm": 2.0**-10, "tpu": 2.0**-7}
_PRODUCTS = ("dot_general", "conv_general_dilated")
_LOOPS = ("scan", "while")


class NotFinite(InputError):
    """A derivative of the user's model holds NaN or infinite values."""


def finite(what: str, array: Array) -> Array:
    """Return the array if all of it is finite.

    Args:
        what: its name, for the message.
        array: what a model's derivative came out as.

    Returns:
        The same array.

    Raises:
        NotFinite: NaN or infinite values.
    """
    bad = int(np.size(array) - np.count_nonzero(np.isfinite(array)))
    if bad:
        raise NotFinite(
            f"{what} must be finite, got {bad} NaN or infinite values of {np.size(array)}: the numbers of the model "
            "overflow at these parameters, or it has no derivative there"
        )
    return array


def power_of_two(size: float) -> float:
    """The power of two next to a size, by which dividing is exact; 1 for zero."""
    return float(2.0 ** np.clip(np.round(np.log2(size)), -1000, 1000)) if size > 0 else 1.0


def underflows(size: float, response: float) -> bool:
    """Whether derivatives are zero or without digits only because float64 ends there.

    Args:
        size: the largest magnitude of what is made of products of two derivatives of the outputs, or of outputs.
        response: the largest magnitude of how the outputs move with the parameters.

    Returns:
        True where the model responds, but so little that the square of its response has no digits left. A model that
        does not respond at all has true zeros.
    """
    return bool(size < LEAST and 0 < response < LEAST**0.4)


def words(precision: float) -> str:
    """The precision as text: the name of the usual type, or the number."""
    names = {float(jnp.finfo(t).eps): t for t in ("float64", "float32", "float16", "bfloat16")}
    return names.get(precision, f"a relative precision of {precision:.1g}")


def of_jax(function: Callable[..., Any], *arguments: Any) -> float:
    """The machine epsilon of the coarsest type between a function's floating-point arguments and its results.

    Args:
        function: what is traced; it is not run.
        *arguments: arrays or their shapes and types.

    Returns:
        The machine epsilon, 2.2e-16 for float64.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> of_jax(lambda x: x.astype(jnp.bfloat16).astype(x.dtype), jax.ShapeDtypeStruct((3,), jnp.float32))
        0.0078125
    """
    program = jax.make_jaxpr(function)(*arguments)
    given = [_epsilon(variable.aval) for variable in program.jaxpr.invars]
    return max(_through(program.jaxpr, given), default=0.0)


def _epsilon(aval: Any) -> float:
    """Machine epsilon of a value's type; 0 for whole numbers and booleans, which are exact."""
    dtype = getattr(aval, "dtype", None)
    return float(jnp.finfo(dtype).eps) if dtype is not None and jnp.issubdtype(dtype, jnp.inexact) else 0.0


def _through(program: Any, given: list[float]) -> list[float]:
    """Carry the coarsest epsilon met so far from the inputs of a program to its outputs; 0 means exact."""
    known = dict(zip(program.invars, given, strict=True))

    def of(variable: Any) -> float:
        return 0.0 if isinstance(variable, core.Literal) else known.get(variable, 0.0)

    for step in program.eqns:
        incoming = [of(variable) for variable in step.invars]
        coarsest = max(incoming, default=0.0)
        outgoing = [max(coarsest, _own(step))] * len(step.outvars)
        for inner in _programs(step) if coarsest > 0 else ():
            # Loops carry values round, so that every one of them is as coarse as the coarsest.
            alike = len(inner.invars) == len(incoming) and step.primitive.name not in _LOOPS
            found = _through(inner, incoming if alike else [coarsest] * len(inner.invars))
            if len(found) == len(outgoing):
                outgoing = found if alike else [max(pair) for pair in zip(outgoing, found, strict=True)]
        for variable, epsilon in zip(step.outvars, outgoing, strict=True):
            own = _epsilon(variable.aval)
            known[variable] = max(epsilon, own) if epsilon > 0 and own > 0 else 0.0
    return [of(variable) for variable in program.outvars]


def _programs(step: Any) -> list[Any]:
    found = []
    for value in step.params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, core.ClosedJaxpr):
                found.append(item.jaxpr)
            elif isinstance(item, core.Jaxpr):
                found.append(item)
    return found


def _own(step: Any) -> float:
    """What a step rounds to by itself, beyond the types of its results."""
    if step.primitive.name == "reduce_precision":
        return float(2.0 ** -step.params["mantissa_bits"])
    if step.primitive.name not in _PRODUCTS or not any(_epsilon(v.aval) > 1e-10 for v in step.invars):
        return 0.0
    asked = str(step.params.get("precision"))
    if "BF16" in asked and "_X" not in asked:
        return 2.0**-7
    if "TF32" in asked or "F16_F16" in asked:
        return 2.0**-10
    return 0.0 if "HIGH" in asked or "F32" in asked else _COARSE_PRODUCTS.get(jax.default_backend(), 0.0)


def of_torch(call: Callable[[], Any]) -> float:
    """The same for PyTorch: the coarsest floating-point type that any operation made of floating-point numbers.

    Args:
        call: what is run, once, to watch its operations.

    Returns:
        The machine epsilon; 0 where nothing was computed.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Watch(TorchDispatchMode):
        coarsest = 0.0

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            if any(map(_floating, _flat(args))):
                for tensor in filter(_floating, _flat(result)):
                    self.coarsest = max(self.coarsest, float(torch.finfo(tensor.dtype).eps))
            return result

    def _floating(value: Any) -> bool:
        return isinstance(value, torch.Tensor) and value.is_floating_point()

    def _flat(values: Any) -> list[Any]:
        return [v for item in values for v in _flat(item)] if isinstance(values, tuple | list) else [values]

    with Watch() as watch, torch.no_grad():
        call()
    return watch.coarsest
