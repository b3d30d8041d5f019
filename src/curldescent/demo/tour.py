"""The tour: runs the four parts in order and writes their report."""

import time
from collections.abc import Callable
from pathlib import Path

from curldescent.demo import boundary, digits, speedup, toy
from curldescent.demo.pace import Pace, Stopped
from curldescent.report import Section, earlier_files, read_numbers, write_report
from curldescent.writing import finish_moves, replacing, results_folder, unused_sibling

PARTS = (toy, boundary, speedup, digits)


def run_demo(folder: Path, *, pace: Pace | None = None, tell: Callable[[Path], object] | None = None) -> list[Section]:
    """Run every part and write figures, ``report.html`` and ``numbers.json``.

    The files of an earlier run in the folder are replaced, all at once and when everything is written. A tour that is
    stopped, or a part of which fails, writes the parts that are finished; it never replaces the files of a whole one,
    but goes to a folder beside.

    Args:
        folder: where results go; made if need be, before anything is computed.
        pace: progress display and length.
        tell: told the folder that was written to.

    Returns:
        The sections of the report; nothing was written where there are none.

    Raises:
        InputError: the folder cannot be made, or scikit-learn is not installed.
    """
    import matplotlib as mpl

    # Figures go to files: no window system is needed or touched.
    mpl.use("agg")
    results_folder(folder)
    pace = pace or Pace()
    began = time.monotonic()
    sections: list[Section] = []
    failed: Exception | None = None
    for part in PARTS:
        try:
            sections.append(part.run(pace))
        except Stopped:
            break
        except Exception as fault:
            failed = fault
            break
    if sections:
        folder = _written(folder, sections, seconds=time.monotonic() - began)
        if tell is not None:
            tell(folder)
    if failed is not None:
        raise failed
    return sections


def _written(folder: Path, sections: list[Section], *, seconds: float) -> Path:
    """Replace what an earlier tour left; the folder that was written to."""
    finish_moves(folder)
    if len(sections) < len(PARTS) and len(read_numbers(folder)) > len(PARTS):
        folder = unused_sibling(folder, "interrupted")
    names = {f"{part.__name__.rsplit('.', 1)[-1]}{kind}" for part in PARTS for kind in (".png", ".pdf")}
    with replacing(folder, earlier=earlier_files(folder) & {"numbers.json", "report.html", *names}) as draft:
        _write(draft, sections, seconds=seconds)
    return folder


def _write(folder: Path, sections: list[Section], *, seconds: float) -> None:
    write_report(
        folder,
        title="curldescent: learning that is not gradient descent",
        introduction=(
            "Plasticity in the brain has more than one sign. Flip the sign of the learning rule for some neurons "
            "and learning is no longer the descent of any loss: its dynamics has a curl. This page shows what "
            "that does, from two weights to handwritten digits."
        ),
        sections=sections,
        facts={"run time": f"{seconds:.0f} s"},
    )
