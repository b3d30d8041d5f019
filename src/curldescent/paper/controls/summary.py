"""Every control in one picture: epochs of a gradient-descent variant over those of curl descent."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from curldescent.paper.controls import (
    depth,
    digits,
    gradient,
    learning_rate,
    metric,
    momentum,
    noise,
    norms,
    placement,
)
from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.controls import Arms
from curldescent.paper.machinery.statistics import LEVEL
from curldescent.plots import style
from curldescent.plots.arms import draw_ratios

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

Row: TypeAlias = tuple[str, Callable[[Results], Arms], str, str]
CONTROLS = (gradient, learning_rate, momentum, noise, metric, norms, placement, depth, digits)
# What is said in the row, where its arms come from, the variant of gradient descent and the curl descent against it.
ROWS: tuple[Row, ...] = (
    ("GD, base setting", gradient.arms, "GD", "CD"),
    ("GD, few samples", gradient.few_arms, "GD", "CD"),
    ("GD, exact gradient (CD exact)", gradient.arms, "GD, exact", "CD, exact"),
    ("GD, tuned η (CD tuned)", learning_rate.arms, "GD, best η", "CD, best η"),
    ("GD, momentum 0.9", momentum.arms, "GD, μ = 0.9", "CD"),
    ("GD, momentum 0.9999", momentum.arms, "GD, μ = 0.9999", "CD"),
    ("GD, momentum 0.9 (CD too)", momentum.arms, "GD, μ = 0.9", "CD, μ = 0.9"),
    ("GD, matched noise", noise.arms, "GD, random direction", "CD"),
    ("GD, another flip each update", noise.arms, "GD, another flip each update", "CD"),
    ("GD, one synapse frozen", metric.arms, "GD, frozen", "CD"),
    ("metric |S| = 2 (CD S = −2)", metric.arms, "GD |S| = 2, others 1", "CD |S| = 2, others 1"),
    ("metric |S| = ½ (CD S = −½)", metric.arms, "GD |S| = ½, others 1", "CD |S| = ½, others 1"),
    (
        "metric |S| spread (CD S = −1)",
        metric.arms,
        "GD |S| = 1, others ½–3/2",
        "CD |S| = 1, others ½–3/2",
    ),
    ("GD, free norms (CD free)", norms.arms, "GD, free norms", "CD, free norms"),
    ("GD, free norms (CD preserved)", norms.arms, "GD, free norms", "CD"),
    ("GD (CD flips another neuron)", placement.pooled, "GD", "CD, another neuron"),
    ("GD (CD flips three at random)", placement.pooled, "GD", "CD, random three"),
    ("GD, two hidden layers (last)", depth.arms, "GD", "CD, last layer"),
    ("GD, two hidden layers (middle)", depth.arms, "GD", "CD, middle layer"),
    ("GD, digits (CD 1 of 30)", digits.arms, "GD", "CD, 1 of 30"),
    ("GD, digits (CD 3 of 30)", digits.arms, "GD", "CD, 3 of 30"),
)
# Rows of the paper's own task and student in which only gradient descent is given something.
HELPED = ROWS[4:6] + ROWS[7:10] + ROWS[14:15]


def experiments(scale: Scale) -> Experiments:
    """Those of all controls; what they computed already is read, not computed again."""
    return {name: made for control in CONTROLS for name, made in control.FIGURE.experiments(scale).items()}


def rows(results: Results) -> list[tuple[str, float, float, float, str]]:
    """Name, ratio, interval, and who wins, of every row."""
    out = []
    for name, arms_of, first, second in ROWS:
        arms = arms_of(results)
        interval = controls.ratio_interval(arms[first], arms[second])
        out.append((name, *interval, controls.outcome(arms[first], arms[second])))
    return out


def draw(results: Results) -> "Picture":
    """A row a control, the ratio with its 95 % interval."""
    import matplotlib.pyplot as plt

    found = rows(results)
    figure, axis = plt.subplots(figsize=(style.PAGE_INCHES * 0.8, 0.9 + 0.22 * len(found)))
    draw_ratios(axis, found, label="epochs of the GD variant / epochs of CD")
    axis.set_title("Where curl descent wins, ties and loses")
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def count(results: Results) -> Finding:
    """Wins, ties and losses over all rows."""
    found = rows(results)
    by = {kind: [row[0] for row in found if row[4] == kind] for kind in ("wins", "ties", "loses")}
    said = "; ".join(f"{kind} {len(names)}" for kind, names in by.items())
    if by["ties"] or by["loses"]:
        said += " (ties: " + (", ".join(by["ties"]) or "none") + "; loses: " + (", ".join(by["loses"]) or "none") + ")"
    return Finding(len(by["wins"]) == len(found), said, by)


def helped(results: Results) -> Finding:
    """The rows in which gradient descent is given momentum, noise, a frozen synapse or free norms."""
    kinds = {}
    for name, arms_of, first, second in HELPED:
        arms = arms_of(results)
        kinds[name] = controls.outcome(arms[first], arms[second])
    said = ", ".join(f"{name}: {kind}" for name, kind in kinds.items())
    return Finding(all(kind == "wins" for kind in kinds.values()), said, kinds)


FIGURE = Figure(
    "control-summary",
    title="Controls of the speed-up, together",
    about=(
        "One row a control: geometric mean over paired students of the ratio of epochs to the threshold, gradient "
        "descent's variant over curl descent, with its 95 % interval. Above 1 curl descent is faster. Coloured by a "
        f"two-sided Wilcoxon test at p < {LEVEL:g}; the rows are not corrected for their number."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim("everywhere", "Curl descent wins in every control.", "it wins in every row", "it does not", count),
        Claim(
            "no substitute",
            "Nothing that gradient descent is given makes up for the flip.",
            "curl descent wins against momentum, noise, passing flips, a frozen synapse and free norms",
            "the contrary, by the same test",
            helped,
        ),
    ),
)
