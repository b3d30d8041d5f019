"""What a column holds: numbers, classes, dates, or names of the rows; looked at once, before anything is made of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import array_likes, validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables.numbers_in_text import is_number, looks_like_a_date, near_number
from curldescent.model.tables.table import Table

# Names of columns that number or name their rows, where no two of their entries are equal.
_NAMES_ROWS = re.compile(r"(?i:(^|.*[\W_])(id|ids|idx|index|uuid|guid))|.*[a-z](Id|ID)")
# Of so few rows one cannot tell.
_FEWEST_ROWS = 3


@dataclass(frozen=True, eq=False)
class Classes:
    """A column of classes.

    Attributes:
        codes: for every row the place of its class among the names, −1 where it is missing.
        names: of the classes, in order.
    """

    codes: NDArray[np.intp]
    names: tuple[Any, ...]

    @property
    def name_rows(self) -> bool:
        """Whether nearly every row has a class of its own."""
        return 2 * len(self.names) > int((self.codes >= 0).sum())


def has_text(values: Any) -> bool:
    """Whether a column holds text (or classes that are text), dates among them, and no numbers alone."""
    return _texts(values) is not None


def has_truth_values(values: Any) -> bool:
    """Whether a column holds true and false and nothing else."""
    if isinstance(values, list | tuple):
        return bool(values) and all(isinstance(value, bool) for value in values)
    return getattr(getattr(values, "dtype", None), "kind", "O") == "b"


def classes(shown: str, values: Any) -> Classes:
    """The classes of a column of any type.

    Args:
        shown: how messages call the column.
        values: of it.

    Returns:
        The `Classes`.

    Raises:
        InputError: values of several types, or with more than one axis.
    """
    import pandas as pd

    if reason := array_likes.refusal(values):
        raise InputError(f"{shown} must hold class labels, got {reason}")
    # NumPy would make one text of text and numbers in a list.
    single = object if isinstance(values, list | tuple) else None
    labels = np.asarray(array_likes.on_host(values), dtype=single)
    if labels.ndim != 1:
        raise InputError(f"{shown} must hold one class label a row, got shape {labels.shape}")
    missing = np.asarray(pd.isna(labels))
    try:
        names, codes = np.unique(labels[~missing], return_inverse=True)
    except TypeError:
        raise InputError(f"{shown} must hold labels of one type, got text and numbers mixed") from None
    every = np.full(len(labels), -1, dtype=np.intp)
    every[~missing] = codes
    return Classes(every, tuple(names.tolist()))


def refuse_unreadable_text(name: str, values: Any) -> None:
    """Refuse text that stands for something else than classes: dates, and numbers that could not be read.

    Args:
        name: of the column.
        values: of it.

    Raises:
        InputError: dates or times; text that is nearly a number; mostly numbers with other text among them.
    """
    found = _texts(values)
    shown = f"column {validation.shown(name)}"
    if found is None:
        dtype = getattr(values, "dtype", None)
        if dtype is not None and getattr(dtype, "kind", "O") in "mM":
            raise _dates(name, f"dtype {str(dtype)[:40]}")
        return
    rows, texts = found
    dates = [row for row, text in zip(rows, texts, strict=True) if looks_like_a_date(text)]
    if dates and 2 * len(dates) > len(texts):
        raise _dates(name, f"{validation.shown(texts[rows.index(dates[0])])} in row {dates[0] + 1}")
    numbers = sum(map(is_number, texts))
    nearly = [(row, text, advice) for row, text in zip(rows, texts, strict=True) if (advice := near_number(text))]
    if 2 * (numbers + len(nearly)) <= len(texts):
        return
    if nearly:
        row, text, advice = nearly[0]
        raise InputError(f"{shown} must be numeric, got {validation.shown(text)} in row {row + 1}{advice}")
    row, text = next((row, text) for row, text in zip(rows, texts, strict=True) if not is_number(text))
    raise InputError(
        f"{shown} must be numeric, got {validation.shown(text)} in row {row + 1} among numbers; where it marks a "
        f"missing value, say missing_marks={validation.shown(text.strip())}"
    )


def _dates(name: str, what: str) -> InputError:
    return InputError(
        f"column {validation.shown(name)} must be numeric, got dates ({what}); make a number of them, such as days "
        f"since the first one or the hour of the day, or leave the column out with exclude={validation.shown(name)}"
    )


def names_of_rows(table: Table, names: Iterable[str]) -> dict[str, str]:
    """Columns that number or name the rows rather than say anything of them, and why they look so.

    Args:
        table: of the columns.
        names: of those in question.

    Returns:
        Names → reasons.

    Example:
        >>> names_of_rows(Table("", {"id": np.array([7, 5, 9]), "x": np.arange(3), "y": np.ones(3)}), ["id", "x", "y"])
        {'id': "every row has another 'id'", 'x': 'it counts the rows'}
    """
    reasons = {}
    for name in names:
        values = table.columns[name]
        if has_text(values):
            refuse_unreadable_text(name, values)
            found = classes(f"column {validation.shown(name)}", values)
            if len(found.names) < 2:
                reasons[name] = "it holds one text in every row"
            elif found.name_rows:
                reasons[name] = "nearly every row has another text"
        elif counts_rows(values):
            reasons[name] = "it counts the rows"
        elif _NAMES_ROWS.fullmatch(name) and _all_different(values):
            reasons[name] = f"every row has another {validation.shown(name)}"
    return reasons


def counts_rows(values: Any) -> bool:
    """Whether a column holds 0, 1, 2, … or 1, 2, 3, …."""
    numbers = _plain_numbers(values)
    if numbers is None or len(numbers) < _FEWEST_ROWS or numbers[0] not in (0, 1):
        return False
    return bool((np.diff(numbers) == 1).all())


def few_whole_numbers(values: Any) -> int:
    """How many different whole numbers a column holds; 0 for other columns, and where rows are not ten times more."""
    numbers = _plain_numbers(values)
    if numbers is None:
        return 0
    numbers = numbers[~np.isnan(numbers)]
    different = len(np.unique(numbers))
    return different if bool((numbers == np.floor(numbers)).all()) and 10 * different <= len(numbers) else 0


def _all_different(values: Any) -> bool:
    numbers = _plain_numbers(values)
    if numbers is None or len(numbers) < _FEWEST_ROWS:
        return False
    return bool((numbers == np.floor(numbers)).all()) and len(np.unique(numbers)) == len(numbers)


def _plain_numbers(values: Any) -> NDArray[np.float64] | None:
    """The numbers of a column of one width; None for anything else, which is refused elsewhere where it is used."""
    try:
        raw = validation.real_array("column", values)
    except InputError:
        return None
    if raw.dtype.kind not in "iuf" or raw.size != len(np.atleast_1d(raw)) or raw.size == 0:
        return None
    return raw.ravel().astype(np.float64)


def _texts(values: Any) -> tuple[list[int], list[str]] | None:
    """Rows and texts of a column that holds text; None where it holds none, or is no column of single entries."""
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if kind not in "OUT" or not isinstance(values, Iterable) or isinstance(values, Mapping | str):
        return None
    if array_likes.refusal(values) is not None or getattr(values, "ndim", 1) != 1:
        return None
    found = [(row, str(item)) for row, item in enumerate(values) if isinstance(item, str)]
    return ([row for row, _ in found], [text for _, text in found]) if found else None
