"""A finished cell as a file: an .npz archive that anyone can open, with a checksum over every byte.

The checksum stands where a zip archive keeps its comment, so that NumPy and any unzipper read the file as it is. No
compression and no dates: the same results are the same bytes.
"""

import hashlib
import io
import json
import math
import re
import struct
import zipfile
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.sweeps.storage import plain_files

CELL_FORMAT = 1
_CHECKSUM = 64
_DATE = (1980, 1, 1, 0, 0, 0)
_HEADER = "cell.json"
# The one kind of array that a cell holds, as NumPy writes it: float64, in C order.
_NPY_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<f8', 'fortran_order': False, 'shape': \(([\d, ]{0,200})\), \} *\n", re.DOTALL
)
# A zip archive's header of a member: 26 bytes that its directory repeats, then two lengths.
_ZIP_HEADER = struct.Struct("<26sHH")


class DamagedCell(Exception):
    """The bytes are not those of a finished cell of this sweep; the message says why."""


def encode(arrays: Mapping[str, NDArray[np.float64]], *, fingerprint: str, key: str, cell: Mapping[str, Any]) -> bytes:
    """Pack a cell's results.

    Args:
        arrays: variable → values.
        fingerprint: of the sweep's settings.
        key: of the cell.
        cell: its values, for readers.

    Returns:
        The file's bytes.

    Example:
        >>> import numpy as np
        >>> data = encode({"q": np.ones(3)}, fingerprint="f", key="k", cell={"ratio": 0.5})
        >>> unpack(data, fingerprints=["f"], key="k")
        ({'ratio': 0.5}, {'q': array([1., 1., 1.])})
    """
    buffer = io.BytesIO()
    header = {"format": CELL_FORMAT, "fingerprint": fingerprint, "key": key, "cell": dict(cell)}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(_HEADER, _DATE), json.dumps(header))
        for name, values in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(values), version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _DATE), member.getvalue())
        archive.comment = b"0" * _CHECKSUM
    body = buffer.getvalue()[:-_CHECKSUM]
    return body + _checksum(body)


def unpack(
    data: bytes, *, fingerprints: Collection[str], key: str
) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    """Unpack a cell after checking every byte and that it is the cell asked for.

    The checksum tells that the bytes are those that were written, not who wrote them: nothing is unpacked that
    `encode` would not have packed, and nothing takes more memory than the file is long.

    Args:
        data: the file's bytes.
        fingerprints: of the settings that it must have been made with, by this version or an earlier one.
        key: of the cell it must be.

    Returns:
        The cell's values, parameter → value; and its results, variable → array.

    Raises:
        DamagedCell: truncated, altered, or of another sweep or cell.
    """
    body = data[:-_CHECKSUM]
    if len(data) <= _CHECKSUM or data[-_CHECKSUM:] != _checksum(body):
        raise DamagedCell("its checksum does not fit: truncated, altered, or not a cell at all")
    try:
        members = _members(data)
        header = plain_files.strict_json(members.pop(_HEADER))
        if header["format"] != CELL_FORMAT:
            raise DamagedCell(f"it has cell format {str(header['format'])[:50]!r}, this version reads {CELL_FORMAT}")
        if header["fingerprint"] not in fingerprints:
            raise DamagedCell("it belongs to a sweep with other settings")
        if header["key"] != key:
            raise DamagedCell("it is another cell under this one's name")
        if not isinstance(header["cell"], dict):
            raise TypeError
        return header["cell"], {name.removesuffix(".npy"): _array(member) for name, member in members.items()}
    except (zipfile.BadZipFile, NotImplementedError, OSError, KeyError, TypeError, ValueError, struct.error):
        raise DamagedCell("it has a valid checksum but is not a cell") from None


def _members(data: bytes) -> dict[str, bytes]:
    """The files of an archive that packs nothing and names each of them once."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        listed = archive.infolist()
    names = [member.filename for member in listed]
    if len(set(names)) < len(names) or not all(name == _HEADER or name.endswith(".npy") for name in names):
        raise ValueError("not the names of a cell")
    if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in listed):
        raise ValueError("compressed or encrypted")
    return {member.filename: _stored(data, member.header_offset, member.file_size) for member in listed}


def _stored(data: bytes, header: int, size: int) -> bytes:
    """What follows a member's own header, whose last two numbers are the lengths of its name and of its extras."""
    begin = header + _ZIP_HEADER.size + sum(_ZIP_HEADER.unpack_from(data, header)[1:])
    return data[begin : begin + size]


def _array(member: bytes) -> NDArray[np.float64]:
    """An array of exactly the bytes that it declares."""
    begin = np.lib.format.MAGIC_LEN + 2 + int.from_bytes(member[np.lib.format.MAGIC_LEN :][:2], "little")
    shape = _declared(member[:begin])
    values = np.frombuffer(member, dtype="<f8", offset=begin)
    if math.prod(shape) != values.size:
        raise ValueError("not as many numbers as it declares")
    return values.reshape(shape).astype(np.float64)


@lru_cache(maxsize=256)
def _declared(header: bytes) -> tuple[int, ...]:
    """The shape that a header of .npy declares; the cells of a sweep share a few of them."""
    found = _NPY_HEADER.fullmatch(header)
    if found is None:
        raise ValueError("not the header of an array that is written")
    return tuple(int(length) for length in found[1].split(b",") if length.strip())


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode("ascii")
