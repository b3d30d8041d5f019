"""What each view shows, as plain values: what a permalink holds and what a script is made from.

A query comes from anywhere. Every value is checked against its range or its choices; what does not fit is replaced by
the default and named in one sentence.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

MAX_TEXT = 200


def number(default: float, low: float, high: float) -> Any:
    """A field that holds a number in a range; a whole number where the default is one."""
    return field(default=default, metadata={"range": (low, high)})


def choice(default: str, *choices: str) -> Any:
    """A field that holds one of a few words."""
    return field(default=default, metadata={"choices": choices})


RATIO = (0.01, 10.0)
SEEDS = (0, 9999)
ACTIVATIONS = ("linear", "tanh", "relu")


@dataclass(frozen=True)
class ViewState:
    """The values of one view. Fields have a range (numbers) or choices (text) in their metadata, or are free text."""

    PATH: ClassVar[str]
    # Spelled out in every link, so that the point travels from view to view.
    POINT: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple[Self, str]:
        """Read a URL's query.

        Args:
            query: parameters by name; those of other views are left alone.

        Returns:
            The state, and a sentence about the first value that could not be used; empty if all could.

        Example:
            >>> from curldescent.apps.explorer.views.phase import PhaseState
            >>> PhaseState.from_query({"ratio": "0.5"})[0].ratio
            0.5
            >>> PhaseState.from_query({"ratio": "many"})[1]
            "The link's ratio must be a number between 0.01 and 10, got 'many'; the default is shown."
        """
        values: dict[str, Any] = {}
        complaint = ""
        for entry in dataclasses.fields(cls):
            if entry.name not in query:
                continue
            try:
                values[entry.name] = _parsed(entry, query[entry.name])
            except ValueError as problem:
                got = query[entry.name]
                got = got if len(got) <= 30 else got[:30] + "…"
                complaint = complaint or (
                    f"The link's {entry.name} must be {problem}, got {got!r}; the default is shown."
                )
        return cls(**values), complaint

    def to_query(self) -> str:
        """The query of a permalink; values at their defaults are left out, those of the point excepted.

        Example:
            >>> from curldescent.apps.explorer.views.phase import PhaseState
            >>> PhaseState(ratio=0.2, inputs=100).to_query()
            'ratio=0.2&hidden=0.5&readout=0&inputs=100'
        """
        pairs = {}
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            if value != entry.default or entry.name in self.POINT:
                pairs[entry.name] = f"{value:.6g}" if isinstance(value, float) else str(value)
        return urlencode(pairs)

    def changed(self, **values: Any) -> Self:
        """A copy with other values, each held within its range."""
        fields = {entry.name: entry for entry in dataclasses.fields(self)}
        kept = {}
        for name, value in values.items():
            if "range" in fields[name].metadata:
                low, high = fields[name].metadata["range"]
                value = min(max(value, low), high)
                value = int(value) if isinstance(fields[name].default, int) else float(value)
                # What a link cannot spell the state does not hold, so that a link reproduces it exactly.
                value = float(f"{value:.6g}") if isinstance(value, float) else value
            kept[name] = value
        return dataclasses.replace(self, **kept)


def _parsed(entry: "dataclasses.Field[Any]", text: str) -> Any:
    if "choices" in entry.metadata:
        if text not in entry.metadata["choices"]:
            raise ValueError("one of " + ", ".join(entry.metadata["choices"]))
        return text
    if "range" in entry.metadata:
        low, high = entry.metadata["range"]
        whole = isinstance(entry.default, int)
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"a {'whole ' if whole else ''}number between {low:g} and {high:g}")
        return value
    if len(text) > MAX_TEXT or not text.isprintable():
        raise ValueError(f"printable text of at most {MAX_TEXT} characters")
    return text
