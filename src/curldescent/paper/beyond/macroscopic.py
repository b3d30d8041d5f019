"""Macroscopic equations against simulated students: errors on the way, ratios of epochs, and where the gain begins.

What was known before the criteria were written: the measured ratios of `control-scales`; pilot runs of other students,
with a linear output, of the equations against simulations (within 5 %) and of the onset on mini-batches, in which it
lay at student scales of 1 to 1.15, 1.25 to 1.4, 1.5 to 1.75 and 2 to 2.5. The equations had not been run on any student
of this figure, and none of the onset's students had been drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.paper.controls import scales
from curldescent.paper.machinery import macroscopic_runs, speedup_protocol
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.controls import POINTS
from curldescent.paper.machinery.effects import MARGIN, UNITS, Effect, Estimate, mean_of
from curldescent.paper.machinery.joint_verdicts import sides_told
from curldescent.paper.machinery.judged import UNTOLD, Judged, all_of
from curldescent.paper.machinery.macroscopic_drawing import draw_followed, draw_onset, draw_ratios
from curldescent.paper.machinery.macroscopic_measures import Place, onsets, places
from curldescent.paper.machinery.wording import decimal
from curldescent.plots import style
from curldescent.sweeps import Sweep

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

NAME, FOLLOWED, ONSET = "macroscopic", "macroscopic-followed", "macroscopic-onset"
THRESHOLDS = (3e-4, 1e-3, 3e-3, 1e-2)
# Errors of simulated students count as those of the equations within this factor, onsets within that one.
CLOSE, AT_ONSET = 1.1, 1.25
# Student scales at which the ratio's size is predicted, and the teacher's scale that was open.
LARGE, OPEN_TEACHER, OPEN_STUDENT = 1.5, 1.25, 2.0
# Places of an input set that no other figure has.
FIRST_SEED = 500


@dataclass(frozen=True)
class Size:
    """What a scale computes.

    Args:
        students: scales at teacher scale 1.
        open: student scales at the open teacher's.
        seeds: input sets of the control of scales.
        inputs: M of the students that are followed.
        samples: of theirs per input.
        sets: of theirs.
        onset: student scales of the onset.
        onset_sets: input sets of the onset.
        epochs: the most of any run.
        onset_epochs: the most of the onset's.
    """

    students: Sequence[float]
    open: Sequence[float]
    seeds: int
    inputs: Sequence[int]
    samples: int
    sets: int
    onset: Sequence[float]
    onset_sets: int
    epochs: int
    onset_epochs: int


SIZES: Mapping[Scale, Size] = {
    "quick": Size((1, 1.5, 2), (2,), 3, (40,), 50, 3, (1, 1.5, 2), 3, 2_000, 400),
    "standard": Size(
        (0.7, 1, 1.25, 1.5, 2, 3, 4),
        (1, 1.5, 2, 3),
        8,
        (100,),
        200,
        3,
        (0.7, 0.85, 1, 1.2, 1.4, 1.7, 2, 2.4),
        8,
        5_000,
        3_000,
    ),
    "paper": Size(
        (0.5, 0.7, 1, 1.25, 1.5, 2, 3, 4),
        (0.5, 0.7, 1, 1.25, 1.5, 2, 3, 4),
        8,
        (100, 300, 1000),
        500,
        6,
        (0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 3),
        16,
        5_000,
        20_000,
    ),
}
EPOCHS = (10, 30, 100, 200)


def experiments(scale: Scale) -> Experiments:
    """The control of scales as it is, the equations on its students, followed students, and the onset's sweep."""
    size = SIZES[scale]
    identity = "curldescent.paper.macroscopic"
    return {
        scales.NAME: scales.experiments("quick" if scale == "quick" else "standard")[scales.NAME],
        NAME: Computation(
            epochs_of_scales,
            {
                "students": size.students,
                "teachers": {f"{OPEN_TEACHER:g}": size.open},
                "seeds": size.seeds,
                "epochs": size.epochs,
            },
            identity=f"{identity}.epochs_of_scales",
        ),
        FOLLOWED: Computation(
            macroscopic_runs.followed,
            {"sizes": size.inputs, "samples_per_input": size.samples, "sets": size.sets, "epochs": EPOCHS},
            identity=f"{identity}.followed",
        ),
        ONSET: speedup_protocol.sweep(
            {"seed": list(range(FIRST_SEED, FIRST_SEED + size.onset_sets)), "student_scale": list(size.onset)},
            trials=1,
            epochs=size.onset_epochs,
            record=POINTS,
            stop_below=min(THRESHOLDS),
            paired=("student_scale",),
            n_train=scales.SAMPLES,
            keep={"epochs_to": list(THRESHOLDS)},
        ),
    }


def epochs_of_scales(
    students: Sequence[float], teachers: Mapping[str, Sequence[float]], seeds: int, epochs: int
) -> "xr.Dataset":
    """Predicted epochs to the threshold of the first student of every cell of the control of scales.

    Args:
        students: scales, at teacher scale 1.
        teachers: another teacher scale, as text → the students' scales there.
        seeds: how many input sets.
        epochs: the most.

    Returns:
        Over (rule, place, seed): `predicted`, the last epoch where the threshold is not reached; over (place,)
        `student_scale` and `teacher_scale`.
    """
    import xarray as xr

    places = [(float(s), 1.0) for s in students]
    places += [(float(s), float(t)) for t, there in teachers.items() for s in there]
    sweep = scales.experiments("standard")[scales.NAME]
    assert isinstance(sweep, Sweep)
    plane = scales.PLANES["standard"]
    found = np.full((len(macroscopic_runs.RULES), len(places), seeds), float(epochs))
    for seed in range(seeds):
        for p, (student, teacher) in enumerate(places):
            cell = sweep.cell_at((0, seed, plane.students.index(student), plane.teachers.index(teacher)))
            run = macroscopic_runs.predicted(cell.problem.trial(0), epochs, speedup_protocol.THRESHOLD, record=1)
            there = run.stopped_at.values[:, 0]
            found[:, p, seed] = np.where(np.isfinite(there), there, epochs)
    return xr.Dataset(
        {"predicted": (("rule", "place", "seed"), found)},
        coords={
            "rule": list(macroscopic_runs.RULES),
            "student_scale": ("place", [s for s, _ in places]),
            "teacher_scale": ("place", [t for _, t in places]),
            "seed": np.arange(seeds),
        },
    )


def close(results: Results) -> Finding:
    """Measured over predicted error of every size, rule and epoch: Student's interval over sets within the factor."""
    data = results[FOLLOWED]
    logs = np.log(data.measured) - np.log(data.predicted)
    judged: list[Judged] = []
    worst = ("", 0.0, None)
    for size in data["size"].values.tolist():
        for rule in data.rule.values.tolist():
            for epoch in data.epoch.values.tolist():
                mean = mean_of(logs.sel(size=size, rule=rule, epoch=epoch).values)
                judged.append(mean.judge_within(-float(np.log(CLOSE)), float(np.log(CLOSE))))
                if abs(mean.value) >= abs(worst[1]):
                    worst = (f"M = {size}, {rule}, epoch {epoch}", mean.value, None)
    verdicts = [one.holds for one in judged]
    said = (
        f"of {len(verdicts)} places {verdicts.count(True)} are within the factor and {verdicts.count(False)} outside; "
        f"the farthest mean is {np.exp(worst[1]):.3f} ({worst[0]}), the farthest single error "
        f"{np.exp(float(np.abs(logs).max())):.3f} away"
    )
    return all_of(judged).finding(said, {"verdicts": verdicts, "worst": worst[1]})


def _places(results: Results) -> dict[tuple[float, float], Place]:
    return places(results[scales.NAME], results[NAME])


def _said(chosen: Mapping[tuple[float, float], Place]) -> str:
    return "GD/CD predicted, measured: " + "; ".join(
        f"student {s:g}, teacher {t:g}: {place.predicted.ratio:.2f}, {place.measured.ratio:.2f} "
        f"[{place.measured.low:.2f}, {place.measured.high:.2f}]"
        for (s, t), place in chosen.items()
    )


def _numbers(chosen: Mapping[tuple[float, float], Place]) -> dict[str, Any]:
    return {
        f"{s:g}, {t:g}": {"measured": place.measured.numbers, "predicted": place.predicted.numbers}
        for (s, t), place in chosen.items()
    }


def sides(results: Results) -> Finding:
    """Whether who is faster is who should be, wherever it was measured, at teacher scale 1."""
    chosen = {at: place for at, place in _places(results).items() if at[1] == 1.0}
    found = sides_told([p.measured for p in chosen.values()], [p.predicted for p in chosen.values()])
    if found is None:
        return Finding(None, "no measured interval excludes 1 at this scale")
    judged, right, of = found
    return judged.finding(f"{right} of {of} sides are right. {_said(chosen)}", _numbers(chosen))


def amount(results: Results) -> Finding:
    """Measured over predicted ratio of epochs at large students, teacher scale 1: a set's value is its mean."""
    chosen = {at: place for at, place in _places(results).items() if at[1] == 1.0 and at[0] >= LARGE}
    data, expected = results[scales.NAME], results[NAME]
    if not chosen:
        return Finding(None, "this scale has no such student")
    epochs = speedup_protocol.needed(data, "train").isel(trial=0)
    seeds = [s for s in expected.seed.values.tolist() if s in data.seed.values]
    gaps = []
    for student, teacher in chosen:
        measured = epochs.sel(seed=seeds, student_scale=student, teacher_scale=teacher)
        at = (expected.student_scale == student) & (expected.teacher_scale == teacher)
        told = expected.predicted.isel(place=int(np.flatnonzero(at.values)[0])).sel(seed=seeds).clip(min=1)
        gd, cd = (measured.sel(rule=rule).values / told.sel(rule=rule).values for rule in ("GD", "CD"))
        gaps.append(np.log(gd / cd))
    mean = mean_of(np.mean(gaps, axis=0))
    effect = Effect(Estimate(mean.value, mean.error, mean.degrees, mean.n, UNITS), len(seeds))
    said = f"measured over predicted ratio {effect.said}. {_said(chosen)}"
    return effect.judge_equivalent(MARGIN).finding(said, {"gap": effect.numbers, **_numbers(chosen)})


def open_teacher(results: Results) -> Finding:
    """The predicted ratio at the teacher scale where the authors' means have curl descent slower."""
    chosen = {at: p for at, p in _places(results).items() if at[1] == OPEN_TEACHER}
    here = chosen.get((OPEN_STUDENT, OPEN_TEACHER))
    if here is None:
        return Finding(None, "this scale has no such place")
    said = f"predicted {here.predicted.said}. {_said(chosen)}"
    return here.predicted.judge_below().finding(said, _numbers(chosen))


def onset(results: Results) -> Finding:
    """Whether the measured onsets are the predicted ones."""
    found = onsets(results[ONSET])
    judged: list[Judged] = []
    parts = []
    for threshold, (told, estimate) in found.items():
        if estimate is None:
            judged.append(UNTOLD)
            parts.append(f"{decimal(threshold)}: predicted {told:.2f}, not told")
            continue
        judged.append(estimate.judge_within(-float(np.log(AT_ONSET)), float(np.log(AT_ONSET))))
        low, high = estimate.interval()
        low, at, high = (told * float(np.exp(x)) for x in (low, estimate.value, high))
        parts.append(f"{decimal(threshold)}: predicted {told:.2f}, measured {at:.2f} [{low:.2f}, {high:.2f}]")
    numbers = {
        str(t): None if e is None else {"predicted": p, "log": e.value, "error": e.error} for t, (p, e) in found.items()
    }
    return all_of(judged).finding("; ".join(parts), numbers)


def draw(results: Results) -> "Picture":
    """Errors followed, ratios by scale, and the onset against the threshold."""
    import matplotlib.pyplot as plt

    with style.figure_style():
        figure, axes = plt.subplots(1, 3, figsize=(style.PAGE_INCHES, 2.7))
        draw_followed(axes[0], results[FOLLOWED])
        draw_ratios(axes[1], _places(results))
        draw_onset(axes[2], results[ONSET])
        return figure


_FIXED = "2026-11-27"

FIGURE = Figure(
    NAME,
    title="The macroscopic equations against simulated students",
    about=(
        "Left: training errors of tanh students with a tanh output (scale 2, many samples, small updates) against "
        "those of the equations for the same students. Middle: epochs of gradient descent over curl descent to an "
        "error of 10⁻³, the equations with infinitely many samples against the runs of control-scales with 2000, the "
        "same students; intervals over input sets. Right: the student scale from which curl descent is faster, against "
        "the error that counts as learned: predicted by the excess nonlinearity at the start, and measured on "
        "mini-batches, with jackknife intervals over input sets."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "followed",
            "Students of many samples follow the equations, output nonlinearity included.",
            f"for every size, rule and epoch two one-sided t-tests at 5 %, over input sets, put the mean ratio of "
            f"measured and predicted error within a factor {CLOSE:g} of 1",
            "one of the 95 % intervals lies outside of that factor",
            close,
            fixed=_FIXED,
        ),
        Claim(
            "who is faster",
            "At teacher scale 1 the equations tell which rule is the faster one.",
            "wherever the measured 95 % interval of GD/CD excludes 1, the predicted mean lies on the same side",
            "at one such place it lies on the other side",
            sides,
            fixed=_FIXED,
        ),
        Claim(
            "by how much",
            f"At student scales from {LARGE:g} they tell by how much.",
            f"two one-sided t-tests at 5 % put measured over predicted GD/CD within a factor {MARGIN:g} of 1; an input "
            "set's value is its mean log ratio over these scales",
            "the 95 % interval lies outside of that factor",
            amount,
            fixed=_FIXED,
        ),
        Claim(
            "teachers of scale 1.25",
            f"With the output nonlinearity the equations have curl descent slower at teacher scale {OPEN_TEACHER:g} "
            f"and student scale {OPEN_STUDENT:g}, as the authors' means have it.",
            "the 95 % interval of the predicted GD/CD over input sets lies below 1",
            "it lies above 1",
            open_teacher,
            fixed=_FIXED,
        ),
        Claim(
            "onset",
            "The student scale from which curl descent is faster is the one at which the excess nonlinearity of "
            "student and teacher comes to the threshold, for thresholds from 3·10⁻⁴ to 10⁻².",
            f"for every threshold two one-sided t-tests at 5 %, with the jackknife's error over input sets, put the "
            f"measured onset within a factor {AT_ONSET:g} of the predicted one",
            "one of the 95 % intervals lies outside of that factor",
            onset,
            fixed=_FIXED,
        ),
    ),
)
