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
from curldescent.model.tables.text_options import TextOptions

# What each kind of text file puts between columns; None where any mark is as likely.
TEXT = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": None, ".dat": None}
KINDS = (*TEXT, ".npz", ".parquet")


def read_table(source: Any, options: TextOptions | None = None) -> Table:
    """Named columns from a file or a table in memory, whatever their type.

    Args:
        source: as in `curldescent.from_data`.
        options: how a text file is written.

    Returns:
        The columns and a word on how they were read.

    Raises:
        InputError: the file is missing, of an unknown kind, or cannot be read as that kind; options for a source that
            is no text file.
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | Path):
        return _of_file(Path(source), options)
    _refuse_options(options, f"a {type(source).__name__}")
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


def _refuse_options(options: TextOptions | None, what: str) -> None:
    """A choice that would change nothing is a mistake that should show."""
    for name in ("separator", "decimal", "encoding", "comment", "missing_marks"):
        if options is not None and getattr(options, name) != getattr(TextOptions(), name):
            raise InputError(f"{name} is for text files ({', '.join(TEXT)}), got {what}")


def _of_file(path: Path, options: TextOptions | None) -> Table:
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise InputError(
            f"data must be 'digits' or a file ending in {', '.join(KINDS)}, got {validation.shown(str(path))}"
        )
    files.regular(path, what="data file")
    source = f"data file {validation.shown(str(path))}"
    if kind not in TEXT:
        _refuse_options(options, source)
    if kind == ".npz":
        return read_npz(path, source=source)
    if kind == ".parquet":
        return read_parquet(path, source=source)
    with path.open("rb") as stream:
        return read_text(stream, source=source, separator=TEXT[kind], options=options)
