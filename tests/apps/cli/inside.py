"""The command line in this process, which spares a second or more of imports."""

import contextlib
import io
from types import SimpleNamespace

import pytest

from curldescent.apps.cli import main


def inside(*arguments, cwd):
    """What the command prints and leaves with, as `subprocess.run` says it."""
    out, error = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(error),
        pytest.raises(SystemExit) as left,
    ):
        main(arguments)
    return SimpleNamespace(returncode=left.value.code, stdout=out.getvalue(), stderr=error.getvalue())
