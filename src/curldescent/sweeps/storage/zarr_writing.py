"""A sweep as sharded Zarr, written block by block: every chunk, coordinates included, carries a checksum."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import memory

if TYPE_CHECKING:
    import xarray as xr

_SHARD_BYTES = 64 * 2**20
_CHUNK_BYTES = 2**20

Index = tuple[slice, ...]


@dataclass(frozen=True)
class Variable:
    """An array over the whole grid that is yet to be written.

    Args:
        dims: after the grid's.
        sizes: their lengths.
        attributes: of the array.
    """

    dims: tuple[str, ...]
    sizes: tuple[int, ...]
    attributes: Mapping[str, Any]

    @property
    def cell_bytes(self) -> int:
        """Of one cell."""
        return 8 * math.prod(self.sizes)


def write(
    folder: Path,
    frame: "xr.Dataset",
    *,
    grid: Mapping[str, int],
    variables: Mapping[str, Variable],
    block: Callable[[Index], Mapping[str, NDArray[np.float64]]],
) -> None:
    """Write a dataset whose variables are too large to be held at once.

    Args:
        folder: to write, not there yet.
        frame: coordinates, attributes and small variables.
        grid: dimension → length, of the dimensions that all variables begin with.
        variables: name → what is written of it.
        block: the values of all variables in a part of the grid; a part takes no more than a shard of each.

    Raises:
        InputError: one cell alone takes more memory than there is.
    """
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    dims, shape = tuple(grid), tuple(grid.values())
    cell_bytes = sum(variable.cell_bytes for variable in variables.values())
    part = block_shape(shape, cell_bytes)
    # The values of a block, and the shard they are packed into.
    memory.require("writing a block of cells as Zarr", 2 * math.prod(part) * cell_bytes)
    # Each chunk carries a checksum of its own, so that altered bytes are an error and not a number.
    codecs = [ZstdCodec(level=3), Crc32cCodec()]
    with warnings.catch_warnings():
        # Labels are fixed-width text, which Zarr 3 calls not yet settled; this version reads what it writes.
        warnings.simplefilter("ignore")
        frame.drop_encoding().to_zarr(
            folder,
            mode="w",
            consolidated=False,
            zarr_format=3,
            encoding={name: {"compressors": codecs} for name in frame.variables},
        )
    group = zarr.open_group(str(folder), mode="r+")
    arrays = {
        name: group.create_array(
            name,
            shape=(*shape, *variable.sizes),
            dtype="float64",
            chunks=(*_chunk_shape(part, variable.cell_bytes), *variable.sizes),
            # An array without dimensions has nothing to shard.
            shards=(*part, *variable.sizes) or None,
            fill_value=float("nan"),
            compressors=codecs,
            dimension_names=(*dims, *variable.dims),
            attributes={**variable.attributes, "_FillValue": "AAAAAAAA+H8="},
        )
        for name, variable in variables.items()
    }
    for index in blocks(shape, part):
        values = block(index)
        for name, array in arrays.items():
            array[index or ...] = values[name]


def block_shape(shape: Sequence[int], cell_bytes: int, *, most: int = _SHARD_BYTES) -> tuple[int, ...]:
    """How much of a grid makes a shard: whole last axes, a power of two along the next, one of each before.

    Args:
        shape: of the grid.
        cell_bytes: of all variables together.
        most: bytes of a shard; a cell that is larger is one by itself.

    Returns:
        A length an axis. Powers of two divide each other, as chunks must divide shards.

    Example:
        >>> block_shape((1000, 20), 2**20), block_shape((1000, 20, 5), 2**22)
        ((2, 20), (1, 2, 5))
    """
    left, found, split = max(1, most // max(cell_bytes, 1)), list[int](), False
    for position, length in reversed(list(enumerate(shape))):
        if split:
            found.append(1)
        elif length <= left and position:
            found.append(length)
            left //= length
        else:
            found.append(2 ** int(math.log2(min(left, length))))
            split = True
    return tuple(reversed(found))


def _chunk_shape(part: Sequence[int], cell_bytes: int) -> tuple[int, ...]:
    """A shard's part of a megabyte, cut along the axis that shards are cut along."""
    out = list(part)
    axis = next((i for i, length in enumerate(part) if length > 1), None)
    if axis is not None and part[axis] & (part[axis] - 1) == 0:
        rest = math.prod(part) // part[axis] * cell_bytes
        out[axis] = 2 ** int(math.log2(max(1, min(part[axis], _CHUNK_BYTES // max(rest, 1)))))
    return tuple(out)


def blocks(shape: Sequence[int], part: Sequence[int]) -> Iterator[Index]:
    """The grid in parts, in order."""
    counts = [-(-length // size) for length, size in zip(shape, part, strict=True)]
    for position in np.ndindex(*counts):
        yield tuple(
            slice(i * size, min((i + 1) * size, length)) for i, size, length in zip(position, part, shape, strict=True)
        )
