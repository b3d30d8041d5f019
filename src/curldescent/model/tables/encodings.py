"""The encoding of a text file: Unicode by its own marks, an older one only where nothing contradicts it, and said."""

import codecs
from typing import IO

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

_CHUNK = 2**20
# Bytes that no text in Windows-1252 has: control characters, and the five that it leaves undefined.
_NO_TEXT = frozenset({*range(9), 11, *range(14, 32), 127, 0x81, 0x8D, 0x8F, 0x90, 0x9D})


def encoding_of(stream: IO[bytes], source: str, wanted: str | None = None) -> tuple[str, str | None]:
    r"""How the bytes of a file are to be read as text.

    Args:
        stream: of bytes; it can be rewound.
        source: how messages call it.
        wanted: what the user says it is, which is then checked against the whole file.

    Returns:
        A name for Python, and what a reader should know of it.

    Raises:
        InputError: the file is empty, no text, or not what the user says.

    Example:
        >>> import io
        >>> encoding_of(io.BytesIO("größe,a".encode("latin-1")), "it")
        ('cp1252', 'not in UTF-8: its letters are read as Windows-1252 (Latin-1); encoding= says another one')
    """
    stream.seek(0)
    start = stream.read(2**16)
    if not start.strip(b"\xef\xbb\xbf \t\r\n\f"):
        raise InputError(f"{source} cannot be read as CSV: it is empty")
    if wanted is not None:
        name = "utf-8-sig" if codecs.lookup(wanted).name == "utf-8" else wanted
        if (fault := _fault(stream, name)) is not None:
            raise InputError(f"{source} cannot be read as CSV: it is not in {validation.shown(wanted)}: {fault}")
        return name, None
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if (fault := _fault(stream, "utf-16")) is not None:
            raise InputError(f"{source} cannot be read as CSV: it begins like UTF-16 and is not: {fault}")
        return "utf-16", "read as UTF-16"
    if b"\x00" in start:
        raise InputError(f"{source} cannot be read as CSV: got binary data, not text")
    if (fault := _fault(stream, "utf-8-sig")) is None:
        return "utf-8-sig", None
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        if strange := _NO_TEXT & set(chunk):
            raise InputError(
                f"{source} cannot be read as CSV: {fault} in UTF-8, nor is byte {min(strange):02x} in Windows-1252; "
                "save it in UTF-8, or say its encoding="
            )
    return (
        "cp1252",
        "not in UTF-8: its letters are read as Windows-1252 (Latin-1); encoding= says another one",
    )


def _fault(stream: IO[bytes], encoding: str) -> str | None:
    """Why the file is not text in that encoding."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := stream.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as fault:
        return f"byte {fault.object[fault.start : fault.start + 1].hex()} is no text"
    except UnicodeError as fault:
        return " ".join(str(fault).split())[:100]
    return None
