"""CSV and TSV files: read as what they plainly are, or refused with the place; what was concluded is said."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from typing import IO

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables.table import Table, unique_names, with_names

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}

# A table with longer lines or more columns is no text that anyone could have meant to be read as one.
_LONGEST_LINE = 2**24
_MOST_COLUMNS = 100_000
_COMMENTS = ("#", "%", "//")


@dataclass(frozen=True)
class _Outline:
    """What a first pass finds, without keeping any of it."""

    names: list[str]
    rows: int
    separator: str
    trailing: bool
    """Whether every row ends with a separator that the header does not have."""


def read_text(
    stream: IO[bytes],
    *,
    source: str,
    separator: str,
    most_rows: int | None = None,
    most_columns: int = _MOST_COLUMNS,
) -> Table:
    r"""The columns of a text file with a header.

    Args:
        stream: of bytes, at its beginning; it can be rewound.
        source: how messages call it.
        separator: what its kind of file puts between columns. Where the header has none of it but another common one,
            that one is taken, and the table's notes say so.
        most_rows: that are accepted; as many as fit into memory by default.
        most_columns: that are accepted.

    Returns:
        The columns, numbers where all of a column are.

    Raises:
        InputError: not text in UTF-8, no header, rows that are longer or shorter than it, names that are not unique,
            or more than fits.

    Example:
        >>> import io
        >>> table = read_text(io.BytesIO(b"speed,a,b\n1,10,100,\n2,20,200,\n"), source="x.csv", separator=",")
        >>> {name: column.tolist() for name, column in table.columns.items()}
        {'speed': [1, 2], 'a': [10, 20], 'b': [100, 200]}
        >>> table.notes
        ('every row ends with a separator, and the empty field behind it is not read',)
    """
    import pandas as pd

    _refuse_binary(stream, source)
    stream.seek(0)
    outline = _outline(stream, source, separator, most_rows, most_columns)
    notes = []
    if outline.separator != separator:
        notes.append(f"columns are separated by {SEPARATORS[outline.separator]}")
    if outline.trailing:
        notes.append("every row ends with a separator, and the empty field behind it is not read")
    if odd := [name for name in outline.names if _is_number(name)]:
        notes.append(f"the first row is taken as names, though some are numbers: {validation.listed(odd, 4)}")
    used, left_out = with_names(outline.names)
    if not used:
        raise InputError(f"{source} needs a header with names in its first row, got only empty ones")
    # pandas holds each column once while it reads and once finished.
    memory.require(f"{source} with {outline.rows} rows and {len(used)} columns", 3 * 8 * outline.rows * len(used))
    stream.seek(0)
    try:
        frame = pd.read_csv(
            stream,
            sep=outline.separator,
            header=0,
            # One name more where rows end with a separator; no column may become an index by being one too many.
            names=range(len(outline.names) + outline.trailing),
            usecols=used,
            index_col=False,
            skipinitialspace=True,
            low_memory=False,
            encoding="utf-8-sig",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OverflowError) as fault:
        raise InputError(f"{source} cannot be read as CSV: {' '.join(str(fault).split())[:200]}") from None
    if len(frame) != outline.rows:
        raise InputError(
            f"{source} cannot be read as CSV: {outline.rows} rows by their quotes and line ends, {len(frame)} by pandas"
        )
    columns = {outline.names[int(k)]: series.to_numpy() for k, series in frame.items()}  # type: ignore[call-overload]
    if text := [name for name, values in columns.items() if values.dtype.kind not in "biuf"]:
        notes.append(f"text in {validation.listed(text, 4)}")
    notes += _renamed(columns)
    left_out = {column: f"{why} in the header" for column, why in left_out.items()}
    return Table(source=source, columns=columns, left_out=left_out, notes=tuple(notes))


def _renamed(names: Iterable[str]) -> list[str]:
    """What spreadsheets and pandas leave of two columns of one name: x and x.1."""
    every = set(names)
    copies = [name for name in every if (found := re.fullmatch(r"(.+)\.\d+", name)) and found[1] in every]
    return [
        f"{validation.shown(name)} looks like a second {validation.shown(name.rpartition('.')[0])}"
        for name in sorted(copies)[:4]
    ]


def _refuse_binary(stream: IO[bytes], source: str) -> None:
    start = stream.read(2**16)
    if not start.strip():
        raise InputError(f"{source} cannot be read as CSV: it is empty")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{source} cannot be read as CSV: it is in UTF-16; save it in UTF-8")
    if b"\x00" in start:
        raise InputError(f"{source} cannot be read as CSV: got binary data, not text")


def _outline(stream: IO[bytes], source: str, separator: str, most_rows: int | None, most_columns: int) -> _Outline:
    """Count rows and fields, line by line: whatever is wrong with the file, next to nothing of it is held."""
    text = TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        lines, blank = _lines(text, source), 0
        for first in lines:
            if first.strip():
                break
            blank += 1
        else:
            raise InputError(f"{source} cannot be read as CSV: it is empty")
        _refuse_comment(first.strip(), source, separator)
        separator = _separator(first, separator)
        reader = csv.reader(chain([first], lines), delimiter=separator, skipinitialspace=True, strict=True)
        names = [name.strip() for name in next(reader)]
        width, rows, longer, at = len(names), 0, 0, reader.line_num + blank
        if width > most_columns:
            raise InputError(f"{source} must have at most {most_columns} columns, got {width}")
        _refuse_numbers_as_names(names, source)
        unique_names((name for name in names if name), source=source)
        for row in reader:
            start, at = at + 1, reader.line_num + blank
            if not row or (row == [""] and width > 1):
                continue
            rows += 1
            if most_rows is not None and rows > most_rows:
                raise InputError(f"{source} must have at most {most_rows} rows, got more")
            if len(row) == width + 1 and not row[-1].strip():
                longer += 1
            elif len(row) != width:
                raise InputError(
                    f"{source} cannot be read as CSV: row {rows} (line {start}) has {len(row)} fields where the header "
                    f"has {width}; every row needs as many, and text with a separator in it goes in quotes"
                )
        if longer not in (0, rows):
            raise InputError(
                f"{source} cannot be read as CSV: {longer} of {rows} rows have a separator behind their last field and "
                f"the others do not; every row needs as many fields as the header, {width}"
            )
    except csv.Error as fault:
        raise InputError(f"{source} cannot be read as CSV: line {reader.line_num + blank}: {fault}") from None
    except UnicodeDecodeError as fault:
        raise InputError(
            f"{source} cannot be read as CSV: byte {fault.object[fault.start : fault.start + 1].hex()} is not UTF-8; "
            "save it in UTF-8"
        ) from None
    finally:
        text.detach()
    if not rows:
        raise InputError(f"{source} has a header and no rows")
    return _Outline(names, rows, separator, trailing=longer > 0)


def _lines(text: TextIOWrapper, source: str) -> Iterator[str]:
    number = 0
    while line := text.readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            raise InputError(
                f"{source} cannot be read as CSV: line {number} has more than {_LONGEST_LINE} characters; wide arrays "
                "go into an NPZ file"
            )
        if "\x00" in line:
            raise InputError(f"{source} cannot be read as CSV: got binary data in line {number}, not text")
        yield line


def _refuse_comment(first: str, source: str, separator: str) -> None:
    # A mark alone in its column is a name, as tables of numbered rows have it.
    if first.lstrip('" ').startswith(_COMMENTS) and re.split(f'[{re.escape(separator)}"]', first)[0] not in _COMMENTS:
        raise InputError(
            f"{source} must begin with a header of column names, got a comment, {validation.shown(first[:60])}; remove "
            "such lines, or the mark in front of the names"
        )


def _separator(header: str, expected: str) -> str:
    outside = re.sub(r'"[^"]*"', "", header)
    present = [mark for mark in SEPARATORS if mark in outside]
    return expected if expected in present or not present else present[0] if len(present) == 1 else expected


def _refuse_numbers_as_names(names: list[str], source: str) -> None:
    numbers = [name for name in names if _is_number(name)]
    # Years or positions may name some columns; a row of numbers, or one with fractions in it, is data.
    data = [name for name in numbers if not re.fullmatch(r"\+?\d+", name)]
    if numbers and (data or len(numbers) == sum(map(bool, names))):
        example = (data or numbers)[0]
        raise InputError(
            f"{source} needs a header: its first row must hold the names of the columns, got the number "
            f"{validation.shown(example)} among them"
        )


def _is_number(name: str) -> bool:
    return near_number(name) is None and name.lower().lstrip("+-") not in ("nan", "inf", "infinity")


def near_number(entry: str) -> str | None:
    """Whether a text is no number, with advice where it nearly is one.

    Args:
        entry: of a table.

    Returns:
        Advice to append to a message, maybe empty; None where the text is a number as it stands.

    Example:
        >>> near_number("1.5"), near_number("1,5"), near_number("fast")
        (None, '; write numbers with a decimal point and without marks for thousands', '')
    """
    try:
        if "_" not in entry:  # Python's own marks for thousands
            float(entry)
            return None
    except ValueError:
        pass
    if re.fullmatch(r"\s*[-+]?\d[\d.,'’_\s]*", entry):
        return "; write numbers with a decimal point and without marks for thousands"
    return ""
