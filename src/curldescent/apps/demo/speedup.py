"""One flipped readout neuron helps a tanh student: fewer epochs to the same error."""

import numpy as np
from numpy.typing import NDArray

import curldescent as cd
from curldescent.apps.demo.options import TourOptions
from curldescent.learning.censoring import mean_text
from curldescent.plots import legends, panels, style
from curldescent.plots.learning_curves import draw_curves
from curldescent.plots.report import Section

THRESHOLD = 1e-3
TRIALS = 10
EPOCHS = 20_000
COLOURS = {"GD": style.GRADIENT_DESCENT, "CD": style.CURL_DESCENT}


def run(options: TourOptions) -> Section:
    """Train the paper's tanh student under GD and CD until the training error is below the threshold."""
    from matplotlib import pyplot as plt

    problem = cd.student_teacher(
        n_inputs=100, n_hidden=10, activation="tanh", n_train=2000, student_scale=2.0, trials=TRIALS, seed=0
    )
    epochs = options.epochs(EPOCHS)
    history = options.train(
        problem,
        {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.1)},
        epochs=epochs,
        batch_size=10,
        preserve_norms=True,
        record=cd.log_epochs(epochs, 400).tolist(),
        stop_below=THRESHOLD,
        label="speed-up, GD and CD",
    )
    needed = cd.epochs_to_threshold(history.train_error, THRESHOLD)
    reached = needed.notnull()
    shown = needed.fillna(epochs)  # where a run ends that never gets there
    with style.figure_style():
        figure, (curves, paired) = plt.subplots(
            1, 2, figsize=(style.PAGE_INCHES, 2.7), gridspec_kw={"width_ratios": [1.9, 1]}
        )
        for rule, colour in COLOURS.items():
            error, end = history.train_error.sel(rule=rule), history.stopped_at.sel(rule=rule)
            running = error.where((end < 0) | (error["epoch"] <= end))
            draw_curves(curves, running, colour=colour, label=f"{rule}, median of those still running")
        curves.axhline(THRESHOLD, color=style.THEORY, linewidth=0.8, linestyle="--")
        curves.set(xlim=(1, float(shown.max()) * 1.15), ylim=(None, 0.6))
        curves.set_ylabel("training error")
        curves.set_title("Learning curves")
        for gd, cdesc in zip(shown.sel(rule="GD").values, shown.sel(rule="CD").values, strict=True):
            paired.plot([0, 1], [gd, cdesc], color="#b0b0b0", linewidth=0.8, zorder=1)
        for place, (rule, colour) in enumerate(COLOURS.items()):
            values, there = shown.sel(rule=rule).values, reached.sel(rule=rule).values
            paired.scatter(np.full(there.sum(), place), values[there], color=colour, s=14, zorder=2)
            paired.scatter(
                np.full((~there).sum(), place), values[~there], facecolors="none", edgecolors=colour, s=16, zorder=2
            )
            look = "solid" if there.all() else "dotted"  # a lower bound
            paired.hlines(
                values.mean(), place - 0.22, place + 0.22, color=colour, linewidth=2.5, linestyle=look, zorder=3
            )
        paired.set(xlim=(-0.5, 1.5), xticks=[0, 1], xticklabels=COLOURS, ylim=(0, None))
        paired.set_ylabel("epochs to training error $10^{-3}$")
        paired.set_title("Same students, paired")
        legends.place(curves)
        panels.letter((curves, paired))
    rows = [
        [
            rule,
            mean_text(needed.sel(rule=rule).values, last=epochs),
            _range(needed.sel(rule=rule).values, epochs),
            f"{int(reached.sel(rule=rule).sum())} of {TRIALS}",
        ]
        for rule in COLOURS
    ]
    # A run that gets there is before one that does not; two that do not cannot be told apart.
    first = needed.fillna(np.inf)
    faster = int((first.sel(rule="CD") < first.sel(rule="GD")).sum())
    summary = cd.summarise_epochs(needed)
    return Section(
        name="speedup",
        title="A little curl can be faster than gradient descent",
        text=(
            "A tanh student with 100 inputs and 10 hidden neurons learns a teacher of its own size from 2000 "
            "samples in batches of 10, norm-preserving. CD flips the rule of one readout neuron in ten. Both "
            f"rules see the same students, teachers and sample orders; CD is first in {faster} of {TRIALS} pairs."
        ),
        columns=("rule", f"mean epochs to {THRESHOLD:g}, ± standard error", "range", "reached"),
        rows=rows,
        numbers={
            "threshold": THRESHOLD,
            "epochs": {rule: needed.sel(rule=rule).values for rule in COLOURS},  # null: never
            "reached": {rule: reached.sel(rule=rule).values for rule in COLOURS},
            "censored": {rule: int(summary.censored.sel(rule=rule)) for rule in COLOURS},
            "restricted_mean": {rule: float(summary.restricted_mean.sel(rule=rule)) for rule in COLOURS},
            "last_epoch": epochs,
            "cd_first": faster,
        },
        figure=figure,
    )


def _range(needed: NDArray[np.float64], last: int) -> str:
    """The fewest and the most epochs, as far as they are known."""
    there = needed[np.isfinite(needed)]
    if not len(there):
        return f"> {last}"
    return f"{there.min():.0f} – " + (f"{there.max():.0f}" if len(there) == len(needed) else f"> {last}")
