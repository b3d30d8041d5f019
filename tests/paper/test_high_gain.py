"""The control of the high-gain start: claims can go either way, and its arms are those it says."""

import numpy as np
import pytest

from curldescent.paper import Results, figure
from curldescent.paper.controls import high_gain
from curldescent.paper.machinery import controls, high_gain_runs
from curldescent.paper.machinery.high_gain_runs import GAIN

CELLS = (*high_gain.CELLS, "digits")
# What would confirm every claim.
CONFIRMING = {"GD": 2000.0, "CD": 1000.0, high_gain.TUNED: 1000.0, "GD" + GAIN: 500.0, "CD" + GAIN: 300.0}
NO_GAIN = ("tanh-1", "linear-2", "relu-2")


def world(*, spread: float = 0.05, contrary: bool = False) -> Results:
    rng = np.random.default_rng(0)
    data = {}
    for cell in CELLS:
        epochs = dict(CONFIRMING)
        if cell in NO_GAIN:
            epochs |= dict.fromkeys(epochs, 1000.0)
        if contrary:
            # From there everything is slower, and where no gain is claimed there is one; tuned is unlike curl descent.
            epochs = {"GD": 1000.0, "CD": 400.0, high_gain.TUNED: 100.0, "GD" + GAIN: 1500.0, "CD" + GAIN: 3000.0}
            if cell in NO_GAIN:
                epochs["GD" + GAIN] = 300.0
        made = {name: (mean * np.exp(spread * rng.standard_normal(6)), [True] * 6) for name, mean in epochs.items()}
        data[f"{high_gain.NAME}-{cell}"] = controls.arms_dataset(made)
    return Results("standard", data)


def verdicts(results: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(results).holds for claim in figure(high_gain.NAME).claims}


def test_claims_can_go_either_way() -> None:
    assert set(verdicts(world()).values()) == {True}
    assert set(verdicts(world(contrary=True)).values()) == {False}


def test_what_cannot_be_told_is_undecided() -> None:
    found = verdicts(world(spread=3.0))
    assert list(found.values()).count(None) > len(found) / 2
    few = Results("quick", {name: data.isel(trial=slice(0, 3)) for name, data in world().data.items()})
    assert set(verdicts(few).values()) == {None}
    without = {name: data for name, data in world().data.items() if not name.endswith(high_gain.LONG)}
    found = verdicts(Results("standard", without))
    assert [name for name, holds in found.items() if holds is None] == [
        "free norms, scale 4",
        "linear students",
        "Adam",
    ]


def test_arms_of_a_cell_are_runs_of_the_same_students() -> None:
    """A tiny run: all arms, as many trials as input sets, and the start moves the epochs."""
    data = high_gain_runs.compared(2, 3, student_scale=0.5, tuned=True)
    assert set(data.arm.values) == {"GD", "CD", high_gain.TUNED, "GD" + GAIN, "CD" + GAIN}
    assert data.sizes["trial"] == 2
    assert ((data.epochs_to_train >= 1) & (data.epochs_to_train <= 3)).all()


@pytest.mark.slow
def test_adam_and_digits_run() -> None:
    data = high_gain_runs.compared(1, 2, adam=True, preserve_norms=False)
    assert set(data.arm.values) == {"GD", "CD", "GD" + GAIN, "CD" + GAIN}
    assert high_gain_runs.digits(1, 2).sizes["arm"] == 4


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure(high_gain.NAME).draw(world())
    assert len([axis for axis in picture.axes if axis.get_title(loc="left")]) == len(high_gain.TITLES)
    plt.close(picture)
