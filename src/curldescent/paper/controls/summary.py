"""Every control in one picture: epochs of a gradient-descent variant over those of curl descent."""

from collections.abc import Callable
from dataclasses import dataclass
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
from curldescent.paper.machinery.effects import MARGIN, Effect
from curldescent.paper.machinery.families import holm
from curldescent.paper.machinery.joint_verdicts import sides
from curldescent.paper.machinery.judged import Judged
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


@dataclass(frozen=True)
class Outcome:
    """One row.

    Args:
        name: what is said in it.
        effect: epochs of the gradient-descent variant over those of curl descent.
        verdict: "wins" or "loses" after Holm's adjustment for the number of rows, "ties" where neither is so and the
            ratio is within the margin of 1 by two one-sided tests, or "undecided".
        p_value: of that: of wins and losses after the adjustment, of the two one-sided tests otherwise.
    """

    name: str
    effect: Effect
    verdict: str
    p_value: float


def rows(results: Results) -> list[Outcome]:
    """Ratio, interval, and who wins, of every row."""
    pairs = [(name, arms_of(results), first, second) for name, arms_of, first, second in ROWS]
    found = [controls.effect(arms[first], arms[second]) for _, arms, first, second in pairs]
    significant, adjusted = sides(found), holm([effect.p_value for effect in found])
    out = []
    for place, (effect, (name, *_)) in enumerate(zip(found, pairs, strict=True)):
        equal = "ties" if effect.equivalent(MARGIN) else "undecided"
        verdict = "wins" if place in significant["faster"] else "loses" if place in significant["slower"] else equal
        p_value = float(adjusted[place]) if verdict in ("wins", "loses") else effect.equivalence_p(MARGIN)
        out.append(Outcome(name, effect, verdict, p_value))
    return out


def draw(results: Results) -> "Picture":
    """A row a control, the ratio with its 95 % interval."""
    import matplotlib.pyplot as plt

    found = [(row.name, row.effect.ratio, row.effect.low, row.effect.high, row.verdict) for row in rows(results)]
    figure, axis = plt.subplots(figsize=(style.PAGE_INCHES, 0.9 + 0.19 * len(found)))
    draw_ratios(axis, found, label="epochs of the GD variant / epochs of CD")
    axis.set_title("Who is faster, control by control")
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def count(results: Results) -> Finding:
    """Wins, ties, losses and what is undecided over all rows."""
    return _all_win(rows(results))


def helped(results: Results) -> Finding:
    """The rows in which gradient descent is given momentum, noise, a frozen synapse or free norms."""
    names = [row[0] for row in HELPED]
    return _all_win([row for row in rows(results) if row.name in names])


def _all_win(found: list[Outcome]) -> Finding:
    """True where every interval lies above 1, False where a row is lost or tied, None otherwise."""
    by = {kind: [row.name for row in found if row.verdict == kind] for kind in ("wins", "ties", "loses", "undecided")}
    said = "; ".join(f"{kind} {len(names)}" for kind, names in by.items())
    others = {kind: names for kind, names in by.items() if kind != "wins" and names}
    if others:
        said += " (" + "; ".join(f"{kind}: {', '.join(names)}" for kind, names in others.items()) + ")"
    # Losses are adjusted for the number of rows already; of ties, any row could have been one.
    times = {"loses": 1, "ties": len(found)}
    against = [times[row.verdict] * row.p_value for row in found if row.verdict in times]
    confirming = max(2 * row.effect.log.p_above(0.0) for row in found)
    return Judged.of(confirming, min(against, default=1.0)).finding(said, by)


FIGURE = Figure(
    "control-summary",
    title="Controls of the speed-up, together",
    about=(
        "One row a control: geometric mean over paired students of the ratio of epochs to the threshold, gradient "
        "descent's variant over curl descent, with its 95 % interval over students of one input set. Above 1 curl "
        "descent is faster. Wins and losses are those that remain after Holm's adjustment for the number of rows; a "
        f"tie is another ratio, within a factor {MARGIN:g} of 1 by two one-sided tests; everything else is undecided. "
        "The claims adjust once more, for their own number and, in the report, for all of its tests: a row that is "
        "lost here may leave them undecided."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "everywhere",
            "Curl descent wins in every control.",
            "every 95 % interval lies above 1",
            "a row is lost, or tied, after Holm's adjustment for the rows and for the claims",
            count,
            changes=(controls.INTERVALS,),
        ),
        Claim(
            "no substitute",
            "Nothing that gradient descent is given makes up for the flip.",
            "the intervals against momentum, noise, passing flips, a frozen synapse and free norms lie above 1",
            "one of these rows is lost, or tied, after Holm's adjustment for all rows and for the claims",
            helped,
            changes=(controls.INTERVALS,),
        ),
    ),
)
