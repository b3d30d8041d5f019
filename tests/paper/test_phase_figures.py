"""The grids of the phase diagrams are the paper's at paper scale, and each picture draws."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from curldescent.paper import figure
from curldescent.paper.machinery import boundary_claims
from curldescent.sweeps import Sweep

from .maps import follow_theory, results, verdicts

mpl.use("agg")

BATCHES = {"batch_size": 10, "preserve_norms": True, "learning_rate": 0.1}
FULL = {**BATCHES, "batch_size": None}
AT_TEACHER = {
    "at": "teacher",
    "hidden_noise": 1e-15,
    "readout_noise": 0.0,
    "noise": "constant",
    "normalise_teacher": False,
}
NORMALISED = {**AT_TEACHER, "hidden_noise": 0.0, "readout_noise": 1e-10, "normalise_teacher": True}
RANDOM = {**AT_TEACHER, "at": "random", "hidden_noise": 0.0, "noise": "gaussian"}
LOG, LIN = np.geomspace, np.linspace
BORDERS = ("where learning ends", "exactly at c*", "exactly at c*, median")
PAPERS = [
    ("fig3a", "fig3a", "linear", LOG(0.1, 100, 20), LIN(0, 1, 21), BATCHES, 100_000, 10, None),
    ("fig3a-inset", "fig3a-inset", "linear", LIN(0.1, 0.7, 20), LIN(0, 1, 21), BATCHES, 20_000, 10, None),
    ("fig3b", "fig3b-fractions", "linear", [0.3, 0.4, 0.5], LIN(0, 1, 25), FULL, 100_000, 10, NORMALISED),
    ("fig3b", "fig3b-ratios", "linear", LIN(0.1, 0.7, 20), [0.4, 0.5, 0.6], FULL, 100_000, 10, NORMALISED),
    ("fig4", "fig4", "linear", LOG(0.01, 10, 20), LIN(0, 1, 21), FULL, 100_000, 20, AT_TEACHER),
    ("fig6a", "fig6a", "tanh", LOG(0.1, 100, 20), LIN(0, 1, 21), BATCHES, 100_000, 10, None),
    ("fig6b", "fig6b", "tanh", LIN(0.1, 0.7, 20), LIN(0, 1, 21), BATCHES, 100_000, 10, None),
    ("fig8", "fig8", "tanh", LOG(0.01, 10, 20), LIN(0, 1, 21), FULL, 100_000, 20, AT_TEACHER),
]


@pytest.mark.parametrize(
    ("key", "name", "activation", "ratio", "fraction", "training", "epochs", "trials", "start"),
    PAPERS,
    ids=[row[1] for row in PAPERS],
)
def test_the_papers_grid(key, name, activation, ratio, fraction, training, epochs, trials, start) -> None:
    sweep = figure(key).experiments("paper")[name]
    assert isinstance(sweep, Sweep)
    layer = "readout" if key in ("fig4", "fig8") else "hidden"
    columns = {axis.name: next(iter(axis.columns.values())) for axis in sweep.grid.axes}
    assert columns.keys() == {"ratio", layer}
    np.testing.assert_allclose(columns["ratio"], ratio, rtol=1e-11)
    np.testing.assert_allclose(columns[layer], fraction, atol=1e-11)
    settings = sweep.settings
    sampled = {"total": 220, "activation": activation, "n_train": 250, "n_test": 100, "trials": trials}
    sampled |= {"student_scale": 1.0, "teacher_scale": 1.0, "distribution": "uniform"}
    assert sampled.items() <= settings.student_teacher.items()
    assert (training | {"epochs": epochs}).items() <= settings.training.items()
    assert settings.start == (start or RANDOM)


def test_q_is_taken_over_the_papers_window() -> None:
    for scale in ("quick", "standard", "paper"):
        experiments = figure("fig3b").experiments(scale)
        for name in ("fig3b-fractions", "fig3b-ratios"):
            assert experiments[name].settings.keep.order_parameter == 1000


@pytest.mark.parametrize("key", ["fig3a", "fig3a-inset"])
def test_a_map_that_follows_theory_is_confirmed_and_its_opposite_is_not(key: str) -> None:
    # The paper's grid of the inset is fine enough for every claim.
    one = figure(key)
    sweep = one.experiments("paper")[key]
    name = key.replace("-", "_")
    good = results(**{name: follow_theory(sweep)})
    assert set(verdicts(one, good).values()) == {True}
    bad = results(**{name: follow_theory(sweep, low=1e-2, high=1e-30)})
    found = verdicts(one, bad)
    assert found["stable side"] is found["unstable side"] is False
    # The border of the inset is where it was, seen from the other side.
    assert set(found.values()) == ({False} if key == "fig3a" else {False, None})
    picture = one.draw(good)
    assert next(axis.get_xlabel() for axis in picture.axes) == "compression ratio $c = M/N$"
    plt.close(picture)


def test_a_boundary_elsewhere_is_noticed() -> None:
    one = figure("fig3a-inset")
    sweep = one.experiments("paper")["fig3a-inset"]
    off = verdicts(one, results(fig3a_inset=follow_theory(sweep, shift=1.4)))
    assert {name for name, holds in off.items() if holds is False} == {"unstable side", *BORDERS}
    assert off["stable side"] is True
    near = verdicts(one, results(fig3a_inset=follow_theory(sweep, shift=1.2)))
    # A fifth is within the grid's step of nearly a third, and beyond the tenth that counts as being there.
    assert near == {"stable side": True, "unstable side": True, BORDERS[0]: True, BORDERS[1]: False, BORDERS[2]: False}
    slow = verdicts(one, results(fig3a_inset=follow_theory(sweep, low=1e-10)))
    assert slow == {"stable side": False, "unstable side": True, **dict.fromkeys(BORDERS, True)}


def test_a_boundary_at_the_edge_of_what_counts_decides_nothing() -> None:
    one = figure("fig3a-inset")
    sweep = one.experiments("paper")["fig3a-inset"]
    found = verdicts(one, results(fig3a_inset=follow_theory(sweep, shift=boundary_claims.AT)))
    assert [found[name] for name in BORDERS] == [True, None, None]


def test_one_diverged_trial_in_ten_is_no_learned_cell_by_the_mean_but_by_the_median() -> None:
    one = figure("fig3a-inset")
    data = follow_theory(one.experiments("paper")["fig3a-inset"], trials=10)
    data["diverged_at"] = (data.final_test_error.dims, np.full(data.final_test_error.shape, -1))
    data.diverged_at[..., 3] = 17
    found = verdicts(one, results(fig3a_inset=data))
    assert found["stable side"] is False
    assert found[BORDERS[0]] is found[BORDERS[1]] is False
    assert found[BORDERS[2]] is True


@pytest.mark.parametrize("key", ["fig3a", "fig3a-inset"])
def test_few_cells_decide_nothing(key: str) -> None:
    one = figure(key)
    few = follow_theory(one.experiments("paper")[key]).isel(hidden=[3])
    found = verdicts(one, results(**{key.replace("-", "_"): few}))
    assert found.pop("every cell", None) is None
    assert set(found.values()) == {None}
