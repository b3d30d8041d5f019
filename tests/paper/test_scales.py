"""The control over the scales: cells and their units, verdicts in constructed worlds, the map."""

import json

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from curldescent.paper.controls import scales
from curldescent.paper.machinery.claims import SCALES, Results
from curldescent.paper.machinery.effects import UNITS
from curldescent.plots import style

mpl.use("agg")
PLANE = scales.PLANES["standard"]


def world(gain, *, between=0.03, within=0.05, never=lambda student, teacher, rule: False):
    """A dataset of the standard plane in which GD/CD is about ``gain(student, teacher)``."""
    rng = np.random.default_rng(4)
    shape = (2, PLANE.sets, len(PLANE.students), len(PLANE.teachers), PLANE.trials)
    epochs, stopped = np.empty(shape), np.empty(shape)
    sets = np.exp(between * rng.standard_normal(PLANE.sets))[:, None]
    for s, student in enumerate(PLANE.students):
        for t, teacher in enumerate(PLANE.teachers):
            noise = np.exp(within * rng.standard_normal((PLANE.sets, PLANE.trials)))
            for r, rule in enumerate(("GD", "CD")):
                value = 1000 / (1.0 if rule == "GD" else gain(student, teacher) * sets * noise)
                gone = never(student, teacher, rule)
                epochs[r, :, s, t] = PLANE.epochs if gone else value
                stopped[r, :, s, t] = -1 if gone else value
    dims = ("rule", "seed", "student_scale", "teacher_scale", "trial")
    coords = {"rule": ["GD", "CD"], "seed": range(PLANE.sets)}
    coords |= {"student_scale": list(PLANE.students), "teacher_scale": list(PLANE.teachers)}
    settings = scales.experiments("standard")[scales.NAME].settings.as_json()
    data = {"epochs_to_train": ((*dims, "threshold"), epochs[..., None]), "stopped_at": (dims, stopped)}
    data = xr.Dataset(data, coords=coords, attrs={"settings": json.dumps(settings)})
    return Results("standard", {scales.NAME: data})


def as_known(student, teacher):
    """The world as it was known before the run."""
    if student < scales.AFTER:
        return 0.85 if student <= 1 else 0.92
    return 2.2 if teacher <= 1 else 0.8


def verdicts(results):
    return {claim.name: claim.measure(results).holds for claim in scales.FIGURE.claims}


@pytest.mark.parametrize("scale", SCALES)
def test_experiments_build_and_share_what_they_should(scale):
    (sweep,) = scales.FIGURE.at(scale).values()
    plane = scales.PLANES["paper" if scale == "subset" else scale]
    assert sweep.grid.size == 2 * plane.sets * len(plane.students) * len(plane.teachers)
    places = [
        sweep.cell(seed=seed, student_scale=student, teacher_scale=plane.teachers[0], rule=rule)
        for seed, student, rule in ((0, plane.students[0], "GD"), (0, plane.students[-1], "CD"), (1, 1, "GD"))
    ]
    one, other_scale, other_set = places
    np.testing.assert_array_equal(one.problem.inputs, other_scale.problem.inputs)
    factor = plane.students[-1] / plane.students[0]
    np.testing.assert_allclose(other_scale.problem.student.hidden, factor * one.problem.student.hidden)
    assert one.seed == other_scale.seed != other_set.seed
    assert not np.array_equal(one.problem.inputs, other_set.problem.inputs)


def test_a_cells_unit_is_the_input_set():
    results = world(lambda s, t: 2.0, between=0.2, within=0.3)
    cell = scales.cells(results)[2, 1]
    data = results[scales.NAME].sel(student_scale=2, teacher_scale=1)
    logs = np.log(data.epochs_to_train.sel(rule="GD") / data.epochs_to_train.sel(rule="CD")).mean(
        ["trial", "threshold"]
    )
    assert (cell.effect.n, cell.effect.over) == (PLANE.sets, UNITS)
    assert cell.effect.log.value == pytest.approx(float(logs.mean()))
    assert cell.effect.log.error == pytest.approx(float(logs.std(ddof=1)) / np.sqrt(PLANE.sets))


def test_in_the_world_that_was_known_every_claim_is_confirmed():
    assert set(verdicts(world(as_known)).values()) == {True}


def test_in_the_contrary_world_every_claim_is_refuted():
    always = verdicts(world(lambda s, t: 2.0))
    assert always == {
        "wins somewhere": True,
        "loses somewhere": False,
        "small students": False,
        "large students": True,
        "onset": False,
        "small teachers": True,
        "large teachers": False,
    }
    never = verdicts(world(lambda s, t: 0.5))
    assert (never["wins somewhere"], never["large students"], never["small teachers"]) == (False, False, False)
    assert (never["small students"], never["onset"]) == (True, False)


def test_what_scatters_decides_nothing():
    assert set(verdicts(world(lambda s, t: 1.0, between=0.8)).values()) == {None}


def test_cells_that_are_cut_off_say_so():
    def never(student, teacher, rule):
        return (student == 0.5 and teacher > 1) or (student == 4 and rule == "GD")

    results = world(as_known, never=never)
    every = scales.cells(results)
    assert every[0.5, 1.25].kind == "never"
    assert every[4, 1].kind == "lower bound"
    assert every[2, 1].kind == "exact"
    assert (0.5, 1.25) not in scales.told(every)
    (claim,) = [c for c in scales.FIGURE.claims if c.name == "large students"]
    assert f"GD {every[4, 1].of}, CD 0" in claim.measure(results).said


def test_the_map_is_drawn_with_frames_bounds_and_gaps():
    def never(student, teacher, rule):
        return (student == 0.5 and teacher > 1) or (student == 4 and rule == "GD")

    results = world(as_known, never=never)
    data = results[scales.NAME].copy(deep=True)
    data["epochs_to_train"].loc[{"student_scale": 3, "teacher_scale": 0.25, "seed": 2}] = np.nan
    with style.figure_style():
        picture = scales.draw(Results("standard", {scales.NAME: data}))
    picture.canvas.draw()
    axis = picture.axes[0]
    texts = [text.get_text() for text in axis.texts]
    assert sum("neither" in text for text in texts) == 1
    assert sum(text.startswith("≥") for text in texts) == len(PLANE.teachers)
    # Every told cell has its ratio and its interval, and how many were cut off; the missing one has none of these.
    cut = f"{PLANE.sets * PLANE.trials} and 0 of {PLANE.sets * PLANE.trials}"
    assert texts.count(cut) == len(PLANE.teachers)
    assert len(texts) == 1 + 2 * (len(PLANE.students) * len(PLANE.teachers) - 2) + len(PLANE.teachers)
    image = axis.images[0].get_array()
    assert image.mask.sum() == 2
    frames = [patch for patch in axis.patches if patch.get_linewidth() == 1.5]
    assert len(frames) == len(PLANE.students) * len(PLANE.teachers) - 2
