"""The `curldescent` command: parses, calls the library, prints; no science in here."""

# Not from typing: every import from here on is one that Ctrl-C may interrupt.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(tokens: "Sequence[str] | None" = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        tokens: the arguments after the program's name; those of the process by default, which then also answers
            signals as a command does: before its imports, which take a second and are no place for an exception.
    """
    if tokens is None:
        _leave_at_once()
        from curldescent.foundation import interruption

        interruption.install()
    from curldescent.apps.cli.app import main as run

    run(tokens)


def _leave_at_once() -> None:
    """Answer Ctrl-C until `interruption` is imported, which needs an eightieth of a second, and more under load."""
    import _signal  # type: ignore[import-not-found]  # built into the interpreter, where `signal` reads and runs three files
    import os

    def leave(number: int, frame: object) -> None:
        os.write(2, b"curldescent: interrupted; nothing was begun\n")
        os._exit(128 + number)

    _signal.signal(_signal.SIGINT, leave)
