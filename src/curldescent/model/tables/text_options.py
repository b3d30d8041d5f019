"""How a text file is written: what a user may say of it, where it should not be concluded from the file."""

import codecs
from dataclasses import dataclass
from typing import Any

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

WHITESPACE = " "
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", WHITESPACE: "blanks"}
_SPELLED = {
    "comma": ",",
    "tab": "\t",
    "\\t": "\t",
    "semicolon": ";",
    "bar": "|",
    "whitespace": WHITESPACE,
    r"\s+": WHITESPACE,
}
MARKS = ("#", "%", "//")


@dataclass(frozen=True)
class TextOptions:
    r"""What is known of a text file beforehand; None is concluded from the file, and said where it is not the usual.

    Args:
        separator: "," ";" "|" or a tab between columns, or "whitespace": any number of blanks and tabs.
        decimal: the decimal mark of its numbers, "." or ",".
        encoding: a name that Python knows, such as "utf-8" or "latin-1".
        comment: what lines begin with that are no data; "" where there are none. By default "#", "%" and "//".
        missing_marks: entries that stand for a missing value, besides the usual ones (nothing, NA, NaN, null, …).

    Raises:
        InputError: none of these.

    Example:
        >>> TextOptions(separator="tab").separator
        '\t'
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    comment: str | None = None
    missing_marks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.separator is not None:
            validation.text("separator", self.separator)
            mark = _SPELLED.get(self.separator, self.separator)
            if mark not in SEPARATORS:
                raise InputError(
                    f"separator must be ',', ';', '|', 'tab' or 'whitespace', got {validation.shown(self.separator)}"
                )
            object.__setattr__(self, "separator", mark)
        if self.decimal is not None:
            validation.choice("decimal", self.decimal, (".", ","))
        if self.encoding is not None:
            validation.text("encoding", self.encoding)
            try:
                known = codecs.lookup(self.encoding)._is_text_encoding
            except (LookupError, ValueError):
                known = False
            if not known:
                raise InputError(
                    "encoding must be one that Python knows, such as 'utf-8', 'utf-16' or 'latin-1', got "
                    f"{validation.shown(self.encoding)}"
                )
        if self.comment is not None:
            validation.text("comment", self.comment)
        given: Any = self.missing_marks
        marks: tuple[Any, ...]
        marks = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple) else (None,)
        if not all(isinstance(mark, str) for mark in marks):
            raise InputError(f"missing_marks must be a text or a list of texts, got {validation.shown(given)}")
        object.__setattr__(self, "missing_marks", marks)

    @property
    def comments(self) -> tuple[str, ...]:
        """What comment lines begin with."""
        return MARKS if self.comment is None else (self.comment,) if self.comment else ()
