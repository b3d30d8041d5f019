"""Parquet files, whose own description says how large they are before they are read."""

from pathlib import Path

from curldescent.foundation import memory, optional
from curldescent.foundation.errors import InputError
from curldescent.model.tables.frames import of_frame
from curldescent.model.tables.table import Table, unique_names


def read_parquet(path: Path, *, source: str) -> Table:
    """The columns of a Parquet file; the index that pandas may have stored in it is no column.

    Args:
        path: of an ordinary file.
        source: how messages call it.

    Returns:
        The columns.

    Raises:
        InputError: pyarrow is missing, the file is not Parquet, or it does not fit into memory.
    """
    optional.require("pyarrow", purpose="reading Parquet")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            outline = file.metadata
            unique_names(file.schema_arrow.names, source=source)
            unpacked = sum(outline.row_group(k).total_byte_size for k in range(outline.num_row_groups))
            memory.require(
                f"{source} with {outline.num_rows} rows and {outline.num_columns} columns",
                2 * max(unpacked, 8 * outline.num_rows * outline.num_columns),
            )
            frame = file.read().to_pandas()
    except InputError:
        raise
    except (OSError, ValueError, TypeError, KeyError, NotImplementedError, pa.ArrowException) as fault:
        raise InputError(f"{source} cannot be read as Parquet: {' '.join(str(fault).split())[:200]}") from None
    return of_frame(frame, source=source)
