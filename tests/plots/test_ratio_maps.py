"""Maps of ratios: what every kind of cell shows."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from curldescent.plots.ratio_maps import draw_ratio_map, ratio_ticks

mpl.use("agg")


@pytest.fixture
def drawn():
    figure, axis = plt.subplots()
    ratio = np.array([[2.0, 0.5, 1.1], [9.0, np.nan, 0.01]])
    ends = np.stack([ratio / 1.5, ratio * 1.5], axis=-1)
    kinds = [["exact", "upper bound", "exact"], ["lower bound", "never", "missing"]]
    image = draw_ratio_map(axis, ratio, ends, kinds, columns=[1, 2, 3], rows=[4, 5], notes={(1, 0): "2 and 0 of 3"})
    yield axis, image
    plt.close(figure)


def at(axis, row, column):
    return [t.get_text() for t in axis.texts if abs(t._x - column) < 0.4 and abs(t._y - row) < 0.5]


def test_every_kind_of_cell_says_what_it_is(drawn):
    axis, _ = drawn
    assert at(axis, 0, 0) == ["2.00", "1.33–3.00"]
    assert at(axis, 0, 1)[0] == "≤ 0.50"
    assert at(axis, 1, 0) == ["≥ 9.00", "6.00–13.50", "2 and 0 of 3"]
    assert at(axis, 1, 1) == ["neither\ngets there"]
    assert at(axis, 1, 2) == []


def test_frames_mark_the_cells_whose_interval_excludes_one(drawn):
    axis, _ = drawn
    frames = {(round(p.get_x() + 0.46), round(p.get_y() + 0.46)) for p in axis.patches if p.get_linewidth() == 1.5}
    # Column and row; 1.1 within 0.73 to 1.65 has none.
    assert frames == {(0, 0), (1, 0), (0, 1)}


def test_colours_are_even_on_both_sides_of_one_and_grey_where_nothing_was_run(drawn):
    _, image = drawn
    assert image.norm(2.0) + image.norm(0.5) == pytest.approx(1.0)
    assert image.norm(1.0) == pytest.approx(0.5)
    values = image.get_array()
    assert values.mask.tolist() == [[False, False, False], [False, True, True]]
    # Beyond the scale's end the colour stays, the number is written out.
    assert values[1, 0] == 4.0
    assert image.cmap.get_bad().tolist() == pytest.approx([0.75, 0.75, 0.75, 1.0])
    ticks, labels = ratio_ticks()
    assert (ticks[0], ticks[-1]) == (image.norm.vmin, image.norm.vmax)
    assert (labels[0], labels[-1]) == ("≤ 0.25", "≥ 4")
