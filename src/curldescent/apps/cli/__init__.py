"""The `curldescent` command: parses, calls the library, prints; no science in here."""

from collections.abc import Sequence

__all__ = ["main"]


def main(tokens: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        tokens: the arguments after the program's name; those of the process by default, which then also answers
            signals as a command does: before its imports, which take a second and are no place for an exception.
    """
    if tokens is None:
        from curldescent.foundation import interruption

        interruption.install()
    from curldescent.apps.cli.app import main as run

    run(tokens)
