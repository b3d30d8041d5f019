"""How many flips still help, and how strong ones: the macroscopic equations beside figure 5f and further students.

What was known before the criteria were written: figure 5f at the paper's own scale, where one and two flips halve the
epochs and the gain is gone between five and six; equations with a *linear* output, of other students, in which it is
gone by four flips, and in which a strength of −2 is faster than −1 and 0 hardly faster than gradient descent; and the
equations of this figure on one other student (seed 9001, 4 and 6 flips: 931 and 4587 epochs, gradient descent 2100).
They had not been run on any student of figure 5f. Of the sets of its own three had been drawn for 300 epochs, in which
all but the students of strength −2 stay above the threshold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.paper.machinery import macroscopic_flip_runs, speedup_protocol
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.effects import MARGIN, STUDENTS, UNITS, Effect, Estimate, mean_of, ratio_of
from curldescent.paper.machinery.joint_verdicts import sides_told
from curldescent.paper.machinery.macroscopic_flip_drawing import draw_flips, draw_strengths
from curldescent.paper.machinery.macroscopic_measures import end_of_gain, jackknifed
from curldescent.paper.published.fig5c_to_f import FLIPPED
from curldescent.plots import style
from curldescent.sweeps import Sweep

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

Array = NDArray[np.float64]

NAME, SETS, TOLD_SETS, TOLD_5F = (
    "macroscopic-flips",
    "macroscopic-flips-measured",
    "macroscopic-flips-told",
    "macroscopic-flips-fig5f",
)
FIG5F = "fig5f"
STRENGTHS = (-2.0, -0.5, 0.0)
# Numbers of flips at which the gain's size is predicted, and so close, in flips, where it ends.
FEW, CLOSE = (1, 2, 3), 1.0
# The longest run of the equations, and the most flips of theirs; longer runs of figure 5f count with it.
TOLD_EPOCHS, TOLD_FLIPS = 8_000, 8
ABSENT = "this scale does not have them"


@dataclass(frozen=True)
class Size:
    """What a scale computes of input sets of its own; figure 5f's students are those of the paper's scale.

    Args:
        sets: input sets.
        flips: numbers of flipped neurons, 0 among them.
        epochs: the most of any run.
    """

    sets: int
    flips: tuple[int, ...]
    epochs: int


SIZES: Mapping[Scale, Size] = {
    "quick": Size(3, (0, 1, 2), 300),
    "standard": Size(6, (0, 1, 2, 3, 4, 5, 6, 7), 8_000),
    "paper": Size(6, (0, 1, 2, 3, 4, 5, 6, 7), 8_000),
}


def experiments(scale: Scale) -> Experiments:
    """Students of several input sets and the equations on them; at the paper's scale figure 5f and its students."""
    size = SIZES[scale]
    identity = "curldescent.paper.macroscopic_flips"
    arguments = {"sets": size.sets, "flips": size.flips, "strengths": STRENGTHS, "epochs": size.epochs}
    own: dict[str, Any] = {
        SETS: Computation(macroscopic_flip_runs.measured, arguments, identity=f"{identity}.measured"),
        TOLD_SETS: Computation(macroscopic_flip_runs.told, arguments, identity=f"{identity}.told"),
    }
    if scale != "paper":
        return own
    of_fig5f = Computation(
        told_of_fig5f, {"flips": TOLD_FLIPS, "epochs": TOLD_EPOCHS}, identity=f"{identity}.told_of_fig5f"
    )
    return {FIG5F: FLIPPED.experiments("paper")[FIG5F], TOLD_5F: of_fig5f, **own}


def told_of_fig5f(flips: int, epochs: int) -> "xr.Dataset":
    """The equations on the ten students of figure 5f, under the rules of its sweep.

    Args:
        flips: the most flips.
        epochs: the most.

    Returns:
        `epochs` over (rule, unit); units are students, which share an input set where they are simulated.
    """
    sweep = FLIPPED.experiments("paper")[FIG5F]
    assert isinstance(sweep, Sweep)
    numbers = sweep.grid.axes[0].columns["readout_flips"]
    rules = {f"{k} flipped": sweep.cell_at((index,)).rule for index, k in enumerate(numbers) if k <= flips}
    problem = sweep.cell_at((0,)).problem
    found = [macroscopic_flip_runs.told_epochs(problem.trial(t), rules, epochs) for t in range(problem.trials)]
    return macroscopic_flip_runs.dataset(rules, np.stack(found, axis=1))


@dataclass(frozen=True)
class Panel:
    """Epochs of the same students, measured and predicted, by number of flips.

    Args:
        flips: k, with 0 first, (n,).
        measured: (n, units).
        told: (n, units).
        over: what the units are.
    """

    flips: Array
    measured: Array
    told: Array
    over: str

    def effects(self, values: Array) -> dict[int, Effect]:
        """Epochs of gradient descent over those of k flips, by k."""
        unit = np.arange(values.shape[1]) if self.over == UNITS else None
        return {int(k): ratio_of(values[0], row, unit) for k, row in zip(self.flips[1:], values[1:], strict=True)}

    def end(self, values: Array) -> Estimate | None:
        """Where the gain ends, of measured or predicted epochs."""
        logs = np.log(values[:1] / values[1:]).T
        return jackknifed(logs, lambda chosen: end_of_gain(self.flips[1:], chosen.mean(0)))

    def gap(self) -> Estimate | None:
        """Where it ends as measured, less where as predicted."""
        both = np.stack([np.log(values[:1] / values[1:]).T for values in (self.measured, self.told)], axis=1)

        def difference(chosen: Array) -> float:
            at = [end_of_gain(self.flips[1:], chosen[:, which].mean(0)) for which in (0, 1)]
            return at[0] - at[1]

        return jackknifed(both, difference)


def own_panel(results: Results) -> Panel:
    """The students of several input sets."""
    measured, told = results[SETS].epochs, results[TOLD_SETS].epochs
    names = [name for name in measured.rule.values.tolist() if name.endswith("flipped")]
    flips = np.array([float(name.split()[0]) for name in names])
    return Panel(flips, measured.sel(rule=names).values.clip(min=1), told.sel(rule=names).values.clip(min=1), UNITS)


def panel_of_fig5f(results: Results) -> Panel | None:
    """The students of figure 5f, where a scale has them."""
    if FIG5F not in results.data:
        return None
    told = results[TOLD_5F].epochs
    measured = speedup_protocol.needed(results[FIG5F], "train").transpose("readout_flips", "trial")
    measured = measured.isel(readout_flips=measured.readout_flips <= TOLD_FLIPS)
    return Panel(
        measured.readout_flips.values.astype(float),
        measured.values.clip(max=TOLD_EPOCHS),
        told.values,
        STUDENTS,
    )


def _ends(panel: Panel) -> tuple[str, dict[str, Any]]:
    parts, numbers = [], {}
    for name, values in (("predicted", panel.told), ("measured", panel.measured)):
        end = panel.end(values)
        if end is None:
            parts.append(f"{name}: not told")
            continue
        low, high = end.interval()
        parts.append(f"{name} {end.value:.1f} [{low:.1f}, {high:.1f}]")
        numbers[name] = {"flips": end.value, "interval": [low, high]}
    return ", ".join(parts), numbers


def _ratios(panel: Panel) -> str:
    told, measured = panel.effects(panel.told), panel.effects(panel.measured)
    return "GD/k predicted, measured: " + "; ".join(
        f"{k}: {told[k].ratio:.2f}, {measured[k].ratio:.2f} [{measured[k].low:.2f}, {measured[k].high:.2f}]"
        for k in told
    )


def ends(panel: Panel) -> Finding:
    """Whether the gain ends at the predicted number of flips."""
    said, numbers = _ends(panel)
    gap = panel.gap()
    if gap is None:
        return Finding(None, f"{said}. {_ratios(panel)}", numbers)
    low, high = gap.interval()
    said = f"{said} flips over {gap.n} {panel.over}; measured less predicted {gap.value:+.1f} [{low:+.1f}, {high:+.1f}]"
    return gap.judge_within(-CLOSE, CLOSE).finding(f"{said}. {_ratios(panel)}", numbers)


def sides(panel: Panel) -> Finding:
    """Whether who is faster is who should be, wherever it was measured."""
    measured, told = panel.effects(panel.measured), panel.effects(panel.told)
    found = sides_told(list(measured.values()), [told[k] for k in measured])
    if found is None:
        return Finding(None, f"no measured interval excludes 1 at this scale. {_ratios(panel)}")
    judged, right, of = found
    return judged.finding(f"{right} of {of} sides are right. {_ratios(panel)}")


def amount(results: Results) -> Finding:
    """Measured over predicted GD/k of few flips: a set's value is its mean log ratio over them."""
    panel = own_panel(results)
    rows = [i for i, k in enumerate(panel.flips) if k in FEW]
    return _gap(panel.measured[0], panel.measured[rows], panel.told[0], panel.told[rows], _ratios(panel))


def graded(results: Results) -> Finding:
    """The same for the strengths of one neuron, −1 among them."""
    names = ["strength -2", "1 flipped", "strength -0.5", "strength 0"]
    measured, told = results[SETS].epochs.clip(min=1), results[TOLD_SETS].epochs.clip(min=1)
    gd = [values.sel(rule="0 flipped").values for values in (measured, told)]
    rows = [values.sel(rule=names).values for values in (measured, told)]
    said = "GD over strength, predicted, measured: " + "; ".join(
        f"{name}: {ratio_of(gd[1], b, np.arange(len(b))).ratio:.2f}, {ratio_of(gd[0], a, np.arange(len(a))).said}"
        for name, a, b in zip(names, rows[0], rows[1], strict=True)
    )
    return _gap(gd[0], rows[0], gd[1], rows[1], said)


def _gap(gd: Array, rows: Array, gd_told: Array, rows_told: Array, said: str) -> Finding:
    if np.ptp([gd, *rows]) == 0 and np.ptp([gd_told, *rows_told]) == 0:
        return Finding(None, f"all runs ended at the same epoch, without the threshold. {said}")
    logs = np.log(gd / rows) - np.log(gd_told / rows_told)
    mean = mean_of(logs.mean(0))
    effect = Effect(Estimate(mean.value, mean.error, mean.degrees, mean.n, UNITS), mean.n)
    return effect.judge_equivalent(MARGIN).finding(f"measured over predicted {effect.said}. {said}", effect.numbers)


def stronger(results: Results) -> Finding:
    """Epochs of a flip over those of a strength of −2."""
    measured = results[SETS].epochs.clip(min=1)
    first, second = (measured.sel(rule=rule).values for rule in ("1 flipped", "strength -2"))
    effect = ratio_of(first, second, np.arange(len(first)))
    return effect.judge_above().finding(f"−1 over −2 {effect.said}", effect.numbers)


def of_fig5f(measure: Any) -> Any:
    """A measure of figure 5f's students, undecided where a scale does not have them."""

    def measured(results: Results) -> Finding:
        panel = panel_of_fig5f(results)
        return Finding(None, ABSENT) if panel is None else measure(panel)

    return measured


def draw(results: Results) -> "Picture":
    """Figure 5f's students, the further sets, and strengths."""
    import matplotlib.pyplot as plt

    panels = [("Figure 5f's students", panel_of_fig5f(results)), ("Further input sets", own_panel(results))]
    with style.figure_style():
        figure, axes = plt.subplots(1, 3, figsize=(style.PAGE_INCHES, 2.7))
        for axis, (title, panel) in zip(axes[:2], panels, strict=True):
            if panel is None:
                axis.set_axis_off()
                continue
            draw_flips(axis, panel.flips[1:], panel.effects(panel.measured), panel.effects(panel.told), title)
        draw_strengths(axes[2], results[SETS], results[TOLD_SETS])
        return figure


_FIXED = "2026-11-28"
_SIDES = (
    "wherever the measured 95 % interval of GD/k excludes 1, the predicted mean lies on the same side",
    "at one such number it lies on the other side",
)
ONE_OF_MANY = "2026-11-28: a refutation by one of several numbers of flips takes how many there are into account."
_ENDS = (
    f"two one-sided t-tests at 5 %, with the jackknife's error over {{over}}, put the number of flips at which the "
    f"mean log ratio GD/k falls through 0 within {CLOSE:g} of the predicted one",
    "the 95 % interval lies outside of that",
)

FIGURE = Figure(
    NAME,
    title="How many flips still help, by the macroscopic equations",
    about=(
        "Epochs of gradient descent to a training error of 10⁻³ over those of curl descent, against the number of "
        "flipped readout neurons of 10 (left: the students of figure 5f, one input set; middle: students of six other "
        "input sets, one each), and against the strength of one readout neuron (right, the same sets): measured with "
        "2000 samples, and predicted for infinitely many. Intervals over students of one input set (left) and over "
        f"input sets. Figure 5f's epochs count with {TOLD_EPOCHS} at most, as the predicted ones do."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "the end, figure 5f",
            "The gain of figure 5f ends at the number of flips that the equations tell.",
            _ENDS[0].format(over="students"),
            _ENDS[1],
            of_fig5f(ends),
            fixed=_FIXED,
        ),
        Claim(
            "sides, figure 5f",
            "They tell for which numbers of flips curl descent is the faster one in figure 5f.",
            *_SIDES,
            of_fig5f(sides),
            fixed=_FIXED,
            changes=(ONE_OF_MANY,),
        ),
        Claim(
            "the end, further sets",
            "The gain ends at the number that the equations tell in students of other input sets, too.",
            _ENDS[0].format(over="input sets"),
            _ENDS[1],
            lambda results: ends(own_panel(results)),
            fixed=_FIXED,
        ),
        Claim(
            "sides, further sets",
            "And they tell the faster rule there.",
            *_SIDES,
            lambda results: sides(own_panel(results)),
            fixed=_FIXED,
            changes=(ONE_OF_MANY,),
        ),
        Claim(
            "by how much",
            f"They tell by how much {FEW[0]} to {FEW[-1]} flips are faster.",
            f"two one-sided t-tests at 5 % put measured over predicted GD/k within a factor {MARGIN:g} of 1; an input "
            "set's value is its mean log ratio over these k",
            "the 95 % interval lies outside of that factor",
            amount,
            fixed=_FIXED,
        ),
        Claim(
            "strengths",
            "They tell by how much one readout neuron of strength −2, −1, −0.5 or 0 is faster than gradient descent.",
            f"two one-sided t-tests at 5 % put measured over predicted ratios within a factor {MARGIN:g} of 1; a set's "
            "value is its mean log ratio over the strengths",
            "the 95 % interval lies outside of that factor",
            graded,
            fixed=_FIXED,
        ),
        Claim(
            "a stronger flip",
            "On mini-batches, too, a strength of −2 is faster than a flip.",
            "the 95 % interval of epochs with −1 over those with −2, over input sets, lies above 1",
            "it lies below 1",
            stronger,
            fixed=_FIXED,
        ),
    ),
)
