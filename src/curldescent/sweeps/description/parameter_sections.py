"""Which section of a sweep a parameter belongs to: read off the signatures of the functions it goes to."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from curldescent.foundation import array_likes, validation
from curldescent.foundation.errors import InputError
from curldescent.learning.train import train
from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.sweeps.description.derived_parameters import DERIVED
from curldescent.sweeps.description.keep import Keep
from curldescent.sweeps.description.start import Start

# The kinds of rule that a sweep can have, and where they are: "plasticity" where none is named; only its arguments can
# be axes. The others bring JAX with them, which a sweep without them does not wait for.
RULES = {
    "plasticity": "curldescent.model.plasticity:Plasticity",
    "oja": "curldescent.learning.rules:Oja",
    "node_perturbation": "curldescent.learning.rules:NodePerturbation",
}
# The sections whose parameters can be axes.
_TARGETS: dict[str, Callable[..., Any]] = {
    "student_teacher": student_teacher,
    "start": Start,
    "rule": Plasticity,
    "training": train,
}
# Seeds are derived per cell, a transformation of updates is no plain data, the plasticity of another kind of rule is a
# table of its own; the rest belongs to whoever runs the cell and changes no result.
_NOT_THE_USERS = {
    "seed",
    "problem",
    "progress",
    "observe",
    "stopping",
    "threads",
    "record_weights",
    "transform",
    "plasticity",
}
# Trials and recorded epochs are dimensions of the dataset and must be those of every cell.
_NOT_AN_AXIS = {"trials", "record", "covariance", "dtype"}


def rule_class(kind: str) -> Callable[..., Any]:
    """The class of a kind of rule."""
    module, name = RULES[kind].split(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


@cache
def parameters(section: str) -> dict[str, inspect.Parameter]:
    """The parameters that a section, or a kind of rule, accepts, by name."""
    target = rule_class(section) if section in RULES else {**_TARGETS, "keep": Keep}[section]
    found = inspect.signature(target).parameters
    own = {
        name: found[name] for name in found if name not in _NOT_THE_USERS and (section, name) != ("training", "rule")
    }
    for name, home in DERIVED.items():
        if home == section:
            kind = float if name == "ratio" else int
            own[name] = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
    return own


@cache
def section_of() -> dict[str, str]:
    """Parameter → section, for everything that can be an axis; `seed` belongs to the sweep itself."""
    homes = {name: section for section in _TARGETS for name in parameters(section) if name not in _NOT_AN_AXIS}
    return {**homes, "seed": "sweep"}


def is_whole(name: str) -> bool:
    """Whether a parameter takes whole numbers, so that a range of it is rounded."""
    if name == "seed":
        return True
    annotation = parameters(section_of()[name])[name].annotation
    return annotation is int or annotation == int | None


def defaults(section: str) -> dict[str, Any]:
    """What the omitted entries of a section, or of a kind of rule, mean today."""
    return {name: p.default for name, p in parameters(section).items() if p.default is not inspect.Parameter.empty}


def plain(value: Any, *, where: str) -> Any:
    """Refuse what a plan cannot hold: everything but numbers, text, booleans, None and lists of them."""
    if reason := array_likes.refusal(value):
        raise InputError(f"{where} must be a number, text, true, false or a list, got {reason}")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        validation.real(where, value)
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist(), where=where)
    if isinstance(value, list | tuple):
        return [plain(item, where=where) for item in value]
    raise InputError(f"{where} must be a number, text, true, false or a list, got {validation.shown(value)}")


def plain_mapping(given: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """A section's entries, each of which a plan can hold."""
    if not isinstance(given, Mapping):
        raise InputError(f"{where} must be a section, got {validation.shown(given)}")
    return {str(name): plain(value, where=f"{where} {name}") for name, value in given.items()}
