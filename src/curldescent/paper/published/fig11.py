"""Figure 11: the panels 5c to 5f without normalisation, for tanh students and two variants of them."""

from curldescent.paper.machinery.claims import Claim, Published
from curldescent.paper.machinery.speedup_panels import ENDS_EARLY, VARIANTS, WHOLE_GRID, Grid, Speedup
from curldescent.paper.machinery.speedup_protocol import FLIPS, SAMPLES, STUDENT_SCALES, TEACHER_SCALES
from curldescent.paper.machinery.speedup_values import means, paired, pooled, told
from curldescent.paper.published.fig5c_to_f import (
    FROM,
    INTERVALS,
    MANY_SAMPLES,
    TEACHER_EPOCHS,
    USUAL_STUDENT,
    USUAL_TEACHERS,
    few_flips,
    flip_claims,
    usual_teachers,
)

BY_SAMPLES = Speedup(
    "fig11a",
    "n_train",
    {
        "quick": Grid((100, 500, 2000), 8, 4_000, variants={"normal": ((2000,), 6)}).with_variants("linear"),
        "standard": Grid((100, 500, 1000, 2000), 20, 20_000, variants={"normal": ((2000,), 10)}).with_variants(
            "linear"
        ),
        "subset": Grid(MANY_SAMPLES, 10, 100_000, variants={"linear": (SAMPLES, 10)}),
        "paper": Grid(SAMPLES, 10, 100_000).with_variants(*VARIANTS),
    },
    preserve_norms=False,
)
BY_STUDENT = Speedup(
    "fig11b",
    "student_scale",
    {
        "quick": Grid((0.1, 0.5, 1, 2, 4), 8, 4_000, samples=2000).with_variants("linear"),
        "standard": Grid((0.1, 0.5, 1, 2, 4), 10, 4_000, samples=10_000).with_variants("linear"),
        "subset": Grid((1, 1.5, 2, 3, 4), 10, 100_000, 10_000, {"linear": (STUDENT_SCALES, 10)}),
        "paper": Grid(STUDENT_SCALES, 10, 100_000, samples=10_000).with_variants(*VARIANTS),
    },
    preserve_norms=False,
)
BY_TEACHER = Speedup(
    "fig11c",
    "teacher_scale",
    {
        "quick": Grid((0.1, 0.5, 1, 2), 6, 4_000, samples=2000).with_variants("linear"),
        "standard": Grid((0.1, 0.5, 1, 2), 8, 5_000, samples=10_000).with_variants("linear"),
        "subset": Grid(USUAL_TEACHERS, 10, TEACHER_EPOCHS, 10_000, {"linear": (TEACHER_SCALES, 10)}),
        "paper": Grid(TEACHER_SCALES, 10, TEACHER_EPOCHS, samples=10_000).with_variants(*VARIANTS),
    },
    preserve_norms=False,
    paper_epochs=TEACHER_EPOCHS,
)
BY_FLIPS = Speedup(
    "fig11d",
    "readout_flips",
    {
        "quick": Grid((0, 1, 3, 5, 8), 6, 5_000, samples=2000).with_variants("linear"),
        "standard": Grid((0, 1, 2, 3, 4, 5, 6, 8, 10), 10, 10_000, samples=2000).with_variants("linear"),
        "subset": Grid(FLIPS, 10, 100_000, samples=2000).with_variants("linear"),
        "paper": Grid(FLIPS, 10, 100_000, samples=2000).with_variants(*VARIANTS),
    },
    preserve_norms=False,
)
# Spread of the mean epochs of ten students over six sets of inputs: gradient descent, teachers of scale 0.1.
OVER_INPUTS = 71.0
_DEPARTURES = (f"{ENDS_EARLY}, which changes no epoch.",)


def _part(which: str) -> str:
    """What the subset's pooled test of tanh students is of."""
    return (
        f"The paper's pooled test is over its whole grid; that of tanh students at the scale 'subset' is over {which}, "
        "says nothing about the others, and decides nothing."
    )


_MANY = f"over P ≥ {FROM}"

FIGURE_A = BY_SAMPLES.figure(
    "Figure 11a: speed-up and training-set size, without normalisation",
    "As figure 5c, with weights that are not rescaled after every update: norms are free to change. Beside tanh "
    "students with uniform weights, linear students, and tanh students whose weights are drawn from a normal "
    "distribution.",
    Claim(
        "large P, test",
        "The speed-up does not hinge on normalisation: with many samples CD reaches the test error sooner than GD.",
        *BY_SAMPLES.faster_over(_MANY, MANY_SAMPLES, "test"),
        changes=(INTERVALS,),
    ),
    Claim(
        "large P, training",
        "The same holds for the training error.",
        *BY_SAMPLES.faster_over(_MANY, MANY_SAMPLES, "train"),
        changes=(INTERVALS,),
    ),
    Claim(
        "linear",
        "Linear students reach the test error sooner under CD.",
        *BY_SAMPLES.faster_over(_MANY, MANY_SAMPLES, "test", "linear"),
        changes=(INTERVALS,),
    ),
    Claim(
        "normal weights",
        "So do tanh students with normal weights.",
        *BY_SAMPLES.faster_over(_MANY, MANY_SAMPLES, "test", "normal"),
        changes=(INTERVALS,),
    ),
    departures=_DEPARTURES,
)
FIGURE_B = BY_STUDENT.figure(
    "Figure 11b: speed-up and initial scale, without normalisation",
    "As figure 5d, with weights that are not rescaled after every update; tanh students, and linear ones.",
    Claim(
        "pooled, test",
        "Without normalisation CD reaches the test error sooner than GD, all scales together.",
        *BY_STUDENT.pooled("test"),
        statistic="paper",
        fixed="2026-11-27",
        changes=(WHOLE_GRID,),
    ),
    Claim(
        "scale 2, test",
        "It does so at the scale of the other panels.",
        *BY_STUDENT.faster(USUAL_STUDENT, "test"),
        changes=(INTERVALS,),
    ),
    Claim(
        "scale 2, training",
        "The same holds for the training error.",
        *BY_STUDENT.faster(USUAL_STUDENT, "train"),
        changes=(INTERVALS,),
    ),
    Claim(
        "linear",
        "And for linear students, test error, all scales together.",
        *BY_STUDENT.pooled("test", "linear"),
        changes=("2026-11-27: pooled over all scales, as in the paper, in place of scale 2 alone.",),
        statistic="paper",
    ),
    Claim(
        "linear, over input sets",
        "In linear students the ratio says so too.",
        *BY_STUDENT.faster_over("over all scales", STUDENT_SCALES, "test", "linear"),
        fixed="2026-11-27",
    ),
    Claim(
        "gain and scale",
        "The gain is larger for larger initial weights.",
        *BY_STUDENT.gain_grows("test"),
        changes=("2026-11-27: over input sets in place of students.",),
    ),
    published=means(BY_STUDENT, {4.0: (15_900, 755)}, "scale"),
    departures=(*_DEPARTURES, _part("5 of the paper's 17 scales, 1 to 4")),
)
FIGURE_C = BY_TEACHER.figure(
    "Figure 11c: speed-up and the teacher's scale, without normalisation",
    "As figure 5e, with weights that are not rescaled after every update; tanh students, and linear ones.",
    Claim(
        "pooled, test",
        "Without normalisation CD reaches the test error sooner than GD, all scales of the teacher together.",
        *BY_TEACHER.pooled("test"),
        statistic="paper",
        fixed="2026-11-27",
        changes=(WHOLE_GRID,),
    ),
    Claim(
        "teachers up to 1",
        "It does so for teachers up to the scale of the other panels.",
        *usual_teachers(BY_TEACHER, "test"),
        changes=(INTERVALS,),
    ),
    Claim(
        "linear",
        "Linear students do, for teachers up to the scale of the other panels.",
        *usual_teachers(BY_TEACHER, "test", "linear"),
        changes=(INTERVALS,),
    ),
    published=(
        *means(BY_TEACHER, {0.1: (360, 990)}, "teacher scale", spreads={(0.1, "GD"): OVER_INPUTS}),
        Published("t of the paired t-test pooled over all scales", -2.85, pooled(BY_TEACHER, "t"), ".2f"),
        Published("its p", -0.006, pooled(BY_TEACHER, "p"), told),
    ),
    departures=(
        *_DEPARTURES,
        _part("5 of the paper's 17 scales of the teacher, those up to 1"),
        "By the authors' own pooled test over all of them CD is slower.",
        "Gradient descent's mean at teacher scale 0.1, 209, is far from the authors' 360. The inputs, which the "
        "students of a cell share, make as much: over six sets of them, 10 students each, the means are 209, 391, 216, "
        "240, 326 and 281 (benchmarks/inputs_of_fig11c.py), 277 with a spread of 71, and 360 lies among them. "
        "That spread is the error of the row.",
    ),
)
FIGURE_D = BY_FLIPS.figure(
    "Figure 11d: speed-up and the flipped fraction, without normalisation",
    "As figure 5f, with weights that are not rescaled after every update; tanh students, and linear ones.",
    *flip_claims(BY_FLIPS),
    Claim(
        "linear, few flips",
        "In linear students few flips speed up too.",
        *few_flips(BY_FLIPS, "linear"),
        changes=(INTERVALS,),
    ),
    Claim(
        "pooled, test",
        "All numbers of flips together, CD reaches the test error later than GD, as in the authors' own runs.",
        *BY_FLIPS.pooled("test", slower=True),
        statistic="paper",
        fixed="2026-11-28",
        changes=("2026-11-28: written after the runs had been seen.", WHOLE_GRID),
    ),
    published=(
        Published("p of the paired t-test, one flip", 0.045, paired(BY_FLIPS, 1), told),
        Published("p of the paired t-test, four flips", -3e-4, paired(BY_FLIPS, 4), told),
        Published("p of the paired t-test pooled over all flips", -2e-5, pooled(BY_FLIPS, "p"), told),
    ),
    departures=_DEPARTURES,
)
