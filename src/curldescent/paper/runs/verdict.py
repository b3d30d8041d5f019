"""What a reproduced figure came to: claims with findings, as JSON and as Markdown."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curldescent.foundation.errors import InputError
from curldescent.paper.machinery import families
from curldescent.paper.machinery.claims import DIVIDED, SCALES, Claim, Figure, Finding, Scale
from curldescent.paper.machinery.wording import spaced
from curldescent.plots.report import environment, jsonable

# Where a report leaves the verdicts of its figures, for the next one.
VERDICTS_FOLDER = "verdicts"
STATISTICS = {"paper": "the paper's", "ours": "ours"}
PART = (
    "The paper's values are of its whole grid, ours of the cells of this scale. A mean over fewer fractions, or a "
    "share of fewer cells, can differ for that alone."
)


@dataclass(frozen=True)
class Verdict:
    """A figure's claims and what was found.

    Args:
        figure: which.
        scale: it was run at.
        changes: what the scale changes against the paper's.
        findings: pairs of a claim and its finding, in order.
        earlier: epochs → what every claim would have been found at, had the runs ended there.
        published: values of the authors' runs and ours, as `claims.Published.row` gives them.
        seconds: what computing took, all runs together.
        picture: the PNG.
    """

    figure: Figure
    scale: Scale
    changes: tuple[str, ...]
    findings: tuple[tuple[Claim, Finding], ...]
    seconds: float
    picture: Path
    earlier: Mapping[int, tuple[Finding, ...]] = field(default_factory=dict)
    published: tuple[Mapping[str, Any], ...] = ()

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdict of every claim, corrected for the number of tests of the figure."""
        return tuple(found.verdict for found in families.of_figure([finding for _, finding in self.findings]))

    def as_json(self) -> dict[str, Any]:
        """Plain data; what the report reads."""
        family = families.of_figure([finding for _, finding in self.findings])
        before = {f"{epochs}": families.of_figure(earlier) for epochs, earlier in self.earlier.items()}
        return {
            "figure": self.figure.key,
            "title": self.figure.title,
            "about": self.figure.about,
            "origin": self.figure.origin,
            "scale": self.scale,
            "changes": list(self.changes),
            "departures": list(self.figure.departures),
            "seconds": round(self.seconds, 1),
            "environment": environment(),
            "published": [dict(row) for row in self.published],
            "claims": [
                {
                    "name": claim.name,
                    "statement": claim.statement,
                    "statistic": claim.statistic,
                    "criterion": claim.said,
                    "verdict": corrected.verdict,
                    "corrected": corrected.said,
                    "holds": finding.holds,
                    "p_value": finding.p_value,
                    "earlier": {epochs: found[number].verdict for epochs, found in before.items()},
                    "said": finding.said,
                    "numbers": jsonable(finding.numbers),
                }
                for number, ((claim, finding), corrected) in enumerate(zip(self.findings, family, strict=True))
            ],
        }


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Write ``<key>.json`` and ``<key>.md`` beside the picture."""
    content = verdict.as_json()
    _json_path(folder, verdict.figure.key).write_text(
        json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / f"{verdict.figure.key}.md").write_text(markdown(content, picture=verdict.picture.name), encoding="utf-8")


def read_verdict(folder: Path, key: str) -> dict[str, Any] | None:
    """Read a figure's JSON.

    Args:
        folder: of a scale.
        key: of the figure.

    Returns:
        Its content, or None where the figure was not run.

    Raises:
        InputError: a file that is not one of ours.
    """
    path = _json_path(folder, key)
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        sound = _is_sound(content, key)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise InputError(f"{str(path)!r} is not the verdict of {key}; delete it and run the figure again")
    return dict(content)


def _is_sound(content: Any, key: str) -> bool:
    """Whether a file's content has what the report reads, each of its kind; KeyError or TypeError say no, too."""
    seconds = content["seconds"]
    return (
        content["figure"] == key
        and content["scale"] in SCALES
        and _texts(content[name] for name in ("title", "about", "origin"))
        and all(isinstance(content[name], list) and _texts(content[name]) for name in ("changes", "departures"))
        and _number(seconds, 0, math.inf)
        and all(_texts((name, value)) for name, value in content["environment"].items())
        and isinstance(content["claims"], list)
        and all(_is_claim(claim) for claim in content["claims"])
        and all(
            _texts((row["name"], row["paper"], row["ours"] or "", row["difference"] or ""))
            for row in content["published"]
        )
    )


def _is_claim(claim: Any) -> bool:
    return (
        _texts(claim[name] for name in ("name", "statement", "criterion", "said", "corrected", "verdict"))
        and claim["statistic"] in STATISTICS
        and (claim["holds"] is None or isinstance(claim["holds"], bool))
        and (claim["p_value"] is None or _number(claim["p_value"], 0, 1))
        and all(epochs.isdecimal() and _texts((verdict,)) for epochs, verdict in claim["earlier"].items())
    )


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high and value != math.inf


def is_verdict(folder: Path, key: str) -> bool:
    """Whether a folder holds the verdict of a figure: its files are then ours to replace."""
    try:
        return read_verdict(folder, key) is not None
    except InputError:
        return False


def spent(folder: Path, key: str, seconds: float) -> float:
    """Seconds that computing a figure took so far, those of earlier runs included."""
    before = read_verdict(folder, key)
    return seconds + (float(before["seconds"]) if before else 0.0)


def markdown(content: Mapping[str, Any], *, picture: str, level: int = 1) -> str:
    """A figure's verdict as Markdown.

    Args:
        content: of `Verdict.as_json`.
        picture: path of the PNG, from the page.
        level: of the heading.

    Returns:
        The text.
    """
    lines = [f"{'#' * level} {content['title']}", "", content["about"], "", f"![{content['title']}]({picture})", ""]
    if content["changes"]:
        lines += [f"Scale {content['scale']}: {'; '.join(content['changes'])}.", ""]
    if content["departures"]:
        lines += [f"Differs from the paper: {' '.join(content['departures'])}", ""]
    lines += ["| claim | statistic | measured | verdict |", "|---|---|---|---|"]
    for claim in content["claims"]:
        lines.append(row(claim["statement"], STATISTICS[claim["statistic"]], measured(claim), verdict_of(claim)))
    if content["published"]:
        if content["changes"]:
            lines += ["", PART]
        if any(value["difference"] for value in content["published"]):
            lines += ["", DIVIDED]
        lines += ["", "| value | paper | ours | difference in standard errors |", "|---|---|---|---|"]
        for value in content["published"]:
            lines.append(
                row(value["name"], value["paper"], value["ours"] or "none at this scale", value["difference"] or "–")
            )
    lines += ["", f"{'#' * (level + 1)} Criteria", ""]
    lines += [f"- **{claim['statement']}** {claim['criterion']}" for claim in content["claims"]]
    return "\n".join(lines) + "\n"


def row(*cells: str) -> str:
    """A row of a table in Markdown."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def measured(claim: Mapping[str, Any]) -> str:
    """What was measured, with the p-value among all tests of the report, or of the figure where there is no report."""
    corrected = claim.get("report_corrected", claim["corrected"])
    return f"{claim['said']}; {corrected}" if corrected else str(claim["said"])


def verdict_of(claim: Mapping[str, Any]) -> str:
    """A claim's verdict, that of the report where there is one.

    In brackets, where they differ: that among the figure's own tests, and what this was earlier in the run.
    """
    own = claim["verdict"]
    final = claim.get("report_verdict", own)
    others = {epochs: verdict for epochs, verdict in claim["earlier"].items() if verdict != own}
    moved = "; ".join(f"{verdict} at {spaced(int(epochs))} epochs" for epochs, verdict in others.items())
    if final == own:
        return f"**{final}**" + (f" ({moved})" if moved else "")
    return f"**{final}** ({own} among the figure's own tests" + (f", among these {moved})" if moved else ")")


def _json_path(folder: Path, key: str) -> Path:
    return folder / f"{key}.json"
