"""Named columns, and what was done to get them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

# What pandas calls a column that has no name in a file's header; such files and frames are handed on.
_UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")


@dataclass(frozen=True, eq=False)
class Table:
    """Columns as they were found, whatever their type: what an experiment needs is checked when it takes them.

    Attributes:
        source: what the columns came from, for people.
        columns: name → values.
        left_out: what holds no usable column → why.
        notes: how the table was read, where that was not obvious.
    """

    source: str
    columns: Mapping[str, Any]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def unique_names(names: Iterable[str], *, source: str) -> list[str]:
    """The names of a table's columns, none of them twice.

    Args:
        names: in order.
        source: of the table, for the message.

    Returns:
        The names.

    Raises:
        InputError: two columns of one name, which no request could tell apart.
    """
    names = list(names)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [k + 1 for k, name in enumerate(names) if name == twice[0]]
        first = ", ".join(map(str, places[:5])) + (", …" if len(places) > 5 else "")
        more = f" ({len(twice) - 1} more names are not unique)" if len(twice) > 1 else ""
        raise InputError(
            f"every column of {source} needs a name of its own, but {len(places)} are called "
            f"{validation.shown(twice[0])}: numbers {first}{more}"
        )
    return names


def with_names(names: Iterable[Any]) -> tuple[list[int], dict[str, str]]:
    """Tell the columns that have a name from those that have none, which are never inputs by themselves.

    Args:
        names: in order, as they were found.

    Returns:
        The positions of those that have one, and what to say of the others among a table's `left_out`.

    Example:
        >>> with_names(["", "speed", "Unnamed: 2"])
        ([1], {'columns 1, 3': 'without a name'})
    """
    used: list[int] = []
    unnamed: list[int] = []
    for k, name in enumerate(names):
        # A name that differs from itself is pandas' mark for a missing one.
        empty = name is None or name != name or not str(name).strip() or _UNNAMED.fullmatch(str(name))
        (unnamed if empty else used).append(k)
    if not unnamed:
        return used, {}
    places = ", ".join(str(k + 1) for k in unnamed[:8]) + (", …" if len(unnamed) > 8 else "")
    return used, {f"column {places}" if len(unnamed) == 1 else f"columns {places}": "without a name"}
