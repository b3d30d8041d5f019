"""What a figure is: experiments as data, a picture, and claims that can fail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

    from curldescent.paper.machinery.computation import Computation
    from curldescent.sweeps import Sweep

Scale = Literal["quick", "standard", "paper"]
SCALES: tuple[Scale, ...] = ("quick", "standard", "paper")
# Whose figure it is: the paper's own, this project's continuation of it, or a control of its speed-up claim.
ORIGINS = ("paper", "beyond", "control")
# What a figure is made of: name → what is computed. The names are those of folders, shared by all figures of a scale.
Experiments: TypeAlias = Mapping[str, Union["Sweep", "Computation"]]


@dataclass(frozen=True)
class Finding:
    """What a claim's measurement found.

    Args:
        holds: True, False, or None where this scale cannot tell.
        said: the measurement in one sentence, with its numbers; for None, what is missing.
        numbers: the same numbers for machines.
    """

    holds: bool | None
    said: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.holds is not None:
            object.__setattr__(self, "holds", validation.boolean("holds (None where it cannot be told)", self.holds))
        validation.text("said", self.said)
        validation.mapping("numbers", self.numbers, "a mapping from names to numbers")

    @property
    def verdict(self) -> str:
        """The verdict in words: confirmed, not confirmed, or not tested at this scale."""
        return {True: "confirmed", False: "not confirmed", None: "not tested at this scale"}[self.holds]


@dataclass(frozen=True)
class Results:
    """What a figure's experiments gave, by name: ``results["fig3a"]`` is an xarray.Dataset.

    Args:
        scale: they were run at.
        data: name → dataset.
    """

    scale: Scale
    data: "Mapping[str, xr.Dataset]"

    def __post_init__(self) -> None:
        validation.choice("scale", self.scale, SCALES)
        validation.mapping("data", self.data, "a mapping from names to datasets")

    def __getitem__(self, name: str) -> "xr.Dataset":
        if not isinstance(name, str) or name not in self.data:
            there = validation.listed(self.data) or "none"
            raise InputError(f"there are no results {validation.shown(name)}; there are {there}")
        return self.data[name]


# A claim's criterion, and its measure; made by one function, so that words and numbers come from the same constants.
Measured: TypeAlias = tuple[str, Callable[[Results], Finding]]


@dataclass(frozen=True)
class Claim:
    """One statement about a figure that a measurement can contradict.

    Args:
        name: short and unique within its figure.
        statement: what is claimed, one sentence.
        criterion: when it counts as confirmed, said before anything is measured.
        measure: from the figure's results to a `Finding`.
    """

    name: str
    statement: str
    criterion: str
    measure: Callable[[Results], Finding]

    def __post_init__(self) -> None:
        for part in ("name", "statement", "criterion"):
            validation.text(part, getattr(self, part))
        validation.function("measure", self.measure, "a function from cd.paper.Results to a cd.paper.Finding")


@dataclass(frozen=True)
class Figure:
    """One figure: what is computed, drawn and claimed.

    Args:
        key: as on the command line, "fig3a".
        title: heading.
        about: what is computed and what is seen, in our words.
        origin: one of `ORIGINS`.
        experiments: from a scale to what is computed at it; "paper" is the paper's own grid and epochs.
        draw: the picture.
        claims: in the order they are reported.
        aliases: other names on the command line.
        departures: what differs from the paper at every scale, and why.
    """

    key: str
    _: KW_ONLY
    title: str
    about: str
    origin: str
    experiments: Callable[[Scale], Experiments]
    draw: "Callable[[Results], Picture]"
    claims: Sequence[Claim]
    aliases: Sequence[str] = ()
    departures: Sequence[str] = ()

    def __post_init__(self) -> None:
        for part in ("key", "title", "about"):
            validation.text(part, getattr(self, part))
        validation.choice("origin", self.origin, ORIGINS)
        validation.function(
            "experiments", self.experiments, "a function from a scale to sweeps and computations by name"
        )
        validation.function("draw", self.draw, "a function from cd.paper.Results to a picture of matplotlib")
        for part, kind, what in (
            ("claims", Claim, "cd.paper.Claim"),
            ("aliases", str, "text"),
            ("departures", str, "text"),
        ):
            given = getattr(self, part)
            if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(g, kind) for g in given):
                raise InputError(f"{part} must be a list of {what}, got {validation.shown(given)}")
