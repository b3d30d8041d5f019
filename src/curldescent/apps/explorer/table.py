"""An uploaded table: bytes from a stranger, read by the library's own reader, within limits."""

import io

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables import Table
from curldescent.model.tables.text import read_text

MAX_BYTES = 4 * 2**20
MAX_ROWS = 5000
MAX_COLUMNS = 200
_MIN_ROWS = 10
_LONGEST_NAME = 200


def read_upload(content: bytes | str) -> Table:
    r"""The columns of a CSV file, as `curldescent.from_data` reads them.

    Args:
        content: of the file, bytes in UTF-8 or text.

    Returns:
        The table; columns of text are among its columns.

    Raises:
        InputError: too large, not CSV, fewer than two numeric columns or fewer than ten rows.

    Example:
        >>> rows = "\n".join(f"{k},{k * k},word" for k in range(12))
        >>> list(read_upload("x,y,name\n" + rows).columns)
        ['x', 'y', 'name']
    """
    raw = content.encode("utf-8", errors="replace") if isinstance(content, str) else content
    if len(raw) > MAX_BYTES:
        raise InputError(f"the file must be at most {MAX_BYTES >> 20} MB, got {len(raw) / 2**20:.1f} MB")
    if b"\x00" in raw:
        raise InputError("the file must be CSV text, got binary data")
    table = read_text(io.BytesIO(raw), source="the table", separator=",", most_rows=MAX_ROWS, most_columns=MAX_COLUMNS)
    long = next((name for name in table.columns if len(name) > _LONGEST_NAME), None)
    if long is not None:
        raise InputError(
            f"a column's name must have at most {_LONGEST_NAME} characters, got {len(long)}: {validation.shown(long)}"
        )
    numeric = numeric_columns(table)
    if len(numeric) < 2:
        raise InputError(f"the table needs at least two columns of numbers, got {len(numeric)}")
    rows = len(table.columns[numeric[0]])
    if rows < _MIN_ROWS:
        raise InputError(f"the table needs at least {_MIN_ROWS} rows, got {rows}")
    return table


def numeric_columns(table: Table) -> list[str]:
    """The names of the columns that hold numbers."""
    return [name for name, values in table.columns.items() if values.dtype.kind in "biuf"]


def first_choice(table: Table) -> tuple[list[str], list[str]]:
    """The columns that a new table starts with: the last one is the target, the other numeric ones are inputs.

    Args:
        table: that was uploaded.

    Returns:
        Names of the inputs and of the target. A last column of text stays the target and is refused as such, rather
        than have another column learned in its place.

    Example:
        >>> import numpy as np
        >>> first_choice(Table("", {"name": np.array(["a"]), "x": np.ones(1), "kind": np.array(["b"])}))
        (['x'], ['kind'])
    """
    target = list(table.columns)[-1]
    return [name for name in numeric_columns(table) if name != target], [target]
