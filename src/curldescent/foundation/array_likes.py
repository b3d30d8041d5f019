"""Array-likes of the neighbouring libraries: which stand for plain real numbers, and which would lose something."""

import numbers
import sys
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray


def refusal(value: Any) -> str | None:
    """What would be lost if `value` became a plain array, in a few words; None where nothing would.

    Args:
        value: anything, or a list of anything.

    Returns:
        Words that follow "got".

    Example:
        >>> refusal(np.ma.masked_equal([1, -99], -99))
        '1 masked value; fill or remove it'
        >>> refusal([1.0, 2.0])
    """
    if isinstance(value, list | tuple):
        # Text and plain numbers, the bulk of every list, need no closer look.
        plain = (float, int, str)
        return next((found for item in value if type(item) not in plain and (found := refusal(item))), None)
    if isinstance(value, np.ma.MaskedArray):
        hidden = int(np.ma.getmaskarray(value).astype(bool).sum()) if value.dtype.names is None else value.size
        if hidden and np.ma.is_masked(value):
            return f"{hidden} masked value{'s; fill or remove them' if hidden > 1 else '; fill or remove it'}"
        return None
    kind = type(value)
    # Quantities of astropy, pint and unyt; the tables of pandas and xarray have no such attribute of their class.
    if hasattr(kind, "magnitude") or hasattr(kind, "unit") or (isinstance(value, np.ndarray) and _has_units(value)):
        if kind.__name__ in ("DatetimeIndex", "TimedeltaIndex", "Timestamp", "Timedelta"):
            return f"dates or times (a {kind.__name__}); give numbers"
        return f"a quantity with units (a {kind.__name__}); give its plain numbers"
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        return f"a sparse matrix (a {kind.__name__}); give its .toarray()"
    if _is_tensor(value) and str(value.layout) != "torch.strided":
        return f"a sparse tensor ({value.layout}); give its .to_dense()"
    return None


def on_host(value: Any) -> Any:
    """`value` where NumPy can read it: tensors that are on a device or in a graph are copied out of it."""
    if isinstance(value, list | tuple):
        return [on_host(item) if not isinstance(item, float | int | str) else item for item in value]
    if not _is_tensor(value):
        return value
    tensor = value.detach().cpu()
    if "bfloat16" in str(tensor.dtype) or "float8" in str(tensor.dtype):
        tensor = tensor.double()
    return tensor.resolve_neg().numpy() if tensor.dtype.is_floating_point else tensor.numpy()


def of_objects(array: NDArray) -> tuple[NDArray[np.float64] | None, tuple[int, ...]]:
    """An array of Python objects as numbers, None and NA as NaN.

    Args:
        array: of dtype object.

    Returns:
        The numbers and (), or None and the index of the first entry that is no real number.

    Example:
        >>> of_objects(np.array([1, None, 2.5], dtype=object))[0]
        array([1. , nan, 2.5])
    """
    out = np.empty(array.shape)
    for index, item in np.ndenumerate(array):
        if is_missing(item):
            out[index] = np.nan
        elif isinstance(item, numbers.Real | Decimal | np.bool_):
            try:
                out[index] = float(item)
            except OverflowError:
                return None, index
        else:
            return None, index
    return out, ()


def is_missing(item: object) -> bool:
    """Whether an entry is None or pandas's NA."""
    pandas = sys.modules.get("pandas")
    return item is None or (pandas is not None and item is pandas.NA)


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _has_units(value: Any) -> bool:
    return type(value) is not np.ndarray and (hasattr(value, "units") or hasattr(value, "unit"))
