"""What became of measured data: which columns an experiment learns from, and which it does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from curldescent.foundation import validation
from curldescent.model.scaling import Scaling


@dataclass(frozen=True)
class DataUsed:
    r"""How a table became a problem, for everybody who sees the result.

    Attributes:
        source: the file, or the kind of object.
        inputs: the columns that are inputs.
        targets: the columns that are targets.
        left_out: what is neither → why.
        notes: what was concluded in reading, what was done to the numbers, and what looks odd.
        input_names: what each of the M inputs is: a column, one of its classes, or one entry of its width.
        target_names: the same for the O outputs.
        classes: whether the outputs are the classes of one column.
        input_scaling: what brought the inputs to their scale; None where they are as in the table.
        target_scaling: the same for the targets.

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
    input_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    classes: bool = False
    input_scaling: Scaling | None = None
    target_scaling: Scaling | None = None

    def rows(self) -> list[tuple[str, str]]:
        """(what, which) for tables; of many columns the first ones and their number."""
        inputs, width = validation.listed(self.inputs), len(self.input_names)
        if width not in (0, len(self.inputs)):
            inputs += f" ({width} numbers)"
        out = [("inputs", inputs), ("targets", validation.listed(self.targets))]
        if self.left_out:
            some = [f"{name} ({why})" for name, why in list(self.left_out.items())[:12]]
            more = f" and {len(self.left_out) - 12} more" if len(self.left_out) > 12 else ""
            out.append(("left out", ", ".join(some) + more))
        return out + [("note", note) for note in self.notes]

    def lines(self) -> list[str]:
        """The same as lines of text."""
        return [f"{what}: {which}" for what, which in self.rows()]

    def as_json(self) -> dict[str, object]:
        """The same for machines."""
        return {
            "source": self.source,
            "inputs": list(self.inputs),
            "targets": list(self.targets),
            "left_out": dict(self.left_out),
        }

    def __str__(self) -> str:
        return f"{self.source}; " + "; ".join(self.lines())
