"""CSV and other text files: read as what they plainly are, or refused with the place; what was concluded is said."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from numpy.typing import NDArray

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables.encodings import encoding_of
from curldescent.model.tables.lines import Layout, Lines
from curldescent.model.tables.numbers_in_text import is_number
from curldescent.model.tables.table import Table, unique_names, with_names
from curldescent.model.tables.text_options import SEPARATORS, TextOptions

# A table with more columns is no text that anyone could have meant to be read as one.
_MOST_COLUMNS = 100_000
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+([eE][-+]?\d+)?\s*")
_DECIMAL_POINT = re.compile(r"\s*[-+]?\d*\.\d*([eE][-+]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[-+]?[1-9]\d{0,2},\d{3}\s*")


@dataclass(frozen=True)
class _Outline:
    """What a pass over the rows finds, without keeping any of them."""

    names: list[str]
    rows: int
    trailing: bool
    """Whether every row ends with a separator that the header does not have."""
    comments: int
    decimal: str


def read_text(
    stream: IO[bytes],
    *,
    source: str,
    separator: str | None,
    options: TextOptions | None = None,
    most_rows: int | None = None,
    most_columns: int = _MOST_COLUMNS,
) -> Table:
    r"""The columns of a text file with a header.

    Args:
        stream: of bytes, at its beginning; it can be rewound.
        source: how messages call it.
        separator: what its kind of file puts between columns; None where any mark is as likely. Where another one
            fits the first lines, that one is taken, and the table's notes say so.
        options: what the user says of the file.
        most_rows: that are accepted; as many as fit into memory by default.
        most_columns: that are accepted.

    Returns:
        The columns, numbers where all of a column are.

    Raises:
        InputError: no text, no header, rows that are longer or shorter than it, names that are not unique, what can
            be read in two ways, or more than fits.

    Example:
        >>> import io
        >>> table = read_text(io.BytesIO(b"speed,a,b\n1,10,100,\n2,20,200,\n"), source="x.csv", separator=",")
        >>> {name: column.tolist() for name, column in table.columns.items()}
        {'speed': [1, 2], 'a': [10, 20], 'b': [100, 200]}
        >>> table.notes
        ('every row ends with a separator, and the empty field behind it is not read',)
    """
    options = options or TextOptions()
    encoding, spoken = encoding_of(stream, source, options.encoding)
    lines = Lines(stream, encoding, source, options.comments)
    layout = lines.layout(separator, options.separator)
    outline = _outline(lines, layout, source, options, most_rows, most_columns)
    used, left_out = with_names(outline.names)
    if not used:
        raise InputError(f"{source} needs a header with names in its first row, got only empty ones")
    columns = _columns(lines, layout, outline, used, options, source)
    notes = [] if spoken is None else [spoken]
    notes += _notes(layout, outline, expected=options.separator or separator, decimal=options.decimal)
    if text := [name for name, values in columns.items() if values.dtype.kind not in "biuf"]:
        notes.append(f"text in {validation.listed(text, 4)}")
    notes += _renamed(columns)
    left_out = {column: f"{why} in the header" for column, why in left_out.items()}
    return Table(source=source, columns=columns, left_out=left_out, notes=tuple(notes))


def _columns(
    lines: Lines, layout: Layout, outline: _Outline, used: list[int], options: TextOptions, source: str
) -> dict[str, NDArray]:
    import pandas as pd

    # pandas holds each column once while it reads and once finished.
    memory.require(f"{source} with {outline.rows} rows and {len(used)} columns", 3 * 8 * outline.rows * len(used))
    try:
        frame = pd.read_csv(
            lines.rows(layout).as_file(),
            sep=layout.separator,
            header=0,
            # One name more where rows end with a separator; no column may become an index by being one too many.
            names=range(len(outline.names) + outline.trailing),
            usecols=used,
            index_col=False,
            skipinitialspace=True,
            low_memory=False,
            decimal=outline.decimal,
            na_values=list(options.missing_marks) or None,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OverflowError) as fault:
        if isinstance(fault, InputError):
            raise
        raise InputError(f"{source} cannot be read as CSV: {' '.join(str(fault).split())[:200]}") from None
    if len(frame) != outline.rows:
        raise InputError(
            f"{source} cannot be read as CSV: {outline.rows} rows by their quotes and line ends, {len(frame)} by pandas"
        )
    return {outline.names[int(k)]: series.to_numpy() for k, series in frame.items()}  # type: ignore[call-overload]


def _notes(layout: Layout, outline: _Outline, *, expected: str | None, decimal: str | None) -> list[str]:
    """What was concluded from the file."""
    notes = []
    if layout.separator != expected:
        notes.append(f"columns are separated by {SEPARATORS[layout.separator]}")
    if layout.named_by_comment:
        notes.append("the names of the columns stand in a comment above the data")
    if count := layout.above + outline.comments:
        notes.append(f"{count} comment line{'s are' if count > 1 else ' is'} not read")
    if outline.decimal == "," and decimal is None:
        notes.append("numbers are written with a decimal comma")
    if outline.trailing:
        notes.append("every row ends with a separator, and the empty field behind it is not read")
    if odd := [name for name in outline.names if _names_by_number(name)]:
        notes.append(f"the first row is taken as names, though some are numbers: {validation.listed(odd, 4)}")
    return notes


def _renamed(names: Iterable[str]) -> list[str]:
    """What spreadsheets and pandas leave of two columns of one name: x and x.1."""
    every = set(names)
    copies = [name for name in every if (found := re.fullmatch(r"(.+)\.\d+", name)) and found[1] in every]
    return [
        f"{validation.shown(name)} looks like a second {validation.shown(name.rpartition('.')[0])}"
        for name in sorted(copies)[:4]
    ]


def _outline(
    lines: Lines, layout: Layout, source: str, options: TextOptions, most_rows: int | None, most_columns: int
) -> _Outline:
    """Count rows and fields, line by line: whatever is wrong with the file, next to nothing of it is held."""
    table = lines.rows(layout)
    reader = csv.reader(table, delimiter=layout.separator, skipinitialspace=True, strict=True)
    try:
        names = [name.strip() for name in next(reader)]
        width, rows, longer = len(names), 0, 0
        if width > most_columns:
            raise InputError(f"{source} must have at most {most_columns} columns, got {width}")
        _refuse_numbers_as_names(names, source)
        unique_names((name for name in names if name), source=source)
        marks = _DecimalMarks(possible=options.decimal is None and layout.separator != ",")
        table.recent.clear()
        for row in reader:
            start = table.recent[0]
            table.recent.clear()
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
            marks.see(row)
        if longer not in (0, rows):
            raise InputError(
                f"{source} cannot be read as CSV: {longer} of {rows} rows have a separator behind their last field and "
                f"the others do not; every row needs as many fields as the header, {width}"
            )
    except csv.Error as fault:
        line = table.recent[-1] if table.recent else 1
        raise InputError(f"{source} cannot be read as CSV: line {line}: {fault}") from None
    if not rows:
        raise InputError(f"{source} has a header and no rows")
    return _Outline(names, rows, longer > 0, table.comments, options.decimal or marks.concluded())


class _DecimalMarks:
    """Whether the numbers of a file can only have been written with decimal commas.

    They can where no number has a point, and where one with a comma has no three digits behind it: "1,234" alone may
    be a thousand.
    """

    def __init__(self, *, possible: bool) -> None:
        self._possible, self._commas, self._points = possible, False, False

    def see(self, row: list[str]) -> None:
        if not self._possible:
            return
        for field in row:
            if "," in field:
                self._commas |= bool(_DECIMAL_COMMA.fullmatch(field)) and not _THOUSANDS.fullmatch(field)
            elif "." in field and not self._points:
                self._points = bool(_DECIMAL_POINT.fullmatch(field))

    def concluded(self) -> str:
        return "," if self._commas and not self._points else "."


def _refuse_numbers_as_names(names: list[str], source: str) -> None:
    numbers = [name for name in names if _names_by_number(name)]
    # Years or positions may name some columns; a row of numbers, or one with fractions in it, is data.
    data = [name for name in numbers if not re.fullmatch(r"\+?\d+", name)]
    if numbers and (data or len(numbers) == sum(map(bool, names))):
        example = (data or numbers)[0]
        raise InputError(
            f"{source} needs a header: its first row must hold the names of the columns, got the number "
            f"{validation.shown(example)} among them"
        )


def _names_by_number(name: str) -> bool:
    return is_number(name) and name.lower().lstrip("+-") not in ("nan", "inf", "infinity")
