"""What `curldescent train` leaves of a run: the table, the picture and the files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import curldescent as cd
from curldescent.foundation import progress
from curldescent.foundation.errors import InputError
from curldescent.foundation.writing import finish_moves, for_netcdf, replacing, results_folder, unused_sibling
from curldescent.plots.learning_curves import learning_curves
from curldescent.plots.report import Section, earlier_files, read_numbers, write_report
from curldescent.plots.style import failure_to_draw

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.learning.experiment_file import ExperimentFile

_NAME = "learning_curves"
_HISTORY = "history.nc"


def write_results(
    experiment: "ExperimentFile",
    folder: Path,
    *,
    title: str,
    stopping: Callable[[], bool] | None = None,
    show: Callable[[Section], object] | None = None,
) -> tuple[Section, Path]:
    """Train what a file describes and write figures, report, numbers and the history.

    The files of an earlier run in the folder are replaced, all at once and when everything is written. A run that is
    stopped writes what it has recorded; it never replaces the files of one that was not, but goes to a folder beside.

    Args:
        experiment: problem, rules and training arguments.
        folder: where results go.
        title: of the report.
        stopping: as `curldescent.train` takes it.
        show: given the section before anything is written, so that a disk that is full costs no numbers.

    Returns:
        The report's one section, and the folder that was written to.

    Raises:
        InputError: an argument that `curldescent.train` refuses, or a run that was stopped before it recorded anything.
        OSError: the files cannot be written; earlier ones are as they were.
    """
    import matplotlib as mpl

    mpl.use("agg")
    results_folder(folder)
    history = cd.train(
        experiment.problem,
        experiment.rules,
        **experiment.training,
        progress=progress.on_stderr(f"training, {', '.join(experiment.rules)}"),
        stopping=stopping,
    )
    finish_moves(folder)
    if "interrupted_at" in history.attrs and _finished(folder):
        folder = unused_sibling(folder, "interrupted")
    if "interrupted_at" in history.attrs:
        title = f"{title}, stopped after {history.attrs['interrupted_at']} of {history.attrs['epochs']} epochs"
    section = summary(experiment.problem, history, title=title, rules=experiment.rules)
    if show is not None:
        show(section)
    data = experiment.problem.data
    described = repr(experiment.problem) + ("" if data is None else f", {data}")
    earlier = earlier_files(folder) & {"numbers.json", "report.html", f"{_NAME}.png", f"{_NAME}.pdf"}
    earlier |= {_HISTORY} if f"{_NAME}.png" in earlier else set()
    with replacing(folder, earlier=earlier) as draft:
        for_netcdf(history).to_netcdf(draft / _HISTORY, engine="scipy", format="NETCDF3_64BIT")
        write_report(draft, title=f"curldescent: {title}", introduction=described, sections=[section])
    return section, folder


def _finished(folder: Path) -> bool:
    """Whether a folder holds the results of a run that was not stopped."""
    settings = read_numbers(folder).get(_NAME, {}).get("settings")
    return settings is not None and "interrupted_at" not in settings


def summary(
    problem: "cd.Problem", history: "xr.Dataset", *, title: str, rules: "Mapping[str, cd.Plasticity] | None" = None
) -> Section:
    """The section of a report that a history makes: curves, and one row of numbers per rule.

    Args:
        problem: what was trained.
        history: with a rule axis.
        title: heading.
        rules: by name, to say what each comes to in the problem's students.

    Returns:
        The section.

    Raises:
        InputError: nothing was recorded.
    """
    if not history.sizes["epoch"]:
        raise InputError("the run was stopped before the first epoch that it records; nothing is written")
    realised = {name: rule.realised(problem.student.sizes) for name, rule in (rules or {}).items()}
    found = cd.scores(problem, history)
    classes, tested = "accuracy" in found, found.attrs["samples"] == "test"
    columns = ["rule", *(["plasticity"] if realised else []), "median training error", "median test error", "diverged"]
    readable = _readable(problem, found)
    columns += [name for name, _, _ in readable]
    rows, numbers = [], {}
    for rule in history.rule.values.tolist():
        one, its = history.sel(rule=rule), found.sel(rule=rule)
        final = {name: one[name][:, -1] for name in ("train_error", "test_error") if name in one}
        diverged = int(one.diverged.sum())
        when = f" (from epoch {int(one.diverged_at.where(one.diverged).min())})" if diverged else ""
        rows.append(
            [
                rule,
                *([str(realised[rule])] if realised else []),
                f"{float(final['train_error'].median()):.3e}",
                f"{float(final['test_error'].median()):.3e}" if "test_error" in final else "–",
                f"{diverged} of {one.sizes['trial']}{when}",
                *(tell(its) for _, tell, _ in readable),
            ]
        )
        numbers[rule] = {
            **{f"final_{name}": values.values for name, values in final.items()},
            "diverged_at": one.diverged_at.values,
            "stopped_at": one.stopped_at.values,
            **({"realised": realised[rule].as_json()} if realised else {}),
            **{
                f"{found.attrs['samples']}_{name}": its[name].values
                for name in ("accuracy", "rmse", "r2")
                if name in its
            },
        }
    baseline = {found.attrs["samples"]: found, "train": cd.scores(problem, history, samples="train")}
    errors: dict[str, Any] = {f"{name}_error": float(one.baseline_error.mean()) for name, one in baseline.items()}
    rows.append(
        [
            "commonest class" if classes else "mean of the targets",
            *(["nothing is learned"] if realised else []),
            f"{errors['train_error']:.3e}",
            f"{errors['test_error']:.3e}" if tested else "–",
            "–",
            *(tell(found) for _, _, tell in readable),
        ]
    )
    names = ("baseline_accuracy",) if classes else ("baseline_rmse",)
    errors |= {f"{found.attrs['samples']}_{name.removeprefix('baseline_')}": found[name].values for name in names}
    text = "Thin lines are trials, the bold line their median."
    if "interrupted_at" in history.attrs:
        text = f"Interrupted after {history.attrs['interrupted_at']} of {history.attrs['epochs']} epochs. {text}"
    figure = None
    try:
        figure = learning_curves(history)
    except Exception as fault:
        text = failure_to_draw(_NAME, fault)
    return Section(
        name=_NAME,
        title=title,
        text=text,
        columns=columns,
        rows=rows,
        numbers={
            "settings": dict(history.attrs),
            "rules": numbers,
            "baseline": errors,
            **({} if problem.data is None else {"data": problem.data.as_json()}),
        },
        figure=figure,
    )


def _readable(
    problem: "cd.Problem", found: "xr.Dataset"
) -> "list[tuple[str, Callable[[xr.Dataset], str], Callable[[xr.Dataset], str]]]":
    """Columns of scores that need no knowledge of the loss: heading, a rule's entry, the baseline's entry."""
    which = found.attrs["samples"] if found.attrs["samples"] == "test" else "training"
    if "accuracy" in found:

        def percent(value: "xr.DataArray") -> str:
            return f"{100 * float(value.mean()):.1f} %"

        return [
            (f"mean {which} accuracy", lambda its: percent(its.accuracy), lambda all_: percent(all_.baseline_accuracy))
        ]

    def digits(value: "xr.DataArray") -> str:
        return f"{float(value):.3g}"

    several = " (mean of targets)" if found.sizes["target"] > 1 else ""
    out: list = [
        (
            f"median {which} R²{several}",
            lambda its: digits(its.r2.mean("target").median()),
            lambda _: "–",
        )
    ]
    # Of one target: errors in the units of several are no number that means anything.
    if not several:
        of = "" if problem.data is None else f" of {problem.data.targets[0]}"
        out.append(
            (
                f"median {which} RMSE{of}",
                lambda its: digits(its.rmse.median()),
                lambda all_: digits(all_.baseline_rmse.mean()),
            )
        )
    return out
