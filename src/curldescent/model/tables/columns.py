"""Columns as the numbers of a problem."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import array_likes, memory, validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables.table import Table
from curldescent.model.tables.text import near_number

Array = NDArray[np.float64]


def matrix(table: Table, names: Sequence[str]) -> tuple[Array, list[str]]:
    """The chosen columns side by side.

    Args:
        table: of the columns.
        names: of those that are wanted.

    Returns:
        (samples, total width), and what is odd about single columns.

    Raises:
        InputError: a column that is not numeric, has missing values or another length, or too much for the memory.
    """
    blocks: dict[str, NDArray] = {}
    notes: list[str] = []
    for name in names:
        raw = blocks[name] = _numbers(name, table.columns[name])
        if raw.ndim not in (1, 2) or raw.size == 0:
            raise InputError(
                f"column {validation.shown(name)} must have shape (samples,) or (samples, width), got {raw.shape}"
            )
    lengths = {name: len(raw) for name, raw in blocks.items()}
    if len(set(lengths.values())) > 1:
        first = next(iter(lengths))
        other = next(name for name, length in lengths.items() if length != lengths[first])
        raise InputError(
            f"columns must have as many samples each, got {validation.shown(first)}: {lengths[first]}, "
            f"{validation.shown(other)}: {lengths[other]}"
        )
    width = sum(raw.size // len(raw) for raw in blocks.values())
    samples = next(iter(lengths.values()))
    # Once here, once standardised, once divided into training and test samples.
    memory.require(f"a problem with {samples} samples of {width} numbers", 3 * 8 * samples * width)
    out = np.empty((samples, width))
    start = 0
    for name, raw in blocks.items():
        block = out[:, start : start + raw.size // samples]
        block[...] = raw.reshape(samples, -1)
        start += block.shape[1]
        _refuse_missing(name, block)
        notes += _oddities(name, raw)
    return out, notes


def _numbers(name: str, values: Any) -> NDArray:
    shown = f"column {validation.shown(name)}"
    # Categories and text have no numeric kind; anything else says itself what it is.
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    plain = isinstance(values, Iterable) and not isinstance(values, Mapping | str)
    if kind in "OUT" and plain and array_likes.refusal(values) is None:
        for row, item in enumerate(values):
            if isinstance(item, str) and (advice := near_number(item)) is not None:
                raise InputError(f"{shown} must be numeric, got {validation.shown(str(item))} in row {row + 1}{advice}")
    return validation.real_array(shown, values)


def _refuse_missing(name: str, block: Array) -> None:
    bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
    if bad.size == 0:
        return
    where = f"in row {bad[0] + 1} ({bad.size} such rows in all)"
    if bad.size == len(block) and np.isnan(block).all():
        where = "in every row: it is empty"
    raise InputError(
        f"column {validation.shown(name)} must be finite and complete, got a missing or infinite value {where}"
    )


def _oddities(name: str, raw: NDArray) -> list[str]:
    """What a user may not have meant: truth values, a column that says nothing, one that counts the rows."""
    shown = f"column {validation.shown(name)}"
    if raw.dtype.kind == "b":
        return [f"{shown} holds true and false, read as 1 and 0"]
    if raw.size != len(raw) or len(raw) < 3:
        return []
    steps = np.diff(raw.ravel().astype(np.float64))
    if not steps.any():
        return [f"{shown} is constant"]
    return [f"{shown} counts the rows"] if (steps == 1).all() and raw.ravel()[0] in (0, 1) else []


def one_hot(table: Table, names: Sequence[str]) -> tuple[Array, list[str]]:
    """Class labels as one output per class.

    Args:
        table: of the column.
        names: of the one column.

    Returns:
        (samples, classes), and which output is which class.

    Raises:
        InputError: several columns, missing labels, labels of several types, or as many classes as samples.
    """
    import pandas as pd

    shown = f"column {validation.shown(names[0])}"
    values = table.columns[names[0]]
    if reason := array_likes.refusal(values):
        raise InputError(f"{shown} must hold class labels, got {reason}")
    labels = np.asarray(array_likes.on_host(values))
    if len(names) != 1 or labels.ndim != 1:
        raise InputError(
            f"one_hot needs exactly one target column of class labels, got {validation.listed(names)}"
            + (f" of shape {labels.shape}" if len(names) == 1 else "")
        )
    missing = np.asarray(pd.isna(labels))
    if missing.any():
        raise InputError(f"{shown} must have no missing label, got one in row {missing.argmax() + 1}")
    try:
        classes = np.unique(labels)
    except TypeError:
        raise InputError(f"{shown} must hold labels of one type, got text and numbers mixed") from None
    if len(classes) < 2 or 2 * len(classes) > len(labels):
        raise InputError(
            f"one_hot needs at least 2 classes with 2 samples each on average, but {shown} has "
            f"{len(classes)} different values in {len(labels)} samples"
        )
    memory.require(f"{len(classes)} classes of {len(labels)} samples", 2 * 8 * len(labels) * len(classes))
    note = f"one output for each class of {shown}: {validation.listed(classes.tolist())}"
    return (labels[:, None] == classes).astype(np.float64), [note]
