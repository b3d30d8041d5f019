"""Figure 11: the panels 5c to 5f without normalisation, for tanh students and two variants of them."""

from curldescent.paper.machinery.claims import Claim
from curldescent.paper.machinery.speedup_panels import ENDS_EARLY, VARIANTS, Grid, Speedup
from curldescent.paper.machinery.speedup_protocol import FLIPS, SAMPLES, STUDENT_SCALES, TEACHER_SCALES
from curldescent.paper.published.fig5c_to_f import (
    LARGE,
    TEACHER_EPOCHS,
    USUAL_STUDENT,
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
        "paper": Grid(FLIPS, 10, 100_000, samples=2000).with_variants(*VARIANTS),
    },
    preserve_norms=False,
)
_DEPARTURES = (f"{ENDS_EARLY}, which changes no epoch.",)

FIGURE_A = BY_SAMPLES.figure(
    "Figure 11a: speed-up and training-set size, without normalisation",
    "As figure 5c, with weights that are not rescaled after every update: norms are free to change. Beside tanh "
    "students with uniform weights, linear students, and tanh students whose weights are drawn from a normal "
    "distribution.",
    Claim(
        "large P, test",
        "The speed-up does not hinge on normalisation: with many samples CD reaches the test error sooner than GD.",
        *BY_SAMPLES.faster(LARGE, "test"),
    ),
    Claim("large P, training", "The same holds for the training error.", *BY_SAMPLES.faster(LARGE, "train")),
    Claim(
        "linear",
        "Linear students reach the test error sooner under CD.",
        *BY_SAMPLES.faster(LARGE, "test", "linear"),
    ),
    Claim("normal weights", "So do tanh students with normal weights.", *BY_SAMPLES.faster(LARGE, "test", "normal")),
    departures=_DEPARTURES,
)
FIGURE_B = BY_STUDENT.figure(
    "Figure 11b: speed-up and initial scale, without normalisation",
    "As figure 5d, with weights that are not rescaled after every update; tanh students, and linear ones.",
    Claim(
        "scale 2, test",
        "Without normalisation, CD reaches the test error sooner than GD at the scale of the other panels.",
        *BY_STUDENT.faster(USUAL_STUDENT, "test"),
    ),
    Claim("scale 2, training", "The same holds for the training error.", *BY_STUDENT.faster(USUAL_STUDENT, "train")),
    Claim("linear", "And for linear students, test error.", *BY_STUDENT.faster(USUAL_STUDENT, "test", "linear")),
    Claim(
        "gain and scale",
        "The gain is larger for larger initial weights.",
        *BY_STUDENT.gain_grows("test"),
    ),
    departures=_DEPARTURES,
)
FIGURE_C = BY_TEACHER.figure(
    "Figure 11c: speed-up and the teacher's scale, without normalisation",
    "As figure 5e, with weights that are not rescaled after every update; tanh students, and linear ones.",
    Claim(
        "teachers up to 1",
        "Without normalisation, CD reaches the test error sooner than GD whatever the scale of the teacher, up to "
        "that of other panels.",
        *usual_teachers(BY_TEACHER, "test"),
    ),
    Claim("linear", "The same holds for linear students.", *usual_teachers(BY_TEACHER, "test", "linear")),
    departures=_DEPARTURES,
)
FIGURE_D = BY_FLIPS.figure(
    "Figure 11d: speed-up and the flipped fraction, without normalisation",
    "As figure 5f, with weights that are not rescaled after every update; tanh students, and linear ones.",
    *flip_claims(BY_FLIPS),
    Claim("linear, few flips", "In linear students few flips speed up too.", *few_flips(BY_FLIPS, "linear")),
    departures=_DEPARTURES,
)
