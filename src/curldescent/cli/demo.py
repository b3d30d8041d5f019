"""`curldescent demo`: the tour on the command line."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from curldescent.cli.output import print_json, print_table

EXAMPLES = """Examples:

    curldescent demo

    curldescent demo --out my-results --json
"""


def demo(
    *,
    out: Annotated[Path, Parameter(help="Folder for figures, report and numbers.")] = Path("results/demo"),
    json: Annotated[bool, Parameter(negative="", help="Print the numbers as JSON instead of tables.")] = False,
) -> None:
    """See what curl descent is, in four experiments.

    Two weights, linear students on both sides of the predicted boundary, a tanh student that curl makes faster, and
    handwritten digits. Writes figures (PNG, PDF), report.html and numbers.json.
    """
    from curldescent.demo import run_demo

    began = time.monotonic()
    sections = run_demo(out)
    if json:
        print_json({section.name: section.numbers for section in sections})
        return
    for section in sections:
        print_table(section.columns, section.rows, title=section.title)
    print(f"\nReport: {out / 'report.html'} ({time.monotonic() - began:.0f} s)")
