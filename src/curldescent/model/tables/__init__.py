"""Tables of measured numbers: files and objects in memory as named columns, with a word on how they were read."""

from curldescent.model.tables.sources import read_table
from curldescent.model.tables.table import Table

__all__ = ["Table", "read_table"]
