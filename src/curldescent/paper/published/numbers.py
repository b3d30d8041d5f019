"""The paper's numbers: epochs to 1e-3 training error of GD, FA and CD at six training-set sizes, beside ours."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import speedup_claims, speedup_protocol
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Ours, Published, Results, Scale
from curldescent.paper.machinery.effects import STUDENTS, Estimate, mean_of
from curldescent.paper.machinery.judged import Judged
from curldescent.paper.machinery.speedup_claims import FASTER, OVER_SETS
from curldescent.paper.machinery.speedup_protocol import THRESHOLD, last_epoch, needed
from curldescent.paper.machinery.statistics import LEVEL, error_of_difference, standard_error
from curldescent.paper.machinery.wording import percent, power_of_ten
from curldescent.paper.published.authors import MEANS, SAMPLES
from curldescent.paper.published.fig5c_to_f import INTERVALS, SAMPLES_PANEL
from curldescent.plots import legends, style
from curldescent.plots.arms import plain_ticks
from curldescent.plots.epochs import COLOURS, MARKERS

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

# From here on curl descent is claimed to be faster.
MANY = 1000
# The paper's number of trials: with fewer our means are not compared with its.
TRIALS = 10
# Means count as the same where their ratio is within this factor of 1.
AGREES = 1.25


@dataclass(frozen=True)
class Entry:
    """One entry of the table.

    Args:
        rule: "GD", "FA" or "CD".
        samples: P.
        paper: the paper's mean.
        ours: our mean.
        error: its standard error.
        trials: of ours.
        never: how many of ours never get there; they count with the last epoch, the paper's convention, and our mean is
            a lower bound.
    """

    rule: str
    samples: int
    paper: float
    ours: float
    error: float
    trials: int
    never: int = 0

    @property
    def told(self) -> str:
        """Our mean, in words."""
        more = f" ({self.never} of {self.trials} never)" if self.never else ""
        return f"{speedup_claims.bound(self.never)}{self.ours:.0f} ± {self.error:.0f}{more}"

    @property
    def distance(self) -> float:
        """(ours − paper) in standard errors of a difference of two means with our spread: √2 s/√n with 10 trials."""
        error = error_of_difference(self.error, self.trials, TRIALS)
        return (self.ours - self.paper) / error if error else float("nan")


def experiments(scale: Scale) -> Experiments:
    """GD and CD are those of figure 5c; feedback alignment learns from the same students."""
    base = SAMPLES_PANEL.experiments(scale)["fig5c"]
    trials = base.settings.student_teacher["trials"]  # type: ignore[union-attr]
    samples = {"quick": (100, 260, 1000, 2000), "standard": SAMPLES, "paper": SAMPLES}[scale]
    return {
        "fig5c": base,
        "table-feedback": speedup_protocol.sweep(
            {"n_train": samples},
            rules={"FA": {"feedback": "random"}},
            trials=trials,
            epochs={"quick": 10_000, "standard": 100_000, "paper": 100_000}[scale],
            # Only the training error is asked for here.
            stop_below=THRESHOLD,
        ),
    }


def ours(results: Results) -> "dict[str, xr.DataArray]":
    """Rule → epochs, (n_train, trial)."""
    both = needed(results["fig5c"], "train")
    feedback = needed(results["table-feedback"], "train").sel(rule="FA")
    return {"GD": both.sel(rule="GD"), "FA": feedback, "CD": both.sel(rule="CD")}


def entries(results: Results) -> list[Entry]:
    """The table, for those sizes that the scale has."""
    out = []
    feedback = last_epoch(results["table-feedback"])
    last = {"FA": feedback} | dict.fromkeys(("GD", "CD"), last_epoch(results["fig5c"]))
    for rule, found in ours(results).items():
        for samples, value in zip(SAMPLES, MEANS[rule], strict=True):
            if samples in found.n_train.values:
                column = found.sel(n_train=samples).values
                never = int((column >= last[rule]).sum())
                out.append(
                    Entry(rule, samples, value, float(column.mean()), standard_error(column), len(column), never)
                )
    return out


def draw(results: Results) -> "Picture":
    """Ours with standard errors and the paper's means; below, the numbers."""
    from matplotlib import pyplot as plt

    rows = entries(results)
    sizes = [p for p in SAMPLES if any(entry.samples == p for entry in rows)]
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(style.PAGE_INCHES, 2.6 + 0.2 * (len(sizes) + 2)), height_ratios=[2.4, 0.22 * (len(sizes) + 2)]
    )
    for rule in MEANS:
        chosen = [entry for entry in rows if entry.rule == rule]
        samples, look = [entry.samples for entry in chosen], {"color": COLOURS[rule], "marker": MARKERS[rule]}
        above.errorbar(
            samples,
            [entry.ours for entry in chosen],
            yerr=[entry.error for entry in chosen],
            capsize=2,
            markersize=4,
            linewidth=1.3,
            label=f"{rule}, ours",
            **look,
        )
        above.plot(
            samples,
            [entry.paper for entry in chosen],
            linestyle=":",
            linewidth=1,
            markersize=6,
            markerfacecolor="none",
            label=f"{rule}, paper",
            **look,
        )
    above.set(yscale="log", xlabel="training samples $P$", ylabel=f"epochs to training error {power_of_ten(THRESHOLD)}")
    plain_ticks(above, along="y")
    legends.place(above, ncols=3, prefer="lower right")
    below.axis("off")
    lookup = {(entry.rule, entry.samples): entry for entry in rows}
    cells = []
    for p in sizes:
        line = [f"{p}"]
        for rule in MEANS:
            entry = lookup[rule, p]
            line += [f"{entry.paper:.0f}", entry.told, f"{entry.distance:+.1f}".replace("-", "−")]
        cells.append(line)
    header = ["$P$"] + [f"{rule} {what}" for rule in MEANS for what in ("paper", "ours", "Δ/s.e.")]
    grid = below.table(cells, colLabels=header, loc="center", cellLoc="center", edges="horizontal")
    grid.auto_set_font_size(False)  # noqa: FBT003
    grid.set_fontsize(6.5)
    grid.scale(1, 1.15)
    return figure


def agreement(results: Results, rule: str) -> Finding:
    """Every entry of a rule against the paper's, as ratios within a margin over the sizes."""
    from scipy import stats

    rows = [entry for entry in entries(results) if entry.rule == rule]
    if min(entry.trials for entry in rows) < TRIALS:
        return Finding(None, f"the paper's means are over {TRIALS} trials, this scale has fewer")
    # A t-test an entry, Bonferroni over the entries.
    bound = float(stats.t.ppf(1 - LEVEL / (2 * len(rows)), rows[0].trials - 1))
    far = [entry for entry in rows if not abs(entry.distance) <= bound]
    each = ", ".join(f"P = {e.samples}: {e.told} against {e.paper:.0f} ({e.distance:+.1f})" for e in rows)
    mean = mean_of([np.log(entry.ours / entry.paper) for entry in rows])
    low, high = np.exp(mean.interval())
    text = (
        f"ours over the paper's {np.exp(mean.value):.2f} [{low:.2f}, {high:.2f}] over {len(rows)} sizes; {len(far)} "
        f"entries beyond {bound:.1f} standard errors; {each}"
    )
    numbers = {"bound": bound, "entries": [{**vars(e), "distance": e.distance} for e in rows]}
    entry = len(rows) * min(Estimate(e.distance, 1.0, e.trials - 1, e.trials, STUDENTS).p_value() for e in rows)
    # Either can refute, the mean or one of the entries; what confirms is the mean's equivalence alone.
    within = float(np.log(AGREES))
    refuting = 2 * min(entry, mean.p_outside(-within, within))
    return Judged.of(1.0 if far else mean.p_within(-within, within), refuting).finding(text, numbers)


def feedback_slowest(results: Results) -> Finding:
    """FA against GD over all sizes."""
    return speedup_claims.together(_against_gd(results, "FA"), SAMPLES, slower=True, second="FA")


def curl_fastest(results: Results) -> Finding:
    """CD against GD from `MANY` samples on."""
    return speedup_claims.together(_against_gd(results, "CD"), [p for p in SAMPLES if p >= MANY])


def _against_gd(results: Results, rule: str) -> dict[float, speedup_claims.Compared]:
    found = ours(results)
    sizes = [p for p in SAMPLES if all(p in found[name].n_train.values for name in ("GD", rule))]
    last = last_epoch(results["fig5c"])
    return {
        p: speedup_claims.compare(found["GD"].sel(n_train=p).values, found[rule].sel(n_train=p).values, last=last)
        for p in sizes
    }


def _mean(rule: str, samples: int) -> Callable[[Results], Ours | None]:
    def ours_at(results: Results) -> Ours | None:
        found = [entry for entry in entries(results) if (entry.rule, entry.samples) == (rule, samples)]
        return Ours(found[0].ours, found[0].error, found[0].trials) if found else None

    return ours_at


def _agrees(rule: str, name: str) -> Claim:
    return Claim(
        f"agreement, {rule}",
        f"Our means of {name} agree with the paper's.",
        f"the geometric mean over sizes of ours over the paper's is within a factor {AGREES:g} of 1, two one-sided "
        "tests at 5 %, and no entry refutes it",
        f"an entry is beyond the Bonferroni-corrected {percent(LEVEL)} bound of a t-test, with √2 times our standard "
        "error, or the mean's 95 % interval lies outside",
        lambda results: agreement(results, rule),
        changes=("2026-11-27: equivalence is shown, by a margin, where before nothing was found against it.",),
    )


FIGURE = Figure(
    "table",
    title="Numbers: epochs to 1e-3 training error",
    about=(
        "Tanh students, norms preserved, initial scale 2: mean epochs until the training error is first recorded below "
        "1e-3, for gradient descent, feedback alignment (FA) and curl descent. Ours with standard errors over trials, "
        "and the difference from the paper's means in units of √2 times our standard error: the paper's spread is not "
        "known and taken to be ours. Inputs are shared by the trials of a size, so the standard error leaves out how "
        "epochs vary with the inputs."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    published=tuple(
        Published(f"mean epochs, {rule}, P = {samples}", value, _mean(rule, samples), ".0f", TRIALS)
        for rule, values in MEANS.items()
        for samples, value in zip(SAMPLES, values, strict=True)
    ),
    aliases=("epochs",),
    claims=(
        _agrees("GD", "gradient descent"),
        _agrees("CD", "curl descent"),
        _agrees("FA", "feedback alignment"),
        Claim(
            "feedback alignment",
            "Feedback alignment is slower than gradient descent.",
            f"over all sizes: the 95 % interval of GD/FA, {OVER_SETS}, lies below 1",
            "it lies at or above 1",
            feedback_slowest,
            changes=(INTERVALS,),
        ),
        Claim(
            "curl descent",
            "Curl descent is faster than gradient descent from 1000 samples on.",
            f"over the P ≥ {MANY} of the table: {FASTER[0]}, {OVER_SETS}",
            FASTER[1],
            curl_fastest,
            changes=(INTERVALS,),
        ),
    ),
    departures=(
        "A trial that never gets there counts as epoch 100 000, in the paper 99 999. Feedback weights are U(±1/√N), of "
        "scale 1 as in the paper.",
    ),
)
