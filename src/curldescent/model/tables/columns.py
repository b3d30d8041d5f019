"""Columns as the numbers of a problem."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables import kinds
from curldescent.model.tables.kinds import Classes
from curldescent.model.tables.table import Table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Block:
    """Columns side by side.

    Attributes:
        values: (samples, width); NaN where an entry is missing.
        labels: what each of the `width` numbers is.
        missing: column → how many of its rows miss something; only those with any.
        notes: what was made of single columns, and what is odd about them.
        classes: names of the classes where the block is one column of classes.
    """

    values: Array
    labels: tuple[str, ...]
    missing: dict[str, int]
    notes: list[str] = field(default_factory=list)
    classes: tuple[str, ...] = ()


def matrix(table: Table, names: Sequence[str], *, categories: bool = False) -> Block:
    """The chosen columns side by side.

    Args:
        table: of the columns.
        names: of those that are wanted.
        categories: whether a column of text becomes one number for each of its classes; otherwise it is refused.

    Returns:
        The `Block`.

    Raises:
        InputError: a column that is not numeric, holds dates or infinite values, is empty, has another length, or too
            much for the memory.
    """
    parts: dict[str, Classes | NDArray] = {}
    for name in names:
        shown = f"column {validation.shown(name)}"
        values = table.columns[name]
        if kinds.has_text(values) and categories:
            kinds.refuse_unreadable_text(name, values)
            found = parts[name] = kinds.classes(shown, values)
            if found.name_rows:
                raise InputError(
                    f"{shown} must be numeric or hold classes, got {len(found.names)} different texts in "
                    f"{len(found.codes)} rows"
                )
        else:
            raw = parts[name] = numbers(name, values)
            if raw.ndim not in (1, 2) or raw.size == 0:
                raise InputError(f"{shown} must have shape (samples,) or (samples, width), got {raw.shape}")
    lengths = {name: _length(part) for name, part in parts.items()}
    if len(set(lengths.values())) > 1:
        first = next(iter(lengths))
        other = next(name for name, length in lengths.items() if length != lengths[first])
        raise InputError(
            f"columns must have as many samples each, got {validation.shown(first)}: {lengths[first]}, "
            f"{validation.shown(other)}: {lengths[other]}"
        )
    samples = next(iter(lengths.values()))
    widths = [len(p.names) if isinstance(p, Classes) else p.size // len(p) for p in parts.values()]
    # Once here, once standardised, once divided into training and test samples.
    memory.require(f"a problem with {samples} samples of {sum(widths)} numbers", 3 * 8 * samples * sum(widths))
    out = np.empty((samples, sum(widths)))
    labels: list[str] = []
    missing: dict[str, int] = {}
    notes: list[str] = []
    for (name, part), width in zip(parts.items(), widths, strict=True):
        block = out[:, len(labels) : len(labels) + width]
        if isinstance(part, Classes):
            block[...] = indicators(part)
            labels += [f"{name}={label}" for label in part.names]
            notes.append(
                f"one input for each class of column {validation.shown(name)}: {validation.listed(part.names)}"
            )
        else:
            block[...] = part.reshape(samples, -1)
            labels += [name] if width == 1 else [f"{name}[{k}]" for k in range(width)]
            notes += _oddities(name, part)
        if count := _missing(name, block):
            missing[name] = count
    return Block(out, tuple(labels), missing, notes)


def _length(part: Classes | NDArray) -> int:
    return len(part.codes if isinstance(part, Classes) else part)


def numbers(name: str, values: object) -> NDArray:
    """A column as numbers of its own type, NaN where one is missing.

    Args:
        name: of the column.
        values: of it.

    Returns:
        The numbers.

    Raises:
        InputError: anything that is no number, with its place.
    """
    shown = f"column {validation.shown(name)}"
    if kinds.has_text(values):
        kinds.refuse_unreadable_text(name, values)
        row, text = next((row, str(item)) for row, item in enumerate(values) if isinstance(item, str))  # type: ignore[arg-type, var-annotated]
        raise InputError(f"{shown} must be numeric, got {validation.shown(text)} in row {row + 1}")
    kinds.refuse_unreadable_text(name, values)
    return validation.real_array(shown, values)


def _missing(name: str, block: Array) -> int:
    """How many rows miss something; what is infinite is never taken for missing."""
    shown = f"column {validation.shown(name)}"
    infinite = np.flatnonzero(np.isinf(block).any(axis=1))
    if infinite.size:
        more = f" ({infinite.size} such rows in all)" if infinite.size > 1 else ""
        raise InputError(f"{shown} must be finite and complete, got an infinite value in row {infinite[0] + 1}{more}")
    rows = np.isnan(block).any(axis=1)
    if np.isnan(block).all():
        raise InputError(f"{shown} must be finite and complete, got a missing value in every row: it is empty")
    return int(rows.sum())


def refuse_missing(block: Block) -> None:
    """Refuse the first column that misses something, with its place and the ways out.

    Args:
        block: of the columns.

    Raises:
        InputError: there is one.
    """
    for name in block.missing:
        of_it = [
            k for k, label in enumerate(block.labels) if label == name or label.startswith((f"{name}=", f"{name}["))
        ]
        chosen = of_it or list(range(len(block.labels)))
        row = int(np.flatnonzero(np.isnan(block.values[:, chosen]).any(axis=1))[0]) + 1
        raise InputError(
            f"column {validation.shown(name)} must be finite and complete, got a missing value in row "
            f"{row} ({block.missing[name]} such rows in all); missing='drop' leaves such rows out, missing='impute' "
            "takes the mean of the others"
        )


def _oddities(name: str, raw: NDArray) -> list[str]:
    """What a user may not have meant: truth values, a column that says nothing, one that counts the rows."""
    shown = f"column {validation.shown(name)}"
    if raw.dtype.kind == "b":
        return [f"{shown} holds true and false, read as 1 and 0"]
    if raw.size != len(raw) or len(raw) < 3:
        return []
    if not np.diff(raw.ravel().astype(np.float64)).any():
        return [f"{shown} is constant"]
    return [f"{shown} counts the rows"] if kinds.counts_rows(raw) else []


def indicators(found: Classes) -> Array:
    """One number for each class, 1 for the row's own and 0 for the others; NaN in rows whose class is missing.

    Example:
        >>> indicators(Classes(np.array([1, -1]), ("a", "b"))).tolist()
        [[0.0, 1.0], [nan, nan]]
    """
    out = (found.codes[:, None] == np.arange(len(found.names))).astype(np.float64)
    out[found.codes < 0] = np.nan
    return out


def one_hot(table: Table, names: Sequence[str]) -> Block:
    """Class labels as one output per class.

    Args:
        table: of the column.
        names: of the one column.

    Returns:
        The `Block`, NaN in rows without a label; its notes say which output is which class.

    Raises:
        InputError: several columns, labels of several types, or as many classes as samples.
    """
    if len(names) != 1:
        raise InputError(f"one_hot needs exactly one target column of class labels, got {validation.listed(names)}")
    shown = f"column {validation.shown(names[0])}"
    found = kinds.classes(shown, table.columns[names[0]])
    samples = int((found.codes >= 0).sum())
    if len(found.names) < 2 or found.name_rows:
        raise InputError(
            f"one_hot needs at least 2 classes with 2 samples each on average, but {shown} has "
            f"{len(found.names)} different values in {samples} samples"
        )
    memory.require(
        f"{len(found.names)} classes of {len(found.codes)} samples", 2 * 8 * len(found.codes) * len(found.names)
    )
    missing = {names[0]: len(found.codes) - samples} if samples < len(found.codes) else {}
    note = f"one output for each class of {shown}: {validation.listed(found.names)}"
    named = tuple(map(str, found.names))
    return Block(indicators(found), named, missing, [note], named)
