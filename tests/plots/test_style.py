import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from curldescent.plots import style


@pytest.fixture
def untouched():
    with mpl.rc_context():
        yield


def test_the_look_is_on_inside_and_gone_outside(untouched):
    mpl.rcParams["font.size"] = 17.0
    with style.figure_style():
        assert mpl.rcParams["font.size"] == 8
    assert mpl.rcParams["font.size"] == 17.0


def test_the_look_is_gone_after_an_error(untouched):
    mpl.rcParams["font.size"] = 17.0
    with pytest.raises(KeyError), style.figure_style():
        raise KeyError
    assert mpl.rcParams["font.size"] == 17.0


def test_a_backend_may_switch_interactive_mode_on_inside(untouched):
    mpl.interactive(False)
    with style.figure_style():
        mpl.interactive(True)  # as a notebook's backend does with its first figure
    assert mpl.is_interactive()


# Machado, Oliveira & Fernandes (2009), table 1: what a complete dichromat sees, in linear RGB.
DICHROMATS = {
    "none": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def lab(colours, seen):
    """CIELAB under D65 of sRGB colours as someone sees them."""
    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ seen.T
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = np.clip(linear, 0, 1) @ np.array(to_xyz).T / [0.95047, 1, 1.08883]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def closest(colours, seen):
    points = lab(colours, seen)
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(points, 2))


@pytest.mark.parametrize("name", DICHROMATS)
def test_colours_are_told_apart_with_every_common_deficiency(name):
    # A difference of 2.3 is just noticed side by side; in a legend it takes several times that.
    assert closest(style.CYCLE, DICHROMATS[name]) > 10
    pairs = (style.GRADIENT_DESCENT, style.CURL_DESCENT, style.FEEDBACK_ALIGNMENT)
    assert closest(pairs, DICHROMATS[name]) > 20
    assert closest((style.STABLE, style.UNSTABLE, style.THEORY), DICHROMATS[name]) > 20


def test_the_measure_of_colours_finds_those_that_are_not():
    tab10 = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2"]
    assert closest(tab10, DICHROMATS["deutan"]) < 10
    np.testing.assert_allclose(lab(["#ffffff", "#000000"], np.eye(3)), [[100, 0, 0], [0, 0, 0]], atol=0.02)
