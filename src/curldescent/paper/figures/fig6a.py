"""Figure 6a: figure 3a with tanh networks."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import nonlinear_boundary
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.phase_maps import training_time
from curldescent.sweeps import lin, log

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

_NAME = "fig6a"


def experiments(scale: Scale) -> Experiments:
    """The grid of T = 220 neurons, for tanh and linear students."""
    points, fractions, epochs, trials = {
        "quick": (6, 5, 3_000, 2),
        "standard": (10, 6, 10_000, 2),
        "paper": (20, 21, 100_000, 10),
    }[scale]
    return nonlinear_boundary.experiments_of(
        _NAME, scale, ratio=log(0.1, 100, points), hidden=lin(0, 1, fractions), epochs=epochs, trials=trials
    )


def draw(results: Results) -> "Picture":
    """Tanh students beside linear ones."""
    teachers = results[nonlinear_boundary.TEACHERS]
    return nonlinear_boundary.two_maps(results[_NAME], results[f"{_NAME}-linear"], teachers, time=_time(results.scale))


def moves_left(results: Results) -> Finding:
    """Where learning ends, tanh against linear."""
    return nonlinear_boundary.moves_left(results[_NAME].final_test_error, results[f"{_NAME}-linear"].final_test_error)


def kernels_move_left(results: Results) -> Finding:
    """Where random tanh solutions cease to be stable."""
    return nonlinear_boundary.kernels_move_left(results[nonlinear_boundary.TEACHERS], time=_time(results.scale))


def _time(scale: Scale) -> float:
    return training_time(experiments(scale)[_NAME])


def small_ratios(results: Results) -> Finding:
    """Well inside the stable side."""
    return nonlinear_boundary.small_ratios(results[_NAME].final_test_error)


def unstable_side(results: Results) -> Finding:
    """Beyond the boundary."""
    return nonlinear_boundary.unstable_side(results[_NAME].final_test_error)


FIGURE = Figure(
    _NAME,
    title="Figure 6a: tanh students with flipped inputs",
    about=(
        "Figure 3a with tanh students and teachers, and linear ones with the same inputs and initial weights beside "
        "them. Colour: test error after the last epoch, median of the trials; line: the critical ratio of linear "
        "networks; dashes: up to where, by their own signed tangent kernels, nothing grows e-fold within the run at "
        "half of the tanh teachers."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "moves left",
            "The boundary of tanh networks lies at smaller ratios than that of linear ones.",
            "the ratio up to which students learn is smaller for tanh, Wilcoxon p < 0.05 over pairs of equal fraction, "
            "inputs and initial weights; learned: test error below 1e-8 or, where gradient descent does not get there, "
            "below the geometric mean of its error and 1e-2",
            moves_left,
        ),
        Claim(
            "random solutions",
            "Random tanh networks are stable as solutions only up to smaller ratios than linear ones.",
            "by their signed tangent kernels, norms preserved: up to less than c*, Wilcoxon p < 0.05 over fractions",
            kernels_move_left,
        ),
        Claim(
            "small ratios",
            "At small ratios tanh students with flips learn as well as without.",
            "most trials learn, in the sense above, in at least 90 % of the cells with α_h > 0 and c < c*/2",
            small_ratios,
        ),
        Claim(
            "unstable side",
            "Beyond the boundary of linear networks the error stays high.",
            "median test error ≥ 1e-4 in at least 90 % of the cells with c > 1.5 c*",
            unstable_side,
        ),
    ),
    departures=("The linear students beside them and the signed tangent kernels of tanh teachers are additions.",),
)
