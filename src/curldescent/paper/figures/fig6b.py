"""Figure 6b: figure 6a around the boundary."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import nonlinear_boundary
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.phase_maps import training_time
from curldescent.sweeps import lin

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

_NAME = "fig6b"


def experiments(scale: Scale) -> Experiments:
    """The grid of T = 220 neurons, for tanh and linear students."""
    points, fractions, epochs, trials = {
        "quick": (6, 5, 3_000, 2),
        "standard": (8, 6, 10_000, 2),
        "paper": (20, 21, 100_000, 10),
    }[scale]
    return nonlinear_boundary.experiments_of(
        _NAME, scale, ratio=lin(0.1, 0.7, points), hidden=lin(0, 1, fractions), epochs=epochs, trials=trials
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


FIGURE = Figure(
    _NAME,
    title="Figure 6b: tanh students around the boundary",
    about=(
        "Figure 6a between c = 0.1 and 0.7. Colour: test error after the last epoch, median of the trials; line: the "
        "critical ratio of linear networks; dashes: up to where, by their own signed tangent kernels, nothing "
        "grows e-fold within the run at half of the tanh teachers."
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
    ),
    departures=("The linear students beside them and the signed tangent kernels of tanh teachers are additions.",),
)
