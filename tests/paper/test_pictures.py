"""Every registered figure, drawn from the results that stay with the project, can be printed as it is."""

from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from curldescent.paper.machinery.claims import Results
from curldescent.paper.runs import drawing, kept
from curldescent.paper.runs.drawing import drawn
from curldescent.paper.runs.registry import figure, figures
from curldescent.paper.runs.scale_changes import changes
from curldescent.plots import panels
from curldescent.plots.verdicts import ALONE, verdict_squares
from tests.plots.pictures import faults, fonts

mpl.use("agg")
KEPT = Path(__file__).parents[2] / "docs/reproduction/data"
# A picture of lines, one of maps, one of rows, one with weights in time; the slow test takes all.
SOME = ("fig3b", "fig4", "fig5f", "control-norms")
# At least so many of all figures have results to draw from; more come as more are kept.
LEAST = 30


def from_kept(key):
    """The figure's results at the highest scale at which all of them are kept, or None."""
    one = figure(key)
    for scale in ("paper", "subset", "standard"):
        data = {name: kept.find(KEPT / scale, name, made) for name, made in one.at(scale).items()}
        if all(found is not None for found in data.values()):
            return Results(scale, data)
    return None


def check(key):
    found = from_kept(key)
    if found is None:
        return False
    picture = drawn(figure(key), found, changes(figure(key), found.scale))
    try:
        assert faults(picture) == [], key
        # TrueType outlines, letters that can be searched for; Type 3 is refused by publishers.
        assert fonts(picture) == {"Type0", "CIDFontType2"}, key
    finally:
        plt.close(picture)
    return True


@pytest.mark.parametrize("key", SOME)
def test_some_figures_can_be_printed(key):
    assert check(key)


@pytest.mark.slow
def test_every_figure_that_has_results_can_be_printed():
    assert sum(check(one.key) for one in figures()) >= LEAST


def test_weights_that_change_sign_at_every_epoch_do_not_look_at_rest():
    found = from_kept("fig3b")
    picture = drawn(figure("fig3b"), found)
    titles = [axis.get_title(loc="left") for axis in panels.of(picture)]
    whole = next(number for number, title in enumerate(titles) if "alternating" in title)
    closely = panels.of(picture)[whole + 1]
    assert "last 10 epochs" in titles[whole + 1]
    # One after the other, as recorded: the readout's weights change sign every time.
    flips = [line.get_ydata()[1:] * line.get_ydata()[:-1] < 0 for line in closely.lines]
    assert sum(changed.all() for changed in flips) == 4
    # Over the whole time, both parities are lines of their own.
    dashed = [line for line in panels.of(picture)[whole].lines if line.get_linestyle() == "--"]
    assert len(dashed) == len(closely.lines) == 8
    plt.close(picture)


def test_the_line_below_says_what_a_scale_is_and_what_it_leaves_out():
    assert drawing._whole(figure("fig4")) == "the paper's grid and epochs"
    assert drawing._whole(figure("histograms")) == "at its full size"
    assert "the paper has no such figure" in drawing._whole(figure("macroscopic-flips"))
    assert changes(figure("fig11b"), "subset") == (
        "student scale takes 5 values instead of 17: 1, 1.5, 2, 3, 4 (fig11b)",
        "fig11b-normal is not computed at this scale",
    )
    assert changes(figure("macroscopic"), "standard")[1].startswith(
        "teachers: 1, 1.5, 2, 3 at 1.25 instead of 0.5, 0.7, 1, 1.25, 1.5, 2, 3, 4 at 1.25"
    )
    assert "input sets 3 instead of 6 (macroscopic-followed)" in changes(figure("macroscopic"), "standard")
    assert changes(figure("fig11d"), "standard")[0].startswith("readout flips take 9 values instead of 11")


def test_every_square_of_a_row_is_in_its_count():
    picture = verdict_squares({"some": ["confirmed", "refuted", "confirmed"]})
    assert [text.get_text() for text in picture.axes[0].texts] == ["2 confirmed, 1 refuted"]
    plt.close(picture)
    alone = ["undecided", f"refuted{ALONE}", f"confirmed{ALONE}", f"confirmed{ALONE}", "confirmed"]
    picture = verdict_squares({"some": alone})
    assert [text.get_text() for text in picture.axes[0].texts] == ["1 (+2) confirmed, 1 undecided, 0 (+1) refuted"]
    # Confirmed ones first, the paler behind, refuted ones last.
    colours = [patch.get_facecolor() for patch in picture.axes[0].patches]
    assert colours[1] == colours[2]
    assert len(set(colours)) == 4
    picture.draw_without_rendering()
    drawn = picture.axes[0].texts[0].get_window_extent()
    assert drawn.x1 < picture.bbox.x1
    plt.close(picture)


def test_the_longest_count_of_a_row_fits():
    kinds = ("confirmed", f"confirmed{ALONE}", "undecided", f"refuted{ALONE}", "refuted")
    picture = verdict_squares({"Is the speed-up real?": [kind for kind in kinds for _ in range(44)]})
    picture.draw_without_rendering()
    assert picture.axes[0].texts[0].get_window_extent().x1 < picture.bbox.x1
    plt.close(picture)
