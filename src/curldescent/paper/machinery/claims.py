"""What a figure is: experiments as data, a picture, and claims that can fail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, Union

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.statistics import error_of_difference
from curldescent.paper.machinery.wording import rounded

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

    from curldescent.paper.machinery.computation import Computation
    from curldescent.sweeps import Sweep

# What `Finding.holds` says.
VERDICTS = {True: "confirmed", False: "refuted", None: "undecided"}
# Whose statistic a claim tests: the one that the paper plots or tests, or ours where we think another one is fairer.
Statistic = Literal["paper", "ours"]
# "subset" is the paper's own protocol, its epochs, trials and samples, on the cells that decide a figure's claims.
Scale = Literal["quick", "standard", "subset", "paper"]
SCALES: tuple[Scale, ...] = ("quick", "standard", "subset", "paper")
# Whose figure it is: the paper's own, this project's continuation of it, or a control of its speed-up claim.
ORIGINS = ("paper", "beyond", "control")
# What a figure is made of: name → what is computed. The names are those of folders, shared by all figures of a scale.
Experiments: TypeAlias = Mapping[str, Union["Sweep", "Computation"]]


@dataclass(frozen=True)
class Finding:
    """What a claim's measurement found.

    Args:
        holds: True where what was measured confirms the claim, False where it refutes it, None where it does neither.
        said: the measurement in one sentence, with its numbers; for None, what is missing.
        numbers: the same numbers for machines.
        p_value: of the test that the verdict rests on, two-sided; None where it rests on no single test. What is found
            counts only as long as it survives the correction for the number of tests, see `families.corrected`.
    """

    holds: bool | None
    said: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    p_value: float | None = None

    def __post_init__(self) -> None:
        if self.holds is not None:
            object.__setattr__(self, "holds", validation.boolean("holds (None where it cannot be told)", self.holds))
        validation.text("said", self.said)
        validation.mapping("numbers", self.numbers, "a mapping from names to numbers")
        if self.p_value is not None:
            object.__setattr__(self, "p_value", validation.fraction("p_value", self.p_value))

    @property
    def verdict(self) -> str:
        """The verdict in words: confirmed, refuted or undecided."""
        return VERDICTS[self.holds]


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


# When a claim counts as confirmed, when as refuted, and its measure; made by one function, so that words and numbers
# come from the same constants.
Measured: TypeAlias = tuple[str, str, Callable[[Results], Finding]]
# When the criteria of the first version were fixed, before its runs at standard scale.
FIRST_FIXED = "2026-11-23"


@dataclass(frozen=True)
class Claim:
    """One statement about a figure that a measurement can confirm or refute.

    Args:
        name: short and unique within its figure.
        statement: what is claimed, one sentence.
        criterion: when it counts as confirmed, said before anything is measured.
        refuted: when it counts as refuted; what lies between the two is undecided.
        measure: from the figure's results to a `Finding`.
        statistic: "paper", the statistic that the paper plots or tests, or "ours".
        fixed: the day on which the criterion was fixed, as 2026-11-23.
        changes: what was changed in it after results had been seen, a sentence a change that begins with its day.
    """

    name: str
    statement: str
    criterion: str
    refuted: str
    measure: Callable[[Results], Finding]
    _: KW_ONLY
    statistic: Statistic = "ours"
    fixed: str = FIRST_FIXED
    changes: Sequence[str] = ()

    def __post_init__(self) -> None:
        for part in ("name", "statement", "criterion", "refuted"):
            validation.text(part, getattr(self, part))
        validation.function("measure", self.measure, "a function from cd.paper.Results to a cd.paper.Finding")
        validation.choice("statistic", self.statistic, ("paper", "ours"))
        _texts("changes", self.changes)
        for day in (self.fixed, *(change[:10] for change in self.changes)):
            validation.text("fixed", day)
            try:
                date.fromisoformat(day)
            except ValueError:
                raise InputError(f"fixed and changes must begin with a day such as 2026-11-23, got {day!r}") from None

    @property
    def said(self) -> str:
        """The criterion as it is printed: both regions, its day, and what was changed after a look."""
        changed = "".join(f" Changed {change}" for change in self.changes)
        return f"Confirmed: {self.criterion}. Refuted: {self.refuted}. Fixed {self.fixed}.{changed}"


class Ours(NamedTuple):
    """A value of ours that stands beside one of the authors'.

    Args:
        value: ours.
        error: its standard error; NaN where it is not known.
        n: over how many trials it is, or cells or fractions of a map; None where that means nothing.
    """

    value: float
    error: float = float("nan")
    n: int | None = None


# How the difference of a row is divided; said above every table that has one.
DIVIDED = (
    "Differences are ours less the paper's, in standard errors of such a difference. The authors' own errors are not "
    "known; their spread is taken to be ours. So our standard error counts √2 times where both are over the same "
    "number of trials, and √(1 + n/n′) times where ours is over n and theirs over n′ (of a map: fractions or cells). "
    "Where the trials of a cell share their inputs, as in figures 5, 10 and 11, no error holds how a value varies with "
    "the inputs."
)


@dataclass(frozen=True)
class Published:
    """A value of the authors' own runs, and ours beside it.

    Args:
        name: of the quantity.
        value: the authors'.
        ours: from the figure's results to our value; None where the results do not have the quantity.
        said: how a value is written: a format of Python, or a function from the value to its words.
        of: over how many the authors' value is, as `Ours.n`; None where that is not known: as many as ours.
    """

    name: str
    value: float
    ours: "Callable[[Results], Ours | None]"
    said: str | Callable[[float], str] = ".3g"
    of: int | None = None

    def __post_init__(self) -> None:
        validation.text("name", self.name)
        validation.real("value", self.value)
        validation.function("ours", self.ours, "a function from cd.paper.Results to cd.paper.machinery.claims.Ours")
        if not callable(self.said):
            validation.text("said", self.said)
        if self.of is not None:
            validation.integer("of", self.of, minimum=1)

    def written(self, value: float) -> str:
        """A value in words."""
        return self.said(value) if callable(self.said) else format(value, self.said)

    def row(self, results: Results) -> dict[str, Any]:
        """Both values, and their difference in its standard errors, see `DIVIDED`; None where there is none."""
        found = self.ours(results)
        row = {"name": self.name, "paper": self.written(self.value), "ours": None, "difference": None}
        if found is None:
            return row
        known = np.isfinite(found.error) and found.error > 0
        row["ours"] = self.written(found.value) + (f" ± {rounded(found.error, 2)}" if known else "")
        if known:
            difference = (found.value - self.value) / error_of_difference(found.error, found.n, self.of)
            row["difference"] = f"{difference:+.1f}"
        return row


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
        published: values of the authors' own runs that are shown beside ours.
        subset: the paper's experiments on the cells that decide the claims; all of them where there is none.
        curves: whether picture or claims need errors at every recorded epoch; what is kept has them at a few otherwise.
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
    published: Sequence[Published] = ()
    subset: Callable[[], Experiments] | None = None
    curves: bool = False

    def at(self, scale: Scale) -> Experiments:
        """The experiments of a scale; those of the paper where a figure has no subset."""
        if scale == "subset":
            return self.experiments("paper") if self.subset is None else self.subset()
        return self.experiments(scale)

    def __post_init__(self) -> None:
        for part in ("key", "title", "about"):
            validation.text(part, getattr(self, part))
        validation.choice("origin", self.origin, ORIGINS)
        validation.function(
            "experiments", self.experiments, "a function from a scale to sweeps and computations by name"
        )
        validation.function("draw", self.draw, "a function from cd.paper.Results to a picture of matplotlib")
        validation.boolean("curves", self.curves)
        if self.subset is not None:
            validation.function("subset", self.subset, "a function that returns sweeps and computations by name")
        _listed("claims", self.claims, Claim, "cd.paper.Claim")
        _listed("published", self.published, Published, "values of the authors' own runs")
        for part in ("aliases", "departures"):
            _texts(part, getattr(self, part))


def _texts(name: str, given: object) -> None:
    _listed(name, given, str, "text")


def _listed(name: str, given: object, kind: type, what: str) -> None:
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(one, kind) for one in given):
        raise InputError(f"{name} must be a list of {what}, got {validation.shown(given)}")
