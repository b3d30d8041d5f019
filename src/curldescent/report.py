"""Reports: figures, tables and numbers of a run, written as PNG, PDF, one self-contained HTML page and JSON."""

import base64
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import curldescent
from curldescent.errors import InputError
from curldescent.plots.style import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Section:
    """One subject of a report.

    Args:
        name: of its files and of its entry in the JSON.
        title: heading.
        text: what was done and what is seen, plain text.
        columns: of the table.
        rows: of the table, ready to print.
        numbers: what the JSON keeps.
        figure: its picture, or None.
    """

    name: str
    title: str
    text: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    figure: "Figure | None" = None


def write_report(
    folder: Path, *, title: str, introduction: str, sections: Sequence[Section], facts: Mapping[str, str] | None = None
) -> list[Path]:
    """Write figures (PNG and PDF), ``report.html`` and ``numbers.json`` into a folder, which is made if need be.

    Args:
        folder: where to.
        title: of the page.
        introduction: its first paragraph.
        sections: in order.
        facts: shown in the footer, beside the versions and the machine.

    Returns:
        The paths written.

    Raises:
        InputError: the folder's name belongs to a file.
    """
    from jinja2 import Environment
    from matplotlib import pyplot as plt

    folder = results_folder(folder)
    written: list[Path] = []
    shown = []
    for section in sections:
        picture = ""
        if section.figure is not None:
            paths = save(section.figure, folder / section.name)
            plt.close(section.figure)
            written += paths
            picture = base64.b64encode(paths[0].read_bytes()).decode("ascii")
        shown.append({**section.__dict__, "picture": picture, "alt": section.title})
    facts = {**environment(), **(facts or {})}
    template = Environment(autoescape=True).from_string(
        files("curldescent").joinpath("templates/report.html").read_text(encoding="utf-8")
    )
    page = folder / "report.html"
    page.write_text(
        template.render(title=title, introduction=introduction, sections=shown, facts=facts), encoding="utf-8"
    )
    numbers = folder / "numbers.json"
    content = {"environment": facts, **{section.name: section.numbers for section in sections}}
    numbers.write_text(json.dumps(jsonable(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return [*written, page, numbers]


def results_folder(path: Path) -> Path:
    """Make the folder that results go to; a file in its place is refused in one sentence."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"results need a folder, but {str(path)!r} has a file in the way") from None
    return path


def environment() -> dict[str, str]:
    """What results depend on besides the experiment: versions and the machine."""
    import jax

    return {
        "curldescent": curldescent.__version__,
        "JAX": jax.__version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def jsonable(value: Any) -> Any:
    """Plain Python for JSON: arrays become lists, NumPy scalars numbers, NaN and infinities null."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
