"""An uploaded table: bytes from a stranger, read as numbers and as nothing else."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.data import read_columns
from curldescent.errors import InputError

MAX_BYTES = 4 * 2**20
MAX_ROWS = 5000
MAX_COLUMNS = 200
_MAX_NAME = 60


def read_table(content: bytes | str) -> Mapping[str, NDArray[Any]]:
    r"""The numeric columns of a CSV file.

    Args:
        content: of the file, bytes in UTF-8 or text.

    Returns:
        Column names to numbers; columns of text are left out.

    Raises:
        InputError: too large, not CSV, fewer than two numeric columns or fewer than ten rows.

    Example:
        >>> rows = "\n".join(f"{k},{k * k},word" for k in range(12))
        >>> list(read_table("x,y,name\n" + rows))
        ['x', 'y']
    """
    import pandas as pd

    raw = content.encode("utf-8", errors="replace") if isinstance(content, str) else content
    if len(raw) > MAX_BYTES:
        raise InputError(f"the file must be at most {MAX_BYTES >> 20} MB, got {len(raw) / 2**20:.1f} MB")
    if b"\x00" in raw:
        raise InputError("the file must be CSV text, got binary data")
    try:
        table = pd.read_csv(io.BytesIO(raw), nrows=MAX_ROWS + 1, encoding="utf-8-sig", low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, ValueError) as problem:
        reason = " ".join(str(problem).split())[:160]
        raise InputError(f"the file cannot be read as CSV: {reason}") from None
    if len(table) > MAX_ROWS:
        raise InputError(f"the table must have at most {MAX_ROWS} rows, got more")
    if len(table.columns) > MAX_COLUMNS:
        raise InputError(f"the table must have at most {MAX_COLUMNS} columns, got {len(table.columns)}")
    named = {str(name)[:_MAX_NAME]: values for name, values in read_columns(table).items()}
    columns = {name: values for name, values in named.items() if values.dtype.kind in "biuf"}
    if len(columns) < 2:
        raise InputError(
            f"the table needs at least two columns of numbers, got {len(columns)}; is the first row a header?"
        )
    if len(table) < 10:
        raise InputError(f"the table needs at least 10 rows, got {len(table)}")
    empty = [name for name, values in columns.items() if not np.isfinite(values.astype(float)).all()]
    if empty:
        row = int(np.argmin(np.isfinite(columns[empty[0]].astype(float)))) + 1
        raise InputError(f"column {empty[0]!r} has a missing or infinite value in row {row}; fill or remove it")
    return columns
