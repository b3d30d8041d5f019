"""The lines of a text file that hold its table: decoded, without comments, the one with the names first."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.tables.numbers_in_text import is_number
from curldescent.model.tables.text_options import MARKS, SEPARATORS, WHITESPACE

# A table with longer lines is no text that anyone could have meant to be read as one.
_LONGEST_LINE = 2**24
_SAMPLE = 20


@dataclass(frozen=True)
class Layout:
    """What the first lines say of a file.

    Attributes:
        header: the line with the names.
        behind: number of the last line that is not data: that of the header, or of a comment above the data.
        above: how many lines in front of the data are comments that name no column.
        separator: between columns.
        named_by_comment: whether the names stand in a comment.
    """

    header: str
    behind: int
    above: int
    separator: str
    named_by_comment: bool


def fields(line: str, separator: str) -> list[str]:
    """The fields of one line; of a broken one, as far as it can be read."""
    try:
        return next(csv.reader([blanks(line, separator)], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def blanks(line: str, separator: str) -> str:
    """A line as `csv` reads it where any number of blanks and tabs separates columns."""
    if separator != WHITESPACE:
        return line
    return " ".join(line.split()) + "\n" if '"' not in line else line.replace("\t", " ").strip() + "\n"


class _Borrowed(io.BufferedIOBase):
    """A stream that stays open when nobody reads it any more."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lent = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._lent.read(-1 if size is None else size)

    read1 = read


class Lines:
    """Passes over the lines of a file.

    Args:
        stream: of bytes; it is rewound for every pass.
        encoding: of the text.
        source: how messages call it.
        comments: what comment lines begin with.
    """

    def __init__(self, stream: IO[bytes], encoding: str, source: str, comments: tuple[str, ...]) -> None:
        self._stream, self._encoding, self._source, self._comments = stream, encoding, source, comments

    def raw(self) -> Iterator[tuple[int, str]]:
        """Every line with its number."""
        self._stream.seek(0)
        text = io.TextIOWrapper(_Borrowed(self._stream), encoding=self._encoding, newline="")  # type: ignore[type-var]
        number = 0
        while line := text.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE:
                raise InputError(
                    f"{self._source} cannot be read as CSV: line {number} has more than {_LONGEST_LINE} characters; "
                    "wide arrays go into an NPZ file"
                )
            if "\x00" in line:
                raise InputError(f"{self._source} cannot be read as CSV: got binary data in line {number}, not text")
            yield number, line

    def _logical(self) -> Iterator[tuple[int, str]]:
        """The same, with a field in quotes that runs over several lines in one of them."""
        start, parts, odd = 0, list[str](), False
        for number, line in self.raw():
            if not parts and self._is_comment(line):
                yield number, line
                continue
            start = start if parts else number
            parts.append(line)
            odd ^= line.count('"') % 2 == 1
            if not odd or len(parts) > _SAMPLE:
                yield start, "".join(parts)
                parts, odd = [], False
        if parts:
            yield start, "".join(parts)

    def layout(self, expected: str | None, wanted: str | None) -> Layout:
        """Find the names and what separates columns.

        Args:
            expected: what the kind of file puts between columns; None where any of the usual marks is as likely.
            wanted: what the user says.

        Raises:
            InputError: nothing but comments, columns that can be told apart in two ways, or names in two places.
        """
        above: list[tuple[int, str]] = []
        first, sample = None, list[str]()
        for number, line in self._logical():
            if not line.strip():
                continue
            if first is None and self._is_comment(line):
                above.append((number, line.strip().strip('"').lstrip("#%/ ").strip()))
            elif first is None:
                first = (number, line)
            elif len(sample) < _SAMPLE and not self._is_comment(line):
                sample.append(line)
            else:
                break
        if first is None:
            raise InputError(f"{self._source} cannot be read as CSV: it holds only comments")
        separator = wanted or _separator(first[1], sample, expected, self._source)
        shown = fields(first[1], separator)
        numbers = [field for field in shown if is_number(field.strip())]
        names = fields(above[-1][1], separator) if above else []
        could_name = len(names) == len(shown) and all(names) and not any(map(is_number, names))
        if not (numbers and could_name):
            return Layout(first[1], first[0], len(above), separator, named_by_comment=False)
        if len(numbers) < len(shown) and all(re.fullmatch(r"\+?\d+", number) for number in numbers):
            raise InputError(
                f"{self._source} has two lines that can name its columns, {validation.shown(above[-1][1][:60])} and "
                f"{validation.shown(first[1].strip()[:60])}; remove the comment, or the mark in front of the names"
            )
        return Layout(above[-1][1] + "\n", first[0] - 1, len(above) - 1, separator, named_by_comment=True)

    def _is_comment(self, line: str) -> bool:
        text = line.lstrip('" \t')
        mark = next((mark for mark in self._comments if text.startswith(mark)), None)
        # A mark alone in its column is a name, as tables of numbered rows have it.
        return mark is not None and (mark not in MARKS or text[len(mark) : len(mark) + 1] not in [*",;|\t", '"'])

    def rows(self, layout: Layout) -> "Rows":
        """One pass over the table: the names, then the data."""
        return Rows(self, layout, self._source)


class Rows:
    """The lines of the table as `csv` and pandas read them; counts what it leaves out.

    Attributes:
        comments: how many comment lines came between the data.
        recent: the numbers of the lines since it was last cleared.
    """

    def __init__(self, lines: Lines, layout: Layout, source: str) -> None:
        self._lines, self._layout, self._source = lines, layout, source
        self.comments, self.recent = 0, list[int]()

    def __iter__(self) -> Iterator[str]:
        layout = self._layout
        inside = False  # of quotes that were opened in an earlier line
        names_end = not layout.named_by_comment
        if layout.named_by_comment:
            yield blanks(layout.header, layout.separator)
        width = None
        for number, line in self._lines.raw():
            if number < layout.behind or (number == layout.behind and not names_end):
                continue
            if number > layout.behind and not inside and self._lines._is_comment(line):
                if width is None:
                    width = len(fields(layout.header, layout.separator))
                self._leave_out(number, line, width)
                continue
            before, inside = inside, inside ^ (line.count('"') % 2 == 1)
            self.recent.append(number)
            yield line if before or inside else blanks(line, layout.separator)

    def _leave_out(self, number: int, line: str, width: int) -> None:
        if width > 1 and len(fields(line, self._layout.separator)) == width:
            raise InputError(
                f"{self._source} cannot be read as CSV: line {number} begins like a comment and has as many fields as "
                "the others; say comment='' where it is data, or remove it"
            )
        self.comments += 1

    def as_file(self) -> "_File":
        """The same for pandas, which reads from files."""
        return _File(iter(self))


class _File(io.TextIOBase):
    """A text file made of lines."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._rest, self._left = lines, ""

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        wanted = float("inf") if size is None or size < 0 else size
        parts, held = [self._left], len(self._left)
        for line in self._rest:
            parts.append(line)
            held += len(line)
            if held >= wanted:
                break
        text = "".join(parts)
        cut = len(text) if wanted == float("inf") else int(wanted)
        self._left = text[cut:]
        return text[:cut]


def _separator(header: str, sample: list[str], expected: str | None, source: str) -> str:
    """What separates columns: the one mark of the header by which every line has as many fields as it."""
    outside = re.sub(r'"[^"]*"', "", header)
    present = [mark for mark in SEPARATORS if mark != WHITESPACE and mark in outside]
    fitting = [mark for mark in present if _fits(header, sample, mark)]
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1 and sample:
        marks = " or ".join(SEPARATORS[mark] for mark in fitting)
        raise InputError(f"{source} can be read with {marks} between its columns; say which with separator=")
    if not fitting and sample and len(fields(header, WHITESPACE)) > 1 and _fits(header, sample, WHITESPACE):
        return WHITESPACE
    if expected is None:
        expected = ","
    return expected if expected in present or not present else present[0] if len(present) == 1 else expected


def _fits(header: str, sample: list[str], separator: str) -> bool:
    width = len(fields(header, separator))

    def fit(line: str) -> bool:
        found = fields(line, separator)
        return len(found) == width or (len(found) == width + 1 and not found[-1].strip())

    return all(fit(line) for line in sample)
