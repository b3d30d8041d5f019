"""Figures 6a and 6b in common: does the boundary of tanh networks lie at smaller ratios than that of linear ones?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper import boundary, statistics
from curldescent.paper.computation import Computation
from curldescent.paper.contract import Finding, Scale
from curldescent.paper.leaving import draw_teachers
from curldescent.paper.phase_maps import from_random_start
from curldescent.paper.teachers import teacher_stability
from curldescent.plots import style
from curldescent.plots.sweeps import draw_error_map, error_range
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
    ratios, fractions, samples = {"quick": (9, 9, 2), "standard": (16, 11, 3), "paper": (24, 21, 10)}[scale]
    kernels = {
        "activation": "tanh",
        "layer": "hidden",
        "ratio": log(0.1, 1, ratios),
        "fraction": lin(0, 1, fractions),
        "trials": samples,
    }
    return {
        name: from_random_start("tanh", ratio=ratio, hidden=hidden, epochs=epochs, trials=trials),
        f"{name}-linear": from_random_start("linear", ratio=ratio, hidden=hidden, epochs=epochs, trials=trials),
        TEACHERS: Computation(teacher_stability, kernels),
    }


def two_maps(tanh: "xr.Dataset", linear: "xr.Dataset", teachers: "xr.Dataset") -> "Picture":
    """Tanh and linear students side by side on one colour scale."""
    import matplotlib.pyplot as plt

    norm = error_range(tanh.final_test_error, linear.final_test_error)
    with style.figure_style():
        figure, axes = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 3.1), sharex=True, sharey=True)
        for axis, data, title in zip(axes, (tanh, linear), ("tanh", "linear, the same cells"), strict=True):
            image = draw_error_map(axis, data.final_test_error, norm=norm)
            axis.lines[1].set_label("theory, linear")
            axis.set_title(title)
        draw_teachers(axes[0], teachers)
        axes[1].set_ylabel("")
        axes[0].legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none")
        figure.colorbar(image, ax=axes, label="final test error")
        return figure


def moves_left(tanh: "xr.DataArray", linear: "xr.DataArray") -> Finding:
    """The ratio up to which students learn, tanh against linear, paired by fraction and trial.

    Args:
        tanh: final test errors over (ratio, hidden, trial).
        linear: those of linear students with the same seeds.
    """
    ends = []
    for error in (linear, tanh):
        border = boundary.observed(error <= boundary.LEARNED)
        ends.append(border.where(border.hidden > 0, drop=True).transpose("hidden", "trial").values.ravel())
    if len(ends[0]) < 6:
        return Finding(None, "fewer than six pairs: no paired test can tell")
    test = statistics.paired(ends[0], ends[1])
    linear_end, tanh_end = (float(np.exp(np.log(end).mean())) for end in ends)
    said = (
        f"students learn up to c = {tanh_end:.3g} (tanh) and {linear_end:.3g} (linear) in the geometric mean of "
        f"{test.n} pairs; ratio {1 / test.ratio:.2f}, smaller in {test.wins}, p = "
        f"{test.p_value:.2g}, d_z = {test.effect:.2f}"
    )
    return Finding(test.faster, said, {"pairs": test.n, "ratio": 1 / test.ratio, "p": test.p_value, "d_z": test.effect})


def kernels_move_left(teachers: "xr.Dataset") -> Finding:
    """The ratio up to which random tanh teachers are stable, against c* of linear networks."""
    border = boundary.observed((teachers.rate >= 0).mean("trial") > 0.5)
    border = border.where(border.hidden > 0, drop=True)
    predicted = np.asarray(critical_ratio(hidden=border.hidden.values))
    ratio = teachers.ratio.values
    used = (predicted > ratio[0]) & (predicted < ratio[-1])
    if used.sum() < 6:
        return Finding(None, "fewer than six fractions whose boundary lies on the grid: no paired test can tell")
    test = statistics.paired(predicted[used], border.values[used])
    said = (
        f"tanh teachers are stable up to {1 / test.ratio:.2f} c* in the geometric mean of {test.n} fractions, p = "
        f"{test.p_value:.2g}"
    )
    return Finding(test.faster, said, {"fractions": test.n, "ratio": 1 / test.ratio, "p": test.p_value})


def unstable_side(error: "xr.DataArray") -> Finding:
    """Errors on the unstable side of linear theory's boundary."""
    return boundary.unstable_cells_stay(error, above=1e-4)


def small_ratios(error: "xr.DataArray") -> Finding:
    """Errors well inside the stable side, a factor 2 from linear theory's boundary."""
    return boundary.stable_cells_learn(error, below=boundary.LEARNED, margin=2.0)
