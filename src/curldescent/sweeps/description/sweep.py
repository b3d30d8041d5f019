"""A sweep: the settings that all of its cells share, and the grid that says in what they differ."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curldescent.foundation import validation
from curldescent.foundation.canonical import canonical
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import named, read_toml
from curldescent.sweeps.description import learning_rule, parameter_sections
from curldescent.sweeps.description.cell import Cell
from curldescent.sweeps.description.grid import Axis, Grid, Range, parse_axis, refuse_too_many
from curldescent.sweeps.description.keep import ALWAYS, VARIABLES, Keep
from curldescent.sweeps.description.settings import Settings

# What every function that takes a sweep accepts.
A_SWEEP = "a Sweep, made by cd.sweeps.Sweep or read from a file by cd.sweeps.read"
# Names that the dataset needs itself.
_RESERVED = {
    *("trial", "epoch", "threshold", "hidden_neuron", "input_neuron", "output_neuron", "status"),
    *VARIABLES,
    *ALWAYS,
}


class Sweep:
    """Many experiments on a grid: which ones, how each is run, and what is kept of it.

    Args:
        axes: dimension → its values: a list, `lin(…)`, `log(…)`, or ``{"zip": {parameter: values, …}}``. The name of a
            plain axis is the parameter it varies: an argument of `curldescent.student_teacher`, `Start`,
            `curldescent.Plasticity` or `curldescent.train`, a derived one (`total`, `ratio`, `hidden_flips`,
            `readout_flips`), or `seed` for replicates.
        student_teacher: fixed arguments of `curldescent.student_teacher`, or `total` and `ratio` for the sizes.
        start: arguments of `Start`.
        rules: name → arguments of `curldescent.Plasticity`, or of the rule that an entry `kind` names; they make an
            axis `rule`, whose cells share their random numbers. Without rules, plasticity is what the axes say;
            gradient descent where they say nothing.
        training: fixed arguments of `curldescent.train`.
        keep: a `Keep`, or its arguments.
        seed: base seed of everything random.
        paired: axes whose cells share teachers, students, inputs and sample orders.

    Raises:
        InputError: anything that does not describe a sweep, in one sentence.

    Example:
        >>> import curldescent as cd
        >>> sweep = cd.sweeps.Sweep(
        ...     axes={"ratio": cd.sweeps.log(0.1, 10, 3), "hidden": [0, 0.5]},
        ...     student_teacher={"total": 22, "trials": 2},
        ...     training={"epochs": 10, "batch_size": 10},
        ... )
        >>> sweep
        Sweep(ratio=3 × hidden=2, 6 cells)
    """

    def __init__(
        self,
        *,
        axes: Mapping[str, Any],
        student_teacher: Mapping[str, Any] | None = None,
        start: Mapping[str, Any] | None = None,
        rules: Mapping[str, Mapping[str, Any]] | None = None,
        training: Mapping[str, Any] | None = None,
        keep: Keep | Mapping[str, Any] | None = None,
        seed: int = 0,
        paired: Sequence[str] = (),
    ) -> None:
        if not isinstance(axes, Mapping):
            raise InputError(f"axes must be a table of names and values, got {validation.shown(axes)}")
        if "rule" in axes:
            raise InputError("the axis 'rule' is made by the sections [rules.NAME], it cannot be listed")
        refuse_too_many([*axes.values(), *([list(rules)] if isinstance(rules, Mapping) else [])])
        parsed = [_whole_numbers(parse_axis(str(name), given)) for name, given in axes.items()]
        if rules is not None:
            parsed.insert(0, rule_axis(rules, parsed))
        check_names(parsed)
        if isinstance(paired, str) or not isinstance(paired, Sequence) or not all(isinstance(p, str) for p in paired):
            raise InputError(f"paired must be a list of axis names, got {validation.shown(paired)}")
        if keep is not None and not isinstance(keep, Keep):
            given = parameter_sections.plain_mapping(keep, where="[keep]")
            validation.known(given, parameter_sections.parameters("keep"), where="[keep]")
            keep = Keep(**given)
        self._assemble(
            Settings(
                student_teacher={} if student_teacher is None else student_teacher,
                start={} if start is None else start,
                training={} if training is None else training,
                keep=keep or Keep(),
                seed=seed,
                paired=tuple(paired),
                varied={axis.name: tuple(axis.columns) for axis in parsed},
            ),
            Grid(tuple(parsed)),
        )

    def _assemble(self, settings: Settings, grid: Grid) -> None:
        self.settings = settings
        self.grid = grid
        # The rule axis is paired without being asked: rules are there to be compared.
        self._shared = {*settings.paired, "rule"}

    @classmethod
    def from_parts(cls, settings: Settings, grid: Grid) -> "Sweep":
        """A sweep from what a store holds."""
        self = cls.__new__(cls)
        self._assemble(settings, grid)
        return self

    def cell(self, **where: Any) -> Cell:
        """One cell, to be looked at or repeated.

        Args:
            **where: its place on every axis, as the dataset's coordinates have it: a value, a rule's name, a label. An
                axis of one position can be left out.

        Returns:
            The cell: its problem, its rule and the arguments of `curldescent.train`.

        Raises:
            InputError: a place that the grid does not have, or values that make no experiment.

        Example:
            >>> import curldescent as cd
            >>> sweep = cd.sweeps.Sweep(
            ...     axes={"hidden": [0, 0.5]}, student_teacher={"n_inputs": 4, "n_hidden": 6}, training={"epochs": 5}
            ... )
            >>> cell = sweep.cell(hidden=0.5)
            >>> cell.rule
            Plasticity(hidden=0.5)
            >>> history = cd.train(cell.problem, cell.rule, **cell.training)
        """
        return self.cell_at(self.grid.index(where))

    def cell_at(self, index: Sequence[int]) -> Cell:
        """The cell at a position of every axis."""
        return Cell(self.settings, self.grid.cell(index), self.seed_text(index))

    def seed_text(self, index: Sequence[int]) -> str:
        """What the seeds of a cell are derived from: its values on the axes that are not paired."""
        return self.grid.spelling_without(index, tuple(self._shared))

    def spelled_as(self, other: "Sweep") -> "Sweep":
        """The same sweep, its rules spelled as another one spells the same ones: its cells are named by that."""
        theirs = {axis.name: axis for axis in other.grid.axes}.get("rule")
        if theirs is None:
            return self
        texts = [canonical(learning_rule.without_defaults(entry)) for entry in theirs.columns["rule"]]
        alike = dict(zip(texts, theirs.columns["rule"], strict=True))
        # Earlier versions took two spellings of one rule for two; they are told apart by name.
        namesakes = dict(zip(zip(theirs.labels or (), texts, strict=True), theirs.columns["rule"], strict=True))

        def respelled(axis: Axis) -> Axis:
            if axis.name != "rule":
                return axis
            names, entries = axis.labels or (), axis.columns["rule"]
            found = []
            for name, entry in zip(names, entries, strict=True):
                text = canonical(entry)
                found.append(namesakes.get((name, text), alike.get(text, entry)))
            return Axis("rule", {"rule": tuple(found)}, axis.labels)

        return Sweep.from_parts(self.settings, Grid(tuple(map(respelled, self.grid.axes))))

    def __repr__(self) -> str:
        axes = " × ".join(f"{axis.name}={len(axis)}" for axis in self.grid.axes)
        return f"Sweep({axes or 'no axes'}, {self.grid.size} cells)"


def read(path: str | Path) -> Sweep:
    """Read a sweep from a TOML file whose sections are the arguments of `Sweep`.

    Args:
        path: the file; see docs/sweeps.md and examples/fig3a_tenth.toml.

    Returns:
        The sweep; nothing is run.

    Raises:
        InputError: the file is missing, is not TOML, or has an unknown, missing or unusable entry.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import curldescent as cd
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder) / "sweep.toml"
        ...     _ = file.write_text('''
        ...     [axes]
        ...     hidden = { lin = [0, 1, 5] }
        ...     [student_teacher]
        ...     n_inputs = 10
        ...     n_hidden = 20
        ...     [training]
        ...     epochs = 100
        ...     ''')
        ...     cd.sweeps.read(file)
        Sweep(hidden=5, 5 cells)
    """
    content = read_toml(named("path", path, "a sweep's TOML file"), what="sweep file")
    accepted = ("sweep", "axes", "student_teacher", "start", "rules", "training", "keep")
    validation.known(content, accepted, where="the sweep file")
    for name, entry in content.items():
        if not isinstance(entry, dict):
            raise InputError(f"{name} must be a section, [{name}], got {validation.shown(entry)}")
    general = content.pop("sweep", {})
    validation.known(general, ("seed", "paired"), where="[sweep]")
    return Sweep(axes=content.pop("axes", {}), **general, **content)


def rule_axis(rules: Mapping[str, Any], others: Sequence[Axis]) -> Axis:
    """The axis of named rules, each a set of arguments that no other axis varies."""
    if not isinstance(rules, Mapping) or not rules:
        raise InputError(f"rules must be a table of named rules, got {validation.shown(rules)}")
    varied = {name for axis in others for name in axis.columns}
    entries = []
    for name, given in rules.items():
        where = f"[rules.{name}]"
        entry = learning_rule.plain_rule(given, where=where)
        for parameter in entry:
            if parameter in varied:
                raise InputError(f"{where}: {parameter} is an axis, so it has no entry of its own")
        # A default that is spelled out makes no other rule, and cells are named by what is left.
        entries.append(learning_rule.without_defaults(entry))
    axis = Axis("rule", {"rule": tuple(entries)}, tuple(str(name) for name in rules))
    if len(set(axis.spellings)) < len(axis):
        raise InputError("two rules are the same under different names")
    return axis


def check_names(axes: Sequence[Axis]) -> None:
    """Refuse axes that collide with each other or with what the dataset needs itself."""
    seen: dict[str, str] = {}
    for axis in axes:
        if axis.name in _RESERVED:
            raise InputError(
                f"axis {validation.shown(axis.name)} has a name that the dataset needs itself; "
                "zip it under another name"
            )
        for parameter in axis.columns:
            if axis.name != "rule" or parameter != "rule":
                validation.known(
                    [parameter], parameter_sections.section_of(), where=f"axis {validation.shown(axis.name)}"
                )
            if parameter in seen:
                raise InputError(f"{parameter} is varied by two axes, {seen[parameter]!r} and {axis.name!r}")
            seen[parameter] = axis.name
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1 or (name in seen and seen[name] != name):
            raise InputError(f"the name {name!r} is used twice")


def _whole_numbers(axis: Axis) -> Axis:
    """Round the ranges of parameters that are whole numbers; a range is written in real ones."""
    columns = dict(axis.columns)
    for parameter, values in axis.columns.items():
        if (
            parameter in parameter_sections.section_of()
            and parameter_sections.is_whole(parameter)
            and isinstance(values, Range)
        ):
            columns[parameter] = tuple(round(value) for value in values)
    rounded = Axis(axis.name, columns, axis.labels)
    if len(set(rounded.spellings)) < len(rounded):
        raise InputError(f"axis {validation.shown(axis.name)} has a value twice once rounded to whole numbers")
    return rounded
