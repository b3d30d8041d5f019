"""Control: where curl descent wins and where it loses, over the scales of student and teacher.

Grid and longest run were chosen from two students of an input set that is not in it (seed 1000), none of whom got there
in 5000 epochs from teachers of scale 1.5 and more, and from what was known: at teacher scale 1 a speed-up at student
scale 1.5 and above, none at 1.25, the contrary at 0.7 and 1; in the authors' means the contrary also at student scale 2
with teacher scales of 1.25 and more. The criteria below were written after that look and before the run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from curldescent.paper.machinery import speedup_protocol
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.controls import POINTS, THRESHOLD
from curldescent.paper.machinery.effects import MARGIN, Effect, ratio_of
from curldescent.paper.machinery.families import holm
from curldescent.paper.machinery.joint_verdicts import Side, everywhere, sides, somewhere
from curldescent.paper.machinery.judged import Judged
from curldescent.paper.machinery.wording import decimal, spaced
from curldescent.plots import style
from curldescent.plots.panels import note
from curldescent.plots.ratio_maps import Kind, draw_ratio_map, ratio_ticks

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

NAME = "control-scales"
SAMPLES = 2000
# Student scales between which the speed-up begins, and the teacher's usual scale.
BEFORE, AFTER, USUAL = 1.25, 1.5, 1.0
# Student scales of the paper at which its means, too, have curl descent slower.
SMALL = (0.7, 1.0)
LARGE_TEACHER, AT_STUDENT = 1.25, 2.0


@dataclass(frozen=True)
class Plane:
    """What a scale computes.

    Args:
        students: scales.
        teachers: scales.
        sets: input sets, each with teachers, students and sample orders of its own.
        trials: students a set.
        epochs: the most that a run gets; it ends at the threshold.
    """

    students: Sequence[float]
    teachers: Sequence[float]
    sets: int
    trials: int
    epochs: int


PLANES: Mapping[Scale, Plane] = {
    "quick": Plane((0.7, 1, 1.25, 1.5, 2), (0.5, 1), 3, 2, 3_000),
    "standard": Plane((0.5, 0.7, 1, 1.25, 1.5, 2, 3, 4), (0.25, 0.5, 1, 1.25), 8, 2, 5_000),
    "paper": Plane(
        (0.5, 0.7, 0.85, 1, 1.1, 1.25, 1.35, 1.5, 1.75, 2, 2.5, 3, 4, 5, 7),
        (0.25, 0.5, 0.75, 1, 1.25, 1.5),
        12,
        3,
        20_000,
    ),
}


@dataclass(frozen=True)
class Cell:
    """One place of the plane.

    Args:
        effect: epochs of gradient descent over those of curl descent, over input sets.
        missed: rule → trials that did not reach the threshold and count with the last epoch.
        of: trials a rule.
    """

    effect: Effect
    missed: Mapping[str, int]
    of: int

    @property
    def kind(self) -> Kind:
        """What the ratio is to the one without a last epoch."""
        gd, cd = self.missed["GD"], self.missed["CD"]
        if gd == cd == self.of:
            return "never"
        if gd and cd:
            return "cut off"
        return "lower bound" if gd else "upper bound" if cd else "exact"


# (student scale, teacher scale) → cell.
Cells: TypeAlias = Mapping[tuple[float, float], Cell]


def experiments(scale: Scale) -> Experiments:
    """One sweep: everything of an input set is the same all over the plane but for the factors of the weights."""
    plane = PLANES[scale]
    return {
        NAME: speedup_protocol.sweep(
            {"seed": list(range(plane.sets)), "student_scale": plane.students, "teacher_scale": plane.teachers},
            trials=plane.trials,
            epochs=plane.epochs,
            record=POINTS,
            stop_below=THRESHOLD,
            paired=("student_scale", "teacher_scale"),
            n_train=SAMPLES,
        )
    }


def cells(results: Results) -> dict[tuple[float, float], Cell]:
    """Every place of the plane that was run."""
    return cells_of(results[NAME])


def cells_of(data: "xr.Dataset") -> dict[tuple[float, float], Cell]:
    """The cells of a sweep's dataset.

    Args:
        data: with dimensions rule, seed, student_scale, teacher_scale and trial; places with a missing value are left
            out.

    Returns:
        (student scale, teacher scale) → cell, in the order of the axes.
    """
    epochs = speedup_protocol.needed(data, "train").transpose("rule", "student_scale", "teacher_scale", "seed", "trial")
    stopped = data.stopped_at.transpose("rule", "student_scale", "teacher_scale", "seed", "trial")
    unit = np.repeat(np.arange(epochs.sizes["seed"]), epochs.sizes["trial"])
    found = {}
    for s, student in enumerate(epochs.student_scale.values.tolist()):
        for t, teacher in enumerate(epochs.teacher_scale.values.tolist()):
            here = {rule: epochs.sel(rule=rule).values[s, t].ravel() for rule in ("GD", "CD")}
            if not all(np.isfinite(values).all() for values in here.values()):
                continue
            missed = {rule: int((stopped.sel(rule=rule).values[s, t] < 0).sum()) for rule in here}
            found[student, teacher] = Cell(ratio_of(here["GD"], here["CD"], unit), missed, len(unit))
    return found


def told(every: Cells, where: Callable[[float, float], bool] = lambda student, teacher: True) -> dict[Any, Cell]:
    """The cells at which at least one trial of a rule reaches the threshold."""
    return {place: cell for place, cell in every.items() if cell.kind != "never" and where(*place)}


def judged(
    verdict: Callable[[Sequence[Effect], Side], Judged], side: Side, where: Callable[[float, float], bool]
) -> Callable[[Results], Finding]:
    """A measurement: curl descent is faster, or slower, at all or at some of the places.

    Args:
        verdict: `joint_verdicts.everywhere` or `joint_verdicts.somewhere`.
        side: faster or slower.
        where: which places, of student scale and teacher scale.

    Returns:
        The measure.
    """

    def measure(results: Results) -> Finding:
        chosen = told(cells(results), where)
        if not chosen:
            return Finding(None, "no such place of this scale's grid has a student that gets there")
        family = [cell.effect for cell in chosen.values()]
        return verdict(family, side).finding(said(chosen), numbers(chosen))

    return measure


def said(chosen: Cells) -> str:
    """Ratios of a few cells one by one, of many by their number."""
    family = [cell.effect for cell in chosen.values()]
    if len(chosen) <= 6:
        parts = [f"student {s:g}, teacher {t:g}: {_ratio(cell)}" for (s, t), cell in chosen.items()]
        return f"GD/CD over {family[0].n} {family[0].over}: " + "; ".join(parts)
    after = sides(family)
    faster = [effect for effect in family if effect.faster()]
    slower = [effect for effect in family if effect.slower()]
    return (
        f"of {len(family)} cells the interval is above 1 in {len(faster)} (highest {max(e.ratio for e in family):.2f}) "
        f"and below 1 in {len(slower)} (lowest {min(e.ratio for e in family):.2f}); after Holm's adjustment for their "
        f"number {len(after['faster'])} and {len(after['slower'])}"
    )


def _ratio(cell: Cell) -> str:
    low, high = cell.effect.interval
    text = f"{cell.effect.ratio:.2f} [{low:.2f}, {high:.2f}]"
    if cell.kind != "exact":
        text += f" ({cell.kind}: GD {cell.missed['GD']}, CD {cell.missed['CD']} of {cell.of} not there)"
    return text


def numbers(chosen: Cells) -> dict[str, Any]:
    """The same for machines."""
    return {f"{s:g}, {t:g}": {**cell.effect.numbers, "missed": dict(cell.missed)} for (s, t), cell in chosen.items()}


def onset(results: Results) -> Finding:
    """Just before the onset no speed-up beyond the margin, just after it one, at all teacher scales up to the usual."""
    every = told(cells(results), lambda s, t: s in (BEFORE, AFTER) and t <= USUAL)
    before = [cell.effect for (s, _), cell in every.items() if s == BEFORE]
    after = [cell.effect for (s, _), cell in every.items() if s == AFTER]
    if not before or not after:
        return Finding(None, f"the grid of this scale has no student scales {BEFORE:g} and {AFTER:g}")
    margin = float(np.log(MARGIN))
    contrary = [e.log.p_above(margin) for e in before] + [e.log.p_below(0.0) for e in after]
    confirming = [2 * e.log.p_below(margin) for e in before] + [2 * e.log.p_above(0.0) for e in after]
    # One-sided, at the half of the level that an interval leaves out at either end.
    return Judged.of(max(confirming), 2 * float(holm(contrary).min())).finding(said(every), numbers(every))


def draw(results: Results) -> "Picture":
    """The map."""
    import matplotlib.pyplot as plt

    data = results[NAME]
    every = cells(results)
    students, teachers = (sorted(data[name].values.tolist()) for name in ("student_scale", "teacher_scale"))
    shape = (len(teachers), len(students))
    ratio, ends = np.full(shape, np.nan), np.full((*shape, 2), np.nan)
    notes = {}
    kinds: list[list[Kind]] = [["missing"] * len(students) for _ in teachers]
    for (student, teacher), cell in every.items():
        row, column = teachers.index(teacher), students.index(student)
        ratio[row, column], ends[row, column] = cell.effect.ratio, cell.effect.interval
        kinds[row][column] = cell.kind
        if any(cell.missed.values()):
            notes[row, column] = f"{cell.missed['GD']} and {cell.missed['CD']} of {cell.of}"
    figure, axis = plt.subplots(figsize=(style.PAGE_INCHES, 1.0 + 0.52 * len(teachers)))
    image = draw_ratio_map(axis, ratio, ends, kinds, columns=students, rows=teachers, notes=notes)
    axis.set(xlabel="scale of the student's initial weights, which its norms keep", ylabel="scale of the teacher")
    axis.set_title("Epochs of gradient descent / epochs of curl descent")
    ticks, labels = ratio_ticks()
    bar = figure.colorbar(image, ax=axis, ticks=ticks, pad=0.02)
    bar.ax.set_yticklabels(labels)
    bar.ax.minorticks_off()
    bar.set_label("CD slower ← 1 → CD faster")
    last = speedup_protocol.last_epoch(data)
    any_cell = next(iter(every.values()), None)
    units = f"{any_cell.effect.n} {any_cell.effect.over}" if any_cell else "nothing"
    note(
        figure,
        f"95 % intervals over {units}. Framed: the interval excludes 1. Hatched: so many trials of GD and CD do not "
        f"get there in {spaced(last)} epochs and count with them; the ratio is a bound (≥, ≤) where they are one "
        "rule's, and one of epochs up to there alone (~) where they are both's.",
    )
    return figure


_FIXED = "2026-11-27"


def _all(side: str, places: str = "") -> tuple[str, str]:
    """When all of some places lie on a side, and when that is refuted."""
    return (
        f"{places}every 95 % interval, Student's over input sets, lies {side} 1",
        "one lies on the other side after Holm's adjustment for their number",
    )


def _some(side: str) -> tuple[str, str]:
    """When one of the cells lies on a side, and when that is refuted."""
    return f"an interval lies {side} 1 after Holm's adjustment for the cells", "all of them lie on the other side"


FIGURE = Figure(
    NAME,
    title="Control: the scales of student and teacher",
    about=(
        f"Ratio of epochs to a training error of {decimal(THRESHOLD)}, gradient descent over curl descent with one of "
        f"ten readout neurons flipped, over the scales of student and teacher; {SAMPLES} samples, batch 10, step 0.1 "
        "an epoch, norms preserved. The unit is an input set, with inputs, teachers, students and sample orders of its "
        "own: its value is the mean log ratio over its students, and the interval is Student's over these values, so "
        "that it holds the spread between input sets and that of students. Within a set all cells have the same "
        "weights up to the scales. A trial that does not get there counts with the last epoch."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "wins somewhere",
            "There are scales at which curl descent is faster.",
            *_some("above"),
            judged(somewhere, "faster", lambda s, t: True),
            fixed=_FIXED,
        ),
        Claim(
            "loses somewhere",
            "There are scales at which curl descent is slower.",
            *_some("below"),
            judged(somewhere, "slower", lambda s, t: True),
            fixed=_FIXED,
        ),
        Claim(
            "small students",
            "Students no larger than their teachers learn more slowly under curl descent.",
            *_all("below", f"student scales {SMALL[0]:g} to {SMALL[1]:g}, teacher scale {USUAL:g}: "),
            judged(everywhere, "slower", lambda s, t: SMALL[0] <= s <= SMALL[1] and t == USUAL),
            fixed=_FIXED,
        ),
        Claim(
            "large students",
            "Students clearly larger than their teachers learn faster under curl descent.",
            *_all("above", f"student scales from {AFTER:g}, teacher scale {USUAL:g}: "),
            judged(everywhere, "faster", lambda s, t: s >= AFTER and t == USUAL),
            fixed=_FIXED,
        ),
        Claim(
            "onset",
            f"The speed-up begins between student scales {BEFORE:g} and {AFTER:g}, whatever the teacher's up to "
            f"{USUAL:g}.",
            f"for every teacher ≤ {USUAL:g} the interval lies below {MARGIN:g} at {BEFORE:g} and above 1 at {AFTER:g}",
            f"one lies above {MARGIN:g} at {BEFORE:g}, or below 1 at {AFTER:g}, after Holm's adjustment for all",
            onset,
            fixed=_FIXED,
        ),
        Claim(
            "small teachers",
            f"At student scale {AT_STUDENT:g} curl descent is faster whatever the teacher's scale up to {USUAL:g}.",
            *_all("above"),
            judged(everywhere, "faster", lambda s, t: s == AT_STUDENT and t <= USUAL),
            fixed=_FIXED,
        ),
        Claim(
            "large teachers",
            f"At student scale {AT_STUDENT:g} and teacher scale {LARGE_TEACHER:g} it is slower, as in the authors' "
            "means for 10 000 samples.",
            *_all("below"),
            judged(everywhere, "slower", lambda s, t: s == AT_STUDENT and t == LARGE_TEACHER),
            fixed=_FIXED,
        ),
    ),
)
