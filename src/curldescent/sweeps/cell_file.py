"""A finished cell as a file: an .npz archive that anyone can open, with a checksum over every byte.

The checksum stands where a zip archive keeps its comment, so that NumPy and any unzipper read the file as it is. No
compression and no dates: the same results are the same bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELL_FORMAT = 1
_CHECKSUM = 64
_DATE = (1980, 1, 1, 0, 0, 0)
_HEADER = "cell.json"


class DamagedCell(Exception):
    """The bytes are not those of a finished cell of this sweep; the message says why."""


def encode(arrays: Mapping[str, NDArray[np.float64]], *, fingerprint: str, key: str, cell: Mapping[str, Any]) -> bytes:
    """Pack a cell's results.

    Args:
        arrays: variable → values.
        fingerprint: of the recipe.
        key: of the cell.
        cell: its values, for readers.

    Returns:
        The file's bytes.

    Example:
        >>> import numpy as np
        >>> data = encode({"q": np.ones(3)}, fingerprint="f", key="k", cell={"ratio": 0.5})
        >>> decode(data, fingerprint="f", key="k")["q"]
        array([1., 1., 1.])
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


def decode(data: bytes, *, fingerprint: str, key: str) -> dict[str, NDArray[np.float64]]:
    """Unpack a cell's results after checking every byte and that it is the cell asked for.

    Args:
        data: the file's bytes.
        fingerprint: of the recipe it must belong to.
        key: of the cell it must be.

    Returns:
        Variable → values.

    Raises:
        DamagedCell: truncated, altered, or of another sweep or cell.
    """
    body = check(data, fingerprint=fingerprint, key=key)
    with zipfile.ZipFile(io.BytesIO(body + b"0" * _CHECKSUM)) as archive:
        return {
            name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
            for name in archive.namelist()
            if name.endswith(".npy")
        }


def check(data: bytes, *, fingerprint: str, key: str) -> bytes:
    """The same checks without unpacking; returns what precedes the checksum."""
    body = data[:-_CHECKSUM]
    if len(data) <= _CHECKSUM or data[-_CHECKSUM:] != _checksum(body):
        raise DamagedCell("its checksum does not fit: truncated, altered, or not a cell at all")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            header = json.loads(archive.read(_HEADER))
        if header["format"] != CELL_FORMAT:
            raise DamagedCell(f"it has cell format {header['format']!r}, this version reads {CELL_FORMAT}")
        if header["fingerprint"] != fingerprint:
            raise DamagedCell("it belongs to a sweep with other settings")
        if header["key"] != key:
            raise DamagedCell("it is another cell under this one's name")
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError):
        raise DamagedCell("it has a valid checksum but is not a cell") from None
    return body


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode("ascii")
