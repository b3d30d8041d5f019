"""`curldescent explore`: a page in the browser to play with the ideas."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from curldescent.apps.cli.arguments import Whole
from curldescent.foundation.errors import InputError

EXAMPLES = """Examples:

    curldescent explore

    curldescent explore --store results/fig3a

    curldescent explore --port 8000 --no-browser

    curldescent explore --static phase_diagram.html
"""


def explore(
    *,
    port: Annotated[Whole, Parameter(help="To listen on; 0 takes a free one.")] = 0,
    browser: Annotated[bool, Parameter(negative="--no-browser", help="Open the page in the default browser.")] = True,
    store: Annotated[Path | None, Parameter(help="A sweep's store, or a folder of stores, to browse.")] = None,
    static: Annotated[
        Path | None, Parameter(help="Write the phase diagram as one file that needs no server, and leave.")
    ] = None,
) -> None:
    """Play with curl descent in the browser: phase diagram, live learning, two weights, your data, sweeps.

    Served from this machine to this machine only (127.0.0.1), without any other connection. Needs
    `pip install 'curldescent[explore]'`.
    """
    if static is not None:
        if store is not None or port != 0:
            raise InputError("--static writes a file and serves nothing; leave --port and --store out")
        from curldescent.apps.explorer import static_page

        print(static_page(static))
        return
    from curldescent.apps.explorer import serve
    from curldescent.foundation import interruption

    interruption.say_on_leaving("the explorer is stopped")

    serve(port=port, store=store, browser=browser)
