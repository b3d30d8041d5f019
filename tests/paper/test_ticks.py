"""Ticks of pictures."""

from matplotlib import pyplot as plt

from curldescent.paper.machinery.ticks import ticks_at


def test_a_logarithmic_axis_has_plain_numbers_at_the_values_alone():
    figure, axis = plt.subplots()
    axis.set(xscale="log", yscale="log", xlim=(0.4, 300), ylim=(0.1, 10))
    others = [label.get_text() for label in axis.get_yticklabels()]
    ticks_at(axis, (0.5, 1.0, 200.0))
    figure.canvas.draw()
    assert axis.get_xticks().tolist() == [0.5, 1.0, 200.0]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0.5", "1", "200"]
    assert not len(axis.get_xticks(minor=True))
    assert [label.get_text() for label in axis.get_yticklabels()] == others
    ticks_at(axis, [3], along="y")
    assert axis.get_yticks().tolist() == [3]
