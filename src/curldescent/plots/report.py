"""Reports: figures, tables and numbers of a run, written as PNG, PDF, one self-contained HTML page and JSON."""

import base64
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.foundation import durable
from curldescent.foundation.version import __version__
from curldescent.foundation.writing import finish_moves, replacing, results_folder
from curldescent.plots.style import failure_to_draw, save

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
    facts = {**environment(), **(facts or {})}
    # Numbers first: whatever happens to the pictures, they are there.
    numbers = folder / "numbers.json"
    content = {"environment": facts, **{section.name: section.numbers for section in sections}}
    durable.write(numbers, (json.dumps(jsonable(content), indent=2, allow_nan=False) + "\n").encode())
    written: list[Path] = []
    shown = []
    for section in sections:
        picture, text = "", section.text
        if section.figure is not None:
            try:
                paths = save(section.figure, folder / section.name)
                written += paths
                picture = base64.b64encode(paths[0].read_bytes()).decode("ascii")
            except OSError:
                raise
            except Exception as fault:
                text = f"{text} {failure_to_draw(section.name, fault)}"
            finally:
                plt.close(section.figure)
        shown.append({**section.__dict__, "text": text, "picture": picture, "alt": section.title})
    template = Environment(autoescape=True).from_string(
        files("curldescent").joinpath("templates/report.html").read_text(encoding="utf-8")
    )
    page = folder / "report.html"
    html = template.render(title=title, introduction=introduction, sections=shown, facts=facts)
    durable.write(page, html.encode())
    return [*written, page, numbers]


def write_result(
    folder: Path, name: str, result: Mapping[str, Any], *, draw: "Callable[[], Figure] | None" = None
) -> None:
    """Write one result as JSON, its picture (PNG and PDF) beside it; earlier files of that name are replaced together.

    Args:
        folder: where to; made if need be.
        name: of the files.
        result: what the JSON holds.
        draw: makes the picture. One that cannot be drawn is said on stderr.

    Raises:
        OSError: of the file system, a full disk for one.
    """
    pictures = {f"{name}.png", f"{name}.pdf"} if draw is not None else set()
    finish_moves(folder)
    # An earlier result is known by its entries; options make some of them differ.
    known = len(_read(folder / f"{name}.json").keys() & result.keys()) >= 3
    earlier = {f"{name}.json", *pictures} if known else set()
    with replacing(folder, earlier=earlier) as draft:
        (draft / f"{name}.json").write_text(json.dumps(jsonable(result), allow_nan=False) + "\n", encoding="utf-8")
        if draw is None:
            return
        import matplotlib as mpl

        # Pictures go to files: no window system is needed or touched.
        mpl.use("agg")
        try:
            save(draw(), draft / name)
        except OSError:
            raise
        except Exception as fault:
            failure_to_draw(name, fault)


def earlier_files(folder: Path) -> frozenset[str]:
    """Names of the files that an earlier `write_report` left in a folder: its own ``numbers.json`` says which.

    Args:
        folder: where to look.

    Returns:
        The names; none where there is no such report.
    """
    content = read_numbers(folder)
    pictures = {f"{name}{kind}" for name in content if name != "environment" for kind in (".png", ".pdf")}
    return frozenset({"numbers.json", "report.html", *pictures} if content else ())


def read_numbers(folder: Path) -> dict[str, Any]:
    """The ``numbers.json`` of an earlier `write_report`; empty where there is none."""
    content = _read(folder / "numbers.json")
    environment = content.get("environment")
    return content if isinstance(environment, dict) and "curldescent" in environment else {}


def _read(path: Path) -> dict[str, Any]:
    """A file of JSON with one object in it; empty where it is not that."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def environment() -> dict[str, str]:
    """What results depend on besides the experiment: versions and the machine."""
    import jax

    return {
        "curldescent": __version__,
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
