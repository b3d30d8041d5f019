"""Named columns, and what was done to get them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curldescent import validation
from curldescent.errors import InputError


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
