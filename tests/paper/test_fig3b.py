"""Figure 3b's claims on constructed lines."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent.analysis._dynamics.regimes import LABELS
from curldescent.paper import Results
from curldescent.paper.published import fig3b
from curldescent.theory import critical_ratio

from .maps import verdicts

mpl.use("agg")


def constructed(*, rest=1e-30, moving=1e-3, shift=1.0, loss=0.2, label="chaotic") -> Results:
    data = {}
    for name in ("fig3b-fractions", "fig3b-ratios"):
        axes = {axis.name: np.array(axis.columns[axis.name]) for axis in fig3b.experiments("paper")[name].grid.axes}
        critical = np.asarray(critical_ratio(hidden=np.maximum(axes["hidden"], 1e-12)))
        stable = axes["ratio"][:, None] < shift * critical
        stable[:, axes["hidden"] == 0] = True
        dims = ("ratio", "hidden", "trial")
        q = np.repeat(np.where(stable, rest, moving)[..., None], 2, axis=-1)
        error = np.where(~(q < 1e-10), loss, 1e-30)
        data[name] = xr.Dataset(
            {"q": (dims, q), "q_readout": (dims, 0 * q), "final_train_error": (dims, error)}, coords=axes
        )
        true = axes["ratio"][:, None] < critical
        true[:, axes["hidden"] == 0] = True
        rate = np.repeat(np.where(true, 0.1, -0.1)[..., None], 2, axis=-1)
        data[f"{name}-teachers"] = xr.Dataset(
            {"rate": (dims, rate), "free_rate": (dims, rate), "fastest": (dims, rate + 1)}, coords=axes
        )
    shape = (3, 2)
    data["fig3b-regimes"] = xr.Dataset(
        {
            "label": (("setting", "trial"), np.full(shape, label)),
            "finer_label": (("setting", "trial"), np.full(shape, "chaotic")),
            "loss": (("setting", "trial"), np.full(shape, loss)),
            "finer_loss": (("setting", "trial"), np.full(shape, 0.2)),
        }
    )
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
        ({"shift": 1.6}, {"moving", "jumps", "jumps, this size", "teacher by teacher"}),
        ({"shift": 0.5}, {"at rest", "jumps", "jumps, this size", "teacher by teacher"}),
        ({"loss": 60.0, "label": "periodic"}, {"chaos", "the step"}),
    ],
    # Sets have no order, and tests must have the same names in every process.
    ids=lambda value: str(sorted(value)),
)
def test_contrary_data_are_not(change, broken) -> None:
    found = verdicts(fig3b.FIGURE, constructed(**change))
    assert {name for name, holds in found.items() if holds is False} == broken


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
    problem, _ = fig3b._cell(0.4, 0.5, trials=2)
    sweep = fig3b.experiments("paper")["fig3b-fractions"]
    index = (1, 12)
    assert sweep.grid.cell(index) == {"ratio": 0.4, "hidden": 0.5}
    theirs = sweep.cell_at(index).problem
    np.testing.assert_array_equal(problem.student.hidden, theirs.student.hidden[:2])
    np.testing.assert_array_equal(problem.inputs, theirs.inputs)


def test_traces_run_small() -> None:
    traces = fig3b.traces(epochs=1001)
    assert dict(traces.sizes) == {"case": 3, "time": 1001, "synapse": 8}
    # At rest nothing moves; the record of the finer step is at the same times.
    assert float(traces.weight[0].std("time").max()) < 1e-10
    np.testing.assert_allclose(np.diff(traces.time), 0.1)


@pytest.mark.slow
def test_regimes_have_a_label_and_its_evidence() -> None:
    found = fig3b.regimes(((0.4, 0.5),), trials=1, time=2000.0)
    assert found.setting.values.tolist() == ["c = 0.4, α_h = 0.5"]
    assert found.exponent.sizes["bound"] == 3
    assert set(found.label.values.ravel()) <= set(LABELS)
    # The step's own cycle, far above anything that a fifth of the step does.
    assert found.loss.item() > 10 > 1 > found.finer_loss.item()
