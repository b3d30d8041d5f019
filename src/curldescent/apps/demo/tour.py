"""The tour: runs the four parts in order and writes their report."""

import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from curldescent.apps.demo import boundary, digits, speedup, two_weights
from curldescent.apps.demo.options import Stopped, TourOptions
from curldescent.foundation import optional
from curldescent.foundation.writing import finish_moves, replacing, results_folder, unused_sibling
from curldescent.plots.report import Section, earlier_files, read_numbers, write_report

PARTS = (two_weights, boundary, speedup, digits)
# Part -> the optional modules that it cannot do without.
_NEEDS = {digits: ("sklearn",)}


def run_demo(
    folder: Path, *, options: TourOptions | None = None, tell: Callable[[Path], object] | None = None
) -> list[Section]:
    """Run every part and write figures, ``report.html`` and ``numbers.json``.

    A part whose packages are not installed is left out, which is said before anything is computed and in the report.
    The files of an earlier run in the folder are replaced, all at once and when everything is written. A tour that is
    stopped, or a part of which fails, writes the parts that are finished; it never replaces the files of a whole one,
    but goes to a folder beside.

    Args:
        folder: where results go; made if need be, before anything is computed.
        options: progress display and length.
        tell: told the folder that was written to.

    Returns:
        The sections of the report; nothing was written where there are none.

    Raises:
        InputError: the folder cannot be made.
    """
    import matplotlib as mpl

    # Figures go to files: no window system is needed or touched.
    mpl.use("agg")
    results_folder(folder)
    options = options or TourOptions()
    began = time.monotonic()
    sections: list[Section] = []
    failed: Exception | None = None
    left_out = _left_out()
    for sentence in left_out.values():
        options.say(sentence)
    for part in PARTS:
        if part in left_out:
            continue
        try:
            sections.append(part.run(options))
        except Stopped:
            break
        except Exception as fault:
            failed = fault
            break
    if sections:
        facts = {"run time": f"{time.monotonic() - began:.0f} s"}
        if left_out:
            facts["left out"] = "; ".join(left_out.values())
        folder = _written(folder, sections, facts, whole=len(sections) + len(left_out) == len(PARTS))
        if tell is not None:
            tell(folder)
    if failed is not None:
        raise failed
    return sections


def _left_out() -> dict[ModuleType, str]:
    """Part -> why it cannot run here, for those that cannot."""
    absent = {part: optional.lacking(*modules) for part, modules in _NEEDS.items()}
    return {
        part: optional.how_to_install(f"the part about {_name(part)} is left out: it", modules)
        for part, modules in absent.items()
        if modules
    }


def _name(part: ModuleType) -> str:
    return part.__name__.rsplit(".", 1)[-1]


def _written(folder: Path, sections: list[Section], facts: dict[str, str], *, whole: bool) -> Path:
    """Replace what an earlier tour left; the folder that was written to."""
    finish_moves(folder)
    # The environment, and every part: what a whole tour leaves.
    if not whole and len(read_numbers(folder)) > len(PARTS):
        folder = unused_sibling(folder, "interrupted")
    names = {f"{_name(part)}{kind}" for part in PARTS for kind in (".png", ".pdf")}
    with replacing(folder, earlier=earlier_files(folder) & {"numbers.json", "report.html", *names}) as draft:
        _write(draft, sections, facts)
    return folder


def _write(folder: Path, sections: list[Section], facts: dict[str, str]) -> None:
    write_report(
        folder,
        title="curldescent: learning that is not gradient descent",
        introduction=(
            "Plasticity in the brain has more than one sign. Flip the sign of the learning rule for some neurons "
            "and learning is no longer the descent of any loss: its dynamics has a curl. This page shows what "
            "that does, from two weights to handwritten digits."
        ),
        sections=sections,
        facts=facts,
    )
