"""What every command prints the same way: JSON for machines, tables for people."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from curldescent.report import jsonable


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(jsonable(value), indent=2, allow_nan=False))


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
