"""Figure 3a: test error of linear students after training with flipped inputs, over compression ratio and fraction."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import boundary
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.phase_maps import from_random_start
from curldescent.plots.sweeps import error_map
from curldescent.sweeps import lin, log

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture


def experiments(scale: Scale) -> Experiments:
    """The grid of T = 220 neurons."""
    points, fractions, epochs, trials = {
        "quick": (7, 6, 3_000, 3),
        "standard": (20, 21, 10_000, 10),
        "paper": (20, 21, 100_000, 10),
    }[scale]
    return {
        "fig3a": from_random_start(
            "linear",
            ratio=log(0.1, 100, points),
            hidden=lin(0, 1, fractions),
            epochs=epochs,
            trials=trials,
            keep={"maximum_error": True, "lambda_min": True},
        )
    }


def draw(results: Results) -> "Picture":
    """The heat map with the theory's boundary."""
    return error_map(
        results["fig3a"].final_test_error, label="final test error", title="Linear students, flipped inputs"
    )


def stable_side(results: Results) -> Finding:
    """Median final test error of the cells well inside the stable region."""
    return boundary.stable_cells_learn(results["fig3a"].final_test_error, below=1e-14)


def unstable_side(results: Results) -> Finding:
    """Median final test error of the cells well inside the unstable region."""
    return boundary.unstable_cells_stay(results["fig3a"].final_test_error, above=1e-4)


def every_cell(results: Results) -> Finding:
    """Which side every cell is on."""
    return boundary.cells_agree(results["fig3a"].final_test_error)


def where_learning_ends(results: Results) -> Finding:
    """The observed boundary beside c*."""
    return boundary.boundary_found(results["fig3a"].final_test_error)


FIGURE = Figure(
    "fig3a",
    title="Figure 3a: linear students with flipped inputs",
    about=(
        "Linear students of 220 neurons in all learn a random teacher from 250 samples in batches of 10, norms "
        "preserved, with the rule of the first ⌊α_h M⌋ inputs flipped. Colour: test error after the last epoch, "
        "median of the trials; line: the critical ratio of theory."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "stable side",
            "On the stable side of theory's boundary students learn to machine precision.",
            "median test error ≤ 1e-14 in at least 90 % of the cells with α_h > 0 and c < c*/1.5",
            stable_side,
        ),
        Claim(
            "unstable side",
            "On the unstable side the error stays high.",
            "median test error ≥ 1e-4 in at least 90 % of the cells with c > 1.5 c*",
            unstable_side,
        ),
        Claim(
            "every cell",
            "Cell by cell, with none left out for being near the line, theory says where students learn.",
            "median test error ≤ 1e-8 exactly where c < c* in at least 90 % of the cells with α_h > 0",
            every_cell,
        ),
        Claim(
            "where learning ends",
            "The ratio up to which students learn is the critical ratio.",
            "at the median fraction it is off by no more than one step of the grid",
            where_learning_ends,
        ),
    ),
)
