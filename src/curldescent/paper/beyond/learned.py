"""Learned solutions: how stable are the solutions that students with flipped inputs arrive at, beside random ones?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from curldescent import theory
from curldescent.paper.machinery import shares
from curldescent.paper.machinery.boundary_claims import LEARNED
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.effects import mean_of
from curldescent.paper.machinery.trained_cells import trained_cells
from curldescent.plots import legends, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

# Ratios over c*, of every fraction: up to just beyond where figure 3a's students cease to learn.
RATIOS = (0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 1.0)
NAME = "learned"


def experiments(scale: Scale) -> Experiments:
    """Students of figure 3a, at fractions of its boundary."""
    fractions, trials, epochs = {
        "quick": ((0.3, 1.0), 4, 3_000),
        "standard": ((0.2, 0.4, 0.6, 0.8, 1.0), 10, 10_000),
        "paper": ((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), 20, 100_000),
    }[scale]
    arguments = {"fractions": fractions, "ratios": RATIOS, "trials": trials, "epochs": epochs}
    return {NAME: Computation(before_and_after, arguments, identity="curldescent.paper.learned.before_and_after")}


def before_and_after(fractions: Sequence[float], ratios: Sequence[float], trials: int, epochs: int) -> xr.Dataset:
    """Lowest rates of the linearised dynamics at random students taken as solutions, and at what they learned.

    Args:
        fractions: α_h.
        ratios: c over c* of each fraction.
        trials: per cell.
        epochs: of learning, as in figure 3a.

    Returns:
        Over (hidden, ratio, trial): `start` and `end`, the lowest rate per unit of total step at the initial and the
        final weights, had they zero loss, over the largest one in size; `error`, the final test error.
    """
    shape = (len(fractions), len(ratios), trials)
    out = {name: np.full(shape, np.nan) for name in ("start", "end", "error")}
    for cell in trained_cells("linear", fractions, ratios, trials=trials, epochs=epochs):
        x, student = cell.before.inputs, cell.before.student
        sigma = x.T @ x / len(x)
        out["error"][cell.place] = cell.error
        for name, layers in (("start", (student.hidden, student.readout)), ("end", cell.after)):
            for t, (w1, w2) in enumerate(zip(*layers, strict=True)):
                if not np.isfinite(w1).all():
                    continue
                rates = theory.linear_stability(
                    w1, w2, cell.hidden, cell.readout, preserve_norms=True, covariance=sigma
                ).eigenvalues
                out[name][(*cell.place, t)] = float(rates.real.min() / np.abs(rates).max())
    return xr.Dataset(
        {name: (("hidden", "ratio", "trial"), values) for name, values in out.items()},
        coords={"hidden": list(fractions), "ratio": list(ratios)},
    )


def learned_of(data: xr.Dataset) -> xr.DataArray:
    """Which students learned."""
    return data.error <= LEARNED


def lower(results: Results) -> Finding:
    """The lowest rate after learning less that before, of students that learned; a cell is an input set."""
    data = results[NAME]
    gap = (data.end - data.start).where(learned_of(data))
    cells = gap.mean("trial").values.ravel()
    cells = cells[np.isfinite(cells)]
    if len(cells) < 3:
        return Finding(None, "fewer than three cells with students that learn")
    mean = mean_of(cells)
    low, high = mean.interval()
    typical = float(data.start.median())
    said = (
        f"lowest rate after less before learning {mean.value:+.4f} [{low:+.4f}, {high:+.4f}] of the largest rate, over "
        f"{len(cells)} cells; {int((gap < 0).sum())} of {int(gap.notnull().sum())} students that learned; before, the "
        f"median is {typical:+.3f}"
    )
    return mean.judge_below(0.0).finding(said, {"mean": mean.value, "interval": [low, high], "cells": len(cells)})


def arrive(results: Results) -> Finding:
    """Whether students end at solutions that their own matrix calls stable."""
    data = results[NAME]
    learned = learned_of(data)
    stable = data.end > 0
    said = f"{int((stable & learned).sum())} of {int(learned.sum())} learned solutions are stable by their own matrix"
    return shares.found_of_trials(stable, learned, said, least=0.95)


def where_half(data: xr.Dataset, which: xr.DataArray) -> np.ndarray:
    """Up to which share of c* at least half of the trials do something, by fraction, half-way between points."""
    ratio = data.ratio.values
    borders = np.concatenate([ratio[:1], (ratio[1:] + ratio[:-1]) / 2, ratio[-1:]])
    count = (which.mean("trial") >= 0.5).transpose("hidden", "ratio").values.cumprod(axis=1).sum(axis=1)
    return np.asarray(borders[count])


def borders(results: Results) -> Finding:
    """Where half of the random students are stable as solutions, and where half of them learn."""
    data = results[NAME]
    stable, learned = where_half(data, data.start > 0), where_half(data, learned_of(data))
    gap = mean_of(learned - stable)
    low, high = gap.interval()
    said = (
        f"half of the students learn up to {learned.mean():.2f} c*, half of their initial weights are stable up to "
        f"{stable.mean():.2f} c*; difference {gap.value:+.2f} [{low:+.2f}, {high:+.2f}] over {gap.n} fractions"
    )
    return gap.judge_below(0.0).finding(said, {"learned": learned.tolist(), "stable": stable.tolist()})


def draw(results: Results) -> "Picture":
    """Rates before and after learning, and both borders."""
    import matplotlib.pyplot as plt

    data = results[NAME]
    learned = learned_of(data)
    with style.figure_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 2.6))
        for which, colour, label in ((learned, style.STABLE, "learned"), (~learned, style.UNSTABLE, "did not")):
            left.plot(
                data.start.values[which.values],
                data.end.values[which.values],
                "o",
                color=colour,
                markersize=2.5,
                alpha=0.6,
                label=label,
            )
        ends = [float(min(data.start.min(), data.end.min())), float(max(data.start.max(), data.end.max()))]
        left.plot(ends, ends, color="0.4", linewidth=0.8)
        left.axhline(0, color="0.4", linewidth=0.8, linestyle=":")
        left.set(
            xlabel="lowest rate over largest, before learning", ylabel="the same, after learning", title="Every student"
        )
        legends.place(left, prefer="upper left", markerscale=2)
        for values, colour, label, look in (
            ((data.start > 0).mean(("hidden", "trial")), style.THEORY, "stable before learning", "o-"),
            (learned.mean(("hidden", "trial")), style.STABLE, "learned", "s-"),
            (((data.end > 0) & learned).mean(("hidden", "trial")), style.UNSTABLE, "learned and stable after", "x:"),
        ):
            right.plot(data.ratio, values, look, color=colour, markersize=4, label=label)
        right.set(xlabel="$c / c^*$", ylabel="share of students", title="All fractions", ylim=(-0.03, 1.03))
        legends.place(right, prefer="lower left")
        return figure


FIGURE = Figure(
    "learned",
    title="The law of K at learned solutions",
    about=(
        "Figure 3a's linear students, at fractions of the critical ratio. Left: the lowest rate of the dynamics "
        "linearised at the initial weights, had they zero loss, and at what was learned, both over the largest rate; "
        "negative is unstable. Right: shares of the students whose initial weights are stable, that learn, and that "
        "learn and end stable."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "less stable",
            "Learning takes students to solutions that are less stable than their random initial weights.",
            "the 95 % interval, over cells, of the mean difference of the lowest rate after and before learning, of "
            "students that learned, lies below 0",
            "it lies at or above 0",
            lower,
            fixed="2026-11-27",
        ),
        Claim(
            "stable ends",
            "Where they learn, they end at stable solutions all the same.",
            *shares.at_least(0.95, "of the learned solutions that are stable", trials=True),
            arrive,
            fixed="2026-11-27",
            changes=(shares.CLUSTERED,),
        ),
        Claim(
            "the bias of figure 3a",
            "Learning ends at smaller ratios than the stability of random weights of this size.",
            "the 95 % interval, over fractions, of the difference of both borders over c* lies below 0",
            "it lies at or above 0",
            borders,
            fixed="2026-11-27",
        ),
    ),
)
