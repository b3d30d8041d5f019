"""`curldescent doctor`: what works on this machine."""

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from curldescent.apps.cli.output import print_json, printable

if TYPE_CHECKING:
    from curldescent.apps.doctor import Check

EXAMPLES = """Examples:

    curldescent doctor

    curldescent doctor --json
"""


def doctor(*, json: Annotated[bool, Parameter(negative="", help="Print one JSON object.")] = False) -> None:
    """Say what works on this machine: packages, devices, threads, memory, and a first small training.

    Leaves with 0 where everything that is needed works, with 1 where something does not. Takes some seconds.
    """
    from curldescent.apps.doctor import examine, healthy
    from curldescent.foundation import interruption

    interruption.say_on_leaving("the checks above are all that was looked at")
    found = examine(None if json else _show)
    well = healthy(found)
    if json:
        print_json("doctor", {"healthy": well, "checks": [check.as_json() for check in found]})
    else:
        print("\nEverything that is needed works." if well else "\nSomething that is needed does not work.")
    if not well:
        sys.exit(1)


def _show(check: "Check") -> None:
    """Print a whole line, which can be pasted into a report of a fault."""
    advice = f" → {check.advice}" if check.advice else ""
    print(f"{check.status:5} {check.name:13} {printable(check.found)}{advice}", flush=True)
