"""A training run on paper: the table, the picture and the files that `curldescent train` leaves."""

from pathlib import Path
from typing import TYPE_CHECKING

import curldescent as cd
from curldescent import progress
from curldescent.errors import InputError
from curldescent.plots.learning_curves import learning_curves
from curldescent.report import Section, write_report

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.experiment_file import ExperimentFile


def write_results(experiment: "ExperimentFile", folder: Path, *, title: str) -> Section:
    """Train what a file describes and write figures, report, numbers and the history.

    Args:
        experiment: problem, rules and training arguments.
        folder: where results go.
        title: of the report.

    Returns:
        The report's one section.

    Raises:
        InputError: an argument that `curldescent.train` refuses.
    """
    import matplotlib as mpl

    mpl.use("agg")
    history = cd.train(
        experiment.problem,
        experiment.rules,
        **experiment.training,
        progress=progress.on_stderr(f"training, {', '.join(experiment.rules)}"),
    )
    history.to_netcdf(folder / "history.nc", engine="scipy")
    section = summary(experiment.problem, history, title=title)
    data = experiment.problem.data
    described = repr(experiment.problem) + ("" if data is None else f", {data}")
    write_report(folder, title=f"curldescent: {title}", introduction=described, sections=[section])
    return section


def summary(problem: "cd.Problem", history: "xr.Dataset", *, title: str) -> Section:
    """The section of a report that a history makes: curves, and one row of numbers per rule.

    Args:
        problem: what was trained.
        history: with a rule axis.
        title: heading.

    Returns:
        The section.
    """
    try:
        right = cd.accuracy(problem, history)
    except InputError:
        right = None  # not a classification problem
    columns = ["rule", "median training error", "median test error", "diverged"]
    if right is not None:
        columns.append("mean test accuracy")
    rows, numbers = [], {}
    for rule in history.rule.values.tolist():
        one = history.sel(rule=rule)
        final = {name: one[name][:, -1] for name in ("train_error", "test_error") if name in one}
        diverged = int(one.diverged.sum())
        when = f" (from epoch {int(one.diverged_at.where(one.diverged).min())})" if diverged else ""
        row = [
            rule,
            f"{float(final['train_error'].median()):.3e}",
            f"{float(final['test_error'].median()):.3e}" if "test_error" in final else "–",
            f"{diverged} of {one.sizes['trial']}{when}",
        ]
        numbers[rule] = {
            **{f"final_{name}": values.values for name, values in final.items()},
            "diverged_at": one.diverged_at.values,
            "stopped_at": one.stopped_at.values,
        }
        if right is not None:
            row.append(f"{100 * float(right.sel(rule=rule).mean()):.1f} %")
            numbers[rule]["test_accuracy"] = right.sel(rule=rule).values
        rows.append(row)
    return Section(
        name="learning_curves",
        title=title,
        text="Thin lines are trials, the bold line their median.",
        columns=columns,
        rows=rows,
        numbers={"settings": dict(history.attrs), "rules": numbers},
        figure=learning_curves(history),
    )
