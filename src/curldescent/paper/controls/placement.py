"""Control: which readout neuron is flipped, and several at random places."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.control_drawing import EPOCHS_LABEL
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.effects import MARGIN
from curldescent.paper.machinery.joint_verdicts import everywhere
from curldescent.plots import style
from curldescent.plots.arms import draw_arms, plain_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

NAME = "control-placement"
SEVERAL = 3
RANDOM_SETS = 3


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
    """The ratio of every flipped neuron over students, and in how many pairs of both curl descent is faster."""
    every = arms(results)
    single = {name: arm for name, arm in every.items() if name.startswith("CD, neuron ")}
    if few := controls.too_few(len(every["GD"].epochs)):
        return few
    found = [controls.effect(every["GD"], arm) for arm in single.values()]
    least, most = (choose(found, key=lambda e: e.ratio) for choose in (min, max))
    gains = np.array([every["GD"].epochs / arm.epochs for arm in single.values()])
    faster, of = int((gains > 1).sum()), int(gains.size)
    within = float(np.log(gains).std(axis=0, ddof=1).mean())
    said = (
        f"GD/CD by neuron from {least.said} to {most.said}; faster in {faster} of {of} pairs of student and neuron, "
        f"ratios from {gains.min():.2f} to {gains.max():.2f}; within a student the logarithm of the ratio scatters by "
        f"{within:.2f} over neurons"
    )
    numbers = {"faster": faster, "of": of, "scatter": within, "neurons": [e.numbers for e in found]}
    return everywhere(found, "faster").finding(said, numbers)


def draw(results: Results) -> "Picture":
    """All placements."""
    import matplotlib.pyplot as plt

    every = arms(results)
    figure, axis = plt.subplots(figsize=(style.COLUMN_INCHES, 0.85 + 0.21 * len(every)))
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
            "for each of the ten neurons the 95 % interval of the ratio of epochs over students lies above 1",
            "for one of them it lies below 1 after Holm's adjustment for ten",
            each_placement,
            changes=("2026-11-27: by the interval of every neuron in place of the share of pairs, 90 %.",),
        ),
        controls.equal_claim(
            "first or another",
            "The first neuron is not special: flipping it and flipping another, in the mean of the nine, take as long.",
            pooled,
            "CD, neuron 1",
            "CD, another neuron",
            MARGIN,
            ("2026-11-27: by two one-sided tests in place of a test that rejects nothing.",),
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
