"""Argument types that refuse what the parser would otherwise round."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter


def _whole(kind: Any, tokens: Sequence[Any]) -> int:
    text = str(tokens[0].value)
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


# Cyclopts rounds "1.5" to 2 where an int is wanted; a user who types it is mistaken and must hear so.
Whole = Annotated[int, Parameter(converter=_whole)]
