"""Which reader reads what: files by their ending, objects by what they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from curldescent.foundation import files, validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables import frames
from curldescent.model.tables.npz import read_npz
from curldescent.model.tables.parquet import read_parquet
from curldescent.model.tables.table import Table
from curldescent.model.tables.text import read_text

KINDS = (".csv", ".npz", ".parquet", ".tsv")


def read_table(source: Any) -> Table:
    """Named columns from a file or a table in memory, whatever their type.

    Args:
        source: as in `curldescent.from_data`.

    Returns:
        The columns and a word on how they were read.

    Raises:
        InputError: the file is missing, of an unknown kind, or cannot be read as that kind.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | Path):
        return _of_file(Path(source))
    called = f"a {type(source).__name__}"
    if isinstance(source, Mapping):
        return frames.of_mapping(source, source=called)
    if isinstance(source, np.ndarray) and source.dtype.names:
        return frames.of_records(source, source=called)
    if hasattr(source, "column_names") and hasattr(source, "to_pandas"):
        source = source.to_pandas()  # a table of pyarrow
    if hasattr(source, "iloc") and hasattr(source, "columns") and hasattr(source, "index"):
        if hasattr(source, "compute"):
            raise InputError(f"data must be in memory, got {called} of {type(source).__module__}; give its .compute()")
        return frames.of_frame(source, source=called)
    if hasattr(source, "collect_schema") and not hasattr(source, "to_numpy"):
        raise InputError(f"data must be in memory, got {called} of {type(source).__module__}; give its .collect()")
    if hasattr(source, "columns") and hasattr(source, "__getitem__"):
        return frames.of_columns(source, source=called)
    raise InputError(f"data must be a file, a mapping of columns or 'digits', got {type(source).__name__}")


def _of_file(path: Path) -> Table:
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise InputError(
            f"data must be 'digits' or a file ending in {', '.join(KINDS)}, got {validation.shown(str(path))}"
        )
    files.regular(path, what="data file")
    source = f"data file {validation.shown(str(path))}"
    if kind == ".npz":
        return read_npz(path, source=source)
    if kind == ".parquet":
        return read_parquet(path, source=source)
    with path.open("rb") as stream:
        return read_text(stream, source=source, separator="\t" if kind == ".tsv" else ",")
