"""What every command prints the same way: JSON for machines, tables for people."""

import json
import sys
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from curldescent.foundation.errors import PlasticityWarning
from curldescent.plots.report import jsonable

# The warnings of this command, each once: they are printed on stderr and are a field of its JSON.
_said: list[str] = []


def say_warnings(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """In place of `warnings.showwarning`: what a command has to warn of is one plain line on stderr.

    Args:
        message: the warning.
        category: its class; all but this library's own are shown as ever.
        place: file and line.
        more: anything else that Python passes.
    """
    if not issubclass(category, PlasticityWarning):
        _python_shows(message, category, *place, **more)
    elif str(message) not in _said:
        _said.append(str(message))
        print(f"curldescent: warning: {message}", file=sys.stderr)


_python_shows = warnings.showwarning


@contextmanager
def plain_warnings() -> Iterator[None]:
    """While a command runs, show this library's warnings plainly, wherever they come from."""
    _said.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("always", PlasticityWarning)
        warnings.showwarning = say_warnings
        yield


def print_json(command: str, result: Mapping[str, Any], *, notes: Iterable[str] = ()) -> None:
    """Print one JSON object on stdout, of the layout that all commands share (docs/json.md).

    Args:
        command: what was asked for, "train" or "sweep plan".
        result: what it found; what is infinite or no number becomes null.
        notes: what was concluded or done without being asked for.
    """
    from curldescent.foundation.version import __version__

    content = {
        "command": command,
        "version": __version__,
        "result": jsonable(result),
        "notes": list(notes),
        "warnings": list(_said),
    }
    print(json.dumps(content, indent=2, allow_nan=False))


def say(sentence: str) -> None:
    """Print one line on stderr that is no part of the result."""
    print(f"curldescent: {sentence}", file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Text that somebody else wrote, fit for a terminal: control characters and broken ones are spelled out."""
    bad = {c for c in text if unicodedata.category(c)[0] == "C" and c != "\n"}
    return "".join(c.encode("unicode_escape").decode() if c in bad else c for c in text)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table on stdout, fitted to the terminal, in whole lines where there is none."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # Names of files and labels may look like rich's own markup.
    table = Table(*(escape(printable(name)) for name in columns), title=title, title_justify="left")
    for row in rows:
        table.add_row(*(escape(printable(str(cell))) for cell in row))
    console = Console()
    # Without a terminal rich assumes 80 columns and would fold cells; a log wants whole lines.
    if not console.is_terminal:
        console = Console(width=Console(width=1000).measure(table).maximum)
    console.print(table)
