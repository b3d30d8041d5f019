"""The version, for whatever is written to files; the package's own page imports it from here."""

__version__ = "0.1.0"
