"""One flipped readout neuron helps a tanh student: fewer epochs to the same error."""

import numpy as np

import curldescent as cd
from curldescent.demo.pace import Pace
from curldescent.plots import style
from curldescent.plots.learning_curves import draw_curves
from curldescent.report import Section

THRESHOLD = 1e-3
TRIALS = 10
EPOCHS = 20_000
COLOURS = {"GD": style.GRADIENT_DESCENT, "CD": style.CURL_DESCENT}


def run(pace: Pace) -> Section:
    """Train the paper's tanh student under GD and CD until the training error is below the threshold."""
    from matplotlib import pyplot as plt

    problem = cd.student_teacher(
        n_inputs=100, n_hidden=10, activation="tanh", n_train=2000, student_scale=2.0, trials=TRIALS, seed=0
    )
    epochs = pace.epochs(EPOCHS)
    history = cd.train(
        problem,
        {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=0.1)},
        epochs=epochs,
        batch_size=10,
        preserve_norms=True,
        record=cd.log_epochs(epochs, 400).tolist(),
        stop_below=THRESHOLD,
        progress=pace.progress("speed-up, GD and CD"),
    )
    needed = cd.epochs_to_threshold(history.train_error, THRESHOLD)
    reached = history.stopped_at >= 0
    with style.figure_style():
        figure, (curves, paired) = plt.subplots(
            1, 2, figsize=(style.PAGE_INCHES, 3.0), gridspec_kw={"width_ratios": [1.9, 1]}
        )
        for rule, colour in COLOURS.items():
            error, end = history.train_error.sel(rule=rule), history.stopped_at.sel(rule=rule)
            running = error.where((end < 0) | (error["epoch"] <= end))
            draw_curves(curves, running, colour=colour, label=f"{rule}, median of those still running")
        curves.axhline(THRESHOLD, color=style.THEORY, linewidth=0.8, linestyle="--")
        curves.set(xlim=(1, float(needed.max()) * 1.15), ylim=(None, 0.6))
        curves.set_ylabel("training error")
        curves.set_title("Learning curves")
        curves.legend(loc="upper right")
        for gd, cdesc in zip(needed.sel(rule="GD").values, needed.sel(rule="CD").values, strict=True):
            paired.plot([0, 1], [gd, cdesc], color="#b0b0b0", linewidth=0.8, zorder=1)
        for place, (rule, colour) in enumerate(COLOURS.items()):
            values = needed.sel(rule=rule).values
            paired.scatter(np.full(TRIALS, place), values, color=colour, s=14, zorder=2)
            paired.hlines(values.mean(), place - 0.22, place + 0.22, color=colour, linewidth=2.5, zorder=3)
        paired.set(xlim=(-0.5, 1.5), xticks=[0, 1], xticklabels=COLOURS, ylim=(0, None))
        paired.set_ylabel("epochs to training error $10^{-3}$")
        paired.set_title("Same students, paired")
    rows = [
        [
            rule,
            f"{float(needed.sel(rule=rule).mean()):.0f}",
            f"{float(needed.sel(rule=rule).std(ddof=1)):.0f}",
            f"{int(needed.sel(rule=rule).min())} – {int(needed.sel(rule=rule).max())}",
            f"{int(reached.sel(rule=rule).sum())} of {TRIALS}",
        ]
        for rule in COLOURS
    ]
    faster = int((needed.sel(rule="CD") < needed.sel(rule="GD")).sum())
    return Section(
        name="speedup",
        title="A little curl can be faster than gradient descent",
        text=(
            "A tanh student with 100 inputs and 10 hidden neurons learns a teacher of its own size from 2000 "
            "samples in batches of 10, norm-preserving. CD flips the rule of one readout neuron in ten. Both "
            f"rules see the same students, teachers and sample orders; CD is first in {faster} of {TRIALS} pairs."
        ),
        columns=("rule", f"mean epochs to {THRESHOLD:g}", "standard deviation", "range", "reached"),
        rows=rows,
        numbers={
            "threshold": THRESHOLD,
            "epochs": {rule: needed.sel(rule=rule).values for rule in COLOURS},
            "reached": {rule: reached.sel(rule=rule).values for rule in COLOURS},
            "cd_first": faster,
        },
        figure=figure,
    )
