"""The picture of the high-gain start: panels of paired students, each on epochs of its own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from curldescent.paper.machinery.controls import Arms
from curldescent.plots import style
from curldescent.plots.arms import draw_arms, plain_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

COLUMNS = 2


def draw_cells(panels: Mapping[str, Arms]) -> "Picture":
    """Panels in rows of two.

    Args:
        panels: title → arms.

    Returns:
        The figure.
    """
    import matplotlib.pyplot as plt

    rows = -(-len(panels) // COLUMNS)
    with style.figure_style():
        figure, axes = plt.subplots(rows, COLUMNS, figsize=(style.PAGE_INCHES, 1.9 * rows), squeeze=False)
        for axis in axes.ravel()[len(panels) :]:
            axis.set_axis_off()
        for number, (axis, (title, arms)) in enumerate(zip(axes.ravel(), panels.items(), strict=False)):
            label = "epochs" if number >= len(panels) - COLUMNS else ""
            draw_arms(axis, {name: (arm.epochs, arm.reached) for name, arm in arms.items()}, label=label)
            axis.set_title(title)
            plain_ticks(axis)
        return figure
