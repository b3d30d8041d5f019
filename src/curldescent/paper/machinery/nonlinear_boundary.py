"""Figures 6a and 6b in common: does the boundary of tanh networks lie at smaller ratios than that of linear ones?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import boundary, statistics
from curldescent.paper.machinery.claims import Finding, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.leaving import draw_teachers
from curldescent.paper.machinery.phase_maps import from_random_start
from curldescent.paper.machinery.teachers import teacher_stability
from curldescent.plots import style
from curldescent.plots.sweeps import draw_error_map
from curldescent.sweeps import Sweep, lin, log
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture


# Both figures share it.
TEACHERS = "fig6-teachers"


def experiments_of(
    name: str, scale: Scale, *, ratio: Sequence[float], hidden: Sequence[float], epochs: int, trials: int
) -> dict[str, Sweep | Computation]:
    """Tanh students, linear students with the same inputs and initial weights, and the stability of tanh teachers.

    Args:
        name: of the figure.
        scale: of the teachers' own, finer grid.
        ratio: c = M/N.
        hidden: flipped fractions α_h.
        epochs: of training.
        trials: per cell.

    Returns:
        Name → what is computed.
    """
    ratios, fractions, samples = {"quick": (10, 7, 2), "standard": (16, 11, 3), "paper": (24, 21, 10)}[scale]
    kernels = {
        "activation": "tanh",
        "layer": "hidden",
        "ratio": log(0.05, 1, ratios),
        "fraction": lin(0, 1, fractions),
        "trials": samples,
    }
    return {
        name: from_random_start("tanh", ratio=ratio, hidden=hidden, epochs=epochs, trials=trials),
        f"{name}-linear": from_random_start("linear", ratio=ratio, hidden=hidden, epochs=epochs, trials=trials),
        TEACHERS: Computation(teacher_stability, kernels, identity="curldescent.paper.teachers.teacher_stability"),
    }


def two_maps(tanh: "xr.Dataset", linear: "xr.Dataset", teachers: "xr.Dataset", *, time: float) -> "Picture":
    """Tanh and linear students side by side, each with its own colours: tanh students come nowhere near rounding.

    Args:
        tanh: the sweep.
        linear: the same cells, linear.
        teachers: of `teacher_stability`.
        time: total step of the run.

    Returns:
        The figure; dashes: half of the tanh teachers have a direction that grows e-fold within the run.
    """
    import matplotlib.pyplot as plt

    with style.figure_style():
        figure, axes = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 2.9), sharex=True, sharey=True)
        for axis, data, title in zip(axes, (tanh, linear), ("tanh", "linear, the same cells"), strict=True):
            image = draw_error_map(axis, data.final_test_error)
            axis.lines[1].set_label("theory, linear")
            axis.set_title(title)
            figure.colorbar(image, ax=axis, label="final test error")
        draw_teachers(axes[0], teachers, slowest=1 / time)
        axes[1].set_ylabel("")
        axes[0].legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none", fontsize=7)
        return figure


def as_well_as_gradient_descent(error: "xr.DataArray") -> "xr.DataArray":
    """Which trials learned, judged by what gradient descent reaches in as many epochs at that ratio.

    Args:
        error: final test errors over (ratio, hidden, trial), hidden = 0 among them.

    Returns:
        Whether the error is below 1e-8 or, where that is higher, below the geometric mean of gradient descent's median
        error at the ratio and 1e-2, that of students that do not learn.
    """
    own = error.sel(hidden=0).median("trial")
    return error <= np.maximum(boundary.LEARNED, np.sqrt(own * 1e-2))


def moves_left(tanh: "xr.DataArray", linear: "xr.DataArray") -> Finding:
    """The ratio up to which students learn, tanh against linear, paired by fraction and trial.

    Args:
        tanh: final test errors over (ratio, hidden, trial).
        linear: those of linear students with the same seeds.
    """
    ends = []
    for error in (linear, tanh):
        border = boundary.observed(as_well_as_gradient_descent(error))
        ends.append(border.where(border.hidden > 0, drop=True).transpose("hidden", "trial").values.ravel())
    if len(ends[0]) < 6:
        return Finding(None, "fewer than six pairs: no paired test can tell")
    test = statistics.paired(ends[0], ends[1])
    linear_end, tanh_end = (float(np.exp(np.log(end).mean())) for end in ends)
    said = (
        f"students learn up to c = {tanh_end:.3g} (tanh) and {linear_end:.3g} (linear) in the geometric mean of "
        f"{test.n} pairs; smaller in {test.wins}, p = {test.p_value:.2g}, d_z = {test.effect:.2f}"
    )
    return Finding(test.faster, said, {"pairs": test.n, "ratio": 1 / test.ratio, "p": test.p_value, "d_z": test.effect})


def kernels_move_left(teachers: "xr.Dataset", *, time: float) -> Finding:
    """The ratio up to which random tanh teachers are stable, against c* of linear networks.

    Args:
        teachers: of `teacher_stability`.
        time: total step of the run, to say what of it shows.
    """
    fractions = teachers.hidden.values[teachers.hidden.values > 0]
    predicted = np.asarray(critical_ratio(hidden=fractions))
    ratio = teachers.ratio.values
    used = (predicted > ratio[0]) & (predicted < ratio[-1])
    if used.sum() < 6:
        return Finding(None, "fewer than six fractions whose boundary lies on the grid: no paired test can tell")
    ends = [
        boundary.observed((teachers.rate >= -slowest).mean("trial") >= 0.5).sel(hidden=fractions[used]).values
        for slowest in (0.0, 1 / time)
    ]
    test, visible = (statistics.paired(predicted[used], end) for end in ends)
    censored = int((ends[0] < ratio[0]).sum())
    said = (
        f"half of the tanh teachers are stable up to {1 / test.ratio:.2f} c* in the geometric mean of {test.n} "
        f"fractions, p = {test.p_value:.2g} ({censored} fractions unstable from the smallest ratio sampled, "
        f"{ratio[0]:g}, on); growth that comes to a factor e within this run begins at {1 / visible.ratio:.2f} c*"
    )
    numbers = {"fractions": test.n, "ratio": 1 / test.ratio, "p": test.p_value, "ratio_within_run": 1 / visible.ratio}
    return Finding(test.faster, said, numbers)


def unstable_side(error: "xr.DataArray") -> Finding:
    """Errors on the unstable side of linear theory's boundary."""
    return boundary.unstable_cells_stay(error, above=1e-4)


def small_ratios(error: "xr.DataArray") -> Finding:
    """Errors well inside the stable side, a factor 2 from linear theory's boundary, beside gradient descent's."""
    inside, _ = boundary.sides(error, margin=2.0)
    learned = (as_well_as_gradient_descent(error).mean("trial") > 0.5).transpose(*inside.dims).values[inside.values]
    if not learned.size:
        return Finding(None, "the grid of this scale has no such cell")
    own = float(error.sel(hidden=0).median())
    said = f"{int(learned.sum())} of {learned.size} cells learn; the median error of gradient descent is {own:.1e}"
    return Finding(
        bool(learned.mean() >= boundary.SHARE), said, {"passed": int(learned.sum()), "of": int(learned.size)}
    )
