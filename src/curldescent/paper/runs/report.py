"""The report of everything that was reproduced: one self-contained page, and a Markdown summary for the repository."""

import base64
import json
import re
import shutil
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.foundation.writing import finish_moves, replacing, results_folder
from curldescent.paper.machinery.claims import SCALES, Scale
from curldescent.paper.runs.registry import figures
from curldescent.paper.runs.verdict import markdown, read_verdict

_FIRST_LINES = "# Reproduction\n\nWritten by `curldescent reproduce"
HEADINGS = {
    "paper": "The paper's figures",
    "beyond": "Beyond the paper",
    "control": "Is the speed-up real? Controls",
}


def write_reproduction_report(out: str | Path, *, scale: Scale, summary: str | Path | None = None) -> list[Path]:
    """Gather the verdicts of a scale into ``out/scale/report.html`` and ``numbers.json``.

    Args:
        out: folder that `reproduce` wrote to.
        scale: whose verdicts.
        summary: a folder for the Markdown summary, its verdict table first, and the pictures (PNG).

    Returns:
        The paths written.

    Raises:
        InputError: nothing was run at this scale.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from curldescent import paper
        >>> with TemporaryDirectory() as folder:
        ...     _ = paper.reproduce("fig2", folder, scale="quick")
        ...     [path.name for path in paper.write_reproduction_report(folder, scale="quick")]
        ['report.html', 'numbers.json']
    """
    from jinja2 import Environment

    validation.choice("scale", scale, SCALES)
    folder = named("out", out, "the folder that reproduce wrote to") / scale
    target = None if summary is None else named("summary", summary, "a folder for the Markdown summary, or None")
    finish_moves(folder)
    found = [content for f in figures() if (content := read_verdict(folder, f.key)) is not None]
    if not found:
        raise InputError(f"nothing was reproduced in {str(folder)!r}; run curldescent reproduce all --scale {scale}")
    missing = [f.key for f in figures() if f.key not in {content["figure"] for content in found}]
    template = Environment(autoescape=True).from_string(
        files("curldescent").joinpath("templates/reproduction.html").read_text(encoding="utf-8")
    )
    groups = [
        (
            heading,
            [
                {**content, "picture": _embedded(folder / f"{content['figure']}.png")}
                for content in found
                if content["origin"] == origin
            ],
        )
        for origin, heading in HEADINGS.items()
    ]
    facts = _facts(found)
    page = template.render(
        scale=scale, groups=[g for g in groups if g[1]], missing=missing, facts=facts, counts=_counts(found)
    )
    with replacing(folder, earlier={"report.html", "numbers.json"} if _is_ours(folder) else ()) as draft:
        (draft / "report.html").write_text(page, encoding="utf-8")
        numbers = json.dumps(found, indent=2, ensure_ascii=False)
        (draft / "numbers.json").write_text(numbers + "\n", encoding="utf-8")
    written = [folder / "report.html", folder / "numbers.json"]
    if target is not None:
        results_folder(target)
        finish_moves(target)
        with replacing(target, earlier=_earlier_summary(target)) as draft:
            names = [path.name for path in _write_summary(draft, folder, found, missing, facts, scale)]
        written += [target / name for name in names]
    return written


def _is_ours(folder: Path) -> bool:
    """Whether an earlier report is there."""
    try:
        content = json.loads((folder / "numbers.json").read_bytes())
        return all("figure" in verdict and "claims" in verdict for verdict in content)
    except (OSError, ValueError, TypeError):
        return False


def _earlier_summary(folder: Path) -> set[str]:
    """Names of the files that an earlier summary left: its page links to every one of them."""
    try:
        page = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    if not page.startswith(_FIRST_LINES):
        return set()
    keys = re.findall(r"^\| \[([\w-]+)\]\(\1\.md\)", page, flags=re.MULTILINE)
    return {"README.md", *(f"{key}{kind}" for key in keys for kind in (".md", ".png"))}


def _write_summary(
    target: Path, folder: Path, found: list[dict[str, Any]], missing: list[str], facts: dict[str, str], scale: Scale
) -> list[Path]:
    """README.md with the table of all claims, then every figure."""
    counts = _counts(found)
    lines = [
        f"{_FIRST_LINES} all --scale {scale}` and `curldescent reproduce report`. "
        + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        + ".",
        "",
    ]
    if missing:
        lines += [f"Not run at this scale: {', '.join(missing)}.", ""]
    for origin, heading in HEADINGS.items():
        chosen = [content for content in found if content["origin"] == origin]
        if chosen:
            lines += [f"## {heading}", "", "| figure | claim | measured | verdict |", "|---|---|---|---|"]
            for content in chosen:
                for claim in content["claims"]:
                    cells = (claim["statement"], claim["said"], f"**{claim['verdict']}**")
                    key = f"[{content['figure']}]({content['figure']}.md)"
                    lines.append("| " + " | ".join((key, *(c.replace("|", "\\|") for c in cells))) + " |")
            lines.append("")
    lines += ["## How it was run", "", *(f"- {name}: {value}" for name, value in facts.items())]
    page = target / "README.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    written = [page]
    for content in found:
        key = content["figure"]
        if (folder / f"{key}.png").exists():
            shutil.copyfile(folder / f"{key}.png", target / f"{key}.png")
            written.append(target / f"{key}.png")
        text = target / f"{key}.md"
        text.write_text(markdown(content, picture=f"{key}.png"), encoding="utf-8")
        written.append(text)
    return written


def _counts(found: list[dict[str, Any]]) -> dict[str, int]:
    return dict(Counter(claim["verdict"] for content in found for claim in content["claims"]).most_common())


def _facts(found: list[dict[str, Any]]) -> dict[str, str]:
    """Versions and the machine, every value that occurs; and what computing took."""
    out: dict[str, str] = {}
    for name in found[0]["environment"]:
        out[name] = ", ".join(sorted({str(content["environment"].get(name)) for content in found}))
    minutes = sum(content["seconds"] for content in found) / 60
    return out | {
        "computing": f"{minutes:.0f} min for {len(found)} figures",
        "seeds": "base seed 0; cells and trials derive theirs from it (docs/sweeps.md)",
    }


def _embedded(path: Path) -> str:
    """The picture in base64; nothing where it could not be drawn."""
    return base64.b64encode(path.read_bytes()).decode("ascii") if path.exists() else ""
