"""Tables in memory: frames of pandas and its neighbours, mappings, structured arrays."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables.table import Table, unique_names, with_names

if TYPE_CHECKING:
    import pandas as pd


def of_mapping(mapping: Mapping[Any, Any], *, source: str) -> Table:
    """Names to arrays, as they are.

    Args:
        mapping: of the names.
        source: how messages call it.

    Returns:
        The columns; coordinates of an xarray.Dataset are no columns.

    Raises:
        InputError: two names that are the same as text.
    """
    used, left_out = with_names(mapping)
    names = unique_names(map(str, mapping), source=source)
    coordinates = [str(name) for name in getattr(mapping, "coords", ())]
    left_out |= {f"coordinate {validation.shown(name)}": "no data variable" for name in coordinates}
    values = list(mapping.values())
    return Table(source, {names[k]: values[k] for k in used}, left_out)


def of_records(array: NDArray, *, source: str) -> Table:
    """The fields of a structured array."""
    return Table(source, {name: array[name] for name in array.dtype.names or ()})


def of_frame(frame: "pd.DataFrame", *, source: str) -> Table:
    """The columns of a pandas DataFrame; its index is none.

    Args:
        frame: with one level of names.
        source: how messages call it.

    Returns:
        The columns; an index that says something is named among what is left out.

    Raises:
        InputError: several levels of names, or two columns of one name.
    """
    if frame.columns.nlevels > 1:
        raise InputError(f"{source} must have one name for each column, got {frame.columns.nlevels} levels of names")
    used, left_out = with_names(frame.columns)
    names = unique_names((str(frame.columns[k]) for k in used), source=source)
    for level in range(frame.index.nlevels):
        index = frame.index.get_level_values(level)
        # Numbers without a name only count rows, or say which of them were chosen.
        if index.name is not None or index.dtype.kind not in "iu":
            called = f"the index {validation.shown(index.name)}" if index.name is not None else "the index"
            left_out[called] = "an index is no column; reset_index() makes it one"
    return Table(source, {name: frame.iloc[:, k] for name, k in zip(names, used, strict=True)}, left_out)


def of_columns(table: Any, *, source: str) -> Table:
    """The columns of any frame that has `columns`, their names, and gives them by name, as Polars does."""
    names = unique_names((str(name) for name in table.columns), source=source)
    try:
        used, left_out = with_names(names)
        return Table(source, {names[k]: np.asarray(table[names[k]]) for k in used}, left_out)
    except Exception as fault:  # a frame that is not in memory, or no frame at all
        text = " ".join(str(fault).split())[:120]
        raise InputError(f"data must be a table in memory, got {source} whose columns cannot be read: {text}") from None
