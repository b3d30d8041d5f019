"""The application object and the one place where errors become exit codes."""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import curldescent
from curldescent.apps.cli.bench import EXAMPLES as BENCH_EXAMPLES
from curldescent.apps.cli.bench import bench
from curldescent.apps.cli.demo import EXAMPLES as DEMO_EXAMPLES
from curldescent.apps.cli.demo import demo
from curldescent.apps.cli.doctor import EXAMPLES as DOCTOR_EXAMPLES
from curldescent.apps.cli.doctor import doctor
from curldescent.apps.cli.explore import EXAMPLES as EXPLORE_EXAMPLES
from curldescent.apps.cli.explore import explore
from curldescent.apps.cli.output import plain_warnings
from curldescent.apps.cli.reproduce import EXAMPLES as REPRODUCE_EXAMPLES
from curldescent.apps.cli.reproduce import reproduce
from curldescent.apps.cli.sweep import app as sweep_app
from curldescent.apps.cli.theory import app as theory_app
from curldescent.apps.cli.train import EXAMPLES as TRAIN_EXAMPLES
from curldescent.apps.cli.train import train
from curldescent.foundation.errors import InputError

app = App(
    name="curldescent",
    help="Learning dynamics with sign-diverse plasticity: simulate, predict, analyse.",
    version=curldescent.__version__,
)
app.command(bench, help_epilogue=BENCH_EXAMPLES)
app.command(demo, help_epilogue=DEMO_EXAMPLES)
app.command(doctor, help_epilogue=DOCTOR_EXAMPLES)
app.command(explore, help_epilogue=EXPLORE_EXAMPLES)
app.command(train, help_epilogue=TRAIN_EXAMPLES)
app.command(reproduce, help_epilogue=REPRODUCE_EXAMPLES)
app.command(theory_app, name="theory")
app.command(sweep_app, name="sweep")


def main(tokens: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    0: done; 1: cells of a sweep failed, or `doctor` found a fault; 2: unusable input, a full disk; 128 + the signal's
    number: interrupted.

    Args:
        tokens: the arguments after the program's name; those of the process by default.
    """
    try:
        with plain_warnings():
            app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        fail(" ".join(str(error).split()))
    except InputError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    except KeyboardInterrupt:
        # Only where the signals are not those of a command: run from Python, or from the tests.
        print("curldescent: interrupted", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


def fail(sentence: str) -> None:
    """Print one line to stderr and leave with exit code 2."""
    print(f"curldescent: {sentence}", file=sys.stderr)
    sys.exit(2)
