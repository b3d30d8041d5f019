"""The tour: runs the four parts in order and writes their report."""

import time
from pathlib import Path

from curldescent.demo import boundary, digits, speedup, toy
from curldescent.demo.pace import Pace
from curldescent.report import Section, results_folder, write_report

PARTS = (toy, boundary, speedup, digits)


def run_demo(folder: Path, *, pace: Pace | None = None) -> list[Section]:
    """Run every part and write figures, ``report.html`` and ``numbers.json``.

    Args:
        folder: where results go; made if need be, before anything is computed.
        pace: progress display and length.

    Returns:
        The sections of the report.

    Raises:
        InputError: the folder cannot be made, or scikit-learn is not installed.
    """
    import matplotlib as mpl

    # Figures go to files: no window system is needed or touched.
    mpl.use("agg")
    results_folder(folder)
    pace = pace or Pace()
    began = time.monotonic()
    sections = [part.run(pace) for part in PARTS]
    write_report(
        folder,
        title="curldescent: learning that is not gradient descent",
        introduction=(
            "Plasticity in the brain has more than one sign. Flip the sign of the learning rule for some neurons "
            "and learning is no longer the descent of any loss: its dynamics has a curl. This page shows what "
            "that does, from two weights to handwritten digits."
        ),
        sections=sections,
        facts={"run time": f"{time.monotonic() - began:.0f} s"},
    )
    return sections
