"""Values of the authors' own runs beside ours: how a row is written, and what is taken for ours."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from curldescent.foundation.errors import InputError
from curldescent.paper import Results, figure, figures
from curldescent.paper.machinery.border_values import border_value
from curldescent.paper.machinery.boundary_claims import errors_of
from curldescent.paper.machinery.claims import Ours, Published
from curldescent.paper.machinery.speedup_values import told
from curldescent.paper.machinery.statistics import error_of_difference, paired_t
from curldescent.theory import critical_ratio

from .maps import follow_theory, results
from .speedup import results as speedup_results
from .speedup import with_gain

NOTHING = Results("quick", {})


@pytest.mark.parametrize(
    ("ours", "written", "difference"),
    [
        # As many as theirs, 4, or not known over how many: √2 × 0.05 = 0.0707.
        (Ours(0.8, 0.05, 4), "0.80 ± 0.05", "-1.0"),
        (Ours(0.8, 0.05), "0.80 ± 0.05", "-1.0"),
        # Three times as many as theirs: √(1 + 3) × 0.1.
        (Ours(1.25, 0.1, 12), "1.25 ± 0.1", "+1.9"),
        (Ours(1200, 123.4, 4), "1200.00 ± 120", "+6.9"),
        # An error that is not known, or that is none.
        (Ours(0.8), "0.80", None),
        (Ours(0.8, float("inf")), "0.80", None),
        (Ours(0.8, 0.0), "0.80", None),
        (None, None, None),
    ],
)
def test_a_row_by_hand(ours, written, difference) -> None:
    row = Published("border", 0.87, lambda results: ours, ".2f", of=4).row(NOTHING)
    assert row == {"name": "border", "paper": "0.87", "ours": written, "difference": difference}


def test_values_can_have_words_of_their_own() -> None:
    row = Published("p", -3e-4, lambda results: Ours(0.045), told).row(NOTHING)
    assert (row["paper"], row["ours"]) == ("0.0003, CD slower", "0.045, CD faster")


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
    value, error, n = ours(Results("quick", {"map": data}))
    assert n == 3
    assert value == pytest.approx(np.exp(logs.mean()), rel=1e-3)
    assert error == pytest.approx(np.exp(logs.mean()) * logs.std(ddof=1) / np.sqrt(3), rel=0.02)
    assert ours(Results("quick", {"map": data.isel(hidden=[0])})) is None


def test_mean_epochs_are_those_of_the_rule_at_the_value() -> None:
    one = figure("fig5d")
    world = speedup_results(one, with_gain(lambda scale: 0.5 if scale < 1 else 4.0))
    rows = {value.name: (value, value.row(world)) for value in one.published}
    assert {name: row["paper"] for name, (_, row) in rows.items()} == {
        "mean epochs to the test error, GD, scale 0.7": "323",
        "mean epochs to the test error, CD, scale 0.7": "411",
        "mean epochs to the test error, GD, scale 1": "178",
        "mean epochs to the test error, CD, scale 1": "212",
    }
    for name, (value, row) in rows.items():
        rule, scale = name.split(", ")[1], float(name.split()[-1])
        sample = world["fig5d"].epochs_to_test.sel(rule=rule, student_scale=scale).values.ravel()
        mean, error = sample.mean(), sample.std(ddof=1) / np.sqrt(len(sample))
        assert value.ours(world) == pytest.approx((mean, error, 10))
        # The authors have ten trials, too.
        assert row["difference"] == f"{(mean - value.value) / (np.sqrt(2) * error):+.1f}"
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
    found, error, _ = value.ours(results(fig8=cells))
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
    assert len(shown) >= 50
    for one, value in shown:
        names = [other.name for other in one.published]
        assert names.count(value.name) == 1
        number, *words = value.written(value.value).split(", ")
        assert float(number) == pytest.approx(abs(value.value), rel=0.1) or float(number) == value.value
        assert words in ([], ["CD faster" if value.value > 0 else "CD slower"])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": None}, "name must be"),
        ({"value": "much"}, "value must be a finite number"),
        ({"ours": 3.0}, "ours must be a function"),
        ({"said": 3}, "said must be"),
        ({"of": 0}, "of must be"),
    ],
)
def test_what_is_no_value_is_refused(wrong, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        Published(**{"name": "n", "value": 1.0, "ours": lambda results: None, **wrong})


def test_p_values_of_flips_are_those_of_scipy_with_the_sign_of_t() -> None:
    one = figure("fig11d")
    world = speedup_results(one, with_gain(lambda flips: 2.0 if flips < 3 else 0.5))
    data = world["fig11d"].epochs_to_test.isel(threshold=0)
    none = data.sel(readout_flips=0).values
    single, four, pooled = (value.ours(world).value for value in one.published)
    assert single == pytest.approx(stats.ttest_rel(none, data.sel(readout_flips=1).values).pvalue)
    assert four == pytest.approx(-stats.ttest_rel(none, data.sel(readout_flips=4).values).pvalue)
    rest = data.sel(readout_flips=slice(1, None)).transpose("readout_flips", "trial").values
    assert pooled == pytest.approx(-stats.ttest_rel(np.tile(none, 10), rest.ravel()).pvalue)
    few = Results("paper", {"fig11d": world["fig11d"].isel(trial=slice(5))})
    assert [value.ours(few) is None for value in one.published] == [True, True, False]


def test_the_pooled_t_of_teachers_and_the_p_of_relu_students() -> None:
    teachers, relu = figure("fig11c"), figure("fig10c")
    world = speedup_results(teachers, with_gain(lambda scale: 0.8))
    t, p_value = (value.row(world)["ours"] for value in teachers.published[-2:])
    assert float(t) < 0
    assert p_value.endswith("CD slower")
    world = speedup_results(relu, with_gain(lambda scale: 0.8))
    data = world["fig10c"].epochs_to_test.isel(threshold=0).sel(student_scale=2)
    expected = stats.ttest_rel(data.sel(rule="GD").values, data.sel(rule="CD").values).pvalue
    (value,) = relu.published
    assert value.ours(world).value == pytest.approx(expected)
    cells = world["fig10c"]
    assert value.ours(Results("paper", {"fig10c": cells.sel(student_scale=[1.0])})) is None


def test_the_table_and_figure_5c_show_the_same_means() -> None:
    table = {value.name: value.value for value in figure("table").published}
    assert len(table) == 18
    shown = {value.name.replace(" to the training error", ""): value.value for value in figure("fig5c").published}
    assert len(shown) == 12
    assert shown.items() <= table.items()


def test_fractions_where_the_border_is_smaller_are_counted() -> None:
    one = figure("fig6a")
    linear = follow_theory(one.experiments("paper")["fig6a-linear"])
    shares = [value for value in one.published if "fractions" in value.name]
    assert [(value.value, value.of) for value in shares] == [(1.0, 20)]
    # The same borders: nowhere smaller.
    assert shares[0].row(Results("paper", {"fig6a": linear, "fig6a-linear": linear}))["ours"] == "0.00"


@pytest.mark.parametrize(("n", "theirs", "factor"), [(10, 10, 2**0.5), (10, 40, 1.25**0.5), (None, 10, 2**0.5)])
def test_the_error_of_a_difference(n, theirs, factor) -> None:
    """Simulated: ours over n of spread 1, theirs over n′ of the same."""
    error = 1.0 if n is None else n**-0.5
    assert error_of_difference(error, n, theirs) == pytest.approx(factor * error)
    if n is not None:
        rng = np.random.default_rng(0)
        gaps = rng.normal(size=(20_000, n)).mean(1) - rng.normal(size=(20_000, theirs)).mean(1)
        assert gaps.std() == pytest.approx(factor * error, rel=0.02)


def test_pairs_without_spread_have_a_t_of_their_own() -> None:
    assert paired_t([1, 2], [1, 2]) == (0.0, 1.0)
    assert paired_t([1, 2], [2, 3]) == (-np.inf, 0.0)
