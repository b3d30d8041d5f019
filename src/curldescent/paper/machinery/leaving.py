"""Figures 4 and 8 in common: students that start at a solution, leave it where it is unstable, and find another."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import boundary
from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.teachers import leaves
from curldescent.plots import style
from curldescent.plots.sweeps import draw_error_map, error_range

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

# Half-way, on a logarithmic scale, between the start's error, 1e-30, and an error of order one.
LEFT = 1e-15
STEP = 0.1
# The final error that counts as low: the same as learned in figure 3a.
LOW = boundary.LEARNED
# A start 1e-15 away shows that it is unstable if growth at the predicted rate comes to this factor within the run.
VISIBLE = 1e16


def two_maps(data: "xr.Dataset", teachers: "xr.Dataset | None", *, time: float = 0.0) -> "Picture":
    """Final and maximum test error side by side on one colour scale.

    Args:
        data: of `phase_maps.from_solutions`.
        teachers: of `teacher_stability` for activations that the line of linear networks does not describe.
        time: total step of the run, for the teachers.

    Returns:
        The figure; dashes: half of the teachers are left visibly within the run.
    """
    import matplotlib.pyplot as plt

    norm = error_range(data.final_test_error, data.maximum_test_error)
    with style.figure_style():
        figure, axes = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 3.1), sharex=True, sharey=True)
        titles = ("final test error", "maximum test error")
        for axis, error, title in zip(axes, (data.final_test_error, data.maximum_test_error), titles, strict=True):
            image = draw_error_map(axis, error, norm=norm)
            axis.set_title(title)
            if teachers is not None:
                draw_teachers(axis, teachers, slowest=float(np.log(VISIBLE)) / time)
        axes[1].set_ylabel("")
        if teachers is not None:
            axes[0].lines[1].set_label("theory, linear")
        axes[0].legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none")
        figure.colorbar(image, ax=axes, label="test error")
        return figure


def draw_teachers(axis: "Axes", teachers: "xr.Dataset", *, slowest: float) -> None:
    """Draw where the typical sampled teacher begins to have a direction that grows fast enough to matter.

    Args:
        axis: of an error map.
        teachers: of `teacher_stability`.
        slowest: the slowest growth that counts, per unit of total step.
    """
    rate = teachers.rate.median("trial")
    layer = boundary.fraction_of(rate)
    # A contour, as the stable cells need not be those of the smallest ratios; rates spread over decades of both signs.
    height = np.arcsinh(rate.transpose(layer, "ratio").values / slowest)
    for colour, width in (("white", 3.0), (style.UNSTABLE, 1.5)):
        axis.contour(
            rate.ratio,
            rate[layer],
            height,
            levels=[-np.arcsinh(1.0)],
            colors=colour,
            linewidths=width,
            linestyles="solid" if colour == "white" else "dashed",
        )
    axis.plot([], [], color=style.UNSTABLE, linestyle="--", label="sampled solutions, this run")


def finds_another(data: "xr.Dataset") -> Finding:
    """Final errors of unstable cells with normally learning readout neurons left."""
    error = data.final_test_error
    _, unstable = boundary.sides(error)
    chosen = (unstable & (error.readout < 1)).transpose("ratio", "readout").values
    found = _low(_typical(error).values[chosen], most=True, phrase="unstable cells with α_r < 1 end at or below")
    if found.holds is not False:
        return found
    # Slow or stuck? Between the middle of the recorded epochs, which are log-spaced, and the end.
    curve = data.test_error.median("trial", skipna=False)
    middle = curve.sel(epoch=curve.epoch[-1].item() / 2, method="nearest").transpose("ratio", "readout").values
    high = chosen & ~(_typical(error).values <= LOW)
    falling = int((_typical(error).values < middle / 2)[high].sum())
    said = f"{found.said}; {falling} of the {int(high.sum())} others more than halved their error in the last half"
    # Too short a run to tell, where those still on their way would make the difference.
    enough = int(found.numbers["low"]) + falling >= boundary.SHARE * int(found.numbers["of"])
    return Finding(None if enough else False, said, {**found.numbers, "still_falling": falling})


def nothing_to_find(data: "xr.Dataset") -> Finding:
    """Final errors where every readout neuron is flipped."""
    error = data.final_test_error
    if not (error.readout == 1).any():
        return Finding(None, "this scale has no cell with α_r = 1")
    return _low(_typical(error).sel(readout=1).values, most=False, phrase="cells with α_r = 1 end at or below")


def _low(values: np.ndarray, *, most: bool, phrase: str) -> Finding:
    if not values.size:
        return Finding(None, "the grid of this scale has no such cell")
    low = int((values <= LOW).sum())
    median = float(np.nanmedian(values)) if not np.isnan(values).all() else float("nan")
    share = low / values.size
    said = f"{low} of {values.size} {phrase} {LOW:g}; median over cells {median:.1e}"
    holds = share >= boundary.SHARE if most else share <= 1 - boundary.SHARE
    return Finding(holds, said, {"low": low, "of": int(values.size), "median": median})


def maximum_jumps(data: "xr.Dataset") -> Finding:
    """Maximum errors on both sides of the boundary."""
    error = data.maximum_test_error
    stable = boundary.stable_cells_learn(error, below=1e-20)
    unstable = boundary.unstable_cells_stay(error, above=1e-6)
    holds = None if None in (stable.holds, unstable.holds) else bool(stable.holds and unstable.holds)
    said = f"stable side: {stable.said}; unstable side: {unstable.said}"
    return Finding(holds, said, {"stable": dict(stable.numbers), "unstable": dict(unstable.numbers)})


def where_they_leave(data: "xr.Dataset") -> Finding:
    """The ratio at which the maximum error jumps, against c*."""
    return boundary.boundary_found(data.maximum_test_error, below=LEFT)


def teacher_by_teacher(data: "xr.Dataset", teachers: "xr.Dataset", *, time: float) -> Finding:
    """Whether every trial leaves where its own teacher is unstable.

    Args:
        data: of the sweep.
        teachers: their stability, on the same grid.
        time: total step of the run.
    """
    dims = ("ratio", "readout", "trial")
    left = ~(data.maximum_test_error.transpose(*dims).values < LEFT)
    predicted, free = (leaves(teachers, step=STEP, rate=name).transpose(*dims).values for name in ("rate", "free_rate"))
    # Stable is stable however slowly; growth has to show within the run.
    clear = ~predicted | (teachers.rate.transpose(*dims).values * time < -np.log(VISIBLE))
    agree, without = int((left == predicted)[clear].sum()), int((left == free)[clear].sum())
    of, close = int(clear.sum()), int((~clear).sum())
    said = (
        f"{agree} of {of} trials leave or stay as their solution's own kernel says ({without} of {of} without the "
        f"terms that preserved norms add); {close} too slow to show within the run are left out"
    )
    numbers = {"agree": agree, "without_norms": without, "of": of, "left_out": close}
    return Finding(agree >= 0.95 * of if of else None, said, numbers)


def _typical(error: "xr.DataArray") -> "xr.DataArray":
    return error.median("trial", skipna=False).transpose("ratio", "readout")
