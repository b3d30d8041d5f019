"""What curl descent does where it is faster: climbs, plateaus, the flipped neuron, and whether the rule must go on."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.paper.machinery import controls
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.controls import Arm
from curldescent.paper.machinery.effects import MARGIN, Estimate, mean_of, ratio_of
from curldescent.paper.machinery.judged import Judged
from curldescent.paper.machinery.mechanism_runs import BAND, saved_on_plateaus, switched, trajectories
from curldescent.paper.machinery.statistics import LEVEL, proportion_interval
from curldescent.plots import legends, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure as Picture

Array = NDArray[np.float64]
NAME = "control-mechanism"
# Curl descent is replaced by gradient descent after so many epochs.
SWITCHES = (25, 50, 100, 200, 400)
# A climb counts from this relative height on (between recorded epochs).
LEAST_CLIMB = 0.05
# What "at least half" is: of trials, of saved epochs, of the readout's squared norm.
HALF = 0.5
_INTERVALS = "2026-11-27: by intervals over students in place of counts, medians and ratios of means."
COLOURS = {"GD": style.GRADIENT_DESCENT, "CD": style.CURL_DESCENT}


def experiments(scale: Scale) -> Experiments:
    """Trajectories of both rules, and runs that change rules on the way."""
    size = controls.SIZES[scale]
    arguments = {"trials": size.trials, "n_train": size.many, "epochs": size.epochs}
    return {
        NAME: Computation(trajectories, arguments, identity="curldescent.paper.control_mechanism.trajectories"),
        f"{NAME}-switch": Computation(
            switched, {**arguments, "after": list(SWITCHES)}, identity="curldescent.paper.control_mechanism.switched"
        ),
    }


def _curve(results: Results, rule: str, trial: int) -> tuple[Array, Array]:
    error = results[NAME].train_error.sel(rule=rule)[trial]
    there = np.isfinite(error.values) & (error["epoch"].values > 0)
    return error["epoch"].values[there].astype(float), error.values[there]


def plateau_share(results: Results) -> Finding:
    """Saved epochs on gradient descent's plateaus over all saved epochs, where curl descent is faster."""
    shares = []
    for trial in range(results[NAME].sizes["trial"]):
        flat, total = saved_on_plateaus(_curve(results, "GD", trial), _curve(results, "CD", trial))
        if total > 0:
            shares.append(flat / total)
    if few := controls.too_few(len(shares)):
        return few
    mean = mean_of(shares)
    said = (
        f"{_percents(mean)} in the mean of the {len(shares)} students with whom curl descent is faster, from "
        f"{100 * min(shares):.0f} to {100 * max(shares):.0f} %"
    )
    return mean.judge_above(HALF).finding(said, {"mean": mean.value, "interval": mean.interval(), "shares": shares})


def _percents(mean: Estimate) -> str:
    low, high = mean.interval()
    return f"{100 * mean.value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def climbing(results: Results) -> Finding:
    """In how many trials each rule climbs, and how the trials without a climb do."""
    from curldescent.analysis import climbs

    data = results[NAME]
    found: dict[str, list[bool]] = {"GD": [], "CD": []}
    heights = []
    without: list[tuple[float, float]] = []
    for trial in range(data.sizes["trial"]):
        curves = {rule: _curve(results, rule, trial) for rule in found}
        for rule, curve in curves.items():
            up = climbs(*curve, least=LEAST_CLIMB)
            found[rule].append(bool(up))
            if rule == "CD":
                heights.append(max((c.top / c.bottom - 1 for c in up), default=0.0))
                if not up:
                    without.append((curves["GD"][0][-1], curves["CD"][0][-1]))
    rising = {rule: float((data.rate.sel(rule=rule) > 0).sum() / data.rate.sel(rule=rule).count()) for rule in found}
    n = len(found["CD"])
    said = (
        f"climbs of {100 * LEAST_CLIMB:.0f} % or more in {sum(found['CD'])} of {n} trials of curl descent (highest "
        f"{100 * max(heights):.0f} %), {sum(found['GD'])} of gradient descent; dC/dt > 0 at {100 * rising['CD']:.0f} % "
        f"of the looks ({100 * rising['GD']:.0f} %)"
    )
    numbers = {"climbing": {r: sum(f) for r, f in found.items()}, "of": n, "rising": rising, "heights": heights}
    if few := controls.too_few(n):
        return few
    low, _ = proportion_interval(sum(found["CD"]), n)
    most_climb = low > HALF
    if not without:
        return Finding(True if most_climb else None, f"{said}; every trial climbs", numbers)
    ratio = ratio_of(*np.array(without).T)
    said += f"; without a climb GD/CD is {ratio.said}"
    numbers["without"] = ratio.numbers
    # Whoever finds them slower or equal in error finds a ratio below the margin in error: the smaller p-value is one.
    confirming = min(2 * ratio.log.p_below(0.0), ratio.equivalence_p(MARGIN))
    refuting = 2 * ratio.log.p_above(0.0)
    # That most climb is a share, which has no p-value; without it nothing is confirmed, nor where they are faster.
    return Judged.of(confirming if most_climb and refuting >= LEVEL else 1.0, refuting).finding(said, numbers)


def takeover(results: Results) -> Finding:
    """The flipped neuron's share of the readout's squared norm at the end of each run, and its input weights."""
    data = results[NAME]
    last = {rule: _at_the_end(data.share.sel(rule=rule)) for rule in ("GD", "CD")}
    inputs = _at_the_end(data.input_norm.sel(rule="CD"))
    n = len(last["CD"])
    most = int((last["CD"] >= HALF).sum())
    said = (
        f"at least half of the readout's squared norm in {most} of {n} trials of curl descent (median "
        f"{np.median(last['CD']):.2f}), {int((last['GD'] >= 0.5).sum())} of gradient descent (median "
        f"{np.median(last['GD']):.2f}); its input weights end at {np.median(inputs):.2f} of their initial norm (median)"
    )
    if few := controls.too_few(n):
        return few
    mean = mean_of(last["CD"])
    said = f"{_percents(mean)} of the readout's squared norm in the mean; {said}"
    numbers = {"share": last, "input_norm": inputs, "mean": mean.value, "interval": mean.interval()}
    return mean.judge_above(HALF).finding(said, numbers)


def _at_the_end(values: "xr.DataArray") -> Array:
    """Each trial's last value before its run ended, (T,)."""
    curves = values.transpose("trial", "epoch").values
    return np.array([curve[np.isfinite(curve)][-1] for curve in curves])


def switch_arms(results: Results) -> dict[str, Arm]:
    """Gradient descent, the runs that change to it, curl descent."""
    data = results[NAME]
    ends = {}
    for rule in ("GD", "CD"):
        stopped = data.stopped_at.sel(rule=rule).values
        ends[rule] = Arm(np.where(stopped < 0, data["epoch"].values[-1], stopped).astype(float), stopped >= 0)
    return {"GD": ends["GD"], **controls.computed_arms(results[f"{NAME}-switch"]), "CD": ends["CD"]}


def kept_after_switch(results: Results) -> Finding:
    """What is left of the saved epochs when curl descent stops early."""
    every = switch_arms(results)
    gd, cd = every["GD"].epochs.mean(), every["CD"].epochs.mean()
    kept = {name: float((gd - arm.epochs.mean()) / (gd - cd)) for name, arm in every.items() if " after " in name}
    said = "of the saved epochs, " + ", ".join(
        f"{100 * share:.0f} % remain with {name.removeprefix('GD after ')}" for name, share in kept.items()
    )
    missed = {name: int((~arm.reached).sum()) for name, arm in every.items()}
    if any(missed.values()):
        said += "; threshold not reached by " + ", ".join(f"{n} ({name})" for name, n in missed.items() if n)
    gone = every["GD"].epochs - every["CD"].epochs
    if few := controls.too_few(len(gone)):
        return few
    # More than half is kept where what is saved exceeds half of what curl descent saves, student by student.
    beyond = mean_of(every["GD"].epochs - every[f"GD after {SWITCHES[-1]} epochs of CD"].epochs - HALF * gone)
    low, high = beyond.interval()
    said += f"; after {SWITCHES[-1]} epochs more than half by {beyond.value:.0f} [{low:.0f}, {high:.0f}] epochs"
    return beyond.judge_above(0.0).finding(said, {"kept": kept, "not_reached": missed, "beyond": [low, high]})


def draw(results: Results) -> "Picture":
    """One trial's errors, the flipped neuron's share, dC/dt, and what stays after a switch."""
    import matplotlib.pyplot as plt

    from curldescent.plots.arms import draw_arms, plain_ticks

    data = results[NAME]
    figure, axes = plt.subplots(2, 2, figsize=(style.PAGE_INCHES, 4.8))
    error, share, rate, switch = axes.ravel()
    for rule, colour in COLOURS.items():
        for trial in range(data.sizes["trial"]):
            label = rule if trial == 0 else None
            look = {"color": colour, "linewidth": 0.8, "alpha": 0.8, "label": label}
            error.plot(*_curve(results, rule, trial), **look)
            share.plot(data["epoch"], data.share.sel(rule=rule)[trial], **look)
        values = data.rate.sel(rule=rule) / data.train_error.sel(rule=rule).sel(epoch=data["look"].values).values
        middle = values.where(values.notnull().sum("trial") > data.sizes["trial"] / 2).median("trial")
        rate.plot(data["look"], -middle, color=colour, label=rule)
    error.axhline(controls.THRESHOLD, color=style.THEORY, linewidth=0.8, linestyle="--")
    error.set(xscale="log", yscale="log", xlabel="epochs", ylabel="training error")
    error.set_title("Every trial")
    share.set(xscale="log", xlabel="epochs", ylabel="share of the squared norm", ylim=(0, 1))
    share.set_title("The neuron that CD flips")
    rate.set(xscale="log", yscale="log", xlabel="epochs", ylabel=r"$-\mathrm{d}\ln C/\mathrm{d}t$ (1/total step)")
    rate.set_title("Rate of descent, median over trials")
    draw_arms(
        switch,
        {name: (arm.epochs, arm.reached) for name, arm in switch_arms(results).items()},
        label="epochs to training error $10^{-3}$",
    )
    names = [
        name.replace("GD after ", "GD after\n").replace(" epochs of CD", " of CD") for name in switch_arms(results)
    ]
    switch.set_yticklabels(names, fontsize=6)
    switch.set_title("Curl descent at first")
    plain_ticks(switch)
    legends.place(error, prefer="lower left")
    return figure


FIGURE = Figure(
    NAME,
    title="Control: by which mechanism",
    about=(
        "The base setting's paired runs until a training error of 1e-3: error; the first readout neuron's share of the "
        "readout's squared norm (flipped under CD, the same neuron under GD); relative rate of descent along the flow "
        "on all samples; and runs that start with curl descent and go on with gradient descent."
    ),
    origin="control",
    experiments=experiments,
    draw=draw,
    curves=True,
    claims=(
        Claim(
            "uphill",
            "The speed-up comes from moves uphill.",
            f"more than half of the students climb by {100 * LEAST_CLIMB:.0f} % or more between recorded epochs under "
            f"curl descent (95 % interval), and those that do not are slower or equal within a factor {MARGIN:g}",
            "the 95 % interval of GD/CD over those that do not lies above 1",
            climbing,
            changes=(_INTERVALS,),
        ),
        Claim(
            "plateaus",
            "The saved epochs are those gradient descent spends on plateaus.",
            "more than half of them: the 95 % interval of the mean share over students lies above one half; a plateau "
            f"is a stretch within a {100 * BAND:.0f} % band that lasts at least half of the time before it, and epochs "
            "are counted by first passage of error levels",
            "it lies below one half",
            plateau_share,
            changes=(_INTERVALS,),
        ),
        Claim(
            "takeover",
            "The flipped neuron takes over the readout.",
            "more than half of the readout's squared norm at the end: the 95 % interval of the mean over students lies "
            "above one half",
            "it lies below one half",
            takeover,
            changes=(_INTERVALS,),
        ),
        Claim(
            "place, not rule",
            "Curl descent leads the weights to a place from which gradient descent is fast too.",
            f"after {SWITCHES[-1]} epochs of curl descent gradient descent keeps more than half of the saved epochs: "
            "the 95 % interval over students of what is kept beyond half lies above 0",
            "it lies below 0",
            kept_after_switch,
            changes=(_INTERVALS,),
        ),
    ),
)
