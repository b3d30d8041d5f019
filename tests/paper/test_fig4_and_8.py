"""Figures 4 and 8: their claims on constructed maps."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from curldescent.paper import figure
from curldescent.paper.machinery import boundary_claims, shares
from curldescent.paper.machinery.teachers import draw_teachers

from .maps import follow_theory, results, verdicts

mpl.use("agg")
KEYS = ("fig4", "fig8")


def constructed(key: str, *, rate_shift=1.0, low=1e-30, **jump):
    sweep = figure(key).experiments("paper")[key]
    maximum = follow_theory(sweep, low=low, names=("maximum_test_error", "maximum_train_error"), **jump)
    final = maximum.maximum_test_error * 0 + 1e-28
    final = final.where(final.readout < 1, 0.1)
    curve = final.expand_dims(epoch=[0, 10_000, 50_000, 100_000], axis=-1)
    data = maximum.assign(final_test_error=final, test_error=curve)
    stable = follow_theory(sweep, shift=rate_shift).final_test_error < 1e-10
    rate = xr.where(stable, 0.1, -0.1)
    teachers = xr.Dataset({"rate": rate, "free_rate": rate, "fastest": rate * 0 + 1.0})
    return {key: data, f"{key}-teachers": teachers}


@pytest.mark.parametrize("key", KEYS)
def test_data_as_theory_has_them_are_confirmed_and_drawn(key: str) -> None:
    found = results(**constructed(key))
    one = figure(key)
    assert set(verdicts(one, found).values()) == {True}
    picture = one.draw(found)
    assert len(picture.axes) == 3
    assert [axis.get_title(loc="left") for axis in picture.axes[:2]] == [
        "final test error, mean of $\\log_{10}$",
        "maximum training error, any trial",
    ]
    plt.close(picture)


@pytest.mark.parametrize("key", KEYS)
def test_contrary_maps_are_not(key: str) -> None:
    one = figure(key)
    found = verdicts(one, results(**constructed(key, shift=0.1)))
    assert found["maximum error"] is False
    assert found["teacher by teacher"] is False
    assert found.get("where they leave", False) is False
    quiet = verdicts(one, results(**constructed(key, high=1e-12)))
    assert quiet["maximum error"] is False
    # The teachers' prediction alone is wrong.
    assert verdicts(one, results(**constructed(key, rate_shift=5.0)))["teacher by teacher"] is False


@pytest.mark.parametrize("key", KEYS)
def test_ending_high_or_low_is_noticed(key: str) -> None:
    one = figure(key)
    data = constructed(key)
    high = {**data, key: data[key].assign(final_test_error=data[key].final_test_error * 0 + 1e-5)}
    finding = next(c for c in one.claims if c.name == "finds another").measure(results(**high))
    assert finding.holds is False
    assert finding.numbers["still_falling"] == 0
    falling = {**high, key: high[key].assign(test_error=data[key].test_error * 0 + 1e-2)}
    finding = next(c for c in one.claims if c.name == "finds another").measure(results(**falling))
    assert finding.holds is False
    assert finding.numbers["still_falling"] == finding.numbers["of"]
    low = {**data, key: data[key].assign(final_test_error=data[key].final_test_error * 0)}
    assert verdicts(one, results(**low))["nothing to find"] is False


@pytest.mark.parametrize("key", KEYS)
def test_cells_near_the_share_decide_nothing(key: str) -> None:
    one, data = figure(key), constructed(key)
    cells = data[key].copy(deep=True)
    # 4 of the 20 cells with every hidden neuron flipped end low: 0.06 to 0.44.
    cells.final_test_error[:4, -1] = 1e-28
    # So do only nine of ten unstable cells.
    _, unstable = boundary_claims.sides(cells.final_test_error)
    chosen = np.argwhere((unstable & (cells.readout < 1)).values)
    for ratio, readout in chosen[::10]:
        cells.final_test_error[ratio, readout] = 1.0
    # As many others are not left: they end low too, and are not asked.
    for ratio, readout in chosen[5::10]:
        cells.maximum_train_error[ratio, readout] = 1e-30
    found = verdicts(one, results(**{**data, key: cells}))
    assert [found[name] for name in ("nothing to find", "finds another", "maximum error")] == [None, None, None]
    another = next(claim for claim in one.claims if claim.name == "finds another")
    numbers = another.measure(results(**{**data, key: cells})).numbers
    assert numbers["of"] == len(chosen) - len(chosen[5::10])
    assert numbers["passed"] == numbers["of"] - len(chosen[::10])


def test_one_trial_that_leaves_counts_in_the_maximum_and_not_in_the_median() -> None:
    data = constructed("fig4")
    cells = data["fig4"].copy(deep=True).isel(trial=[0, 1, 1])
    for name in ("maximum_train_error", "maximum_test_error"):
        cells[name][:, 1:, 0] = 1.0
    found = verdicts(
        figure("fig4"), results(**{"fig4": cells, "fig4-teachers": data["fig4-teachers"].isel(trial=[0, 1, 1])})
    )
    assert found["maximum error"] is False
    assert found["where they leave"] is False
    assert found["where they leave, median"] is True


def test_wide_networks_alone_are_asked_for_beside_all() -> None:
    data = constructed("fig4")
    cells = data["fig4"].copy(deep=True)
    cells["final_test_error"] = cells.final_test_error.where(cells.ratio < 1, 1.0)
    found = verdicts(figure("fig4"), results(**{**data, "fig4": cells}))
    assert found["finds another, large c"] is False
    assert found["finds another"] is False
    values = {value.name: value.ours(results(**{**data, "fig4": cells})) for value in figure("fig4").published}
    share, error, _ = values["the same at c > 1"]
    assert (share, error) == (0, 0)
    share, error, cells_of_ours = values["share of the unstable cells that end low"]
    below = ((cells.ratio < 1) & boundary_claims.sides(cells.final_test_error)[1] & (cells.readout < 1)).sum()
    of = (boundary_claims.sides(cells.final_test_error)[1] & (cells.readout < 1)).sum()
    assert share == pytest.approx(int(below) / int(of))
    assert cells_of_ours == int(of)
    assert error == pytest.approx(np.sqrt(share * (1 - share) / int(of)))


def test_growth_too_slow_for_the_run_is_left_out() -> None:
    data = constructed("fig4")
    slow = data["fig4-teachers"].assign(rate=data["fig4-teachers"].rate * 0 - 1e-5)
    finding = figure("fig4").claims[-1].measure(results(**{"fig4": data["fig4"], "fig4-teachers": slow}))
    assert finding.holds is None
    assert finding.said == shares.NOTHING
    some = xr.where(slow.ratio < 1, -1e-5, data["fig4-teachers"].rate)
    finding = (
        figure("fig4").claims[-1].measure(results(**{"fig4": data["fig4"], "fig4-teachers": slow.assign(rate=some)}))
    )
    assert finding.numbers["left_out"] == int((slow.rate.ratio < 1).sum()) * slow.sizes["readout"] * slow.sizes["trial"]
    assert finding.numbers["of"] == slow.rate.size - finding.numbers["left_out"]


def test_the_teachers_line_is_where_growth_comes_to_matter() -> None:
    figure_, axis = plt.subplots()
    ratio, hidden = np.linspace(0.1, 1, 10), np.linspace(0, 1, 5)
    # Unstable beyond c = 0.55 only, and again stable beyond 0.85: no single border could say so.
    rate = np.where((ratio > 0.5) & (ratio < 0.9), -1.0, 1.0)[:, None, None] * np.ones((10, 5, 1))
    teachers = xr.Dataset({"rate": (("ratio", "hidden", "trial"), rate)}, coords={"ratio": ratio, "hidden": hidden})
    draw_teachers(axis, teachers, slowest=1e-3)
    paths = axis.collections[0].get_paths()[0].vertices
    assert ((np.abs(paths[:, 0] - 0.55) < 0.06) | (np.abs(paths[:, 0] - 0.85) < 0.06)).all()
    assert np.ptp(paths[:, 0]) > 0.2
    # Growth that is too slow to matter draws nothing.
    draw_teachers(axis, teachers, slowest=10.0)
    assert not len(axis.collections[2].get_paths()[0].vertices)
    plt.close(figure_)
