"""Pictures of long runs: a map of regimes, and exponents against their convergence."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.errors import InputError
from curldescent.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# label -> colour and marker; markers repeat what colours say, for print and colour-blind readers
LOOK = {
    "converged": ("#56b4e9", "o"),
    "slow": ("#56b4e9", "v"),
    "periodic": ("#009e73", "o"),
    "quasi-periodic": ("#009e73", "D"),
    "transient chaos": ("#e69f00", "^"),
    "chaotic": ("#d55e00", "*"),
    "step-size driven": ("#cc79a7", "X"),
    "diverged": ("#000000", "x"),
    "undecided": ("#999999", "s"),
}
TITLES = {"flow": "Continuous time", "0.02": "Step 0.02", "0.1": "Step 0.1 (the paper's)"}


def regime_map(cells: Sequence[Mapping[str, Any]]) -> "Figure":
    """Regimes over compression ratio and flipped fraction, a panel per step, and the exponents they rest on.

    Args:
        cells: one mapping per trial with "ratio", "fraction", "trial" and, for each step of `TITLES`, the mapping that
            `Regime.evidence` returns.

    Returns:
        The figure: markers side by side in a cell are trials; below, the exponent over the second half of every run
        with its 95 % interval.

    Raises:
        InputError: no cells.

    Source: docs/chaos.md.
    """
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    if not cells:
        raise InputError("cells must hold at least one trial, got none")
    ratios = sorted({cell["ratio"] for cell in cells})
    fractions = sorted({cell["fraction"] for cell in cells})
    with style.figure_style():
        figure, axes = plt.subplots(2, 3, figsize=(style.PAGE_INCHES, 5.6), height_ratios=(1.25, 1))
        for (name, title), top, bottom in zip(TITLES.items(), axes[0], axes[1], strict=True):
            for cell in cells:
                _mark(top, ratios.index(cell["ratio"]), fractions.index(cell["fraction"]), cell["trial"], cell[name])
            top.set(xlim=(-0.5, len(ratios) - 0.5), ylim=(-0.5, len(fractions) - 0.5), title=title)
            top.set_xticks(range(len(ratios)), [f"{r:g}" for r in ratios])
            top.set_yticks(range(len(fractions)), [f"{f:g}" for f in fractions])
            top.set_xlabel("compression ratio c = M/N")
            for edge in np.arange(0.5, len(ratios) - 1):
                top.axvline(edge, color="0.9", linewidth=0.8, zorder=0)
            for edge in np.arange(0.5, len(fractions) - 1):
                top.axhline(edge, color="0.9", linewidth=0.8, zorder=0)
            _exponents(bottom, [(cell["ratio"], cell["fraction"], cell[name]) for cell in cells], ratios)
        axes[0, 0].set_ylabel("flipped inputs α_h")
        axes[1, 0].set_ylabel("late exponent λ\n(per unit of total step)")
        low = min(axis.get_ylim()[0] for axis in axes[1])
        high = max(axis.get_ylim()[1] for axis in axes[1])
        for axis in axes[1]:
            axis.set_ylim(low, high)
        seen = [label for label in LOOK if any(cell[name]["label"] == label for cell in cells for name in TITLES)]
        handles = [
            Line2D([], [], linestyle="none", marker=LOOK[label][1], color=LOOK[label][0], markersize=7, label=label)
            for label in seen
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _mark(axes: "Axes", column: int, row: int, trial: int, found: Mapping[str, Any]) -> None:
    colour, marker = LOOK[found["label"]]
    axes.plot(column - 0.2 + 0.4 * (trial % 2), row + 0.3 * (trial // 2), marker=marker, color=colour, markersize=8)


def _exponents(axes: "Axes", runs: Sequence[tuple[float, float, Mapping[str, Any]]], ratios: Sequence[float]) -> None:
    counts: dict[float, int] = dict.fromkeys(ratios, 0)
    per_ratio = {ratio: sum(run[0] == ratio for run in runs) for ratio in ratios}
    for ratio, _, found in sorted(runs, key=lambda run: run[:2]):
        value, low, high = (np.nan if item is None else item for item in found["late"])
        place = ratios.index(ratio) + 0.8 * ((counts[ratio] + 0.5) / per_ratio[ratio] - 0.5)
        counts[ratio] += 1
        colour, marker = LOOK[found["label"]]
        axes.errorbar(
            place,
            value,
            [[value - low], [high - value]],
            color=colour,
            marker=marker,
            markersize=4,
            linewidth=1,
        )
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(range(len(ratios)), [f"{r:g}" for r in ratios])
    axes.set_xlabel("c; within it α_h rises to the right")


def exponent_trace(runs: Mapping[str, tuple[Any, Any]]) -> "Figure":
    """Finite-time exponents along runs: what settles, and what only looked chaotic for a while.

    Args:
        runs: legend text to (times, finite-time exponents), each (B,).

    Returns:
        The figure: one line per run.
    """
    from matplotlib import pyplot as plt

    with style.figure_style():
        figure, axes = plt.subplots(figsize=(style.COLUMN_INCHES * 1.4, 2.8))
        for label, (times, values) in runs.items():
            axes.plot(times, values, label=label, linewidth=1.1)
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(xlabel="time (total step)", ylabel="finite-time exponent λ")
        axes.legend(ncols=2)
    return figure
