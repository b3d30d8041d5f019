"""`curldescent reproduce`: the paper's figures, what goes beyond them, and the controls, one command each."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from curldescent.apps.cli.arguments import Whole
from curldescent.apps.cli.cluster import ClusterOptions, connection
from curldescent.apps.cli.output import print_json, print_table, say
from curldescent.foundation import interruption
from curldescent.foundation.errors import InputError

EXAMPLES = """Examples:

    curldescent reproduce --list

    curldescent reproduce fig3a --scale quick

    curldescent reproduce plan fig5 --scale paper

    curldescent reproduce all --scale standard --out results/reproduction

    curldescent reproduce report --summary docs/reproduction

    curldescent reproduce fig4 --scale paper --kept docs/reproduction/data

    curldescent reproduce fig3a --scale paper --slurm --jobs 40
"""


def reproduce(
    *figures: Annotated[
        str, Parameter(help="Figures (fig3a, or fig5 for all its panels), all; plan, report, or keep.")
    ],
    list_figures: Annotated[bool, Parameter(name="--list", negative="", help="Say which figures there are.")] = False,
    scale: Annotated[
        str | None,
        Parameter(
            help="quick, standard (default), paper: the paper's own grids and epochs, or subset: its cells that decide "
            "the claims. Report and keep take the highest there is."
        ),
    ] = None,
    out: Annotated[Path, Parameter(help="Folder for data, pictures and verdicts.")] = Path("results/reproduction"),
    summary: Annotated[Path | None, Parameter(help="With report: also write Markdown and pictures there.")] = None,
    kept: Annotated[Path | None, Parameter(help="Folder of kept results: taken in place of computing them.")] = None,
    unfinished: Annotated[
        bool, Parameter(negative="", help="With keep: also what unfinished experiments have computed so far.")
    ] = False,
    workers: Annotated[Whole | None, Parameter(help="Processes; default: all cores.")] = None,
    cluster: ClusterOptions | None = None,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON object.")] = False,
) -> None:
    """Run figures of the paper and judge their claims by the numbers.

    Each figure leaves a picture (PNG, PDF) and a verdict (JSON, Markdown) in OUT/SCALE, and its data in OUT/SCALE/data.
    An interrupted run goes on with the same command.
    """
    from curldescent import paper
    from curldescent.foundation.progress import on_stderr

    interruption.say_on_leaving("what is finished is kept, and the same command goes on")
    if list_figures:
        _print_list(as_json=json)
        return
    if not figures:
        raise InputError("say which figures: a name of curldescent reproduce --list, all, or report")
    words = [name.lower() for name in figures]
    asked = [name for name in figures if name.lower() not in ("plan", "report", "keep")]
    if "plan" in words:
        if {"report", "keep"} & set(words) or summary is not None or kept is not None:
            raise InputError("plan runs nothing: ask for report, keep, --summary or --kept without it")
        _print_costs(asked, scale="paper" if scale is None else scale, as_json=json)
        return
    if summary is not None and "report" not in words:
        raise InputError("--summary belongs to report: curldescent reproduce report --summary FOLDER")
    if unfinished and "keep" not in words:
        raise InputError("--unfinished belongs to keep: curldescent reproduce keep --unfinished --kept FOLDER")
    options: dict[str, Any] = {"workers": workers, "cluster": cluster or ClusterOptions(), "quiet": json, "kept": kept}
    if "keep" in words and kept is not None and not kept.exists():
        # To be made of what is computed now.
        options["kept"] = None
    verdicts = _run(asked, scale="standard" if scale is None else scale, out=out, **options)
    written: Any = []
    if "keep" in words:
        if kept is None:
            raise InputError("keep needs a folder: curldescent reproduce keep --kept FOLDER")
        written += paper.keep_results(out, kept, scale=scale, unfinished=unfinished)  # type: ignore[arg-type]
    if "report" in words:
        progress = on_stderr("report")
        written += paper.write_reproduction_report(out, scale=scale, summary=summary, progress=progress)  # type: ignore[arg-type]
    if json:
        found = [verdict.as_json() for verdict in verdicts]
        print_json("reproduce", {"verdicts": found, "written": [str(path) for path in written]})
        return
    for path in written if "report" not in words else written[: 2 if summary is None else 3]:
        print(f"Written: {path}")


def _run(
    asked: Any,
    *,
    scale: str,
    out: Path,
    workers: int | None,
    cluster: ClusterOptions,
    quiet: bool,
    kept: Path | None,
) -> Any:
    import matplotlib as mpl

    from curldescent.foundation.progress import on_stderr
    from curldescent.paper.runs.registry import matching
    from curldescent.paper.runs.reproduction import Unfinished
    from curldescent.paper.runs.reproduction import reproduce as run
    from curldescent.paper.runs.verdict import STATISTICS

    # Pictures go to files: no window system is needed or touched.
    mpl.use("agg")
    chosen = {figure.key: figure for name in asked for figure in matching(name)}
    verdicts, impossible = [], {}
    with connection(cluster, workers) as client:
        for figure in chosen.values():
            try:
                progress = on_stderr("sweep")
                verdict = run(figure, out, scale=scale, workers=workers, client=client, progress=progress, kept=kept)  # type: ignore[arg-type]
            except Unfinished as fault:
                say(str(fault))
                sys.exit(1 if fault.signal is None else interruption.exit_code(fault.signal))
            except InputError as fault:
                # What one figure lacks must not cost the others; what one alone lacks is the command's answer.
                if len(chosen) == 1:
                    raise
                impossible[figure.key] = fault
                say(f"{figure.key} is left out: {fault}")
                continue
            verdicts.append(verdict)
            rows = [
                (claim.statement, STATISTICS[claim.statistic], finding.said, corrected)
                for (claim, finding), corrected in zip(verdict.findings, verdict.verdicts, strict=True)
            ]
            title = f"{figure.title} ({scale} scale, {verdict.seconds:.0f} s)"
            if not quiet:
                print_table(("claim", "statistic", "measured", "verdict"), rows, title=title)
                page = verdict.picture.with_suffix(".md")
                print(f"Criteria, their dates and the authors' values: {page}; picture: {verdict.picture}")
    if verdicts and not quiet:
        print(
            "Verdicts are among the tests of one figure; curldescent reproduce report corrects for all of its figures'."
        )
    if impossible:
        reasons = "; ".join(dict.fromkeys(map(str, impossible.values())))
        raise InputError(
            f"done: {len(verdicts)} of {len(chosen)} figures; left out: {', '.join(impossible)}: {reasons}"
        )
    return verdicts


def _print_costs(asked: Any, *, scale: str, as_json: bool) -> None:
    from curldescent.foundation.progress import duration, on_stderr
    from curldescent.paper.runs.costs import costs
    from curldescent.paper.runs.registry import matching

    chosen = {figure.key: figure for name in asked or ["all"] for figure in matching(name)}
    found = costs(list(chosen.values()), scale, progress=on_stderr("plan"))  # type: ignore[arg-type]
    if as_json:
        print_json("reproduce", {"scale": scale, "experiments": [vars(cost) for cost in found]})
        return
    rows = [
        (
            cost.figure,
            cost.experiment,
            f"{cost.cells} × {cost.trials}" if cost.cells else "no sweep",
            f"{cost.updates:.2g}" if cost.cells else "",
            "not known" if cost.hours is None else ("≤ " if cost.upper_bound else "") + duration(3600 * cost.hours),
        )
        for cost in found
    ]
    print_table(("figure", "experiment", "cells × trials", "updates", "one core"), rows, title=f"{scale} scale")
    if any(cost.cells for cost in found):
        total = sum(cost.hours or 0.0 for cost in found)
        print(f"All sweeps: at most {total:.0f} hours of one core of this machine; many trials stop long before.")
    if any(cost.hours is None for cost in found):
        print("Where it is not known beforehand: minutes in most cases, hours in some.")


def _print_list(*, as_json: bool) -> None:
    from curldescent import paper

    every = paper.figures()
    if as_json:
        listed = [{"figure": f.key, "title": f.title, "origin": f.origin} for f in every]
        print_json("reproduce", {"figures": listed})
    else:
        print_table(("figure", "what", "origin"), [(f.key, f.title, f.origin) for f in every])
