"""Pictures of long runs: a map of regimes, and the convergence of their leading exponents."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.analysis import Exponents
from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.plots import labels, legends, panels, style

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


def regime_map(cells: Sequence[Mapping[str, Any]], *, axes: "Axes | Iterable[Axes] | None" = None) -> "Figure":
    """Regimes over compression ratio and flipped fraction, a panel per step, and the exponents they rest on.

    Args:
        cells: one mapping per trial with "ratio", "fraction", "trial", optionally "seed" and, for each step of
            `TITLES`, the mapping that `Regime.evidence` returns, optionally with the order parameter "q".
        axes: the nine to draw into, three rows with a column a step; a new figure, with a legend, by default.

    Returns:
        The figure: markers in a cell are trials, side by side, a row per seed; below, the exponent over the second half
        of every run with its 95 % interval, and q.

    Raises:
        InputError: no cells, or one without one of these entries.

    Source: docs/chaos.md.
    """
    from matplotlib.lines import Line2D

    cells = _checked_cells(cells)
    ratios = sorted({cell["ratio"] for cell in cells})
    fractions = sorted({cell["fraction"] for cell in cells})
    seeds = sorted({cell.get("seed", 0) for cell in cells})
    trials = sorted({cell["trial"] for cell in cells})
    with style.figure_style():
        size = style.PAGE_INCHES, 7.2
        figure, grid = panels.many(axes, 3, len(TITLES), size=size, height_ratios=(1.4, 1, 1), sharey="row")
        for (name, title), column in zip(TITLES.items(), grid.T, strict=True):
            top, middle, bottom = column
            for cell in cells:
                row = fractions.index(cell["fraction"]) + 0.4 * (seeds.index(cell.get("seed", 0)) + 0.5) / len(seeds)
                within = 0.8 * ((trials.index(cell["trial"]) + 0.5) / len(trials) - 0.5)
                _mark(top, ratios.index(cell["ratio"]) + within, row - 0.2, cell[name])
            top.set(xlim=(-0.5, len(ratios) - 0.5), ylim=(-0.5, len(fractions) - 0.5), title=title)
            top.set_yticks(range(len(fractions)), [f"{f:g}" for f in fractions])
            for edge in np.arange(0.5, len(fractions) - 1):
                top.axhline(edge, color="0.9", linewidth=0.8, zorder=0)
            runs = [(cell["ratio"], cell["fraction"], cell[name]) for cell in cells]
            _exponents(middle, runs, ratios)
            _order_parameters(bottom, runs, ratios)
            for axis in column:
                axis.set_xlim(-0.5, len(ratios) - 0.5)
                axis.set_xticks(range(len(ratios)), [f"{r:g}" for r in ratios])
                for edge in np.arange(0.5, len(ratios) - 1):
                    axis.axvline(edge, color="0.9", linewidth=0.8, zorder=0)
            bottom.set_xlabel(labels.RATIO)
        grid[0, 0].set_ylabel(labels.HIDDEN)
        grid[1, 0].set_ylabel("late exponent $\\lambda$\n(per unit of total step)")
        grid[2, 0].set_ylabel("order parameter $q$")
        if any((cell[name].get("q") or 0) > 0 for cell in cells for name in TITLES):
            grid[2, 0].set_yscale("log")
        else:
            style.note(grid[2, 0], "no positive order parameter to draw")
        seen = [label for label in LOOK if any(cell[name]["label"] == label for cell in cells for name in TITLES)]
        handles = [
            Line2D([], [], linestyle="none", marker=LOOK[label][1], color=LOOK[label][0], markersize=7, label=label)
            for label in seen
        ]
        if axes is None:
            figure.legend(handles=handles, loc="outside lower center", ncols=4)
        else:
            legends.below(grid[2, 1], handles, seen)
    return figure


def _checked_cells(cells: object) -> list[Mapping[str, Any]]:
    what = "a list of mappings, one a trial"
    if isinstance(cells, str | bytes | Mapping) or not isinstance(cells, Iterable) or hasattr(cells, "dims"):
        raise InputError(f"cells must be {what}, got {validation.shown(cells)}")
    given = list(cells)
    if not given:
        raise InputError("cells must hold at least one trial, got none")
    for cell in given:
        _entries(cell, "a cell", ("ratio", "fraction", "trial", *TITLES))
        for name in ("ratio", "fraction", "trial"):
            validation.real(f"a cell's {name!r}", cell[name])
        validation.real("a cell's 'seed'", cell.get("seed", 0))
        for name in TITLES:
            found = cell[name]
            _entries(found, f"a cell's {name!r}", ("label", "late"))
            validation.choice(f"the label of a cell's {name!r}", found["label"], tuple(LOOK))
            late = found["late"]
            if isinstance(late, str) or not isinstance(late, Sequence | np.ndarray) or len(late) != 3:
                raise InputError(
                    f"'late' must be an exponent and the ends of its interval, got {validation.shown(late)}"
                )
            for number in (*late, found.get("q")):
                _number(f"a cell's {name!r}", number)
    return given


def _checked_runs(runs: object) -> Mapping[str, Mapping[str, Any]]:
    given = validation.mapping("runs", runs, "a mapping from titles to runs")
    if not given:
        raise InputError("runs must hold at least one run, got none")
    checked = {}
    for title, one in given.items():
        entries = ("times", "trace", "low", "high")
        run = {name: getattr(one, name) for name in entries} if isinstance(one, Exponents) else one
        _entries(run, f"run {validation.shown(title)}", entries)
        numbers = {name: validation.real_array(name, run[name]).astype(float) for name in entries}
        times, trace = numbers["times"], numbers["trace"]
        if times.ndim != 1 or not len(times) or trace.ndim != 2 or len(trace) != len(times):
            raise InputError(
                f"'times' (B,) and 'trace' (B, k) must go together, got shapes {times.shape}, {trace.shape}"
            )
        for name in ("low", "high"):
            validation.shape(repr(name), numbers[name], trace.shape[1:], "(exponents,)")
        checked[str(title)] = numbers
    return checked


def _entries(given: object, name: str, wanted: Sequence[str]) -> None:
    found = validation.mapping(name, given, f"a mapping with {validation.listed(wanted)}")
    if missing := [entry for entry in wanted if entry not in found]:
        raise InputError(f"{name} must be a mapping with {validation.listed(wanted)}; {missing[0]!r} is missing")


def _number(name: str, value: object) -> None:
    """What is drawn: a number; None and NaN are not known."""
    if value is not None and not (isinstance(value, float | np.floating) and not np.isfinite(value)):
        validation.real(name, value)


def _mark(axes: "Axes", column: float, row: float, found: Mapping[str, Any]) -> None:
    colour, marker = LOOK[found["label"]]
    axes.plot(column, row, marker=marker, color=colour, markersize=6, linestyle="none")


def _placed(
    runs: Sequence[tuple[float, float, Mapping[str, Any]]], ratios: Sequence[float]
) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """Where each run stands: within a ratio the flipped fraction rises to the right."""
    counts: dict[float, int] = dict.fromkeys(ratios, 0)
    per_ratio = {ratio: sum(run[0] == ratio for run in runs) for ratio in ratios}
    for ratio, _, found in sorted(runs, key=lambda run: run[:2]):
        yield ratios.index(ratio) + 0.8 * ((counts[ratio] + 0.5) / per_ratio[ratio] - 0.5), found
        counts[ratio] += 1


def _exponents(axes: "Axes", runs: Sequence[tuple[float, float, Mapping[str, Any]]], ratios: Sequence[float]) -> None:
    for place, found in _placed(runs, ratios):
        value, low, high = map(_value, found["late"])
        colour, marker = LOOK[found["label"]]
        axes.errorbar(
            place,
            value,
            [[value - low], [high - value]],
            color=colour,
            marker=marker,
            markersize=3.5,
            linewidth=0.9,
        )
    axes.axhline(0, color="black", linewidth=0.8)


def _value(number: float | None) -> float:
    return np.nan if number is None else number


def _order_parameters(
    axes: "Axes", runs: Sequence[tuple[float, float, Mapping[str, Any]]], ratios: Sequence[float]
) -> None:
    for place, found in _placed(runs, ratios):
        colour, marker = LOOK[found["label"]]
        axes.plot(place, _value(found.get("q")), marker=marker, color=colour, markersize=4, linestyle="none")


def spectrum_trace(
    runs: Mapping[str, Mapping[str, Any] | Exponents], *, axes: "Axes | Iterable[Axes] | None" = None
) -> "Figure":
    """Running estimates of the leading exponents, a panel per run: what converges, and to what.

    Args:
        runs: title to what `curldescent.analysis.lyapunov` returned, or to a mapping with "times" (B,), "trace"
            (B, k), "exponents", "low" and "high" (k,).
        axes: to draw into, one a run; a new figure by default.

    Returns:
        The figure; the final 95 % intervals stand at the right of each panel.

    Raises:
        InputError: no runs, or one without one of these entries.

    Source: docs/chaos.md.
    """
    runs = _checked_runs(runs)
    with style.figure_style():
        width = style.PAGE_INCHES if len(runs) > 1 else style.COLUMN_INCHES
        figure, row = panels.many(axes, 1, len(runs), size=(width, 2.6), sharex=True, sharey=True)
        for axis, (title, run) in zip(row[0], runs.items(), strict=True):
            times, trace = np.asarray(run["times"]), np.asarray(run["trace"])
            for i, values in enumerate(trace.T):
                axis.plot(
                    times, values, color=style.CYCLE[i % len(style.CYCLE)], linewidth=1.2, label=rf"$\lambda_{i + 1}$"
                )
                at = times[-1] + (0.02 + 0.025 * i) * (times[-1] - times[0])
                low, high = run["low"][i], run["high"][i]
                axis.plot([at, at], [low, high], color=style.CYCLE[i % len(style.CYCLE)], linewidth=2)
            axis.axhline(0, color="black", linewidth=0.8)
            axis.set(title=labels.mathematical(title[:1].upper() + title[1:]), xlabel="time (total step)")
        row[0, 0].set_ylabel("exponents $\\lambda$\n(per unit of total step)")
        legends.place(row[0, 0], ncols=2)
    return figure
