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

from curldescent.theory.sizes import sizes_of_total

MAX_TEXT = 200


def _number(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"range": (low, high)})


def _choice(default: str, *choices: str) -> Any:
    return field(default=default, metadata={"choices": choices})


RATIO = (0.01, 10.0)
SEEDS = (0, 9999)
ACTIVATIONS = ("linear", "tanh", "relu")
MISSING = ("refuse", "drop", "impute")


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


@dataclass(frozen=True)
class PhaseState(ViewState):
    """The phase diagram: a point (c, α_h, α_r) and the size of a sampled network."""

    PATH: ClassVar[str] = "/"
    POINT: ClassVar[tuple[str, ...]] = ("ratio", "hidden", "readout")

    ratio: float = _number(0.3, *RATIO)
    hidden: float = _number(0.5, 0, 1)
    readout: float = _number(0.0, 0, 1)
    inputs: int = _number(200, 10, 300)
    seed: int = _number(0, *SEEDS)


@dataclass(frozen=True)
class LearnState(ViewState):
    """Live runs of gradient descent and curl descent on one student–teacher problem."""

    PATH: ClassVar[str] = "/learn"
    POINT: ClassVar[tuple[str, ...]] = ("ratio", "hidden", "readout")

    ratio: float = _number(0.6, *RATIO)
    hidden: float = _number(0.5, 0, 1)
    readout: float = _number(0.0, 0, 1)
    neurons: int = _number(120, 12, 400)
    activation: str = _choice("linear", *ACTIVATIONS)
    start: str = _choice("random", "random", "teacher")
    norms: str = _choice("kept", "kept", "free")
    rate: float = _number(0.1, 0.001, 2.0)
    seed: int = _number(0, *SEEDS)

    @property
    def sizes(self) -> tuple[int, int]:
        """(M, N) from the total number of neurons, the paper's convention, at least one each."""
        n_inputs, n_hidden = sizes_of_total(self.neurons, self.ratio)
        return max(1, n_inputs), max(1, n_hidden)


@dataclass(frozen=True)
class TwoWeightsState(ViewState):
    """The two-weight network: target, both strengths, the starting points."""

    PATH: ClassVar[str] = "/two-weights"
    REACH: ClassVar[float] = 2.5
    MOST: ClassVar[int] = 12

    target: float = _number(1.0, -2, 2)
    hidden: float = _number(1.0, -1, 1)
    readout: float = _number(-1.0, -1, 1)
    starts: str = field(default="1.9,1.2;0.35,1.2;-0.6,0.4", metadata={"points": True})
    turn: int = _number(-25, -180, 180)

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """The starting points (w1, w2)."""
        return _points(self.starts, self.REACH, self.MOST)

    def with_points(self, points: "list[tuple[float, float]] | tuple[tuple[float, float], ...]") -> "TwoWeightsState":
        """The same world with other starting points; the oldest go where there are too many."""
        # An empty value would not survive in a link.
        text = "none" if not points else ";".join(f"{w1:.4g},{w2:.4g}" for w1, w2 in points[-self.MOST :])
        return dataclasses.replace(self, starts=text)

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple["TwoWeightsState", str]:
        """As in `ViewState`; the list of starting points is checked as well."""
        state, complaint = super().from_query(query)
        try:
            _ = state.points
        except ValueError as problem:
            default = cls().starts
            return dataclasses.replace(state, starts=default), (
                complaint or f"The link's starts must be {problem}; the default is shown."
            )
        return state, complaint


def _points(text: str, reach: float, most: int) -> tuple[tuple[float, float], ...]:
    wrong = ValueError(f"at most {most} pairs 'w1,w2' within ±{reach:g}, separated by ';'")
    out = []
    for pair in text.split(";") if text != "none" else []:
        try:
            w1, w2 = (float(value) for value in pair.split(","))
        except ValueError:
            raise wrong from None
        # Written so that NaN fails.
        if not (abs(w1) <= reach and abs(w2) <= reach):
            raise wrong
        out.append((w1, w2))
    if len(out) > most:
        raise wrong
    return tuple(out)


@dataclass(frozen=True)
class DataState(ViewState):
    """How an uploaded table is learned. The table itself is not part of a link."""

    PATH: ClassVar[str] = "/data"

    n_hidden: int = _number(20, 1, 200)
    hidden: float = _number(0.0, 0, 1)
    readout: float = _number(0.1, 0, 1)
    activation: str = _choice("tanh", *ACTIVATIONS)
    rate: float = _number(0.1, 0.001, 2.0)
    seed: int = _number(0, *SEEDS)
    missing: str = _choice("refuse", *MISSING)


@dataclass(frozen=True)
class SweepState(ViewState):
    """Which store, variable and axes are shown, and which cell is open."""

    PATH: ClassVar[str] = "/sweeps"

    store: str = ""
    variable: str = ""
    x: str = ""
    y: str = ""
    held: str = ""
    cell: str = ""
