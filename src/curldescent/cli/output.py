"""What every command prints the same way: JSON for machines, tables for people."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from curldescent.report import jsonable


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(jsonable(value), indent=2, allow_nan=False))


def say(sentence: str) -> None:
    """Print one line on stderr that is no part of the result."""
    print(f"curldescent: {sentence}", file=sys.stderr, flush=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table on stdout, fitted to the terminal, in whole lines where there is none."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console = Console()
    # Without a terminal rich assumes 80 columns and would fold cells; a log wants whole lines.
    if not console.is_terminal:
        console = Console(width=Console(width=1000).measure(table).maximum)
    console.print(table)
