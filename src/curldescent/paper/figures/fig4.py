"""Figure 4: linear students that start at a solution with flipped hidden neurons: final and maximum error."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import leaving
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.phase_maps import from_solutions, training_time
from curldescent.paper.machinery.teachers import teacher_stability
from curldescent.sweeps import lin, log

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

EPOCHS = 100_000


def experiments(scale: Scale) -> Experiments:
    """The grid of T = 220 neurons, and every teacher's own stability."""
    points, fractions, trials = {"quick": (10, 6, 2), "standard": (20, 11, 5), "paper": (20, 21, 20)}[scale]
    ratio, readout = log(0.01, 10, points), lin(0, 1, fractions)
    return {
        "fig4": from_solutions("linear", ratio=ratio, readout=readout, epochs=EPOCHS, trials=trials),
        "fig4-teachers": Computation(
            teacher_stability,
            {"activation": "linear", "layer": "readout", "ratio": ratio, "fraction": readout, "trials": trials},
            identity="curldescent.paper.teachers.teacher_stability",
        ),
    }


def draw(results: Results) -> "Picture":
    """Both maps with the theory's boundary."""
    return leaving.two_maps(results["fig4"], None)


def finds_another(results: Results) -> Finding:
    """Final errors on the unstable side."""
    return leaving.finds_another(results["fig4"])


def nothing_to_find(results: Results) -> Finding:
    """Final errors where everything is flipped."""
    return leaving.nothing_to_find(results["fig4"])


def maximum_jumps(results: Results) -> Finding:
    """Maximum errors on both sides."""
    return leaving.maximum_jumps(results["fig4"])


def where_they_leave(results: Results) -> Finding:
    """The observed boundary."""
    return leaving.where_they_leave(results["fig4"])


def teacher_by_teacher(results: Results) -> Finding:
    """Trials against their own teachers."""
    time = training_time(experiments(results.scale)["fig4"])
    return leaving.teacher_by_teacher(results["fig4"], results["fig4-teachers"], time=time)


FIGURE = Figure(
    "fig4",
    title="Figure 4: leaving an unstable solution and finding another",
    about=(
        "Linear students of 220 neurons start at their teacher, 1e-15 away from it in W1, and learn with the full "
        "batch, norms preserved, the first ⌊α_r N⌋ hidden neurons flipped. Colour: median of the trials; line: the "
        "critical ratio of theory."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "finds another",
            "Where the solution it starts at is unstable, curl descent ends at another one.",
            "median final test error ≤ 1e-8 in 90 % of the cells with c > 1.5 c* and 0 < α_r < 1",
            finds_another,
        ),
        Claim(
            "nothing to find",
            "With every hidden neuron flipped it finds none.",
            "median final test error ≤ 1e-8 in at most 10 % of the cells with α_r = 1",
            nothing_to_find,
        ),
        Claim(
            "maximum error",
            "The maximum error along the run is that of the start on the stable side and large on the other.",
            "median maximum test error ≤ 1e-20 in 90 % of the cells with c < c*/1.5, ≥ 1e-6 in 90 % with c > 1.5 c*",
            maximum_jumps,
        ),
        Claim(
            "where they leave",
            "It jumps at the critical ratio.",
            "at the median fraction it is off by no more than one step of the grid",
            where_they_leave,
        ),
        Claim(
            "teacher by teacher",
            "The stability matrix of its own teacher, norms preserved, says whether a trial leaves.",
            "95 % of the trials that are predicted to stay, or to grow by a factor 1e16 within the run",
            teacher_by_teacher,
        ),
    ),
    departures=(
        "The stability of every teacher is an addition.",
        "The bright cell without flips at c = 0.01 is the step's, not the rule's: with η = 0.05 the same "
        "five students stay at their teachers, at errors of 3e-33 to 5e-33.",
    ),
)
