"""Pictures of spectra: densities, atoms and outliers stand where the laws have them, histograms on the same scale."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from curldescent.foundation.errors import InputError
from curldescent.plots import labels
from curldescent.plots import spectra as draw
from curldescent.theory import KernelSpectrum, Spectrum
from tests.plots.pictures import faults

mpl.use("Agg")

RELU = KernelSpectrum(0.5, readout=0.2, activation="relu", samples_per_input=2.5, n_inputs=60)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def mass(axis):
    stairs = axis.patches[0].get_data()
    return (stairs.values * np.diff(stairs.edges)).sum()


def named(axis, word):
    """The line whose legend says that word."""
    return next(line for line in axis.lines if word in str(line.get_label()))


def test_spectrum_histogram_shares_the_scale_of_the_density():
    law = Spectrum(4.0, hidden=0.3)
    axis = draw.spectrum(law, law.sample(200, seed=0), bins=30).axes[0]
    assert mass(axis) == pytest.approx(1 - law.atoms[:, 1].sum(), abs=0.02)
    assert [t.get_text() for t in axis.texts if t.get_text()] == [f"atom {w:.3g}" for w in law.atoms[:, 1]]
    assert axis.get_xlabel() == labels.EIGENVALUE


def test_a_kernels_outliers_are_marked_and_far_ones_named():
    sample = RELU.sample(seed=0)
    figure = draw.spectrum(RELU, sample, bins=40)
    axis = figure.axes[0]
    assert faults(figure) == []
    assert named(axis, "outlier").get_xdata().tolist() == [RELU.outliers[0]]
    # Far above the bulk, and not on the axis: the words say where, and the legend how many eigenvalues are there.
    assert axis.get_xlim()[1] < RELU.outliers[1]
    assert any(f"outlier at\n{RELU.outliers[1]:.3g} →" == text.get_text() for text in axis.texts)
    beyond = int((sample > axis.get_xlim()[1]).sum())
    assert beyond == 1
    words = [text.get_text() for text in axis.get_legend().get_texts()]
    assert f"{sample.size} sampled eigenvalues, {beyond} beyond" in words
    assert mass(axis) == pytest.approx(1 - beyond / sample.size)
    assert "units of $M$" in axis.get_xlabel()
    assert "$P/M$ = 2.5" in axis.get_title(loc="left") + axis.get_title()


def test_a_kernels_density_is_the_laws():
    law = KernelSpectrum(0.5, hidden=0.2, activation="tanh", samples_per_input=1.0)
    line = named(draw.spectrum(law).axes[0], "density")
    x, y = (np.asarray(values) for values in line.get_data())
    assert (x[0], x[-1]) == pytest.approx(tuple(law.edges[0]))
    assert np.trapezoid(y, x) == pytest.approx(1.0, abs=0.01)
    # An independent count: eigenvalues of one large kernel below the median of the drawn density.
    below = np.concatenate([[0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))])
    middle = np.interp(0.5, below, x)
    assert np.mean(law.sample(200, seed=1) < middle) == pytest.approx(0.5, abs=0.03)


def test_an_outlier_that_grows_is_named():
    law = KernelSpectrum(0.5, readout=0.6, activation="relu", samples_per_input=2.5)
    assert law.outliers[0] == -np.inf
    axis = draw.spectrum(law).axes[0]
    assert [text.get_text() for text in axis.texts if "←" in text.get_text()] == ["← outlier grows\nwith $M$"]
    assert np.isfinite(axis.get_xlim()).all()


@pytest.mark.parametrize(
    "law",
    [
        KernelSpectrum(4.0, readout=0.2, activation="tanh", samples_per_input=2.5),
        KernelSpectrum(0.5, activation="linear", samples_per_input=4.0),
        KernelSpectrum(0.5, hidden={0: 1.0}, readout={0: 1.0}, activation="tanh", samples_per_input=1.0),
    ],
    ids=["an atom inside", "fewer weights than samples", "nothing learns"],
)
def test_a_kernels_atoms_are_drawn_with_their_weight(law):
    figure = draw.spectrum(law, law.sample(20, seed=0))
    assert faults(figure) == []
    axis = figure.axes[0]
    assert [t.get_text() for t in axis.texts if "atom" in t.get_text()] == [f"atom {w:.3g}" for w in law.atoms[:, 1]]
    assert len(law.atoms) == 1


@pytest.mark.parametrize("law", [Spectrum(1.0), RELU], ids=["K", "kernel"])
def test_bad_input(law):
    with pytest.raises(InputError, match="sample must be finite"):
        draw.spectrum(law, [np.nan])
    with pytest.raises(InputError, match="bins must be a whole number between 1 and 100000"):
        draw.spectrum(law, bins=0)


def test_another_object_is_refused():
    with pytest.raises(InputError, match=r"a cd\.theory\.Spectrum or a cd\.theory\.KernelSpectrum, got ndarray"):
        draw.spectrum(np.ones(3))
