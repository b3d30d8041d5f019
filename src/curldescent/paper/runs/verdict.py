"""What a reproduced figure came to: claims with findings, as JSON and as Markdown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.claims import Claim, Figure, Finding, Scale
from curldescent.plots.report import environment, jsonable


@dataclass(frozen=True)
class Verdict:
    """A figure's claims and what was found.

    Args:
        figure: which.
        scale: it was run at.
        changes: what the scale changes against the paper's.
        findings: pairs of a claim and its finding, in order.
        seconds: what computing took, all runs together.
        picture: the PNG.
    """

    figure: Figure
    scale: Scale
    changes: tuple[str, ...]
    findings: tuple[tuple[Claim, Finding], ...]
    seconds: float
    picture: Path

    def as_json(self) -> dict[str, Any]:
        """Plain data; what the report reads."""
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
            "claims": [
                {
                    "name": claim.name,
                    "statement": claim.statement,
                    "criterion": claim.criterion,
                    "verdict": finding.verdict,
                    "said": finding.said,
                    "numbers": jsonable(finding.numbers),
                }
                for claim, finding in self.findings
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
        assert content["figure"] == key
        assert all({"name", "statement", "criterion", "verdict", "said"} <= claim.keys() for claim in content["claims"])
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError):
        raise InputError(f"{str(path)!r} is not the verdict of {key}; delete it and run the figure again") from None
    return dict(content)


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
    lines += ["| claim | criterion | measured | verdict |", "|---|---|---|---|"]
    for claim in content["claims"]:
        cells = (claim["statement"], claim["criterion"], claim["said"], f"**{claim['verdict']}**")
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _json_path(folder: Path, key: str) -> Path:
    return folder / f"{key}.json"
