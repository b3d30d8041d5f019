"""The control of the high-gain start's reach: claims can go either way, and its starts are those it says."""

import numpy as np
import pytest

import curldescent as cd
from curldescent.model.weights import Weights
from curldescent.paper import Results, figure
from curldescent.paper.controls import high_gain_reach
from curldescent.paper.machinery import controls, high_gain_reach_runs
from curldescent.paper.machinery.high_gain_reach_runs import STARTS
from curldescent.paper.machinery.high_gain_runs import GAIN

CELLS = (*high_gain_reach.CELLS, high_gain_reach.DEEP)
CONFIRMING = {
    "": 3000.0,
    GAIN: 300.0,
    ", large readout": 900.0,
    ", small inputs": 1500.0,
    ", mirrored": 900.0,
    ", others kept": 900.0,
    ", smaller output": 900.0,
    " from a chain": 300.0,
}
# Where no gain is claimed.
LEVEL = {
    "relu": {", small inputs": 3000.0},
    "linear": {GAIN: 3000.0},
    "linear-free": {GAIN: 3000.0},
    "linear-4-free": {GAIN: 3000.0},
    "deep": {GAIN: 3000.0},
    "tanh-4": {", mirrored": 900.0},
}


def world(*, spread: float = 0.03, contrary: bool = False) -> Results:
    rng = np.random.default_rng(0)
    data = {}
    for cell in CELLS:
        epochs = CONFIRMING | LEVEL.get(cell, {})
        if contrary:
            # Everything upside down, but where no gain is claimed there is one.
            epochs = {start: 1e6 / mean for start, mean in CONFIRMING.items()} | dict.fromkeys(
                LEVEL.get(cell, {}), 10.0
            )
        curl = 0.3 if contrary else 1.0
        made = {}
        for start, mean in epochs.items():
            for rule, factor in (("GD", 1.0), ("CD", curl)):
                made[rule + start] = (factor * mean * np.exp(spread * rng.standard_normal(6)), [True] * 6)
        data[f"{high_gain_reach.NAME}-{cell}"] = controls.arms_dataset(made)
    return Results("standard", data)


def verdicts(results: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(results).holds for claim in figure(high_gain_reach.NAME).claims}


def test_claims_can_go_either_way() -> None:
    assert set(verdicts(world()).values()) == {True}
    assert set(verdicts(world(contrary=True)).values()) == {False}


def test_what_cannot_be_told_is_undecided() -> None:
    found = list(verdicts(world(spread=3.0)).values())
    assert found.count(None) > len(found) / 2
    few = Results("quick", {name: data.isel(trial=slice(0, 3)) for name, data in world().data.items()})
    assert set(verdicts(few).values()) == {None}


@pytest.fixture
def weights() -> Weights:
    return cd.student_teacher(n_inputs=30, n_hidden=5, activation="relu", n_train=1, student_scale=2.0, seed=5).student


def shares(weights: Weights) -> tuple[float, float]:
    hidden, readout = (weights.hidden[0] ** 2).sum(1), weights.readout[0, 0] ** 2
    return float(hidden[0] / hidden.sum()), float(readout[0] / readout.sum())


def test_starts_are_what_they_are_called(weights: Weights) -> None:
    own, there = shares(weights), shares(STARTS[GAIN](weights))
    assert shares(STARTS[", large readout"](weights)) == pytest.approx((own[0], there[1]))
    assert shares(STARTS[", small inputs"](weights)) == pytest.approx((there[0], own[1]))
    assert shares(STARTS[", mirrored"](weights)) == pytest.approx(there[::-1])
    for start in (GAIN, ", large readout", ", small inputs", ", mirrored"):
        for before, after in zip(weights.layers, STARTS[start](weights).layers, strict=True):
            assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before))
    kept = STARTS[", others kept"](weights)
    np.testing.assert_array_equal(kept.hidden[:, 1:], weights.hidden[:, 1:])
    np.testing.assert_array_equal(kept.readout[..., 1:], weights.readout[..., 1:])
    np.testing.assert_array_equal(kept.readout[..., 0], STARTS[GAIN](weights).readout[..., 0])


def test_mirrored_relu_students_are_the_same_function_and_smaller_ones_have_its_size(weights: Weights) -> None:
    inputs = np.random.default_rng(1).standard_normal((50, 30))

    def answers(of: Weights) -> np.ndarray:
        return np.maximum(inputs @ of.hidden[0].T, 0) @ of.readout[0].T

    np.testing.assert_allclose(answers(STARTS[", mirrored"](weights)), answers(STARTS[GAIN](weights)), rtol=1e-10)
    small, there = STARTS[", smaller output"](weights), STARTS[GAIN](weights)
    sizes = [float((w.readout[0] ** 2 * (w.hidden[0] ** 2).sum(1)).sum()) for w in (small, there)]
    assert sizes[0] == pytest.approx(sizes[1])
    np.testing.assert_array_equal(small.hidden, weights.hidden)


def test_a_chain_has_a_high_gain_neuron_in_every_hidden_layer() -> None:
    from curldescent.paper.controls.depth import deep_problem

    deep = deep_problem(1, 3, 5).student
    found = STARTS[" from a chain"](deep)
    first, middle, last = (layer[0] ** 2 for layer in found.layers)
    assert first[0].sum() / first.sum() == pytest.approx(0.025)
    assert middle[0].sum() / middle.sum() == pytest.approx(0.025)
    assert last[0, 0] / last.sum() == pytest.approx(0.72)
    # The first neuron's outgoing share of the middle layer, before that layer's rows were rescaled in turn.
    for before, after in zip(deep.layers, found.layers, strict=True):
        assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before))
    column = middle[1:, 0].sum() / middle[1:].sum()
    assert column > 0.5


def test_tiny_runs_have_the_arms_of_their_cells() -> None:
    differs, _ = high_gain_reach.CELLS["relu-free"]
    base = high_gain_reach._BASE
    data = high_gain_reach_runs.raced(**{**base, **differs, "sets": 2, "epochs": 3})
    assert list(data.arm.values) == ["GD" + start for start in differs["starts"]]
    assert data.sizes["trial"] == 2
    assert ((data.epochs_to_train >= 1) & (data.epochs_to_train <= 3)).all()


@pytest.mark.slow
def test_adam_and_depth_run() -> None:
    differs, _ = high_gain_reach.CELLS["adam"]
    data = high_gain_reach_runs.raced(**{**high_gain_reach._BASE, **differs, "sets": 1, "epochs": 2})
    assert set(data.arm.values) == {"GD", "CD", "GD" + GAIN, "CD" + GAIN}
    assert high_gain_reach.deep(1, 2, ["", " from a chain"]).sizes["arm"] == 2


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure(high_gain_reach.NAME).draw(world())
    assert len([axis for axis in picture.axes if axis.get_title(loc="left")]) == len(high_gain_reach.TITLES)
    plt.close(picture)
