"""Figure 3b's claims on constructed lines."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent.analysis._dynamics.regimes import LABELS
from curldescent.paper import Results
from curldescent.paper.machinery import order_parameter_runs as runs
from curldescent.paper.machinery.order_parameter_lines import Line
from curldescent.paper.published import fig3b
from curldescent.theory import critical_ratio

from .maps import verdicts

mpl.use("agg")
TRIALS = 20
JUMPS = ("jumps", "jumps, median", "jumps, this size")


def constructed(*, rest=1e-30, moving=1e-3, shift=1.0, loss=0.2, label="chaotic", alternating=True) -> Results:
    """Lines of 20 trials and nine examples; where they move, the readout changes sign at every step."""
    data = {}
    for name in ("fig3b-fractions", "fig3b-ratios"):
        axes = {axis.name: np.array(axis.columns[axis.name]) for axis in runs.experiments("paper")[name].grid.axes}
        critical = np.asarray(critical_ratio(hidden=np.maximum(axes["hidden"], 1e-12)))
        stable = axes["ratio"][:, None] < shift * critical
        stable[:, axes["hidden"] == 0] = True
        dims = ("ratio", "hidden", "trial")
        q = np.repeat(np.where(stable, rest, moving)[..., None], TRIALS, axis=-1)
        error = np.where(~(q < 1e-10), loss, 1e-30)
        data[name] = xr.Dataset(
            {
                "q": (dims, q),
                "q_readout": (dims, np.where(q < 1e-10, 0.0, 1e20 if alternating else 1e-3)),
                "final_train_error": (dims, error),
            },
            coords=axes,
        )
        true = axes["ratio"][:, None] < critical
        true[:, axes["hidden"] == 0] = True
        rate = np.repeat(np.where(true, 0.1, -0.1)[..., None], TRIALS, axis=-1)
        data[f"{name}-teachers"] = xr.Dataset(
            {"rate": (dims, rate), "free_rate": (dims, rate), "fastest": (dims, rate + 1)}, coords=axes
        )
    shape = (3, 3)
    data["fig3b-regimes"] = xr.Dataset(
        {
            "label": (("setting", "trial"), np.full(shape, label)),
            "finer_label": (("setting", "trial"), np.full(shape, "chaotic")),
            "loss": (("setting", "trial"), np.full(shape, loss)),
            "finer_loss": (("setting", "trial"), np.full(shape, 0.2)),
        }
    )
    settings = len(runs.MOVING)
    data["fig3b-motions"] = xr.Dataset({"label": ("setting", np.full(settings, label))})
    time = np.linspace(0, 100, 30)
    data["fig3b-traces"] = xr.Dataset(
        {
            "weight": (("case", "time", "synapse"), np.sin(np.arange(3 * 30 * 8.0)).reshape(3, 30, 8)),
            "ratio": ("case", [0.3, 0.4, 0.4]),
            "hidden": ("case", [0.25, 0.5, 0.5]),
            "step": ("case", [0.1, 0.1, 0.02]),
        },
        coords={"time": time},
    )
    return Results("paper", data)


def test_data_as_theory_has_them_are_confirmed_and_drawn() -> None:
    found = constructed()
    assert set(verdicts(fig3b.FIGURE, found).values()) == {True}
    picture = fig3b.draw(found)
    assert len(picture.axes) == 5
    plt.close(picture)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"rest": 1e-20}, {"at rest"}),
        ({"moving": 1e-8}, {"moving"}),
        ({"moving": np.nan, "loss": np.nan}, {"the step"}),
        ({"shift": 1.6}, {"moving", *JUMPS, "teacher by teacher"}),
        ({"shift": 0.5}, {"at rest", *JUMPS, "teacher by teacher"}),
        ({"loss": 60.0, "label": "periodic"}, {"chaos", "the step"}),
        ({"alternating": False}, {"plateau"}),
    ],
    # Sets have no order, and tests must have the same names in every process.
    ids=lambda value: str(sorted(value)),
)
def test_contrary_data_are_not(change, broken) -> None:
    found = verdicts(fig3b.FIGURE, constructed(**change))
    assert {name for name, holds in found.items() if holds is False} == broken


def of(name: str):
    return next(claim for claim in fig3b.FIGURE.claims if claim.name == name).measure


def first(data: Results, **changes) -> Results:
    """The results with changed variables of the first trials of the lines along the fraction."""
    lines = data["fig3b-fractions"].copy(deep=True)
    for name, (trials, value) in changes.items():
        lines[name][..., :trials] = value
    return Results("paper", {**data.data, "fig3b-fractions": lines})


def test_one_moving_trial_moves_the_mean_and_not_the_median() -> None:
    found = verdicts(fig3b.FIGURE, first(constructed(), q=(1, 1e-3)))
    # Of the points inside, those of one kind of line move.
    assert found["at rest"] is False
    assert found["jumps"] is False
    assert found["jumps, median"] is True
    assert found["jumps, this size"] is True


def test_too_little_decides_nothing() -> None:
    data = constructed()
    # Three points of thirty inside move, 0.73 to 0.98 rest: those of c = 0.3 from α_h = 0.375 on.
    lines = data["fig3b-fractions"].copy(deep=True)
    lines.q[0, 9:12] = 1e-3
    found = verdicts(fig3b.FIGURE, Results("paper", {**data.data, "fig3b-fractions": lines}))
    assert found["at rest"] is None
    # One trial moves at five points next to the boundary: a draw of 20 has it, or has not, with 36 %.
    lines = data["fig3b-fractions"].copy(deep=True)
    lines.q[0, 8:13, 0] = 1e-3
    found = verdicts(fig3b.FIGURE, Results("paper", {**data.data, "fig3b-fractions": lines}))
    assert found["jumps"] is None
    assert found["jumps, median"] is True
    # Three of twelve students, 0.05 to 0.57; two, up to 0.48.
    labels = data["fig3b-motions"].copy(deep=True)
    for chaotic, holds in ((2, False), (3, None), (9, None), (10, True)):
        labels.label[...] = np.where(np.arange(12) < chaotic, "chaotic", "periodic")
        assert of("chaos")(Results("paper", {**data.data, "fig3b-motions": labels})).holds is holds
    # About half of what moves changes sign at every step.
    assert of("plateau")(first(data, q_readout=(TRIALS // 2, 1e-3))).holds is None
    still = constructed(moving=1e-30)
    assert of("plateau")(still).holds is None
    assert of("the step")(still).holds is None


def test_the_plateau_is_a_geometric_mean_of_means_by_hand() -> None:
    data = constructed(moving=0.0)
    line = data["fig3b-fractions"]
    line.q[2, 3, :] = 1e-2  # c = 0.5, α_h = 3/24
    line.q[2, 4, 0] = 2.0  # the mean over trials is 2/20
    line.q[2, 12, :] = 5.0  # beyond the plateau's end
    value, error, points = fig3b.plateau_level(data)
    assert points == 2
    assert value == pytest.approx(10**-1.5)
    # Half the distance of two logarithms is their standard error.
    assert error == pytest.approx(10**-1.5 * np.log(10) / 2)
    line.q[...] = 1e-30
    assert fig3b.plateau_level(data) is None


def test_the_interval_of_a_jump_is_that_of_trials_drawn_anew() -> None:
    """Two trials of which one moves: the mean of a draw rests where the resting one is drawn twice."""
    q = xr.DataArray(
        np.array([[1e-30, 1e-30], [1e-30, 1e-3], [1e-3, 1e-3]]),
        coords={"hidden": [0.0, 0.5, 1.0]},
        dims=("hidden", "trial"),
    )
    line = Line("", q, q * 0, "hidden", 0.3)
    mean, median = line.jumps_of_resampled(np.random.default_rng(0), 4000)
    assert set(mean.tolist()) == {0.25, 0.75}
    assert abs((mean == 0.75).mean() - 1 / 4) < 3 * np.sqrt(3 / 16 / 4000)
    # The median of two is their mean.
    np.testing.assert_array_equal(mean, median)
    # Borders: half-way between grid points, and the ends where nothing or everything moves.
    assert [line._after(q[:, 0] < limit) for limit in (0, 1e-20, 1)] == [0.0, 0.75, 1.0]


def test_lines_know_where_theory_crosses_them() -> None:
    data = constructed()
    along_hidden, along_ratio = fig3b.groups_of(data)
    assert [line.label for line in along_ratio] == ["α$_h$ = 0.4", "α$_h$ = 0.5", "α$_h$ = 0.6"]
    for line, alpha in zip(along_ratio, (0.4, 0.5, 0.6), strict=True):
        assert line.predicted == pytest.approx(critical_ratio(hidden=alpha))
        assert abs(line.jump - line.predicted) < 0.6 / 19
        assert line.expected == line.jump
    for line, ratio in zip(along_hidden, (0.3, 0.4, 0.5), strict=True):
        assert critical_ratio(hidden=line.predicted) == pytest.approx(ratio)


def test_examples_are_cells_of_the_sweep() -> None:
    problem, _ = runs.cell_of(0.4, 0.5, trials=2)
    sweep = runs.experiments("paper")["fig3b-fractions"]
    index = (1, 12)
    assert sweep.grid.cell(index) == {"ratio": 0.4, "hidden": 0.5}
    theirs = sweep.cell_at(index).problem
    np.testing.assert_array_equal(problem.student.hidden, theirs.student.hidden[:2])
    np.testing.assert_array_equal(problem.inputs, theirs.inputs)


def test_traces_run_small() -> None:
    traces = runs.traces(epochs=1001)
    assert dict(traces.sizes) == {"case": 3, "time": 1001, "synapse": 8}
    # At rest nothing moves; the record of the finer step is at the same times.
    assert float(traces.weight[0].std("time").max()) < 1e-10
    np.testing.assert_allclose(np.diff(traces.time), 0.1)


def test_students_whose_motion_is_judged_are_beyond_the_boundary_and_apart() -> None:
    assert len(set(runs.MOVING)) == 12
    assert all(ratio > critical_ratio(hidden=hidden) for ratio, hidden in runs.MOVING)
    (first, _), (second, _) = (runs.cell_of(*setting, trials=1) for setting in runs.MOVING[:2])
    assert first.inputs.shape == second.inputs.shape
    assert not np.allclose(first.inputs, second.inputs)


@pytest.mark.slow
def test_motions_are_those_of_the_examples() -> None:
    examples = runs.regimes(((0.4, 0.5),), trials=1, time=1000.0)
    found = runs.motions(((0.4, 0.5),), time=1000.0)
    assert found.label.item() == examples.label.item()
    np.testing.assert_array_equal(found.exponent, examples.exponent[:, 0])


@pytest.mark.slow
def test_regimes_have_a_label_and_its_evidence() -> None:
    found = runs.regimes(((0.4, 0.5),), trials=1, time=2000.0)
    assert found.setting.values.tolist() == ["c = 0.4, α_h = 0.5"]
    assert found.exponent.sizes["bound"] == 3
    assert set(found.label.values.ravel()) <= set(LABELS)
    # The step's own cycle, far above anything that a fifth of the step does.
    assert found.loss.item() > 10 > 1 > found.finer_loss.item()


def test_jumps_and_teachers_are_drawn_anew_together() -> None:
    """Where every trial moves just where its own teacher is unstable nothing is off, however far teachers scatter."""
    hidden = np.linspace(0, 1, 11)
    turns = np.random.default_rng(1).uniform(0.2, 0.8, 10)
    moves = hidden[:, None] > turns
    q = xr.DataArray(np.where(moves, 1e-3, 1e-30), coords={"hidden": hidden}, dims=("hidden", "trial"))
    line = Line("", q, xr.where(q > 1e-10, -0.1, 0.1), "hidden", 0.5)
    assert set(line.jumps_of_resampled(np.random.default_rng(0), 500)[1].tolist()) != {line.jump}
    # Of ten draws the median of five that move is below, and half of the teachers are unstable: one step at most.
    offsets = line.offsets_of_resampled(np.random.default_rng(0), 500)
    assert np.abs(offsets).max() <= line.step * 1.001
    # What diverged moves; a shift of the teachers alone shows.
    lost = Line("", q.where(q < 1e-10), line.rate, "hidden", 0.5)
    np.testing.assert_array_equal(lost.offsets_of_resampled(np.random.default_rng(0), 500), offsets)
    later = Line("", q, line.rate.roll(hidden=3, roll_coords=False).where(line.q.hidden >= 0.3, 0.1), "hidden", 0.5)
    assert np.median(later.offsets_of_resampled(np.random.default_rng(0), 500)) < -0.15
