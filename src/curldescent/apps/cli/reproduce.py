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

    curldescent reproduce all --scale standard --out results/reproduction

    curldescent reproduce report --scale standard

    curldescent reproduce fig3a --scale paper --slurm --jobs 40
"""


def reproduce(
    *figures: Annotated[str, Parameter(help="Figures (fig3a, or fig5 for all its panels), all, or report.")],
    list_figures: Annotated[bool, Parameter(name="--list", negative="", help="Say which figures there are.")] = False,
    scale: Annotated[
        str, Parameter(help="quick, standard, paper: the paper's own grids and epochs, or subset: its deciding cells.")
    ] = ("standard"),
    out: Annotated[Path, Parameter(help="Folder for data, pictures and verdicts.")] = Path("results/reproduction"),
    summary: Annotated[Path | None, Parameter(help="With report: also write Markdown and pictures there.")] = None,
    workers: Annotated[Whole | None, Parameter(help="Processes; default: all cores.")] = None,
    cluster: ClusterOptions | None = None,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON object.")] = False,
) -> None:
    """Run figures of the paper and judge their claims by the numbers.

    Each figure leaves a picture (PNG, PDF) and a verdict (JSON, Markdown) in OUT/SCALE, and its data in OUT/SCALE/data.
    An interrupted run goes on with the same command.
    """
    from curldescent import paper

    interruption.say_on_leaving("what is finished is kept, and the same command goes on")
    if list_figures:
        _print_list(as_json=json)
        return
    if not figures:
        raise InputError("say which figures: a name of curldescent reproduce --list, all, or report")
    asked = [name for name in figures if name.lower() != "report"]
    if summary is not None and len(asked) == len(figures):
        raise InputError("--summary belongs to report: curldescent reproduce report --summary FOLDER")
    verdicts = _run(asked, scale=scale, out=out, workers=workers, cluster=cluster or ClusterOptions(), quiet=json)
    written: Any = []
    if len(asked) < len(figures):
        written = paper.write_reproduction_report(out, scale=scale, summary=summary)  # type: ignore[arg-type]
    if json:
        print_json(
            {"verdicts": [verdict.as_json() for verdict in verdicts], "written": [str(path) for path in written]}
        )
        return
    for path in written[:2] if summary is None else written[:3]:
        print(f"Written: {path}")


def _run(asked: Any, *, scale: str, out: Path, workers: int | None, cluster: ClusterOptions, quiet: bool) -> Any:
    from curldescent.foundation.progress import on_stderr
    from curldescent.paper.runs.registry import matching
    from curldescent.paper.runs.reproduction import Unfinished
    from curldescent.paper.runs.reproduction import reproduce as run

    chosen = {figure.key: figure for name in asked for figure in matching(name)}
    verdicts, impossible = [], {}
    with connection(cluster, workers) as client:
        for figure in chosen.values():
            try:
                verdict = run(figure, out, scale=scale, workers=workers, client=client, progress=on_stderr("sweep"))  # type: ignore[arg-type]
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
            rows = [(claim.statement, finding.said, finding.verdict) for claim, finding in verdict.findings]
            title = f"{figure.title} ({scale} scale, {verdict.seconds:.0f} s; {verdict.picture})"
            if not quiet:
                print_table(("claim", "measured", "verdict"), rows, title=title)
    if impossible:
        reasons = "; ".join(dict.fromkeys(map(str, impossible.values())))
        raise InputError(
            f"done: {len(verdicts)} of {len(chosen)} figures; left out: {', '.join(impossible)}: {reasons}"
        )
    return verdicts


def _print_list(*, as_json: bool) -> None:
    from curldescent import paper

    every = paper.figures()
    if as_json:
        print_json({"figures": [{"figure": f.key, "title": f.title, "origin": f.origin} for f in every]})
    else:
        print_table(("figure", "what", "origin"), [(f.key, f.title, f.origin) for f in every])
