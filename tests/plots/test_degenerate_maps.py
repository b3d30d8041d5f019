"""Maps and traces in which nothing, or only one thing, can be seen are drawn as such; what makes no picture is told."""

from dataclasses import replace
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

import curldescent as cd
from curldescent import plots
from curldescent.plots.sweeps import error_range
from tests.samples import sampled

mpl.use("agg")
NAN, INF = np.nan, np.inf

# every cell of a map, how many cells are grey, a part of the note
MAPS = {
    "zeros": (0.0, 0, "every error is zero"),
    "NaN": (NAN, 4, "no finite error"),
    "infinite": (INF, 4, "no finite error"),
    "below the floor": (1e-320, 0, None),
    "huge": (1e308, 0, None),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def grid(values):
    coords = {"ratio": [0.5, 1.0], "hidden": [0.0, 0.5]}
    return xr.DataArray(np.full((2, 2), values), coords=coords)


def drawn(figure, kind="png"):
    figure.savefig(BytesIO(), format=kind, dpi=40)
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("kind", sampled(["png", "pdf"], seldom=["pdf"]))
@pytest.mark.parametrize("case", MAPS)
def test_whatever_the_errors_are_they_are_drawn(case, kind):
    value, grey, note = MAPS[case]
    figure = plots.error_map(grid(value))
    notes = drawn(figure, kind)
    assert np.ma.getmaskarray(figure.axes[0].collections[0].get_array()).sum() == grey
    assert [note in text for text in notes] == ([] if note is None else [True])


def test_errors_of_zero_are_at_the_lower_end():
    figure = plots.error_map(grid(0.0))
    mesh = figure.axes[0].collections[0]
    assert (mesh.get_array() == mesh.norm.vmin).all()
    assert mesh.norm.vmin == 1e-32


def test_one_range_for_a_map_of_zeros_and_another():
    norm = error_range(grid(0.0), grid(1e-3))
    assert (norm.vmin, norm.vmax) == (1e-3, 2e-3)
    assert error_range(grid(1e-30), grid(1e-3), floor=1e-6).vmin == 1e-6
    assert error_range(grid(1e-4), grid(1e-3), floor=1e-6).vmin == 1e-4


def test_one_cell_and_one_row_are_drawn():
    drawn(plots.error_map(grid(0.1)[:1, :1]))
    drawn(plots.error_map(grid(0.1)[:, :1]))


def test_no_trials_are_missing_ones():
    notes = drawn(plots.error_map(grid(0.1).expand_dims("trial").isel(trial=slice(0, 0))))
    assert any("no finite error" in text for text in notes)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (grid(-1.0), "zero or positive; got -1"),
        (grid(0.1)[:0], "at least one value along it"),
        (grid(0.1).astype(str), "real numbers"),
        (grid(0.1 + 0j), "real numbers"),
    ],
)
def test_what_is_no_error_is_refused(error, said):
    with pytest.raises(cd.InputError, match=said):
        plots.error_map(error)


@pytest.mark.parametrize("value", [NAN, INF, 0.0, -1.0, 1.0])
def test_a_diagram_of_one_value_is_drawn(value):
    diagram = cd.theory.phase_diagram("hidden", resolution=3, ratios=[0.1, 1.0], quantity="lambda_min")
    figure = plots.lambda_min_map(diagram.copy(data=np.full(diagram.shape, value)))
    drawn(figure)
    grey = np.ma.getmaskarray(figure.axes[0].collections[0].get_array())
    assert grey.all() == (not np.isfinite(value))


def test_an_unknown_cell_is_neither_stable_nor_unstable():
    diagram = cd.theory.phase_diagram("hidden", resolution=3, ratios=[0.1, 1.0]).astype(float)
    figure = plots.phase_diagrams([diagram.where(diagram > 2)])
    assert drawn(figure) == []
    assert np.ma.getmaskarray(figure.axes[0].collections[0].get_array()).all()


def test_exponents_that_are_not_known_are_drawn():
    run = {"label": "diverged", "late": (None, None, None), "q": None}
    cell = {"ratio": 0.5, "fraction": 0.1, "trial": 0, "flow": run, "0.02": run, "0.1": run}
    drawn(plots.regime_map([cell]))
    trace = {"times": [0.0], "trace": [[NAN]], "exponents": [NAN], "low": [NAN], "high": [NAN]}
    drawn(plots.spectrum_trace({"one": trace}))


def test_a_scaling_without_scatter_is_drawn():
    scaling = cd.theory.finite_size_scaling(cd.theory.Spectrum(0.5, hidden=0.3), (4, 6), samples=3)
    for value in (0.0, NAN):
        drawn(plots.finite_size(replace(scaling, spread=np.full(2, value), exponent=NAN)))


def test_a_picture_is_saved_under_text_in_a_folder_to_be_made(tmp_path):
    paths = plots.save(plt.figure(), f"{tmp_path}/new/picture")
    assert [path.name for path in paths] == ["picture.png", "picture.pdf"]
    assert all(path.stat().st_size for path in paths)
