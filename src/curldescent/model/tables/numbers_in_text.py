"""Texts that are numbers, nearly numbers, or dates."""

import re

_NEARLY = re.compile(r"\s*[-+]?\d[\d.,'’_\s]*")
_DATE = re.compile(
    r"""\s*(
        \d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T\ ]\s*\d{1,2}:\d{2}.*)?   # 2024-03-01, with a time
        | \d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})(\s+\d{1,2}:\d{2}.*)?  # 1.3.2024, 03/01/24
        | \d{1,2}[\ -](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\ -]\d{2,4}
        | \d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s*[ap]m)?              # 12:30
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)


def is_number(entry: str) -> bool:
    """Whether a text is a number as it stands, in Python's notation without its marks for thousands."""
    try:
        float(entry)
    except ValueError:
        return False
    return "_" not in entry


def looks_like_a_date(entry: str) -> bool:
    """Whether a text reads like a date or a time of day.

    Example:
        >>> [looks_like_a_date(text) for text in ("2024-03-01T12:30", "1.3.2024", "12:30", "1.5", "fast")]
        [True, True, True, False, False]
    """
    return _DATE.fullmatch(entry) is not None


def near_number(entry: str) -> str | None:
    """Whether a text is no number, with advice where it nearly is one.

    Args:
        entry: of a table.

    Returns:
        Advice to append to a message, maybe empty; None where the text is a number as it stands.

    Example:
        >>> near_number("1.5"), near_number("fast")
        (None, '')
        >>> near_number("1,5")
        "; write numbers with a decimal point and without marks for thousands, or say decimal=','"
    """
    if is_number(entry):
        return None
    if not _NEARLY.fullmatch(entry) or looks_like_a_date(entry):
        return ""
    advice = "; write numbers with a decimal point and without marks for thousands"
    return advice + (", or say decimal=','" if entry.count(",") == 1 and "." not in entry else "")
