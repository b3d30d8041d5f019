"""`plan.json`: what a store's cells are, read with the suspicion that a file from elsewhere deserves.

A checksum tells that the bytes are those that somebody wrote, not that they describe a sweep. A plan is taken only if
the sweep that it describes, built by the checks that every new sweep passes, would be written as the same plan.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curldescent.foundation import durable
from curldescent.foundation.canonical import canonical, digest
from curldescent.foundation.errors import InputError
from curldescent.foundation.version import __version__
from curldescent.sweeps.description.grid import Axis, Grid, parse_axis
from curldescent.sweeps.description.settings import Settings
from curldescent.sweeps.description.sweep import Sweep, check_names, rule_axis
from curldescent.sweeps.storage import own_names, plain_files

FORMAT = 1
_WHAT = "curldescent sweep"
# A grid of the most cells along one axis, spelled in full, is a third of this.
_MOST_BYTES = 2**30
# What code meets in data of another shape than it expects.
_MISSHAPEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


def write(folder: Path, sweep: Sweep) -> None:
    """Write a store's plan, atomically."""
    content: dict[str, Any] = {
        "what": _WHAT,
        "format": FORMAT,
        "written_by": f"curldescent {__version__}",
        "fingerprint": sweep.settings.fingerprint,
        "recipe": sweep.settings.as_json(),
        "axes": [axis.as_json() for axis in sweep.grid.axes],
    }
    content["checksum"] = digest(canonical(content))
    plain_files.is_file(folder / own_names.PLAN)
    durable.write(folder / own_names.PLAN, (json.dumps(content, indent=1) + "\n").encode())


def read(folder: Path) -> dict[str, Any]:
    """A store's plan, its checksum and format looked at, its content not yet.

    Args:
        folder: of the store.

    Returns:
        The plan; `sweep_of` makes sense of it.

    Raises:
        InputError: no plan, a damaged one, or one of another format.
    """
    path = folder / own_names.PLAN
    if not folder.is_dir() or not plain_files.is_file(path):
        raise InputError(f"{str(folder)!r} is not the store of a sweep: there is no plan.json in it")
    damaged = InputError(f"{str(path)!r} is damaged; delete it and run the sweep's file again: finished cells are kept")
    try:
        plan = plain_files.strict_json(plain_files.read(path, most=_MOST_BYTES))
    except plain_files.NotPlain:
        raise
    except ValueError:
        raise damaged from None
    if not isinstance(plan, dict) or plan.get("what") != _WHAT:
        raise InputError(f"{str(path)!r} is not the plan of a curldescent sweep")
    if type(plan.get("format")) is not int or plan["format"] != FORMAT:
        raise InputError(
            f"store {str(folder)!r} has format {_short(repr(plan.get('format')))} (written by {_author(plan)}), "
            f"curldescent {__version__} reads format {FORMAT}; read it with the version that wrote it"
        )
    rest = {name: value for name, value in plan.items() if name != "checksum"}
    try:
        intact = plan.get("checksum") == digest(canonical(rest))
    except (ValueError, RecursionError):
        intact = False
    if not intact:
        raise damaged
    return plan


def sweep_of(plan: Mapping[str, Any], folder: Path) -> Sweep:
    """The sweep that a plan describes.

    Args:
        plan: from `read`.
        folder: of the store, for messages.

    Returns:
        The sweep.

    Raises:
        InputError: it describes none, or one that this version would compute otherwise.
    """
    try:
        settings = Settings.from_json(plan["recipe"])
        grid = Grid(tuple(_axis(entry) for entry in plan["axes"]))
        check_names(grid.axes)
        varied = {axis.name: sorted(axis.columns) for axis in grid.axes}
        faithful = (
            canonical([axis.as_json() for axis in grid.axes]) == canonical(plan["axes"])
            and {name: sorted(names) for name, names in settings.varied.items()} == varied
            and isinstance(plan["fingerprint"], str)
        )
        if not faithful:
            raise ValueError("its axes are not those of its settings")
        known = settings.fingerprints
    except InputError as fault:
        raise InputError(f"store {str(folder)!r}: {_short(' '.join(str(fault).split()), most=500)}") from None
    except _MISSHAPEN as fault:
        raise InputError(
            f"{str(folder / own_names.PLAN)!r} has a valid checksum but describes no sweep ({_reason(fault)}); "
            "delete it and run the sweep's file again: finished cells are kept"
        ) from None
    if plan["fingerprint"] not in known:
        raise InputError(
            f"store {str(folder)!r} was made where its settings meant something else; "
            f"read it with the version that wrote it, {_author(plan)}"
        )
    return Sweep.from_parts(settings, grid)


def _axis(entry: Mapping[str, Any]) -> Axis:
    """An axis of a plan, through the same checks as one that a user describes."""
    name, columns, labels = entry["name"], entry["columns"], entry["labels"]
    if name == "rule":
        (rules,) = columns.values()
        if len(rules) != len(labels) or len(set(labels)) < len(labels) or not all(isinstance(n, str) for n in labels):
            raise ValueError("there are not as many rules as names of rules")
        for label, rule in zip(labels, rules, strict=True):
            rule_axis({label: rule}, ())
        # As they were written: an earlier version spelled some rules in another way, and cells are named by it.
        axis = Axis(name, {name: tuple(rules)}, tuple(labels))
        if len(set(axis.spellings)) < len(axis):
            raise ValueError("two rules are the same under different names")
        return axis
    if not isinstance(columns, dict) or not all(isinstance(values, list) for values in columns.values()):
        raise ValueError(f"axis {_short(repr(name))} has no lists of values")
    if labels is None and list(columns) == [name]:
        return parse_axis(name, columns[name])
    return parse_axis(name, {"zip": columns, "labels": labels})


def _reason(fault: Exception) -> str:
    if isinstance(fault, KeyError):
        return f"there is no {_short(repr(fault.args[0]))}"
    return _short(" ".join(str(fault).split()) or type(fault).__name__)


def _author(plan: Mapping[str, Any]) -> str:
    author = plan.get("written_by")
    return _short(author) if isinstance(author, str) and author.isprintable() else "an unknown version"


def _short(text: str, *, most: int = 100) -> str:
    """What somebody else wrote, fit for a sentence."""
    return text if len(text) <= most else f"{text[:most]}…"
