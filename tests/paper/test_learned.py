"""Learned solutions beside random ones."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import Results, figure
from curldescent.paper.beyond import learned


def world(*, drop: float, ends_at: float, stable_up_to: float = 1.0, unstable: float = 0.0) -> Results:
    """Rates that fall by `drop` while learning, which ends at a share of c*."""
    ratio, fractions, trials = np.array(learned.RATIOS), np.array([0.2, 0.5, 0.8, 1.0]), 20
    rng = np.random.default_rng(0)
    start = (stable_up_to + 0.03 - ratio)[None, :, None] + 0.001 * rng.standard_normal((4, len(ratio), trials))
    end = start - drop
    end[..., : round(unstable * trials)] = -0.1
    error = np.broadcast_to(np.where(ratio < ends_at, 1e-20, 1e-2)[None, :, None], start.shape)
    dims = ("hidden", "ratio", "trial")
    data = xr.Dataset(
        {"start": (dims, start), "end": (dims, end), "error": (dims, error)},
        coords={"hidden": fractions, "ratio": ratio},
    )
    return Results("quick", {learned.NAME: data})


def verdicts(results: Results) -> list[bool | None]:
    return [claim.measure(results).holds for claim in figure("learned").claims]


def test_what_is_claimed_is_confirmed_and_the_contrary_refuted() -> None:
    assert verdicts(world(drop=0.02, ends_at=0.85)) == [True, True, True]
    assert verdicts(world(drop=-0.02, ends_at=1.1, stable_up_to=0.6)) == [False, False, False]
    assert verdicts(world(drop=0.02, ends_at=0.85, unstable=0.5))[1] is False


def test_what_cannot_be_told_is_undecided() -> None:
    # Nothing learns: nothing can be said of learned solutions.
    assert verdicts(world(drop=0.02, ends_at=0.2))[:2] == [None, None]
    few = world(drop=0.02, ends_at=0.85)
    short = Results("quick", {learned.NAME: few[learned.NAME].isel(ratio=[0], hidden=[0])})
    assert learned.lower(short).holds is None


def test_the_border_lies_between_the_points_around_it() -> None:
    data = world(drop=0.0, ends_at=0.85)[learned.NAME]
    np.testing.assert_allclose(learned.where_half(data, data.error < 1e-8), 0.85)


def test_the_rates_are_those_of_the_weights() -> None:
    """Of all weights learning normally every solution is stable; the run is that of figure 3a."""
    data = learned.before_and_after(fractions=(0.5,), ratios=(0.3,), trials=2, epochs=3)
    assert data.start.shape == (1, 1, 2)
    assert (np.abs(data.start) <= 1).all()
    assert (np.abs(data.end - data.start) < 0.2).all()
    assert not np.allclose(data.end, data.start)
    assert (data.error < 1).all()


@pytest.mark.parametrize("scale", ["quick", "standard", "paper"])
def test_every_scale_crosses_the_critical_ratio(scale: str) -> None:
    computation = figure("learned").at(scale)[learned.NAME]
    assert max(computation.arguments["ratios"]) == 1.0
    assert min(computation.arguments["ratios"]) < 0.5


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("learned").draw(world(drop=0.02, ends_at=0.85))
    assert len(picture.axes) == 2
    plt.close(picture)
