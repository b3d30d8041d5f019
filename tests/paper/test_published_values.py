"""Values of the authors' own runs beside ours: how a row is written, and what is taken for ours."""

import numpy as np
import pytest
import xarray as xr

from curldescent.foundation.errors import InputError
from curldescent.paper import Results, figure, figures
from curldescent.paper.machinery.border_values import border_value
from curldescent.paper.machinery.boundary_claims import errors_of
from curldescent.paper.machinery.claims import Published
from curldescent.theory import critical_ratio

from .maps import follow_theory, results
from .speedup import results as speedup_results
from .speedup import with_gain

NOTHING = Results("quick", {})


@pytest.mark.parametrize(
    ("ours", "written", "difference"),
    [
        ((0.8, 0.05), "0.80 ± 0.05", "-1.4"),
        ((1.2, 0.1), "1.20 ± 0.1", "+3.3"),
        # An error that is not known, or that is none.
        ((0.8, float("nan")), "0.80", None),
        ((0.8, float("inf")), "0.80", None),
        ((0.8, 0.0), "0.80", None),
        (None, None, None),
    ],
)
def test_a_row_by_hand(ours, written, difference) -> None:
    row = Published("border", 0.87, lambda results: ours, ".2f").row(NOTHING)
    assert row == {"name": "border", "paper": "0.87", "ours": written, "difference": difference}


def test_a_border_is_a_geometric_mean_with_the_error_of_its_factor() -> None:
    fractions, factors = np.array([0.2, 0.5, 0.9]), np.array([0.8, 1.0, 0.9])
    ratio = np.geomspace(0.05, 2, 2000)
    low = ratio[:, None] < factors * np.asarray(critical_ratio(hidden=fractions))
    data = xr.Dataset(
        {"e": (("ratio", "hidden", "trial"), np.where(low, 1e-30, 1.0)[..., None])},
        coords={"ratio": ratio, "hidden": fractions},
    )
    ours = border_value(lambda found: errors_of(found["map"], "e"))
    logs = np.log(factors)
    value, error = ours(Results("quick", {"map": data}))
    assert value == pytest.approx(np.exp(logs.mean()), rel=1e-3)
    assert error == pytest.approx(np.exp(logs.mean()) * logs.std(ddof=1) / np.sqrt(3), rel=0.02)
    assert ours(Results("quick", {"map": data.isel(hidden=[0])})) is None


def test_mean_epochs_are_those_of_the_rule_at_the_value() -> None:
    one = figure("fig5d")
    world = speedup_results(one, with_gain(lambda scale: 0.5 if scale < 1 else 4.0))
    rows = {value.name: (value, value.row(world)) for value in one.published}
    assert {name: row["paper"] for name, (_, row) in rows.items()} == {
        "mean epochs, GD, scale 0.7": "323",
        "mean epochs, CD, scale 0.7": "411",
        "mean epochs, GD, scale 1": "178",
        "mean epochs, CD, scale 1": "212",
    }
    for name, (value, row) in rows.items():
        rule, scale = name[13:15], float(name.split()[-1])
        sample = world["fig5d"].epochs_to_test.sel(rule=rule, student_scale=scale).values.ravel()
        mean, error = sample.mean(), sample.std(ddof=1) / np.sqrt(len(sample))
        assert value.ours(world) == pytest.approx((mean, error))
        assert row["difference"] == f"{(mean - value.value) / error:+.1f}"
    cells = world["fig5d"]
    missing = Results("paper", {"fig5d": cells.sel(student_scale=cells.student_scale != 0.7)})
    assert [value.row(missing)["ours"] is None for value in one.published] == [True, True, False, False]
    # A cell that has not been run yet has no mean.
    unfinished = cells.copy(deep=True)
    unfinished.epochs_to_test.loc[{"student_scale": 1.0}] = np.nan
    assert one.published[2].row(Results("paper", {"fig5d": unfinished}))["ours"] is None


def test_the_typical_error_of_unstable_cells_is_their_median() -> None:
    one = figure("fig8")
    cells = follow_theory(one.experiments("paper")["fig8"], high=1e-3)
    (value,) = one.published
    found, error = value.ours(results(fig8=cells))
    assert found == pytest.approx(1e-3)
    assert np.isnan(error)
    assert value.row(results(fig8=cells)) == {
        "name": value.name,
        "paper": "3.0e-04",
        "ours": "1.0e-03",
        "difference": None,
    }


@pytest.mark.parametrize(("key", "value"), [("fig3a", 0.87), ("fig3a-inset", 0.86), ("fig4", 0.95)])
def test_maps_show_their_borders_beside_the_authors(key: str, value: float) -> None:
    one = figure(key)
    names = ("final_test_error", "maximum_train_error", "maximum_test_error")
    data = follow_theory(one.experiments("paper")[key], names=names)
    row = one.published[0].row(Results("paper", {key: data}))
    assert row["paper"] == f"{value:.2f}"
    # These maps follow theory, as far as their grids resolve it.
    assert abs(float(row["ours"].split()[0]) - 1) < 0.05


def test_every_value_has_a_name_and_a_number_of_its_own() -> None:
    shown = [(one, value) for one in figures() for value in one.published]
    assert len(shown) >= 15
    for one, value in shown:
        names = [other.name for other in one.published]
        assert names.count(value.name) == 1
        assert float(format(value.value, value.said)) == pytest.approx(value.value, rel=0.1)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": None}, "name must be"),
        ({"value": "much"}, "value must be a finite number"),
        ({"ours": 3.0}, "ours must be a function"),
        ({"said": 3}, "said must be"),
    ],
)
def test_what_is_no_value_is_refused(wrong, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        Published(**{"name": "n", "value": 1.0, "ours": lambda results: None, **wrong})
