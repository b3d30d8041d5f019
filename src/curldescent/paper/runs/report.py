"""The report of everything that was reproduced: one self-contained page, and the pages by theme for the repository."""

import base64
import json
import re
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named
from curldescent.foundation.progress import Progress, checked
from curldescent.foundation.writing import finish_moves, replacing, results_folder
from curldescent.paper.machinery import families
from curldescent.paper.machinery.claims import SCALES, Scale
from curldescent.paper.runs.registry import figures
from curldescent.paper.runs.report_pages import ABOUT, PICTURE, TITLE, WRITTEN, front, tally_of, theme_page
from curldescent.paper.runs.themes import CONTROLS, THEMES, Theme, theme_of
from curldescent.paper.runs.verdict import (
    VERDICTS_FOLDER,
    markdown,
    read_verdict,
)
from curldescent.plots import style
from curldescent.plots.verdicts import ALONE, verdict_squares


def write_reproduction_report(
    out: str | Path,
    *,
    scale: Scale | None = None,
    summary: str | Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Gather verdicts into ``report.html`` and ``numbers.json``.

    Args:
        out: folder that `reproduce` wrote to; the two files go there, or to ``out/scale``.
        scale: whose verdicts; None for the highest that each figure was run at: paper, subset, standard, quick. An
            earlier report's verdict of a higher scale stays then.
        summary: a folder for the pages by theme, a page a figure, and the pictures (PNG). Figures that were not run are
            taken from the verdicts that an earlier report left there.
        progress: told which of them stay though the figure was run.

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

    if scale is not None:
        validation.choice("scale", scale, SCALES)
    root = named("out", out, "the folder that reproduce wrote to")
    folder = root if scale is None else root / scale
    target = None if summary is None else named("summary", summary, "a folder for the pages by theme, or None")
    found = _gathered(root, (scale,) if scale else SCALES[::-1], target, checked(progress))
    if not found:
        say = f" --scale {scale}" if scale else ""
        raise InputError(f"nothing was reproduced in {str(folder)!r}; run curldescent reproduce all{say}")
    _correct(found)
    missing = [f.key for f in figures() if f.key not in {content["figure"] for content in found}]
    template = Environment(autoescape=True).from_string(
        files("curldescent").joinpath("templates/reproduction.html").read_text(encoding="utf-8")
    )
    groups = [
        (theme.title, [{**content, "picture": _embedded(_picture(content, root, target))} for content in chosen])
        for theme, chosen in _by_theme(found)
    ]
    facts = _facts(found)
    page = template.render(scale=scale, groups=groups, missing=missing, facts=facts, counts=tally_of(found))
    with replacing(folder, earlier={"report.html", "numbers.json"} if _is_ours(folder) else ()) as draft:
        (draft / "report.html").write_text(page, encoding="utf-8")
        numbers = json.dumps(found, indent=2, ensure_ascii=False)
        (draft / "numbers.json").write_text(numbers + "\n", encoding="utf-8")
    written = [folder / "report.html", folder / "numbers.json"]
    if target is not None:
        results_folder(target)
        finish_moves(target)
        pictures = {content["figure"]: _picture(content, root, target) for content in found}
        with replacing(target, earlier=_earlier_summary(target)) as draft:
            names = [path.name for path in _write_summary(draft, found, missing, facts, pictures)]
        verdicts = results_folder(target / VERDICTS_FOLDER)
        with replacing(verdicts, earlier={f"{content['figure']}.json" for content in found}) as draft:
            for content in found:
                text = json.dumps(content, indent=1, ensure_ascii=False)
                (draft / f"{content['figure']}.json").write_text(text + "\n", encoding="utf-8")
        written += [target / name for name in names]
    return written


def _gathered(root: Path, scales: Sequence[Scale], target: Path | None, progress: Progress) -> list[dict[str, Any]]:
    """Every figure's verdict at the first of the scales that it was run at, or as an earlier report has it.

    Where the scale was not asked for, the earlier one stays if it is of a higher scale.
    """
    for scale in scales:
        finish_moves(root / scale)
    out = []
    for figure in figures():
        run = next(
            (found for scale in scales if (found := read_verdict(root / scale, figure.key)) is not None),
            None,
        )
        earlier = None if target is None else read_verdict(target / VERDICTS_FOLDER, figure.key)
        if run is not None and earlier is not None:
            if len(scales) > 1 and SCALES.index(earlier["scale"]) > SCALES.index(run["scale"]):
                progress.say(
                    f"{figure.key}: the earlier verdict at {earlier['scale']} scale stays, {run['scale']} is less; "
                    f"--scale {run['scale']} takes the new one"
                )
                run = None
            elif not run["seconds"]:
                # Judged again from what was kept: that took nothing, computing did.
                run["seconds"] = earlier["seconds"]
        content = earlier if run is None else run
        if content is not None:
            out.append(content)
    return out


def _correct(found: list[dict[str, Any]]) -> None:
    """Verdicts by Holm over the whole report; where that changes a figure's own, both are said."""
    claims = [claim for content in found for claim in content["claims"]]
    for claim, corrected in zip(
        claims, families.corrected([(claim["holds"], claim["p_value"]) for claim in claims]), strict=True
    ):
        claim["report_verdict"] = corrected.verdict
        claim["report_corrected"] = corrected.said


def _by_theme(found: list[dict[str, Any]]) -> list[tuple[Theme, list[dict[str, Any]]]]:
    order = {key: place for theme in THEMES for place, key in enumerate(theme.figures)}
    groups = []
    for theme in (*THEMES, CONTROLS):
        chosen = [content for content in found if theme_of(content["figure"]) == theme]
        if chosen:
            groups.append((theme, sorted(chosen, key=lambda content: order.get(content["figure"], 0))))
    return groups


def _square(claim: dict[str, Any]) -> str:
    own, final = claim["verdict"], str(claim["report_verdict"])
    return f"{own}{ALONE}" if final == "undecided" and own in ("confirmed", "refuted") else final


def _is_ours(folder: Path) -> bool:
    """Whether an earlier report is there."""
    try:
        content = json.loads((folder / "numbers.json").read_bytes())
        return all("figure" in verdict and "claims" in verdict for verdict in content)
    except (OSError, ValueError, TypeError):
        return False


def _earlier_summary(folder: Path) -> set[str]:
    """Names of the files that an earlier summary left: its pages link to every one of them."""
    names: set[str] = set()
    try:
        page = (folder / "README.md").read_text(encoding="utf-8")
        # Earlier versions said by what it was written first.
        if not page.startswith((TITLE + ABOUT, TITLE + WRITTEN)):
            return set()
        names.add("README.md")
        for theme in (*THEMES, CONTROLS):
            one = folder / f"{theme.key}.md"
            if one.exists() and one.read_text(encoding="utf-8").startswith(f"# {theme.title}\n"):
                names.add(one.name)
                page += one.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    keys = re.findall(r"^\| \[([\w-]+)\]\(\1\.md\)", page, flags=re.MULTILINE)
    return names | {PICTURE, *(f"{key}{kind}" for key in keys for kind in (".md", ".png"))}


def _picture(content: dict[str, Any], root: Path, target: Path | None) -> Path:
    """Where a figure's picture is: with its run, or with the earlier report."""
    run = root / content["scale"] / f"{content['figure']}.png"
    return run if target is None or run.exists() else target / run.name


def _write_summary(
    draft: Path,
    found: list[dict[str, Any]],
    missing: list[str],
    facts: dict[str, str],
    pictures: dict[str, Path],
) -> list[Path]:
    """README.md with the tally, a page a theme, a page a figure."""
    from matplotlib import pyplot as plt

    groups = _by_theme(found)
    rows = {
        theme.title: [_square(claim) for content in chosen for claim in content["claims"]] for theme, chosen in groups
    }
    picture = verdict_squares(rows)
    with style.figure_style():
        picture.savefig(draft / PICTURE, metadata={"Software": None})
    plt.close(picture)
    page = draft / "README.md"
    page.write_text("\n".join(front(groups, missing, facts)) + "\n", encoding="utf-8")
    written = [page, draft / PICTURE]
    for theme, chosen in groups:
        page = draft / f"{theme.key}.md"
        page.write_text("\n".join(theme_page(theme, chosen)) + "\n", encoding="utf-8")
        written.append(page)
    for content in found:
        key = content["figure"]
        if pictures[key].exists():
            shutil.copyfile(pictures[key], draft / f"{key}.png")
            written.append(draft / f"{key}.png")
        text = draft / f"{key}.md"
        text.write_text(markdown(content, picture=f"{key}.png"), encoding="utf-8")
        written.append(text)
    return written


def _facts(found: list[dict[str, Any]]) -> dict[str, str]:
    """Versions and the machine, every value that occurs; and what computing took."""
    out: dict[str, str] = {}
    for name in found[0]["environment"]:
        out[name] = ", ".join(sorted({str(content["environment"].get(name)) for content in found}))
    minutes = sum(content["seconds"] for content in found) / 60
    return out | {
        "computing": f"{minutes:.0f} min recorded; sweeps that were run apart from `reproduce` are not in it",
        "seeds": "base seed 0; cells and trials derive theirs from it (docs/sweeps.md)",
    }


def _embedded(path: Path) -> str:
    """The picture in base64; nothing where it could not be drawn."""
    return base64.b64encode(path.read_bytes()).decode("ascii") if path.exists() else ""
