"""The report's pages for the repository: the front, with the tally and what is open, and a page a theme."""

from collections import Counter
from typing import Any

from curldescent.paper.machinery.claims import Experiments
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.runs.costs import costs
from curldescent.paper.runs.kept import axes_of
from curldescent.paper.runs.registry import figures
from curldescent.paper.runs.themes import Theme
from curldescent.paper.runs.verdict import STATISTICS, measured, row, verdict_of
from curldescent.sweeps import Sweep

TITLE, WRITTEN = "# Reproduction\n\n", "Written by `curldescent reproduce report`"
ABOUT = (
    "Is it so? Every claim of the paper, of what goes beyond it and of the controls of its speed-up, with its verdict "
    "and how that was decided. "
)
PICTURE = "verdicts.png"


def front(groups: list[tuple[Theme, list[dict[str, Any]]]], missing: list[str], facts: dict[str, str]) -> list[str]:
    """Lines of the page that has the tally: of the figures by theme, those that were not run, and facts of the runs."""
    found = [content for _, chosen in groups for content in chosen]
    tally = ", ".join(f"{count} {verdict}" for verdict, count in tally_of(found).items())
    lines = [
        f"{TITLE}{ABOUT}{WRITTEN} from the runs of `curldescent reproduce`: {tally}.",
        "",
        f"![Verdicts by theme]({PICTURE})",
        "",
        "A claim is *confirmed* or *refuted* where what was measured, with its 95 % interval or its test, lies wholly "
        "in a region that its criterion names, and *undecided* in between; that something is equal is told by two "
        "one-sided tests. Intervals of means and ratios are over input sets where there are at least three, over "
        "students otherwise: each says which. Those of shares (Clopper–Pearson) count cells as independent draws, and "
        "trials of a cell, which share its setting and mostly its inputs, as the fewer that this makes them "
        "(Korn–Graubard); they are not "
        "corrected. Verdicts read off a test, or off the "
        "interval of a mean, a difference or a ratio, are corrected for the number of tests in the whole report "
        f"(Holm), which asks for much: {_alone(found)}. Where the paper's own statistic differs from ours, both are "
        "claims.",
        "",
        "In brackets behind a verdict, only where they differ from it: what the tests of its own figure alone would "
        "say, and what it would have been had the runs ended at 1000 or 10 000 epochs. *p among so many tests*: among "
        "all verdicts of the report that are corrected. " + _changed(found),
        "",
        "| question | claims | figures |",
        "|---|---|---|",
    ]
    for theme, chosen in groups:
        links = ", ".join(f"[{content['figure']}]({content['figure']}.md)" for content in chosen)
        counts = ", ".join(f"{count} {verdict}" for verdict, count in tally_of(chosen).items())
        lines.append(row(f"[{theme.title}]({theme.key}.md)", counts, links))
    lines += ["", "## At which scale", ""]
    for scale, words in _SCALES.items():
        keys = [content["figure"] for content in found if content["scale"] == scale]
        if keys:
            lines.append(f"- {words}: {', '.join(keys)}.")
    if missing:
        lines.append(f"- Not run: {', '.join(missing)}.")
    return [
        *lines,
        *_open(found),
        "",
        "## How it was run",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
    ]


def _alone(found: list[dict[str, Any]]) -> str:
    """The tally that every figure's own tests would make."""
    counts = Counter(claim["verdict"] for content in found for claim in content["claims"])
    tally = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("confirmed", "refuted", "undecided"))
    return f"with the tests of its own figure alone, a claim at a time, it would be {tally}"


def _changed(found: list[dict[str, Any]]) -> str:
    """How many criteria are not what they were when they were first fixed."""
    criteria = [claim["criterion"] for content in found for claim in content["claims"]]
    changed = sum("Changed " in criterion for criterion in criteria)
    return (
        f"Of the {len(criteria)} criteria {changed} were changed after something had been seen, runs at a smaller "
        "scale for the most part: each says when and why on its figure's page."
    )


_SCALES = {
    "paper": "The paper's own grids, epochs, trials and samples, and what goes beyond it at its full size",
    "subset": "The paper's protocol on some cells of its grids, chosen by its claims",
    "standard": "Shorter runs or coarser grids, said on each page",
    "quick": "Quick runs, said on each page",
}


def _open(found: list[dict[str, Any]]) -> list[str]:
    """What is undecided: with what the paper's scale would take, and where there is no larger run."""
    known = {figure.key: figure for figure in figures()}
    larger, whole = [], []
    for content in found:
        claims = content["claims"]
        left = [claim for claim in claims if claim["report_verdict"] not in ("confirmed", "refuted")]
        if not left or content["figure"] not in known:
            continue
        figure = known[content["figure"]]
        tests = sum(claim["verdict"] in ("confirmed", "refuted") for claim in left)
        counts = (content["figure"], f"{len(left)} of {len(claims)}", str(tests or ""))
        if content["scale"] != "paper" and not _same(figure.at(content["scale"]), figure.at("paper")):
            here, theirs = figure.at(content["scale"]), figure.at("paper")
            more = {n for n, one in theirs.items() if n not in here or _identity(here[n]) != _identity(one)}
            each = [c for c in costs([figure], "paper", calibrate=False) if c.cells and c.experiment in more]
            size = ", ".join(f"{cost.cells} × {cost.trials}" for cost in each) or "computations"
            updates = f"{sum(cost.updates for cost in each):.1e}" if each else ""
            larger.append(row(*counts, content["scale"], size, updates))
        else:
            whole.append(row(*counts))
    lines = ["", "## What is open"] if larger or whole else []
    if larger:
        lines += [
            "",
            "Figures with more to run. Cells × trials of each sweep at the paper's own scale, and weight updates if no "
            "trial ended early; `curldescent reproduce plan FIGURE --scale paper` times them on a machine "
            "([hours of one](../performance.md#the-papers-own-scale)). Computations are not timed beforehand. What is "
            "undecided for the number of tests in "
            "the report is confirmed or refuted among the tests of its own figure.",
            "",
            "| figure | undecided claims | for the number of tests | run at | cells × trials | updates, at most |",
            "|---|---|---|---|---|---|",
            *larger,
        ]
    if whole:
        lines += [
            "",
            "Figures run whole, the paper's at its own scale: what is left is for the data, or the criterion, to leave "
            "open.",
            "",
            "| figure | undecided claims | for the number of tests |",
            "|---|---|---|",
            *whole,
        ]
    return lines


def _same(some: Experiments, others: Experiments) -> bool:
    """Whether two scales of a figure compute the same."""
    return {name: _identity(one) for name, one in some.items()} == {
        name: _identity(one) for name, one in others.items()
    }


def _identity(experiment: Sweep | Computation) -> tuple[str, str]:
    if isinstance(experiment, Computation):
        return experiment.fingerprint, ""
    return experiment.settings.fingerprint, axes_of(experiment)


def theme_page(theme: Theme, chosen: list[dict[str, Any]]) -> list[str]:
    """Lines of a theme's page: a row a claim."""
    lines = [
        f"# {theme.title}",
        "",
        "Part of the [reproduction](README.md), which says what the verdicts mean.",
        "",
        "| figure | claim | statistic | measured | verdict | scale |",
        "|---|---|---|---|---|---|",
    ]
    for content in chosen:
        for claim in content["claims"]:
            key = f"[{content['figure']}]({content['figure']}.md)"
            words = (STATISTICS[claim["statistic"]], measured(claim), verdict_of(claim), content["scale"])
            lines.append(row(key, claim["statement"], *words))
    return lines


def tally_of(found: list[dict[str, Any]]) -> dict[str, int]:
    """Verdict of the report → how many claims have it."""
    counts = Counter(claim["report_verdict"] for content in found for claim in content["claims"])
    order = ("confirmed", "refuted", "undecided")
    return {verdict: counts[verdict] for verdict in (*order, *(v for v in counts if v not in order)) if counts[verdict]}
