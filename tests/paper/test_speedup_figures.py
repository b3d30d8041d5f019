"""Figures 5, 10, 11 and the table: grids of the paper, claims that hold in one world and fail in another, pictures."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from curldescent.paper.machinery.claims import SCALES, Results
from curldescent.paper.published import numbers
from curldescent.paper.published.fig5ab import climb
from curldescent.paper.runs.registry import figure, matching
from curldescent.paper.runs.scale_changes import changes
from curldescent.plots import style
from tests.paper.speedup import results, with_gain

mpl.use("agg")

RULES = ("fig5c", "fig5d", "fig5e", "fig10ab", "fig10c", "fig11a", "fig11b", "fig11c")
FLIPS = ("fig5f", "fig11d")
EVERY = ("fig5ab", *RULES, *FLIPS, "table")

# The paper's grids, from its description: figure → axis, values, P, trials, epochs, activation, norms preserved.
P = [100, 140, 180, 220, 260, 300, 340, 380, 420, 440, 500, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000]
STUDENT = [0.01, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10]
TEACHER = [0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 3.75, 4]
PAPER = {
    "fig5c": ("n_train", P, None, 10, 100_000, "tanh", True),
    "fig5d": ("student_scale", STUDENT, 10_000, 10, 100_000, "tanh", True),
    "fig5e": ("teacher_scale", TEACHER, 10_000, 10, 200_000, "tanh", True),
    "fig5f": ("readout_flips", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2000, 10, 100_000, "tanh", True),
    "fig10ab": ("n_train", P, None, 40, 100_000, "relu", True),
    "fig10c": ("student_scale", STUDENT, 10_000, 40, 100_000, "relu", True),
    "fig11a": ("n_train", P, None, 10, 100_000, "tanh", False),
    "fig11b": ("student_scale", STUDENT, 10_000, 10, 100_000, "tanh", False),
    "fig11c": ("teacher_scale", TEACHER, 10_000, 10, 200_000, "tanh", False),
    "fig11d": ("readout_flips", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2000, 10, 100_000, "tanh", False),
}


@pytest.mark.parametrize("key", PAPER)
def test_the_papers_scale_is_the_papers(key):
    axis, values, samples, trials, epochs, activation, norms = PAPER[key]
    experiments = figure(key).experiments("paper")
    for name, sweep in experiments.items():
        axes = {a.name: a for a in sweep.grid.axes}
        problem, training = sweep.settings.student_teacher, sweep.settings.training
        assert list(axes[axis].columns[axis]) == values
        assert set(axes) == ({axis} if axis == "readout_flips" else {axis, "rule"})
        assert (problem["n_inputs"], problem["n_hidden"], problem["n_outputs"]) == (100, 10, 1)
        assert problem["n_test"] == 100
        assert problem["output_activation"] is None  # the hidden layer's
        assert problem.get("n_train") == samples
        assert problem["trials"] == trials
        assert problem.get("student_scale") == (None if axis == "student_scale" else 2)
        assert problem["activation"] == ("linear" if name.endswith("-linear") else activation)
        assert problem["distribution"] == ("normal" if name.endswith("-normal") else "uniform")
        assert (training["epochs"], training["batch_size"], training["learning_rate"]) == (epochs, 10, 0.1)
        assert training["preserve_norms"] is norms
        assert training["output_error"] == "delta"
        if "rule" in axes:
            assert dict(zip(axes["rule"].labels, axes["rule"].columns["rule"], strict=True)) == {
                "GD": {},
                "CD": {"readout": 0.1},
            }
        else:
            assert sweep.settings.paired == ("readout_flips",)
    assert not changes(figure(key), "paper")
    variants = {key, f"{key}-linear", f"{key}-normal"} if key.startswith("fig11") else {key}
    assert set(experiments) == variants


def test_the_tables_numbers_are_the_papers():
    assert numbers.SAMPLES == (100, 260, 500, 1000, 1400, 2000)
    assert numbers.PAPER == {
        "GD": (191.3, 569.1, 1250.3, 2575.4, 2747.5, 2972.0),
        "FA": (692.6, 1949.7, 3364.5, 4060.3, 4970.8, 4840.9),
        "CD": (203.7, 590.1, 1060.9, 1563.2, 1185.9, 1090.1),
    }
    for scale in ("standard", "paper"):
        experiments = figure("table").experiments(scale)
        assert set(numbers.SAMPLES) <= set(experiments["fig5c"].grid.axes[1].columns["n_train"])
        assert experiments["table-feedback"].grid.axes[1].columns["n_train"] == numbers.SAMPLES
        assert {sweep.settings.student_teacher["trials"] for sweep in experiments.values()} == {10}
        # The same students under all three rules: seeds come from P alone.
        seeds = {
            name: {sweep.grid.cell(i)["n_train"]: sweep.seed_text(i) for i in sweep.grid.indices()}
            for name, sweep in experiments.items()
        }
        assert seeds["table-feedback"].items() <= seeds["fig5c"].items()


@pytest.mark.parametrize("key", EVERY)
@pytest.mark.parametrize("scale", SCALES)
def test_experiments_build(key, scale):
    experiments = figure(key).experiments(scale)
    assert experiments
    smallest = min(sweep.settings.student_teacher["trials"] for sweep in experiments.values())
    assert smallest >= 6  # fewer pairs cannot be significant


def test_names_on_the_command_line():
    assert [f.key for f in matching("fig5")] == ["fig5ab", "fig5c", "fig5d", "fig5e", "fig5f"]
    assert [f.key for f in matching("10")] == ["fig10ab", "fig10c"]
    assert [f.key for f in matching("fig11")] == ["fig11a", "fig11b", "fig11c", "fig11d"]
    assert [figure(name).key for name in ("fig5a", "5b", "fig10b", "epochs")] == [
        "fig5ab",
        "fig5ab",
        "fig10ab",
        "table",
    ]


def only_large(value):
    """Gain by training-set size as in the paper: none for few samples, then growing."""
    return 0.97 if value <= 260 else 1 + 1.5 * value / 2000


def by_flips(flips):
    """Gain up to half, loss beyond."""
    return 2.0 if flips <= 5 else 0.5


CONFIRMING = {
    **dict.fromkeys(("fig5c", "fig11a"), with_gain(only_large, never=lambda p, part: part == "test" and p <= 260)),
    **dict.fromkeys(
        ("fig5d", "fig10c", "fig11b"), with_gain(lambda s: 1 + s / 2, never=lambda s, part: 1000 * s <= 300)
    ),
    **dict.fromkeys(("fig5e", "fig11c", "fig10ab"), with_gain(lambda value: 2.0)),
    **dict.fromkeys(FLIPS, with_gain(by_flips)),
}
REJECTING = {
    **dict.fromkeys(("fig5c", "fig11a"), with_gain(lambda p: 2.0 if p <= 260 else 0.5)),
    **dict.fromkeys(("fig5d", "fig10c", "fig11b"), with_gain(lambda s: 1 / (1 + s / 2))),
    **dict.fromkeys(("fig5e", "fig11c", "fig10ab"), with_gain(lambda value: 0.5)),
    **dict.fromkeys(FLIPS, with_gain(lambda flips: 0.5 if flips <= 5 else 2.0)),
}


@pytest.mark.parametrize("key", CONFIRMING)
def test_claims_hold_in_the_papers_world_and_fail_in_its_mirror_image(key):
    for world, expected in ((CONFIRMING, True), (REJECTING, False)):
        found = {claim.name: claim.measure(results(figure(key), world[key])) for claim in figure(key).claims}
        assert {name: finding.holds for name, finding in found.items()} == dict.fromkeys(found, expected)


@pytest.mark.parametrize("key", [key for key in CONFIRMING if key not in FLIPS])
def test_no_claim_of_a_speed_up_holds_where_there_is_none(key):
    even = results(figure(key), with_gain(lambda value: 1.0))
    holding = {claim.name for claim in figure(key).claims if claim.measure(even).holds}
    assert holding <= {"small P"}


def entries_world(shift):
    """Epochs whose means are the paper's times a factor by rule, with a spread between trials."""

    def epochs_of(rule, value, part, trial):
        if value not in numbers.SAMPLES:
            return np.full(len(trial), 500.0)
        mean = numbers.PAPER[rule][numbers.SAMPLES.index(value)] * shift[rule]
        return mean * (1 + 0.04 * (trial - trial.mean()))

    return epochs_of


def test_the_table_confirms_the_papers_numbers_and_rejects_others():
    same = results(figure("table"), entries_world({"GD": 1, "FA": 1, "CD": 1}))
    other = results(figure("table"), entries_world({"GD": 2, "FA": 0.2, "CD": 6}))
    for world, expected in ((same, True), (other, False)):
        assert {claim.measure(world).holds for claim in figure("table").claims} == {expected}
    # By hand: ten trials of spread s around a mean shifted by a tenth of it lie 0.1 μ / (√2 s/√10) away.
    entry = numbers.entries(results(figure("table"), entries_world({"GD": 1.1, "FA": 1, "CD": 1})))[0]
    sample = 1.1 * 191.3 * (1 + 0.04 * (np.arange(10) - 4.5))
    assert (entry.rule, entry.samples, entry.trials) == ("GD", 100, 10)
    assert entry.error == pytest.approx(np.sqrt(((sample - sample.mean()) ** 2).sum() / 9 / 10))
    assert entry.distance == pytest.approx(0.1 * 191.3 / (np.sqrt(2) * entry.error))


def test_a_single_far_entry_is_enough_to_disagree():
    world = results(figure("table"), entries_world({"GD": 1, "FA": 1, "CD": 1}))
    world["fig5c"].epochs_to_train.loc[{"rule": "CD", "n_train": 1400}] *= 1.6
    finding = numbers.agreement(world, "CD")
    assert finding.holds is False
    assert "5 of 6" in finding.said
    assert numbers.agreement(world, "GD").holds is True


def curves(cd_rises, cd_speed, trials=8):
    """Error curves exp(−speed·epoch), GD's smooth, CD's with a rise of that many decades at the 50th epoch."""
    epoch = np.arange(0, 401)
    speed = 0.02 * (1 + 0.02 * np.arange(trials))[:, None]
    table_of = {"GD": 10 ** (-speed * epoch), "CD": 10 ** (-cd_speed * speed * epoch + cd_rises * (epoch > 50))}
    error = xr.DataArray(
        np.stack(list(table_of.values())),
        dims=("rule", "trial", "epoch"),
        coords={"rule": ["GD", "CD"], "trial": np.arange(trials), "epoch": epoch},
    )
    first = error.epoch[(error < 1e-3).argmax("epoch")].drop_vars("epoch")
    data = xr.Dataset(
        {"train_error": error, "test_error": 2 * error, "epochs_to_train": first.expand_dims(threshold=[1e-3])}
    )
    return Results("paper", {"fig5ab": data})


def test_the_curves_claims_hold_and_fail():
    def found(world):
        return [claim.measure(world).holds for claim in figure("fig5ab").claims]

    assert found(curves(cd_rises=0.3, cd_speed=2)) == [True, True]
    assert found(curves(cd_rises=0.0, cd_speed=0.5)) == [False, False]


def test_climbing_counts_rises_above_the_threshold_only():
    error = xr.DataArray(
        [[1.0, 0.1, 1.0, 0.01, 1e-4, 0.1], [1.0, 0.5, 0.4, 0.3, 0.2, 0.1]], dims=("trial", "epoch")
    ).assign_coords(epoch=[0, 1, 2, 3, 4, 5])
    # The first trial climbs one decade; its rise from 1e-4 comes after it has arrived.
    np.testing.assert_allclose(climb(error), [1.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("key", [*RULES, *FLIPS])
def test_panels_draw_means_standard_errors_and_significance(key):
    world = results(figure(key), CONFIRMING[key], scale="standard")
    picture = figure(key).draw(world)
    test_panel = picture.axes[0]
    data = world[key].epochs_to_test.isel(threshold=0)
    cd = data.sel(rule="CD") if "rule" in data.dims else data.isel(readout_flips=slice(1, None))
    drawn = next(c for c in test_panel.containers if to_hex(c.lines[0].get_color()) == style.CURL_DESCENT)
    np.testing.assert_allclose(drawn.lines[0].get_ydata(), cd.mean("trial"))
    bars = np.array([segment[:, 1] for segment in drawn.lines[2][0].get_segments()])
    np.testing.assert_allclose(bars[:, 1] - bars[:, 0], 2 * cd.std("trial", ddof=1) / np.sqrt(cd.sizes["trial"]))
    assert {text.get_text() for text in test_panel.texts} <= {"✱", "○"}
    assert len(test_panel.texts) > 0
    assert len(picture.axes) == 2 * len(world.data) or key in ("fig11a", "fig11b", "fig11c", "fig11d")
    plt.close(picture)


def test_the_table_shows_both_columns():
    picture = figure("table").draw(results(figure("table"), entries_world({"GD": 1, "FA": 1, "CD": 1})))
    cells = {text.get_text() for text in picture.axes[1].tables[0].get_children() for text in [text.get_text()]}
    assert {"2972", "1090", "+0.0"} <= cells or {"2972", "1090", "-0.0"} <= cells
    plt.close(picture)


def test_learning_curves_draw_one_student_and_all():
    world = curves(cd_rises=0.3, cd_speed=2)
    picture = figure("fig5ab").draw(world)
    one, every = picture.axes
    np.testing.assert_array_equal(one.lines[0].get_ydata(), world["fig5ab"].train_error.sel(rule="GD", trial=0)[1:])
    assert every.get_title() == "Training error, 8 students"
    plt.close(picture)
