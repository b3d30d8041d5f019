"""Figure 8: figure 4 with tanh networks, and their solutions' own signed tangent kernels."""

from typing import TYPE_CHECKING

from curldescent.paper.machinery import leaving
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.phase_maps import from_solutions, training_time
from curldescent.paper.machinery.teachers import teacher_stability
from curldescent.sweeps import lin, log

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture


def experiments(scale: Scale) -> Experiments:
    """The grid of T = 220 neurons, and every teacher's own stability."""
    points, fractions, epochs, trials = {
        "quick": (6, 4, 10_000, 1),
        "standard": (10, 6, 30_000, 1),
        "paper": (20, 21, 100_000, 20),
    }[scale]
    ratio, readout = log(0.01, 10, points), lin(0, 1, fractions)
    return {
        "fig8": from_solutions("tanh", ratio=ratio, readout=readout, epochs=epochs, trials=trials),
        "fig8-teachers": Computation(
            teacher_stability,
            {"activation": "tanh", "layer": "readout", "ratio": ratio, "fraction": readout, "trials": trials},
            identity="curldescent.paper.teachers.teacher_stability",
        ),
    }


def draw(results: Results) -> "Picture":
    """Both maps with linear theory's boundary and that of sampled solutions."""
    return leaving.two_maps(results["fig8"], results["fig8-teachers"], time=_time(results.scale))


def finds_another(results: Results) -> Finding:
    """Final errors on the unstable side."""
    return leaving.finds_another(results["fig8"])


def nothing_to_find(results: Results) -> Finding:
    """Final errors where everything is flipped."""
    return leaving.nothing_to_find(results["fig8"])


def maximum_jumps(results: Results) -> Finding:
    """Maximum errors on both sides."""
    return leaving.maximum_jumps(results["fig8"])


def teacher_by_teacher(results: Results) -> Finding:
    """Trials against their own solutions' kernels."""
    return leaving.teacher_by_teacher(results["fig8"], results["fig8-teachers"], time=_time(results.scale))


def _time(scale: Scale) -> float:
    return training_time(experiments(scale)["fig8"])


FIGURE = Figure(
    "fig8",
    title="Figure 8: leaving an unstable solution, tanh networks",
    about=(
        "Figure 4 with tanh students and teachers. Colour: median of the trials; line: the critical ratio of linear "
        "networks; dashes: up to where, by their own signed tangent kernels, half of the sampled teachers are not left "
        "visibly within the run."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "finds another",
            "Where the solution it starts at is unstable, curl descent ends at another one, as in linear networks.",
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
            "The maximum error jumps across the boundary of linear networks.",
            "median maximum test error ≤ 1e-20 in 90 % of the cells with c < c*/1.5, ≥ 1e-6 in 90 % with c > 1.5 c*",
            maximum_jumps,
        ),
        Claim(
            "teacher by teacher",
            "The signed tangent kernel of its own teacher, norms preserved, says whether a trial leaves.",
            "95 % of the trials that are predicted to stay, or to grow by a factor 1e16 within the run",
            teacher_by_teacher,
        ),
    ),
    departures=("The signed tangent kernels of the teachers are an addition.",),
)
