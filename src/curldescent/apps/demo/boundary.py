"""Linear students on either side of the predicted boundary: the verdict before, the verdict after."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import curldescent as cd
from curldescent.apps.demo.options import TourOptions
from curldescent.plots import panels, style
from curldescent.plots.learning_curves import draw_curves
from curldescent.plots.report import Section
from curldescent.theory.sizes import sizes_of_total

if TYPE_CHECKING:
    import xarray as xr

TOTAL_NEURONS = 220
TRIALS = 10
# Beside its teacher by this much: far above rounding, far below anything a curve would show as an error.
NUDGE = 1e-6
# Learned: ten orders below the initial error, which no chaotic run comes near. Left: a hundred times the error that
# the nudge itself makes, which a stable solution cannot reach, since its residual only shrinks.
LEARNED, LEFT = 1e-10, 100.0


@dataclass(frozen=True)
class Setting:
    """One panel: which layer is flipped, by how much, at which compression ratio."""

    layer: str
    fraction: float
    ratio: float
    epochs: int

    @property
    def sizes(self) -> tuple[int, int]:
        """(M, N) from the total number of neurons, the paper's convention."""
        return sizes_of_total(TOTAL_NEURONS, self.ratio)

    @property
    def rule(self) -> cd.Plasticity:
        """The flips as plasticity."""
        if self.layer == "hidden":
            return cd.Plasticity(hidden=self.fraction)
        return cd.Plasticity(readout=self.fraction)


SETTINGS = (
    Setting("hidden", 0.5, 0.15, 4000),
    Setting("hidden", 0.5, 0.6, 4000),
    Setting("readout", 0.2, 0.05, 5000),
    Setting("readout", 0.2, 0.6, 5000),
)


def run(options: TourOptions) -> Section:
    """Train ten linear students per setting and compare with the random-matrix prediction."""
    from matplotlib import pyplot as plt

    with style.figure_style():
        figure, axes = plt.subplots(2, 2, figsize=(style.PAGE_INCHES, 4.6), sharex="row", sharey="row")
        panels.letter(axes)
    rows, numbers = [], []
    for panel, setting in zip(axes.flat, SETTINGS, strict=True):
        history = simulate(setting, options)
        flipped: dict[str, Any] = {setting.layer: setting.fraction}
        critical = float(cd.theory.critical_ratio(**flipped))
        predicted = setting.ratio < critical
        stable = seen_stable(setting, history)
        verdict = "stable" if predicted else "unstable"
        symbol = "α_h" if setting.layer == "hidden" else "α_r"
        seen = f"{int(stable.sum() if predicted else (~stable).sum())} of {TRIALS} {verdict}"
        rows.append(
            [
                f"{setting.layer}, {symbol} = {setting.fraction:g}",
                f"{setting.ratio:g}",
                f"{critical:.3f}",
                verdict,
                seen,
                f"{float(history.test_error[:, -1].median()):.1e}",
            ]
        )
        numbers.append(
            {
                "layer": setting.layer,
                "fraction": setting.fraction,
                "ratio": setting.ratio,
                "critical_ratio": critical,
                "predicted_stable": predicted,
                "seen_stable": stable,
                "final_test_error": history.test_error[:, -1].values,
                "max_test_error": history.test_error.max("epoch").values,
            }
        )
        with style.figure_style():
            draw_curves(panel, history.test_error, colour=style.STABLE if predicted else style.UNSTABLE)
            panel.set_title(
                f"{setting.layer.capitalize()} flips, {100 * setting.fraction:g} %, $c$ = {setting.ratio:g}"
            )
            where = (0.04, 0.08) if setting.layer == "hidden" else (0.04, 0.9)
            panel.text(
                *where,
                f"predicted {verdict} ($c^*={critical:.2f}$)\nseen: {seen}",
                transform=panel.transAxes,
                va="bottom" if where[1] < 0.5 else "top",
            )
            panel.set_xlabel("epoch" if panel in axes[1] else "")
    for row, start in zip(axes, ("random start", "start at the teacher"), strict=True):
        row[0].set_ylabel(f"test error, {start}")
    return Section(
        name="boundary",
        title="The predicted boundary, and what training does on either side",
        text=(
            f"Linear students with {TOTAL_NEURONS} neurons in all (compression ratio c = inputs/hidden), {TRIALS} "
            "trials each, full batch, norm-preserving. Theory says stable below the critical ratio c*. With flips"
            " into the hidden layer students start from random weights: they learn to machine precision or wander"
            f" forever. With flips into the readout they start {NUDGE:g} away from their teacher: they fall back "
            "or leave it. Thin lines are trials, the bold line their median."
        ),
        columns=("flips", "c", "c* (theory)", "predicted", "seen", "median final test error"),
        rows=rows,
        numbers={"settings": numbers},
        figure=figure,
    )


def simulate(setting: Setting, options: TourOptions) -> "xr.Dataset":
    """The setting's history."""
    inputs, hidden = setting.sizes
    problem = cd.student_teacher(n_inputs=inputs, n_hidden=hidden, trials=TRIALS, seed=1)
    if setting.layer == "readout":
        problem = problem.starting_at_teacher(hidden_noise=NUDGE)
    return options.train(
        problem,
        setting.rule,
        epochs=options.epochs(setting.epochs),
        preserve_norms=True,
        label=f"boundary, {setting.layer} flips, c = {setting.ratio:g}",
    )


def seen_stable(setting: Setting, history: "xr.Dataset") -> np.ndarray:
    """Which trials behaved as if their solutions were stable, (T,)."""
    error = history.test_error
    if setting.layer == "hidden":
        return (error[:, -1] < LEARNED * error[:, 0]).values
    return (error.max("epoch") < LEFT * error[:, 0]).values
