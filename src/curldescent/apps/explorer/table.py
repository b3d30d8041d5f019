"""An uploaded table: bytes from a stranger, read by the library's own reader, within limits."""

import io
from pathlib import PurePath

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables import Table
from curldescent.model.tables.sources import TEXT
from curldescent.model.tables.text import read_text

MAX_BYTES = 4 * 2**20
MAX_ROWS = 5000
MAX_COLUMNS = 200
_MIN_ROWS = 10
_LONGEST_NAME = 200


def read_upload(content: bytes | str, name: str = "table.csv") -> Table:
    r"""The columns of a text file, as `curldescent.from_data` reads them.

    Args:
        content: of the file, bytes or text.
        name: of the file, whose ending says what usually separates its columns.

    Returns:
        The table; columns of text are among its columns.

    Raises:
        InputError: too large, not CSV, fewer than two columns or fewer than ten rows.

    Example:
        >>> rows = "\n".join(f"{k},{k * k},word" for k in range(12))
        >>> list(read_upload("x,y,name\n" + rows).columns)
        ['x', 'y', 'name']
    """
    raw = content.encode("utf-8", errors="replace") if isinstance(content, str) else content
    if len(raw) > MAX_BYTES:
        raise InputError(f"the file must be at most {MAX_BYTES >> 20} MB, got {len(raw) / 2**20:.1f} MB")
    table = read_text(
        io.BytesIO(raw),
        source="the table",
        separator=TEXT.get(PurePath(name).suffix.lower(), ","),
        most_rows=MAX_ROWS,
        most_columns=MAX_COLUMNS,
    )
    long = next((name for name in table.columns if len(name) > _LONGEST_NAME), None)
    if long is not None:
        raise InputError(
            f"a column's name must have at most {_LONGEST_NAME} characters, got {len(long)}: {validation.shown(long)}"
        )
    if len(table.columns) < 2:
        raise InputError(f"the table needs at least two columns, got {len(table.columns)}")
    rows = len(next(iter(table.columns.values())))
    if rows < _MIN_ROWS:
        raise InputError(f"the table needs at least {_MIN_ROWS} rows, got {rows}")
    return table
