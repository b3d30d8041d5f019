"""The `curldescent` command: parses, calls the library, prints; no science in here."""

from curldescent.cli.app import main

__all__ = ["main"]
