"""Axes of a sweep: lists, linear and logarithmic ranges, several parameters that change together."""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from curldescent.foundation import memory, validation
from curldescent.foundation.canonical import canonical, digest
from curldescent.foundation.errors import InputError

Value = float | int | str | bool

MAX_CELLS = 10_000_000
# What a run keeps of every cell of the grid besides its results: name, place, estimate of its work.
_CELL_BYTES = 1000
# A range is rounded to this many digits: the last bits of exp and log differ between machines, cells must not.
_DIGITS = 12
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


class Range(tuple[float, ...]):
    """Values that were given as a range: where whole numbers are wanted, they are rounded instead of refused."""


def lin(first: float, last: float, count: int) -> tuple[float, ...]:
    """Evenly spaced values, both ends included: the paper's ``lin``.

    Args:
        first: a.
        last: b.
        count: n, at least 1.

    Returns:
        The values, rounded to 12 digits so that they are the same on every machine.

    Raises:
        InputError: ends that are not finite, or a count that is not a whole number.

    Example:
        >>> lin(0, 1, 5)
        (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    a, b = validation.real("lin's first value", first), validation.real("lin's last value", last)
    if not math.isfinite(b - a):
        raise InputError(f"lin needs ends whose difference is finite, got {a:g} and {b:g}")
    return _rounded(np.linspace(a, b, _count("lin", count)))


def log(first: float, last: float, count: int) -> tuple[float, ...]:
    """Values evenly spaced on a logarithmic axis, both ends included: the paper's ``log``.

    Args:
        first: a, positive.
        last: b, positive.
        count: n, at least 1.

    Returns:
        The values, rounded to 12 digits.

    Raises:
        InputError: an end that is not positive, or a count that is not a whole number.

    Example:
        >>> log(0.1, 100, 4)
        (0.1, 1.0, 10.0, 100.0)
    """
    ends = validation.positive("log's first value", first), validation.positive("log's last value", last)
    return _rounded(np.geomspace(*ends, _count("log", count)))


def _count(name: str, count: object) -> int:
    return validation.integer(f"{name}'s number of values", count, minimum=1, maximum=1_000_000)


def _rounded(values: np.ndarray) -> tuple[float, ...]:
    return Range(float(f"{value:.{_DIGITS - 1}e}") for value in values)


@dataclass(frozen=True)
class Axis:
    """One dimension of a sweep.

    Args:
        name: of the dimension.
        columns: parameter → its value at every position; one column for a plain axis, several for a zipped one.
        labels: names of the positions, where values do not name them.
    """

    name: str
    columns: Mapping[str, tuple[Any, ...]]
    labels: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def plain(self) -> bool:
        """Whether the values themselves are the coordinate."""
        return self.labels is None and list(self.columns) == [self.name]

    @property
    def coordinate(self) -> Sequence[Any]:
        """What the positions are called in the dataset: their labels, their values, or their numbers."""
        if self.plain:
            return self.columns[self.name]
        return self.labels or range(len(self))

    def at(self, position: int) -> dict[str, Any]:
        """Parameter → value at a position."""
        return {name: values[position] for name, values in self.columns.items()}

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The canonical text of every position, which names it whatever the other positions are."""
        return tuple(canonical(self.at(position)) for position in range(len(self)))

    def as_json(self) -> dict[str, Any]:
        """Plain data for the plan."""
        return {
            "name": self.name,
            "columns": {name: list(values) for name, values in self.columns.items()},
            "labels": None if self.labels is None else list(self.labels),
        }


def refuse_too_many(given: Iterable[object]) -> None:
    """Refuse axes whose descriptions announce more cells than a sweep may have, before any value is made.

    Args:
        given: descriptions of axes, as `parse_axis` takes them; what is no axis counts as one value.

    Raises:
        InputError: too many cells.
    """
    _refuse_size(math.prod(map(_announced, given)))


def _announced(given: object) -> int:
    if isinstance(given, Mapping):
        zipped = given.get("zip")
        if isinstance(zipped, Mapping) and zipped:
            return _announced(next(iter(zipped.values())))
        for kind in ("lin", "log"):
            arguments = given.get(kind)
            if isinstance(arguments, Sequence) and len(arguments) == 3 and isinstance(arguments[2], int):
                return max(1, arguments[2])
    elif isinstance(given, Sequence | np.ndarray) and not isinstance(given, str | bytes):
        return max(1, len(given))
    return 1


def _refuse_size(cells: int) -> None:
    if cells > MAX_CELLS:
        raise InputError(f"a sweep has at most {MAX_CELLS} cells, this grid has {_count_text(cells)}")
    memory.require(f"the list of {cells} cells", _CELL_BYTES * cells)


def _count_text(cells: int) -> str:
    return str(cells) if cells < 10**15 else "more than 10^15"


def parse_axis(name: str, given: object) -> Axis:
    """An axis from its description.

    Args:
        name: of the dimension, and of the parameter unless the axis is zipped.
        given: a list; ``{"lin": [a, b, n]}``, ``{"log": [a, b, n]}``; or ``{"zip": {parameter: list or range, …}}``
            with optional ``"labels"``.

    Returns:
        The `Axis`.

    Raises:
        InputError: anything else, in one sentence.

    Example:
        >>> parse_axis("size", {"zip": {"n_inputs": [20, 110], "n_hidden": [199, 110]}}).at(0)
        {'n_inputs': 20, 'n_hidden': 199}
    """
    where = f"axis {validation.shown(name)}"
    if not _NAME.match(name):
        raise InputError(f"{where} needs a name of letters, digits and underscores")
    if isinstance(given, Mapping) and "zip" in given:
        _only(given, ("zip", "labels"), where)
        zipped = given["zip"]
        if not isinstance(zipped, Mapping) or not zipped:
            raise InputError(
                f"{where}: zip must be a table of parameters and their values, got {validation.shown(zipped)}"
            )
        columns = {str(parameter): _values(f"{where}, {parameter}", item) for parameter, item in zipped.items()}
        lengths = {parameter: len(values) for parameter, values in columns.items()}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{parameter}: {length}" for parameter, length in lengths.items())
            raise InputError(f"{where} zips parameters with as many values each, got {listed}")
        axis = Axis(name, columns, _labels(where, given.get("labels"), next(iter(lengths.values()))))
    else:
        axis = Axis(name, {name: _values(where, given)})
    if len(set(axis.spellings)) < len(axis):
        raise InputError(f"{where} has a value twice")
    return axis


def _values(where: str, given: object) -> tuple[Value, ...]:
    if isinstance(given, Mapping):
        _only(given, ("lin", "log"), where)
        if len(given) != 1:
            raise InputError(f"{where} needs exactly one of lin and log, got {', '.join(given) or 'neither'}")
        kind, arguments = next(iter(given.items()))
        if not isinstance(arguments, Sequence) or isinstance(arguments, str) or len(arguments) != 3:
            raise InputError(f"{where}: {kind} must be [first, last, count], got {validation.shown(arguments)}")
        return {"lin": lin, "log": log}[kind](*arguments)
    if not isinstance(given, Sequence | np.ndarray) or isinstance(given, str | bytes):
        raise InputError(f"{where} must be a list, a lin, a log or a zip table, got {validation.shown(given)}")
    values = [item.item() if isinstance(item, np.generic) else item for item in given]
    if not values:
        raise InputError(f"{where} has no values")
    kinds = {_kind(where, value) for value in values}
    if len(kinds) > 1:
        raise InputError(f"{where} must hold values of one kind, got {' and '.join(sorted(kinds))}")
    return given if isinstance(given, Range) else tuple(values)


def _kind(where: str, value: object) -> str:
    if isinstance(value, bool):
        return "booleans"
    if isinstance(value, int | float):
        validation.real(where, value)
        return "numbers"
    if isinstance(value, str):
        return "text"
    raise InputError(f"{where} must hold numbers, text or booleans, got {validation.shown(value)}")


def _labels(where: str, given: object, length: int) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(item, str) for item in given):
        raise InputError(f"{where}: labels must be a list of text, got {validation.shown(given)}")
    if len(given) != length or len(set(given)) != length:
        raise InputError(f"{where} needs {length} different labels, got {validation.shown(list(given))}")
    return tuple(given)


def _only(given: Mapping[Any, Any], accepted: Sequence[str], where: str) -> None:
    for key in given:
        if key not in accepted:
            hint = validation.nearest(str(key), accepted) or f"; accepted are {', '.join(accepted)}"
            raise InputError(f"{where} has an unknown entry {validation.shown(key)}{hint}")


@dataclass(frozen=True)
class Grid:
    """The product of axes. A cell is named by its values, never by its position, so that grids can grow.

    Args:
        axes: in the order of the dataset's dimensions.

    Example:
        >>> grid = Grid((parse_axis("ratio", [0.5, 1]), parse_axis("hidden", {"lin": [0, 1, 3]})))
        >>> grid.shape, grid.cell((1, 2))
        ((2, 3), {'ratio': 1, 'hidden': 1.0})
    """

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        _refuse_size(self.size)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def size(self) -> int:
        """How many cells."""
        return math.prod(self.shape)

    def cell(self, index: Sequence[int]) -> dict[str, Any]:
        """Parameter → value of one cell."""
        return {k: v for axis, position in zip(self.axes, index, strict=True) for k, v in axis.at(position).items()}

    def index(self, where: Mapping[str, Any]) -> tuple[int, ...]:
        """The index of the cell that stands at these places.

        Args:
            where: axis → coordinate, as the dataset has them; an axis of one position can be left out.

        Returns:
            A position an axis.

        Raises:
            InputError: an axis that is not there or is needed, or a place that it does not have.
        """
        names = [axis.name for axis in self.axes]
        for name in where:
            if name not in names:
                raise InputError(
                    f"the sweep has no axis {validation.shown(name)}{validation.nearest(str(name), names)}"
                )
        return tuple(_position(axis, where) for axis in self.axes)

    def indices(self) -> Iterator[tuple[int, ...]]:
        """Every cell's index, the last axis fastest."""
        return itertools.product(*(range(len(axis)) for axis in self.axes))

    def key(self, index: Sequence[int]) -> str:
        """The cell's name in a store: a hash of its values."""
        return cell_key(self._spelling(index))

    def cell_keys(self) -> list[str]:
        """The names of all cells, in the order of `indices`."""
        order = self._by_name
        # The product runs over the axes as they stand; each combination is then spelled in the order of names.
        positions = itertools.product(*(axis.spellings for axis in self.axes))
        if order == list(range(len(self.axes))):
            return [cell_key(combination) for combination in positions]
        return [cell_key(tuple(combination[i] for i in order)) for combination in positions]

    def spelling_without(self, index: Sequence[int], names: Sequence[str]) -> str:
        """The cell's values as text, those of the named axes left out."""
        return "\n".join(self.axes[i].spellings[index[i]] for i in self._by_name if self.axes[i].name not in names)

    @cached_property
    def _by_name(self) -> list[int]:
        return sorted(range(len(self.axes)), key=lambda i: self.axes[i].name)

    def _spelling(self, index: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.axes[i].spellings[index[i]] for i in self._by_name)


def _position(axis: Axis, where: Mapping[str, Any]) -> int:
    if axis.name not in where and len(axis) == 1:
        return 0
    there, wanted = list(axis.coordinate), where.get(axis.name)
    if wanted is not None and getattr(wanted, "ndim", None) == 0:  # a number or a coordinate of NumPy's or xarray's
        wanted = wanted.item()
    alike = isinstance(wanted, bool | int | float | str)
    found = [at for at, value in enumerate(there) if alike and canonical(value) == canonical(wanted)]
    if not found:
        raise InputError(
            f"axis {axis.name!r} of the sweep has {validation.listed(there)}; say which of them"
            + (f", got {validation.shown(wanted)}" if axis.name in where else "")
        )
    return found[0]


def cell_key(spelling: Sequence[str]) -> str:
    """A name for a combination of values, 24 hexadecimal digits."""
    return digest("\n".join(spelling))[:24]
