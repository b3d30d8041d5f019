"""The picture that most controls share: rows of paired students."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from curldescent.paper.machinery.controls import THRESHOLD, Arms
from curldescent.paper.machinery.wording import power_of_ten
from curldescent.plots import labels, style
from curldescent.plots.arms import draw_arms, plain_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

EPOCHS_LABEL = f"epochs to training error {power_of_ten(THRESHOLD)}"


def drawn(panels: Mapping[str, Arms], *, label: str = EPOCHS_LABEL) -> "Picture":
    """Panels side by side, each a row an arm, on one epoch axis.

    Args:
        panels: title → arms.
        label: of the epochs.

    Returns:
        The figure.
    """
    import matplotlib.pyplot as plt

    rows = max(len(arms) for arms in panels.values())
    width = style.PAGE_INCHES if len(panels) > 1 else style.COLUMN_INCHES
    figure, axes = plt.subplots(1, len(panels), figsize=(width, 0.85 + 0.27 * rows), squeeze=False, sharex=True)
    for axis, (title, arms) in zip(axes[0], panels.items(), strict=True):
        draw_arms(axis, {name: (arm.epochs, arm.reached) for name, arm in arms.items()}, label=label)
        axis.set_title(labels.mathematical(title))
    plain_ticks(axes[0, 0])
    return figure
