"""`curldescent demo`: the tour on the command line."""

import sys
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from curldescent.apps.cli.output import print_json, print_table, say

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
    from curldescent.apps.demo import run_demo
    from curldescent.apps.demo.options import TourOptions
    from curldescent.foundation import interruption

    began, written = time.monotonic(), list[Path]()
    interruption.say_on_leaving("earlier results are as they were")
    with interruption.wishes(say, "stopping; finished parts are written; once more to leave at once") as wish:
        sections = run_demo(out, options=TourOptions(stopping=wish), tell=written.append)
    if json:
        print_json("demo", {section.name: section.numbers for section in sections})
    else:
        for section in sections:
            print_table(section.columns, section.rows, title=section.title)
        for folder in written:
            print(f"\nReport: {folder / 'report.html'} ({time.monotonic() - began:.0f} s)")
    if wish.number is not None:
        say(f"interrupted; {len(sections)} parts were finished{''.join(f': {folder}' for folder in written)}")
        sys.exit(interruption.exit_code(wish.number))
