"""Where presynaptic neurons are in a weight: (post, pre) or (pre, post), by the name that frameworks give it."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from curldescent.foundation.errors import InputError

# PyTorch's and Equinox's weights are (post, pre, …), as this library's own; PyTorch's recurrent ones are weight_ih_l0.
_POST_FIRST = ("weight", "weight_*", "*_weight", "hidden", "readout")
# Flax's and Keras' kernels are (…, pre, post), those of convolutions too; an embedding is (index, feature).
_PRE_FIRST = ("kernel", "*_kernel", "embedding")
# What a tree of variables may append to a parameter's own name.
_WRAPPERS = ("value", "raw_value")


def presynaptic(
    path: str, shape: tuple[int, ...], axis: int | Mapping[str, int] | None = None, *, length: int | None = None
) -> tuple[int, int]:
    """The axis of presynaptic neurons in a parameter, and how many there are.

    Args:
        path: of the parameter, "out.kernel"; the last part is its name.
        shape: of it; with fewer than two dimensions every entry is its own neuron.
        axis: as in `Signature`; None for what the name says.
        length: of a vector with one entry per presynaptic neuron. Where the name does not tell, it does if only one
            side of a matrix has that length.

    Returns:
        A non-negative axis and its length; (0, 1) for a scalar parameter.

    Raises:
        InputError: the parameter has no such axis, or its name does not tell.

    Example:
        >>> presynaptic("out.kernel", (10, 1)), presynaptic("out.weight", (10, 1)), presynaptic("w", (10, 1), -2)
        ((0, 10), (1, 1), (0, 10))
    """
    if len(shape) == 0:
        return 0, 1
    if len(shape) == 1:
        return 0, shape[0]
    if isinstance(axis, Mapping):
        axis = next((found for pattern, found in axis.items() if fnmatchcase(path, pattern)), None)
    if axis is None:
        axis = _axis_of(path, shape, length)
    if not -len(shape) <= axis < len(shape):
        raise InputError(f"presynaptic_axis {axis} does not exist in parameter {path!r} of shape {tuple(shape)}")
    return axis % len(shape), shape[axis]


def _axis_of(path: str, shape: tuple[int, ...], length: int | None) -> int:
    parts = [part for part in path.split(".") if part not in _WRAPPERS]
    name = parts[-1] if parts else path
    if any(fnmatchcase(name, pattern) for pattern in _POST_FIRST):
        return 1
    # Three dimensions are a convolution's (width, pre, post) or an attention's (pre, heads, feature).
    if any(fnmatchcase(name, pattern) for pattern in _PRE_FIRST) and len(shape) != 3:
        return -2
    if len(shape) == 2 and length in shape and shape[0] != shape[1]:
        return shape.index(length)
    raise InputError(
        f"which axis of parameter {path!r} of shape {tuple(shape)} its presynaptic neurons are on cannot be told from "
        "its name: give presynaptic_axis, 1 for (post, pre, …), -2 for (…, pre, post), or {pattern: axis}"
    )
