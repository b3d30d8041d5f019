"""Figure 3a, inset: the same heat map, zoomed on the boundary."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import boundary
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.phase_maps import from_random_start
from curldescent.plots.sweeps import error_map
from curldescent.sweeps import lin

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

_NAME = "fig3a-inset"


def experiments(scale: Scale) -> Experiments:
    """The grid of T = 220 neurons around the boundary."""
    points, fractions, epochs, trials = {
        "quick": (5, 6, 10_000, 2),
        "standard": (10, 11, 20_000, 3),
        "paper": (20, 21, 20_000, 10),
    }[scale]
    ratio, hidden = lin(0.1, 0.7, points), lin(0, 1, fractions)
    return {_NAME: from_random_start("linear", ratio=ratio, hidden=hidden, epochs=epochs, trials=trials)}


def draw(results: Results) -> "Picture":
    """The heat map with the theory's boundary."""
    return error_map(results[_NAME].final_test_error, label="final test error", title="Around the boundary")


def stable_side(results: Results) -> Finding:
    """Median final test error of the cells inside the stable region."""
    return boundary.stable_cells_learn(results[_NAME].final_test_error, below=1e-14, margin=1.2)


def unstable_side(results: Results) -> Finding:
    """Median final test error of the cells inside the unstable region."""
    return boundary.unstable_cells_stay(results[_NAME].final_test_error, above=1e-4, margin=1.2)


def where_learning_ends(results: Results) -> Finding:
    """The observed boundary beside c*."""
    return boundary.boundary_found(results[_NAME].final_test_error)


FIGURE = Figure(
    "fig3a-inset",
    title="Figure 3a, inset: around the boundary",
    about=(
        "Figure 3a's linear students between c = 0.1 and 0.7. Colour: test error after the last epoch, median of the "
        "trials; line: the critical ratio of theory, that of infinitely large networks; these have 20 to 90 inputs."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "stable side",
            "On the stable side of theory's boundary students learn to machine precision.",
            "median test error ≤ 1e-14 in at least 90 % of the cells with α_h > 0 and c < c*/1.2",
            stable_side,
        ),
        Claim(
            "unstable side",
            "On the unstable side the error stays high.",
            "median test error ≥ 1e-4 in at least 90 % of the cells with c > 1.2 c*",
            unstable_side,
        ),
        Claim(
            "where learning ends",
            "The ratio up to which students learn is the critical ratio.",
            "at the median fraction it is off by no more than one step of the grid",
            where_learning_ends,
        ),
    ),
    aliases=("fig3a inset",),
)
