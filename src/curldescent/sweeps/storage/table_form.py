"""A sweep as one flat table, for programs that know no arrays: a row for every trial of every cell."""

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from curldescent.foundation import memory, optional, validation
from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

# Spreadsheets take 16384 columns, and nobody reads so many.
_MOST_COLUMNS = 10_000
_TITLE = b"curldescent sweep"
_LONGEST_HEADER = 2**20


def columns(data: "xr.Dataset") -> dict[str, tuple[str, dict[str, int]]]:
    """The columns that a sweep's variables make.

    Args:
        data: of a sweep.

    Returns:
        Name of the column → variable, and where in it along the dimensions that are neither the grid's nor the trial.

    Raises:
        InputError: more of them than any table has.

    Example:
        >>> import numpy as np, xarray as xr
        >>> data = xr.Dataset(
        ...     {"status": ("n", [1, 1]), "error": (("n", "trial", "epoch"), np.ones((2, 3, 2)))},
        ...     coords={"n": [5, 10], "trial": range(3), "epoch": [0, 100]},
        ... )
        >>> list(columns(data))
        ['status', 'error[epoch=0]', 'error[epoch=100]']
    """
    rows = row_dims(data)
    counts = {
        name: int(np.prod([size for dim, size in variable.sizes.items() if dim not in rows], dtype=np.int64))
        for name, variable in data.data_vars.items()
    }
    if sum(counts.values()) > _MOST_COLUMNS:
        widest = max(counts, key=lambda name: counts[name])
        raise InputError(
            f"a table of this sweep would have {sum(counts.values())} columns, {counts[widest]} of them for {widest}; "
            "export to .nc or .zarr"
        )
    found: dict[str, tuple[str, dict[str, int]]] = {}
    for name, variable in data.data_vars.items():
        extra = [str(dim) for dim in variable.dims if dim not in rows]
        for place in product(*(range(variable.sizes[dim]) for dim in extra)):
            where = dict(zip(extra, place, strict=True))
            called = ", ".join(f"{dim}={data[dim].values[k] if dim in data.coords else k}" for dim, k in where.items())
            found[f"{name}[{called}]" if where else str(name)] = (str(name), where)
    return found


def row_dims(data: "xr.Dataset") -> list[str]:
    """The dimensions whose combinations are the rows: those of the grid, and the trials."""
    return [*map(str, data["status"].dims), *(["trial"] if "trial" in data.dims else [])]


def frame(data: "xr.Dataset") -> "pd.DataFrame":
    """The table.

    Args:
        data: of a sweep.

    Returns:
        One row for every trial of every cell, those that are not finished too (status 0, no values); the axes, what
        belongs to them, the trial, and the results as `columns` names them.

    Raises:
        InputError: too many columns, or more than fits into memory.
    """
    import pandas as pd

    rows, wanted = row_dims(data), columns(data)
    sizes = tuple(data.sizes[dim] for dim in rows)
    beside = [str(name) for name, c in data.coords.items() if name not in rows and set(c.dims) <= set(rows)]
    count = int(np.prod(sizes, dtype=np.int64))
    memory.require("this export", 3 * 8 * count * (len(rows) + len(beside) + len(wanted)), instead="export to .zarr")

    def flat(variable: "xr.Variable") -> np.ndarray:
        spread = variable.set_dims(dict(zip(rows, sizes, strict=True)))  # type: ignore[no-untyped-call]
        return np.asarray(spread.transpose(*rows).values).reshape(count)

    made = {name: flat(data[name].variable) for name in [*rows, *beside]}
    made |= {called: flat(data[name].variable.isel(where)) for called, (name, where) in wanted.items()}
    return pd.DataFrame(made)


def write(data: "xr.Dataset", path: Path, kind: str) -> None:
    """Write the table as CSV (numbers with all their digits) or as Parquet."""
    table = frame(data)
    if kind == "csv":
        table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.Table.from_pandas(table, preserve_index=False)
    pq.write_table(made.replace_schema_metadata({**(made.schema.metadata or {}), b"title": _TITLE}), path)


def check(data: "xr.Dataset", kind: str) -> None:
    """Refuse what cannot be written before anything is read.

    Args:
        data: of a sweep.
        kind: "csv" or "parquet".

    Raises:
        InputError: too many columns, or pyarrow is missing.
    """
    columns(data)
    if kind == "parquet":
        optional.require("pyarrow", purpose="exporting to Parquet")


def is_ours(path: Path, kind: str, axes: list[str]) -> bool:
    """Whether a file is an earlier export: by the title in a Parquet file, by the first names in a CSV file.

    Args:
        path: of a file.
        kind: "csv" or "parquet".
        axes: the dimensions of the sweep's rows.

    Returns:
        Whether it may be replaced.
    """
    if kind == "parquet":
        if optional.lacking("pyarrow"):
            return False
        import pyarrow.parquet as pq

        return (pq.read_schema(path).metadata or {}).get(b"title") == _TITLE
    with path.open("rb") as stream:
        names = stream.readline(_LONGEST_HEADER).decode("utf-8").rstrip("\n").split(",")
    return names[: len(axes)] == axes and "status" in names


def kind_of(path: Path, said: str | None, endings: dict[str, str]) -> str:
    """The format of an export: what the user says, or what the ending says.

    Args:
        path: to write to.
        said: by the user.
        endings: ending → format.

    Returns:
        The format.

    Raises:
        InputError: neither says it, or they contradict each other.
    """
    by_ending = endings.get(path.suffix)
    if said is None:
        if by_ending is None:
            listed = ", ".join(f"{ending} ({kind})" for ending, kind in endings.items())
            raise InputError(f"an export ends in {listed}, or says its format, got {validation.shown(path.name)}")
        return by_ending
    kind = validation.choice("format", said, tuple(endings.values()))
    if by_ending is not None and by_ending != kind:
        raise InputError(f"the format {kind!r} does not go with the ending of {validation.shown(path.name)}")
    return kind
