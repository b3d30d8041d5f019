"""The plane of student and teacher scales on which gradient and curl descent are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curldescent.paper.machinery import speedup_protocol
from curldescent.paper.machinery.claims import Experiments, Scale
from curldescent.paper.machinery.controls import POINTS, THRESHOLD

NAME = "control-scales"
SAMPLES = 2000


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
