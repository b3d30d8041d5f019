"""What became of measured data: which columns an experiment learns from, and which it does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from curldescent.foundation import validation


@dataclass(frozen=True)
class DataUsed:
    r"""How a table became a problem, for everybody who sees the result.

    Attributes:
        source: the file, or the kind of object.
        inputs: the columns that are inputs.
        targets: the columns that are targets.
        left_out: what is neither → why.
        notes: what was concluded in reading, and what looks odd.

    Example:
        >>> print(*DataUsed("data file 'x.csv'", ("a", "b"), ("y",), {"'id'": "not chosen"}).lines(), sep="\n")
        inputs: 'a', 'b'
        targets: 'y'
        left out: 'id' (not chosen)
    """

    source: str
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, str]]:
        """(what, which) for tables; of many columns the first ones and their number."""
        out = [("inputs", validation.listed(self.inputs)), ("targets", validation.listed(self.targets))]
        if self.left_out:
            some = [f"{name} ({why})" for name, why in list(self.left_out.items())[:12]]
            more = f" and {len(self.left_out) - 12} more" if len(self.left_out) > 12 else ""
            out.append(("left out", ", ".join(some) + more))
        return out + [("note", note) for note in self.notes]

    def lines(self) -> list[str]:
        """The same as lines of text."""
        return [f"{what}: {which}" for what, which in self.rows()]

    def __str__(self) -> str:
        return f"{self.source}; " + "; ".join(self.lines())
