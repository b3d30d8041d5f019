"""The distance between a spectrum and its law."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from scipy import stats

from curldescent.paper.machinery.spectra import distance, edge_scale
from curldescent.paper.published import histograms
from curldescent.theory import Spectrum

from .maps import results, verdicts

mpl.use("agg")


@pytest.fixture(scope="module")
def small():
    return {
        "histograms_readout": histograms.sampled(200, 20, (0.0, 0.5), 0),
        "histograms_hidden": histograms.sampled(100, 1000, (0.7, 0.0), 0),
    }


def test_claims_confirm_samples_of_the_law(small) -> None:
    assert set(verdicts(histograms.FIGURE, results(**small)).values()) == {True}
    picture = histograms.draw(results(**small))
    assert len(picture.axes) == 2
    plt.close(picture)


def test_claims_reject_another_law(small) -> None:
    shifted = {name: data.assign(eigenvalue=data.eigenvalue + 0.5) for name, data in small.items()}
    assert set(verdicts(histograms.FIGURE, results(**shifted)).values()) == {False}


def test_the_distance_is_scipys_where_there_is_no_atom() -> None:
    law = Spectrum(0.3, hidden=0.4)
    values = law.sample(60, seed=1)
    expected = stats.kstest(values, lambda x: np.asarray(law.cdf(x))).statistic
    assert distance(values, law) == pytest.approx(expected, abs=1e-9)


def test_a_missing_atom_is_noticed() -> None:
    law = Spectrum(4.0)
    values = law.sample(100, seed=0)
    assert distance(values, law) < 0.03
    assert distance(values[values > 1.1], law) > 0.5


def test_the_edge_scale_of_the_semicircle_like_edge() -> None:
    # Marchenko–Pastur at c = 1/4, shifted by 1: near its lower edge the density is A √distance with
    # A = √(λ₊ − λ₋)/(2π c (λ₋ − 1)), eigenvalues of W1ᵀW1 = λ − 1 in [(1/√c − 1)², (1/√c + 1)²].
    law = Spectrum(0.25)
    low, high = 1.0, 9.0
    coefficient = np.sqrt(high - low) / (2 * np.pi * low)
    expected = (np.pi * coefficient * 50) ** (-2 / 3)
    assert edge_scale(law, 50, lowest=True) == pytest.approx(expected, rel=1e-3)


def test_full_size_is_the_papers() -> None:
    for scale in ("standard", "paper"):
        arguments = [e.arguments for e in histograms.experiments(scale).values()]
        assert [(a["inputs"], a["hidden"], a["flipped"]) for a in arguments] == [
            (4000, 400, (0.0, 0.5)),
            (1000, 10_000, (0.7, 0.0)),
        ]
