"""Which columns of a table are inputs and which are targets, and why the others are neither."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables import kinds
from curldescent.model.tables.table import Table

Names = str | Sequence[str] | None


@dataclass(frozen=True)
class Choice:
    """The columns of an experiment.

    Attributes:
        inputs: names, in order.
        targets: names, in order.
        left_out: what is neither → why.
        notes: what was chosen without being said.
    """

    inputs: list[str]
    targets: list[str]
    left_out: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def choose(
    table: Table, *, inputs: Names = None, targets: Names = None, exclude: Names = None, keep: Names = None
) -> Choice:
    """Which columns are inputs and which are targets.

    Args:
        table: of the columns.
        inputs: as in `curldescent.from_data`.
        targets: the same.
        exclude: the same.
        keep: the same.

    Returns:
        The `Choice`.

    Raises:
        InputError: no input, a column that is not there, or is named twice or for two purposes.

    Example:
        >>> import numpy as np
        >>> table = Table("", {"id": np.arange(4), "x": np.ones(4) / 3, "y": np.ones(4) / 7})
        >>> choose(table).inputs, choose(table).targets, choose(table).left_out
        (['x'], ['y'], {"'id'": "it counts the rows; keep='id' makes it an input"})
        >>> choose(table, keep="id").inputs
        ['id', 'x']
    """
    excluded, kept = _names("exclude", exclude, table), _names("keep", keep, table)
    named = {"targets": _names("targets", targets, table), "inputs": _names("inputs", inputs, table)}
    notes: tuple[str, ...] = ()
    if targets is None:
        candidates = [name for name in table.columns if name not in {*excluded, *kept, *named["inputs"]}]
        if not candidates:
            raise InputError(f"targets must name at least one column; {_present(table)}")
        named["targets"] = candidates[-1:]
        notes = (f"no target was named: the last column, {validation.shown(candidates[-1])}, is taken",)
    elif not named["targets"]:
        raise InputError(f"targets must name at least one column; {_present(table)}")
    both = [("inputs", "targets", "both as input and as target")]
    both += [(what, "exclude", f"in {what} and in exclude") for what in ("inputs", "targets", "keep")]
    both += [("targets", "keep", "both as target and in keep")]
    named |= {"exclude": excluded, "keep": kept}
    for one, other, where in both:
        if common := set(named[one]) & set(named[other]):
            raise InputError(f"column {validation.shown(min(common))} is named {where}")
    left_out = {validation.shown(name): "excluded" for name in excluded}
    chosen = named["inputs"]
    if inputs is None:
        possible = [name for name in table.columns if name not in {*excluded, *named["targets"]}]
        reasons = kinds.names_of_rows(table, [name for name in possible if name not in kept])
        numbered = {name for name, why in reasons.items() if not kinds.has_text(table.columns[name])}
        if not set(possible) - set(reasons):
            # A single column of time steps is meant.
            reasons = {name: why for name, why in reasons.items() if name not in numbered}
        chosen = [name for name in possible if name not in reasons]
        for name, why in reasons.items():
            more = f"; keep={validation.shown(name)} makes it an input" if name in numbered else ""
            left_out[validation.shown(name)] = f"{why}{more}"
    left_out = {
        **table.left_out,
        **left_out,
        **{
            validation.shown(name): "not chosen"
            for name in table.columns
            if name not in {*chosen, *named["targets"]} and validation.shown(name) not in left_out
        },
    }
    if not chosen:
        other = "; ".join(f"{what} is left out, {why}" for what, why in islice(left_out.items(), 3))
        raise InputError("inputs must name at least one column besides the targets" + (f"; {other}" if other else ""))
    return Choice(chosen, named["targets"], left_out, notes)


def _names(argument: str, wanted: object, table: Table) -> list[str]:
    # A set has no order, and numbers depend on the order of columns.
    if isinstance(wanted, str | bytes | Mapping | Set) or not isinstance(wanted, Iterable | None):
        given = [wanted]
    else:
        given = [] if wanted is None else list(wanted)
    names = [str(name) for name in given if isinstance(name, str)]
    if len(names) < len(given):
        strange = next(name for name in given if not isinstance(name, str))
        raise InputError(f"{argument} must be a column's name or a list of names, got {validation.shown(strange)}")
    for name in names:
        if name not in table.columns:
            there = f"{validation.nearest(name, table.columns)}; {_present(table)}"
            for what, why in table.left_out.items():
                if what.endswith(repr(name)):
                    there = f": {what} is left out, {why}"
            raise InputError(f"{argument}: there is no column {validation.shown(name)}{there}")
    if len(set(names)) < len(names):
        raise InputError(f"{argument} name a column twice: {validation.listed(names)}")
    return names


def _present(table: Table) -> str:
    return f"there are {validation.listed(table.columns)}" if len(table.columns) else "there are none"
