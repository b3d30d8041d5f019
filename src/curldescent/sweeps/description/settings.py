"""What all cells of a sweep share: with a cell's values it determines the cell's results."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.canonical import canonical, digest
from curldescent.foundation.errors import InputError
from curldescent.learning.schedule import recording_epochs
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import student_teacher
from curldescent.sweeps.description import derived_parameters, fingerprints, learning_rule, parameter_sections
from curldescent.sweeps.description.fingerprints import SEMANTICS
from curldescent.sweeps.description.keep import Keep
from curldescent.sweeps.description.start import Start

# Beyond these a sweep is a slip of the pen, and the arrays that describe it would not fit anywhere.
_MAX_EPOCHS = 10**12
_MAX_POINTS = 10**6
_MAX_TRIALS = 10**6


@dataclass(frozen=True)
class CellArguments:
    """One cell's arguments, ready for the library's functions.

    Args:
        student_teacher: of `curldescent.student_teacher`, but for the seed.
        start: where the students begin.
        rule: of the learning rule; see `learning_rule.build`.
        training: of `curldescent.train`, but for the seed.
    """

    student_teacher: dict[str, Any]
    start: Start
    rule: dict[str, Any]
    training: dict[str, Any]

    @property
    def ratio(self) -> float:
        """The ratio c = M/N of the sizes themselves."""
        return float(self.student_teacher["n_inputs"] / self.student_teacher["n_hidden"])

    @property
    def updates(self) -> int:
        """Weight updates of one trial, if none stops early."""
        samples = self.student_teacher["n_train"]
        return int(self.training["epochs"] * -(-samples // (self.training["batch_size"] or samples)))

    @property
    def learning_rule(self) -> Any:
        """The rule that the cell's students learn by: a `Plasticity`, or what its `kind` names."""
        return learning_rule.build(self.rule)

    @property
    def recorded(self) -> np.ndarray:
        """The epochs that error curves are kept at, (E,)."""
        record = self.training["record"]
        if isinstance(record, int) and record > _MAX_POINTS:
            raise InputError(f"record must be at most {_MAX_POINTS} points, got {record}")
        try:
            return recording_epochs(record, self.training["epochs"])
        except InputError:
            raise
        except (TypeError, ValueError):
            raise InputError("record must be a number of points or a list of epochs, got neither") from None


@dataclass(frozen=True, eq=False)
class Settings:
    """The settings that all cells of a sweep share.

    Args:
        student_teacher: arguments of `curldescent.student_teacher`, or `total` and `ratio` for the sizes.
        start: arguments of `Start`.
        training: arguments of `curldescent.train`; `epochs` among them.
        keep: what is kept.
        seed: base seed; each cell derives its own from it and its values.
        paired: names of axes that do not enter the seed: cells that differ only in them have the same teachers,
            students, inputs and sample orders.
        varied: axis → its parameters; they are not in the sections.

    Raises:
        InputError: an unknown entry, or one that is missing.
    """

    _: KW_ONLY
    student_teacher: Mapping[str, Any] = field(default_factory=dict)
    start: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    keep: Keep = field(default_factory=Keep)
    seed: int = 0
    paired: tuple[str, ...] = ()
    varied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        varied = {name for names in self.varied.values() for name in names}
        for section in ("student_teacher", "start", "training"):
            where = f"[{section}]"
            given = parameter_sections.plain_mapping(getattr(self, section), where=where)
            validation.known(given, parameter_sections.parameters(section), where=where)
            for name in given:
                if name in varied:
                    raise InputError(f"{where}: {name} is an axis, so it has no entry of its own")
            full = {n: v for n, v in parameter_sections.defaults(section).items() if n not in varied} | given
            object.__setattr__(self, section, full)
        object.__setattr__(self, "seed", validation.integer("seed", self.seed, minimum=0, maximum=2**63))
        if "epochs" not in self.training and "epochs" not in varied:
            raise InputError("[training] needs an entry 'epochs'")
        if "epochs" in varied and self.keep.error_curves:
            raise InputError("epochs cannot be an axis where keep.error_curves is on: curves would differ in length")
        for name in ("n_inputs", "n_hidden"):
            if name not in varied | set(self.student_teacher) and "ratio" not in varied | set(self.student_teacher):
                raise InputError(f"[student_teacher] needs an entry {name!r}, or total and ratio")
        known = [name for name in self.varied if name != "rule"]
        for name in self.paired:
            if name not in known:
                raise InputError(
                    f"paired names axes, {', '.join(known) or 'of which there are none'}; got {validation.shown(name)}"
                    + validation.nearest(name, known)
                )

    def as_json(self) -> dict[str, Any]:
        """Plain data: what the plan of a store says, and all that a worker needs."""
        return {
            "semantics": SEMANTICS,
            "student_teacher": dict(self.student_teacher),
            "start": dict(self.start),
            "training": dict(self.training),
            "keep": self.keep.as_json(),
            "seed": self.seed,
            "paired": sorted(self.paired),
            "varied": {axis: sorted(names) for axis, names in self.varied.items()},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Settings":
        """Read what `as_json` wrote, in this version or an earlier one.

        Args:
            content: the plain data. An argument that it lacks has the default that the argument came with.

        Returns:
            The settings.

        Raises:
            InputError: other semantics, or anything that does not make settings.
        """
        if content.get("semantics") != SEMANTICS:
            raise InputError(
                f"the sweep was computed with semantics {content.get('semantics')!r}, this version of curldescent "
                f"computes with semantics {SEMANTICS}; read it with the version that made it, or use a new store"
            )
        varied = {axis: tuple(names) for axis, names in content["varied"].items()}
        elsewhere = {name for names in varied.values() for name in names}

        def whole(section: str) -> dict[str, Any]:
            usual = {n: v for n, v in fingerprints.omitted(section).items() if n not in elsewhere}
            return {**usual, **content[section]}

        return cls(
            student_teacher=whole("student_teacher"),
            start=whole("start"),
            training=whole("training"),
            keep=Keep(**whole("keep")),
            seed=content["seed"],
            paired=tuple(content["paired"]),
            varied=varied,
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything that determines results besides a cell's values."""
        return fingerprints.fingerprint(self.as_json())

    @cached_property
    def fingerprints(self) -> tuple[str, ...]:
        """What stores of these settings are known by: the fingerprint, and the one that an earlier version gave."""
        return tuple(filter(None, (self.fingerprint, fingerprints.spelled_out(self.as_json()))))

    def resolved(self, cell: Mapping[str, Any]) -> CellArguments:
        """A cell's arguments, derivations applied and sizes checked; nothing is sampled.

        Args:
            cell: parameter → value.

        Returns:
            The arguments of every function.

        Raises:
            InputError: a combination that makes no experiment.
        """
        parts: dict[str, dict[str, Any]] = {
            "student_teacher": dict(self.student_teacher),
            "start": dict(self.start),
            "training": dict(self.training),
            "rule": dict(cell.get("rule", {})),
            "sweep": {},
        }
        for name, value in cell.items():
            if name != "rule":
                parts[parameter_sections.section_of()[name]][name] = value
        problem = derived_parameters.sizes(parts["student_teacher"])
        for name, least in (("n_inputs", 1), ("n_hidden", 1), ("n_outputs", 1), ("n_train", 1), ("n_test", 0)):
            problem[name] = validation.integer(name, problem[name], minimum=least, maximum=2**31)
        problem["trials"] = validation.integer("trials", problem["trials"], minimum=1, maximum=_MAX_TRIALS)
        rule = learning_rule.arguments(parts["rule"], n_inputs=problem["n_inputs"], n_hidden=problem["n_hidden"])
        training = parts["training"]
        training["epochs"] = validation.integer("epochs", training["epochs"], minimum=1, maximum=_MAX_EPOCHS)
        batch = training["batch_size"]
        if batch is not None:
            validation.integer("batch_size", batch, minimum=1, maximum=problem["n_train"])
        return CellArguments(problem, Start(**parts["start"]), rule, training)

    def problem(self, resolved: CellArguments, seed_text: str) -> Problem:
        """Sample a cell's problem.

        Args:
            resolved: the cell's arguments.
            seed_text: the cell's unpaired values as text.

        Returns:
            The `Problem`, students where they start.
        """
        sampled = student_teacher(**resolved.student_teacher, seed=self.seed_for("problem", seed_text))
        return resolved.start.applied(sampled, seed=self.seed_for("start", seed_text))

    def seed_for(self, purpose: str, seed_text: str) -> int:
        """A seed that depends on the base seed and the cell's own unpaired values, and on nothing else."""
        return int(digest(f"{self.seed}\n{purpose}\n{seed_text}")[:15], 16)


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "") -> str | None:
    """Name the first setting in which two sweeps differ.

    Args:
        ours: `Settings.as_json` of what is asked for.
        theirs: of what a store holds.
        path: prefix of the names.

    Returns:
        A phrase with both values, or None where they agree.

    Example:
        >>> difference({"training": {"epochs": 20}}, {"training": {"epochs": 10}})
        'training.epochs is 10 in the store and 20 here'
    """
    for name in sorted(set(ours) | set(theirs)):
        a, b = ours.get(name, "absent"), theirs.get(name, "absent")
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            inner = difference(a, b, f"{path}{name}.")
            if inner:
                return inner
        elif canonical(a) != canonical(b):
            show = canonical if not isinstance(a, str) and not isinstance(b, str) else str
            return f"{path}{name} is {show(b)} in the store and {show(a)} here"
    return None
