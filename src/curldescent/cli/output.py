"""What every command prints the same way: JSON for machines, tables for people, files where asked."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curldescent.errors import InputError


def jsonable(value: Any) -> Any:
    """Plain Python for JSON: arrays become lists, NumPy scalars numbers, NaN and infinities null."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    print(json.dumps(jsonable(value), indent=2, allow_nan=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table on stdout, fitted to the terminal, plain where there is none."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console = Console()
    # Without a terminal rich assumes 80 columns and would cut cells; a log wants whole lines.
    if not console.is_terminal:
        console = Console(width=max(80, console.measure(table).maximum))
    console.print(table)


def writable_folder(path: Path) -> Path:
    """Create the folder that results go to; a file in its place is refused in one sentence."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"--out must be a folder, but {path} is in the way as a file") from None
    return path
