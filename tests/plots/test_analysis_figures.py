"""Figures of the analysis: they show what they were given."""

import matplotlib as mpl
import matplotlib.pyplot
import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.plots.chaos import LOOK, TITLES, regime_map, spectrum_trace
from curldescent.plots.hebbian import hebbian_curl

mpl.use("agg")


def cell(ratio, fraction, trial, label):
    found = {"label": label, "late": [0.01, 0.005, 0.015]}
    return {"ratio": ratio, "fraction": fraction, "trial": trial, **dict.fromkeys(TITLES, found)}


def test_every_label_has_a_look_and_appears_in_the_legend():
    from curldescent.analysis._dynamics.regimes import LABELS

    assert set(LOOK) == set(LABELS)
    cells = [cell(0.5, 0.1 * i, 0, label) for i, label in enumerate(LABELS)]
    figure = regime_map(cells)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(LOOK)
    mpl.pyplot.close(figure)


def test_the_map_shows_the_order_parameter_of_every_run_that_has_one():
    cells = [cell(0.5, 0.5, trial, "chaotic") for trial in range(2)]
    cells[1] |= {name: cells[1][name] | {"q": 0.003} for name in TITLES}
    figure = regime_map(cells)
    shown = [line.get_ydata()[0] for line in figure.axes[6].lines if line.get_marker() == LOOK["chaotic"][1]]
    np.testing.assert_array_equal(shown, [np.nan, 0.003])
    assert figure.axes[6].get_yscale() == "log"
    mpl.pyplot.close(figure)


def test_a_map_needs_cells():
    with pytest.raises(InputError, match="cells must hold at least one trial, got none"):
        regime_map([])
    with pytest.raises(InputError, match="runs must hold at least one run, got none"):
        spectrum_trace({})


def test_traces_and_curl_are_drawn_as_computed():
    times = np.arange(5.0)
    trace = np.stack([times**2, -times], axis=1)
    run = {"times": times, "trace": trace, "low": [15.0, -5.0], "high": [17.0, -3.0]}
    figure = spectrum_trace({"a": run})
    drawn = [line.get_ydata() for line in figure.axes[0].lines]
    np.testing.assert_array_equal(drawn[0], times**2)
    np.testing.assert_array_equal(drawn[1], [15, 17])
    np.testing.assert_array_equal(drawn[2], -times)
    mpl.pyplot.close(figure)
    figure = hebbian_curl(excitatory=3, inhibitory=2)
    curves = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    # For D C with unit variances and correlation r everywhere, ‖(B − Bᵀ)/2‖²/‖B‖² counted by hand: 2·3·2 of the 20
    # off-diagonal entries are antisymmetric.
    r = 0.9
    assert curves["E and I, all Hebbian"][-1] == pytest.approx(12 * r**2 / (5 + 20 * r**2))
    np.testing.assert_allclose(curves["E Hebbian, I anti-Hebbian"], 0, atol=1e-25)
    mpl.pyplot.close(figure)
