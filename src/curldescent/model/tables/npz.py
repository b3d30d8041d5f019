"""NPZ files: arrays by name, each read when it is asked for and checked before any of it is held."""

import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from numpy.lib import format as npy
from numpy.typing import NDArray

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables.table import Table

_MOST_ARRAYS = 100_000
_LONGEST_HEADER = 10_000


def read_npz(path: Path, *, source: str) -> Table:
    """The arrays of an NPZ file, none of them read yet.

    Args:
        path: of an ordinary file.
        source: how messages call it.

    Returns:
        The arrays by name.

    Raises:
        InputError: no zip archive of arrays, or two arrays of one name.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member.filename for member in archive.infolist()]
    except Exception as fault:  # what broken archives raise is no closed list
        raise unreadable(source, fault) from None
    if len(members) > _MOST_ARRAYS:
        raise InputError(f"{source} must hold at most {_MOST_ARRAYS} arrays, got {len(members)}")
    arrays = [name.removesuffix(".npy") for name in members if name.endswith(".npy")]
    others = [name for name in members if not name.endswith(".npy")]
    if not arrays:
        raise InputError(f"{source} cannot be read as NPZ: there is no array in it")
    name, count = Counter(arrays).most_common(1)[0]
    if count > 1:
        raise InputError(f"{source} holds {count} arrays called {validation.shown(name)}")
    return Table(source, _Arrays(path, arrays, source), {validation.listed(others, 3): "no array"} if others else {})


class _Arrays(Mapping[str, NDArray]):
    """The arrays of a file, opened for each that is asked for."""

    def __init__(self, path: Path, names: list[str], source: str) -> None:
        self._path, self._names, self._source = path, dict.fromkeys(names), source

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> NDArray:
        if name not in self._names:
            raise KeyError(name)
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(f"{name}.npy") as stream:
                self._check(name, stream, archive.getinfo(f"{name}.npy").file_size)
                stream.seek(0)
                return npy.read_array(stream, allow_pickle=False)
        except InputError:
            raise
        except Exception as fault:  # zlib, struct, NumPy's header: what broken bytes raise is no closed list
            raise unreadable(self._source, fault, f" array {validation.shown(name)}:") from None

    def _check(self, name: str, stream: IO[bytes], size: int) -> None:
        """Compare what the array's header declares with what is there and with what may be held."""
        shown = f"array {validation.shown(name)} of {self._source}"
        version = npy.read_magic(stream)
        if version != (1, 0):
            # NumPy holds a header before it measures it.
            length = int.from_bytes(stream.read(4), "little")
            if length > _LONGEST_HEADER:
                raise ValueError(f"a header of {length} bytes")
            stream.seek(npy.MAGIC_LEN)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        # Without pickle a file from a stranger can hold numbers and nothing that runs.
        if dtype.hasobject:
            raise InputError(
                f"{self._source} cannot be read as NPZ: array {validation.shown(name)} holds Python objects, which are "
                "never opened; it must hold numbers"
            )
        entries = 1
        for length in shape:
            entries *= length
        declared = entries * dtype.itemsize
        if min(shape, default=0) < 0 or declared != size - stream.tell():
            raise InputError(
                f"{self._source} cannot be read as NPZ: array {validation.shown(name)} declares shape "
                f"{validation.shown(shape)} of {dtype}, {validation.shown(declared)} bytes, and holds "
                f"{size - stream.tell()}"
            )
        # As it is read, and once more as the numbers of a problem.
        memory.require(shown, declared + 2 * 8 * entries)


def unreadable(source: str, fault: Exception, where: str = "") -> InputError:
    """The refusal of a broken file, on one line."""
    text = " ".join(str(fault).split())[:200] or type(fault).__name__
    return InputError(f"{source} cannot be read as NPZ:{where} {text}")
