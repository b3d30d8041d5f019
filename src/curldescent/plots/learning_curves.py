"""Error against epochs: every trial thin, their median bold."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.plots import labels as names_of
from curldescent.plots import legends, panels, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


ERRORS = ("train_error", "test_error")
# What errors are recorded over: by `train`, by `flow`.
_ALONG = {"epoch": "epoch", "time": r"time (total step)"}


def _along(error: "xr.DataArray") -> str:
    return next(name for name in _ALONG if name in error.dims)


def draw_curves(axes: "Axes", error: "xr.DataArray", *, colour: str, label: str | None = None) -> None:
    """Draw one rule's curves.

    Args:
        axes: where to.
        error: (trial, epoch), or (trial, time) of a flow; epoch 0 and time 0 have no place on a logarithmic axis and
            are left out, unless there is no other. Where there is nothing to draw, or nothing that a logarithmic axis
            has a place for, the panel says so.
        colour: of lines.
        label: of the median in the legend.
    """
    along = _along(error)
    shown = error.sel({along: error[along] > 0})
    if not shown.sizes[along]:
        shown = error
    # What overflowed has no place on any axis; a single point is no line.
    shown = shown.where(np.isfinite(shown))
    marker = "o" if shown.sizes[along] == 1 else None
    thin: dict[str, Any] = {"color": colour, "alpha": 0.25, "linewidth": 0.6, "marker": marker, "markersize": 3}
    if shown.sizes["trial"]:
        axes.plot(shown[along], shown.transpose(along, "trial"), **thin)
    # The median of what has not diverged; where most trials have, there is no typical curve to show.
    seen = shown.notnull()
    with np.errstate(over="ignore", invalid="ignore"):
        typical = shown.where(seen.any("trial"), 1.0).median("trial").where(seen.mean("trial") >= 0.5)
    axes.plot(shown[along], typical, color=colour, linewidth=1.8, marker=marker, label=label)
    style.logarithmic(axes)
    axes.set(xlabel=_ALONG[along])


def _drawable(history: object) -> "xr.Dataset":
    """The errors of a history, with an axis of trials."""
    import xarray as xr

    what = "a history (what cd.train returned) or a sweep's dataset with error curves"
    given = validation.instance("history", history, xr.Dataset, what)
    kept = given[[name for name in ERRORS if name in given and set(_ALONG) & set(given[name].dims)]]
    if not kept:
        raise InputError(
            "history must hold train_error or test_error over epochs or time, as what cd.train or cd.flow returned "
            "does; a sweep keeps them where its [keep] says error_curves = true; got "
            f"{validation.listed(given.data_vars, 6) or 'none'}"
        )
    for name, error in kept.items():
        if others := [str(dim) for dim in error.dims if dim not in ("rule", "trial", _along(error))]:
            chosen = ", ".join(f"{dim}=…" for dim in others)
            raise InputError(
                f"learning_curves draws errors over rules, trials and epochs, and {name} also has "
                f"{validation.listed(others)}: select one value of each first, with history.sel({chosen})"
            )
        if _along(error) not in error.coords or error.dtype.kind not in "biuf":
            raise InputError(f"{name} must hold numbers over epochs or time, with these as a coordinate")
    # A single trial that was selected is drawn as a run of one.
    return kept.map(lambda error: error if "trial" in error.dims else error.expand_dims("trial"))


def learning_curves(
    history: "xr.Dataset", *, labels: Mapping[str, str] | None = None, axes: "Axes | Iterable[Axes] | None" = None
) -> "Figure":
    """Training and test error of every rule in a history.

    Args:
        history: what `curldescent.train` or `curldescent.flow` returned, with or without axes of rules and trials; or
            the dataset of a sweep that kept its error curves, with one value selected of every other axis.
        labels: legend texts by rule name; the names themselves by default.
        axes: to draw into, as many as the history has of training and test error; a new figure by default.

    Returns:
        The figure: one panel per error, one colour per rule.

    Raises:
        InputError: no history, none of these errors, dimensions of which a value has to be selected first, or another
            number of axes.

    Example:
        >>> import curldescent as cd
        >>> from curldescent.plots.learning_curves import learning_curves
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=20, trials=2)
        >>> history = cd.train(problem, {"GD": cd.Plasticity(), "CD": cd.Plasticity(hidden=0.5)}, epochs=20)
        >>> figure = learning_curves(history)
    """
    history = _drawable(history)
    if labels is not None:
        validation.mapping("labels", labels, "a mapping from rule names to legend texts")
    rules = history.rule.values.tolist() if "rule" in history.dims else [None]
    names = [name for name in ERRORS if name in history]
    with style.figure_style():
        width = style.PAGE_INCHES if len(names) > 1 else style.COLUMN_INCHES
        figure, row = panels.many(axes, 1, len(names), size=(width, 2.6), sharey=True)
        for panel, name in zip(row[0], names, strict=True):
            for index, rule in enumerate(rules):
                error = history[name] if rule is None else history[name].sel(rule=rule)
                label = None if rule is None else str((labels or {}).get(rule, rule))
                draw_curves(panel, error, colour=style.CYCLE[index % len(style.CYCLE)], label=label)
            panel.set_title("Training error" if name == "train_error" else "Test error")
        # What a history says of its errors: those of another loss are no squared errors.
        said = str(history[names[0]].attrs.get("long_name", "error"))
        row[0, 0].set_ylabel(names_of.mathematical(said.removeprefix("training ").removeprefix("test ")))
        if rules != [None]:
            legends.place(row[0, 0])
    return figure
