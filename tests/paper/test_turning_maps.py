"""What a step takes from the map: what confirms and what refutes, and that rates are measured rightly."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import Results, figure
from curldescent.paper.beyond import turning_maps as beyond
from curldescent.paper.machinery import turning_map_runs as runs


def world(*, rate: float = 1.0, frequency: float = 1.0, flow: float = 0.0, sets: int = 10) -> Results:
    """Measured over told."""
    rng = np.random.default_rng(0)
    told = 0.05 * np.exp(0.3 * rng.standard_normal((sets, 2)))
    steps = np.array([beyond.SHORT, beyond.LONG])
    decay = np.concatenate([rate * told[..., None] * steps, flow * told[..., None] * beyond.SHORT], axis=2)
    often = 0.6 * np.ones((sets, 2, 3))
    scatter = np.exp(0.003 * rng.standard_normal(often.shape))
    data = xr.Dataset(
        {
            "decay": (("set", "setting", "kind"), decay * scatter),
            "frequency": (("set", "setting", "kind"), frequency * often * scatter),
            "rotation": (("set", "setting"), often[..., 0] / np.sqrt(2)),
            "told_decay": (("set", "setting"), told),
            "told_frequency": (("set", "setting"), often[..., 0]),
        },
        coords={"kind": ["0.02", "0.05", "flow"], "setting": list(beyond.SETTINGS)},
    )
    return Results("standard", {beyond.NAME: data})


def verdicts(results: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(results).holds for claim in figure("turning-maps").claims}


def test_what_is_claimed_is_confirmed_and_the_contrary_refuted() -> None:
    assert set(verdicts(world()).values()) == {True}
    assert set(verdicts(world(rate=1.3, frequency=1.05, flow=0.5)).values()) == {False}
    assert verdicts(world(rate=-1.0))["rates"] is False


def test_runs_that_diverged_count_for_nothing() -> None:
    results = world()
    results[beyond.NAME]["decay"][1:] = np.nan
    results[beyond.NAME]["decay"][0, 1] = np.nan
    assert set(verdicts(results).values()) == {None}


def test_maps_at_rest_have_no_frequency_and_stop_nothing() -> None:
    results = world()
    results[beyond.NAME]["frequency"][0, 0] = 0.0
    finding = beyond.frequencies_are_told(results)
    assert finding.holds is None
    assert finding.said == "19 of 20 oscillate"


def test_a_decay_made_for_it_is_measured() -> None:
    t = np.arange(0, 2_000, 0.5)
    rate, frequency = runs.decay_and_frequency(3 + np.exp(-0.001 * t) * np.cos(0.6 * t + 1), 0.5)
    # The mean of a decaying oscillation is not quite what it oscillates about.
    assert rate == pytest.approx(0.001, rel=0.01)
    assert frequency == pytest.approx(0.6, rel=1e-3)


def test_runs_are_of_steps_and_of_the_flow() -> None:
    data = runs.map_motions(0, 15, [0.5], 3, [0.1], 0.05, 1_500.0)
    assert data.kind.values.tolist() == ["0.1", "flow"]
    ratio = float(data.decay.sel(kind="0.1").item() / (0.1 * data.told_decay.item()))
    # Long steps and a short run: the order of magnitude, and that the flow has nothing of it.
    assert 0.5 < ratio < 1.5
    assert abs(data.decay.sel(kind="flow").item()) < 0.3 * data.decay.sel(kind="0.1").item()
    assert data.frequency.sel(kind="0.1").item() == pytest.approx(data.told_frequency.item(), rel=0.05)


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("turning-maps").draw(world())
    assert len(picture.axes) == 2
    plt.close(picture)
