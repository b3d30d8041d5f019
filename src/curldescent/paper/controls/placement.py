"""Control: which readout neuron is flipped, and several at random places."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.control_drawing import EPOCHS_LABEL
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.statistics import LEVEL, proportion_interval
from curldescent.paper.machinery.wording import percent
from curldescent.plots import style
from curldescent.plots.arms import draw_arms, plain_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-placement"
SEVERAL = 3
RANDOM_SETS = 3
# The share of pairs of student and flipped neuron in which curl descent must be faster.
MOST = 0.9


def flipped(neurons: "np.ndarray | list[int]") -> dict[str, list[float]]:
    """The rule with these readout neurons flipped."""
    strengths = np.ones(controls.N_HIDDEN)
    strengths[neurons] = -1
    return {"readout": strengths.tolist()}


def random_sets() -> list[list[int]]:
    """Sets of three neurons, none of them the first three."""
    rng = np.random.default_rng(0)
    found: list[list[int]] = []
    while len(found) < RANDOM_SETS:
        drawn = sorted(rng.choice(controls.N_HIDDEN, SEVERAL, replace=False).tolist())
        if drawn != list(range(SEVERAL)) and drawn not in found:
            found.append(drawn)
    return found


def experiments(scale: Scale) -> Experiments:
    """Each neuron alone; the first three; three at random."""
    size = controls.SIZES[scale]
    rules = {f"CD, neuron {k + 1}": flipped([k]) for k in range(1, controls.N_HIDDEN)}
    rules["CD, first three"] = flipped(list(range(SEVERAL)))
    for chosen in random_sets():
        rules["CD, neurons " + ", ".join(str(k + 1) for k in chosen)] = flipped(chosen)
    return {controls.BASE: controls.base(size), NAME: controls.sweep(size, rules)}


def arms(results: Results) -> dict[str, Arm]:
    """Gradient descent, curl descent by flipped neuron, the sets of three."""
    ours = controls.base_arms(results)
    found = {"GD": ours["GD"], "CD, neuron 1": ours["CD"]}
    return found | {str(rule): controls.arm(results[NAME], rule=rule) for rule in results[NAME].rule.values}


def pooled(results: Results) -> dict[str, Arm]:
    """Geometric means over placements, per student: nine other single neurons, and the random sets of three."""
    every = arms(results)
    single = [arm for name, arm in every.items() if name.startswith("CD, neuron ") and name != "CD, neuron 1"]
    sets = [arm for name, arm in every.items() if name.startswith("CD, neurons ")]
    return {
        "GD": every["GD"],
        "CD, neuron 1": every["CD, neuron 1"],
        "CD, another neuron": _mean(single),
        "CD, first three": every["CD, first three"],
        "CD, random three": _mean(sets),
    }


def _mean(arms: list[Arm]) -> Arm:
    return Arm(
        np.exp(np.mean([np.log(arm.epochs) for arm in arms], axis=0)), np.all([arm.reached for arm in arms], axis=0)
    )


def each_placement(results: Results) -> Finding:
    """In how many pairs of student and flipped neuron curl descent is faster than gradient descent."""
    every = arms(results)
    gains = np.array([every["GD"].epochs / arm.epochs for name, arm in every.items() if name.startswith("CD, neuron ")])
    faster, of = int((gains > 1).sum()), int(gains.size)
    low, high = proportion_interval(faster, of)
    within = float(np.log(gains).std(axis=0, ddof=1).mean())
    said = (
        f"faster in {faster} of {of} ({100 * faster / of:.0f} %), ratios from {gains.min():.2f} to {gains.max():.2f}; "
        f"within a student the logarithm of the ratio scatters by {within:.2f} over neurons"
    )
    return Finding(faster / of >= MOST, said, {"faster": faster, "of": of, "interval": [low, high], "scatter": within})


def draw(results: Results) -> "Picture":
    """All placements."""
    import matplotlib.pyplot as plt

    every = arms(results)
    figure, axis = plt.subplots(figsize=(style.COLUMN_INCHES + 1.2, 0.9 + 0.25 * len(every)))
    draw_arms(axis, {name: (arm.epochs, arm.reached) for name, arm in every.items()}, label=EPOCHS_LABEL)
    plain_ticks(axis)
    axis.set_title("Which readout neurons are flipped")
    return figure


FIGURE = Figure(
    NAME,
    title="Control: where the flips are",
    about=(
        "The paper flips the first k neurons. Here every single readout neuron in turn, and sets of three at random "
        "against the first three; the same students throughout."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        controls.faster_claim(
            "another neuron",
            "Flipping one of the other nine neurons is faster than gradient descent.",
            pooled,
            "GD",
            "CD, another neuron",
        ),
        Claim(
            "every neuron",
            "Whichever readout neuron is flipped, curl descent is faster.",
            f"faster in at least {percent(MOST)} of all pairs of student and neuron",
            "the contrary, by the same test",
            each_placement,
        ),
        Claim(
            "first or another",
            "The first neuron is not special.",
            f"no difference at p < {LEVEL:g} between the first and the mean of the other nine",
            "the contrary, by the same test",
            lambda results: _indifferent(pooled(results), "CD, neuron 1", "CD, another neuron"),
        ),
        controls.faster_claim(
            "three at random",
            "Three flipped neurons at random places are faster than gradient descent.",
            pooled,
            "GD",
            "CD, random three",
        ),
    ),
)


def _indifferent(arms: controls.Arms, first: str, second: str) -> Finding:
    if few := controls.too_few(len(arms[first].epochs)):
        return few
    said, numbers = controls.compared(arms, first, second)
    return Finding(numbers["p_value"] >= LEVEL, said, numbers)
