"""Flips and strengths: claims can go either way, and its runs are those it says."""

import numpy as np
import pytest
import xarray as xr

from curldescent.paper import Results, figure
from curldescent.paper.beyond import macroscopic_flips
from curldescent.paper.machinery import macroscopic_flip_runs, macroscopic_measures
from curldescent.paper.published.fig5c_to_f import FLIPPED

SIZE = macroscopic_flips.SIZES["paper"]
RULES = macroscopic_flip_runs.rules_of(SIZE.flips, macroscopic_flips.STRENGTHS)


def logs_of(end: float, factor: float) -> np.ndarray:
    """Log ratios GD over every rule: through 0 at a number of flips; of strengths, higher for stronger ones."""
    found = []
    for rule in RULES:
        k, strength = rule.split()[0], rule.split()[1]
        if strength == "flipped":
            found.append(0.0 if k == "0" else 0.25 * (end - float(k)))
        else:
            found.append(0.9 * (1 - float(strength)) / 2 + np.log(factor))
    return np.array(found)


def own(rng: np.random.Generator, logs: np.ndarray, spread: float) -> xr.Dataset:
    noisy = logs[:, None] + spread * rng.standard_normal((len(logs), SIZE.sets))
    noisy[0] = 0.0
    return macroscopic_flip_runs.dataset(RULES, 1000 * np.exp(-noisy))


def of_fig5f(rng: np.random.Generator, end: float, spread: float) -> tuple[xr.Dataset, xr.Dataset]:
    flips = np.arange(11)
    logs = np.where(flips == 0, 0.0, 0.25 * (end - flips))
    noisy = logs[:, None] + spread * rng.standard_normal((11, 10))
    noisy[0] = 0.0
    epochs = 1000 * np.exp(-noisy)
    sweep = xr.Dataset(
        {"epochs_to_train": (("readout_flips", "trial"), epochs)}, coords={"readout_flips": flips.astype(np.int32)}
    )
    told = macroscopic_flip_runs.dataset([f"{k} flipped" for k in range(9)], epochs[:9])
    return sweep, told


def world(
    *, measured: float = 4.5, told: float = 4.5, factor: float = 1.0, stronger: bool = True, spread: float = 0.02
) -> Results:
    rng = np.random.default_rng(0)
    here = logs_of(measured, factor)
    if not stronger:
        here[list(RULES).index("strength -2")] = -0.4
    sweep, _ = of_fig5f(rng, measured, spread)
    _, expected = of_fig5f(rng, told, spread)
    data = {
        macroscopic_flips.FIG5F: sweep,
        macroscopic_flips.TOLD_5F: expected,
        macroscopic_flips.SETS: own(rng, here, spread),
        macroscopic_flips.TOLD_SETS: own(rng, logs_of(told, 1.0), spread),
    }
    return Results("paper", data)


def verdicts(results: Results) -> list[bool | None]:
    return [claim.measure(results).holds for claim in figure("macroscopic-flips").claims]


def test_claims_are_confirmed_by_data_that_follow_them() -> None:
    assert verdicts(world()) == [True] * 7


def test_claims_are_refuted_by_data_that_do_not() -> None:
    assert verdicts(world(measured=6.5, told=2.5, factor=4.0, stronger=False)) == [False] * 7


def test_noise_decides_nothing_but_sides() -> None:
    found = verdicts(world(spread=1.5))
    assert [found[0], found[2], *found[4:]] == [None] * 5


def test_runs_that_all_end_at_the_last_epoch_tell_nothing() -> None:
    late = {name: data.map(lambda epochs: epochs * 0 + 8000.0) for name, data in world().data.items()}
    assert verdicts(Results("paper", late)) == [None] * 7


def test_other_scales_do_without_figure_5f() -> None:
    results = world()
    without = {name: data for name, data in results.data.items() if "fig5f" not in name}
    found = verdicts(Results("standard", without))
    assert found == [None, None, True, True, True, True, True]
    assert list(figure("macroscopic-flips").experiments("standard")) == list(without)


def test_the_end_of_a_gain_is_interpolated() -> None:
    flips = np.array([1.0, 2.0, 4.0])
    assert macroscopic_measures.end_of_gain(flips, np.array([1.0, 0.5, -0.5])) == pytest.approx(3.0)
    # The first time counts.
    assert macroscopic_measures.end_of_gain(flips, np.array([1.0, -1.0, 0.5])) == pytest.approx(1.5)
    assert np.isnan(macroscopic_measures.end_of_gain(flips, np.array([-1.0, 1.0, -1.0])))
    assert np.isnan(macroscopic_measures.end_of_gain(flips, np.array([1.0, 1.0, 1.0])))


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(2).standard_normal((7, 1))
    estimate = macroscopic_measures.jackknifed(values, lambda chosen: float(chosen.mean()))
    assert estimate is not None
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.error == pytest.approx(values.std(ddof=1) / np.sqrt(7))
    assert estimate.degrees == 6
    assert macroscopic_measures.jackknifed(values, lambda chosen: float("nan")) is None


def test_the_equations_get_the_students_and_flips_of_figure_5f(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def told(problem, rules, epochs):
        asked.append((problem, rules, epochs))
        return np.arange(1.0, len(rules) + 1)

    monkeypatch.setattr(macroscopic_flip_runs, "told_epochs", told)
    data = macroscopic_flips.told_of_fig5f(flips=8, epochs=7)
    assert dict(data.sizes) == {"rule": 9, "unit": 10}
    cell = FLIPPED.experiments("paper")["fig5f"].cell_at((3,))
    for trial in (0, 9):
        problem, rules, epochs = asked[trial]
        np.testing.assert_array_equal(problem.student.hidden, cell.problem.student.hidden[trial])
        assert epochs == 7
        np.testing.assert_array_equal(
            rules["3 flipped"].strengths(problem.student.sizes).readout, cell.rule.strengths((100, 10, 1)).readout
        )
        assert (rules["3 flipped"].strengths((100, 10, 1)).readout == -1).sum() == 3


@pytest.mark.slow
def test_a_short_run_stops_nobody() -> None:
    data = macroscopic_flip_runs.measured(1, (0, 1), (-2.0,), 3)
    assert data.rule.values.tolist() == ["0 flipped", "1 flipped", "strength -2"]
    assert (data.epochs == 3).all()


def test_it_is_drawn() -> None:
    from matplotlib import pyplot as plt

    picture = figure("macroscopic-flips").draw(world())
    assert len(picture.axes) == 3
    plt.close(picture)
