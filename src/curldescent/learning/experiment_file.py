"""Experiments as TOML files: the arguments of the Python calls, section by section, and nothing else.

[student_teacher]            # or [data], with the arguments of curldescent.from_data
n_inputs = 100
n_hidden = 10

[rules.GD]                   # any number of named rules: the arguments of curldescent.Plasticity
[rules.CD]
readout = 0.1

[training]                   # the arguments of curldescent.train
epochs = 1000
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.files import read_toml
from curldescent.learning.train import train
from curldescent.model.data import from_data
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import student_teacher

# Arguments that belong to the caller of `train`, not to the experiment.
_NOT_IN_FILES = {"problem", "rule", "progress", "observe", "stopping"}
_SECTIONS = ("student_teacher", "data", "rules", "training")


@dataclass(frozen=True)
class ExperimentFile:
    """What a file describes: a problem, named rules, and the arguments of `train`."""

    problem: Problem
    rules: Mapping[str, Plasticity]
    training: Mapping[str, Any]


def read_experiment(path: Path) -> ExperimentFile:
    """Read and check an experiment file; nothing is trained.

    Args:
        path: a TOML file. A relative `source` in its [data] section is relative to the file.

    Returns:
        The `ExperimentFile`. Without rules its students learn by gradient descent.

    Raises:
        InputError: the file is missing, is not TOML, or has an unknown, missing or unusable entry.
    """
    content = read_toml(path, what="experiment file")
    validation.known(content, _SECTIONS, where="the file")
    for name in content:
        if not isinstance(content[name], dict):
            raise InputError(f"{name} must be a section, [{name}], got {validation.shown(content[name])}")
    if ("student_teacher" in content) == ("data" in content):
        raise InputError("an experiment file needs exactly one of the sections [student_teacher] and [data]")
    rules = content.get("rules", {"GD": {}})
    for name, entry in rules.items():
        if not isinstance(entry, dict):
            raise InputError(f"rules.{name} must be a section, [rules.{name}], got {validation.shown(entry)}")
    training = _arguments(train, content.get("training", {}), where="[training]")
    if "data" in content:
        arguments = _arguments(from_data, content["data"], where="[data]")
        source = arguments["source"]
        if isinstance(source, str) and source != "digits":
            arguments["source"] = path.parent / source
        problem = from_data(**arguments)
    else:
        problem = student_teacher(**_arguments(student_teacher, content["student_teacher"], where="[student_teacher]"))
    return ExperimentFile(
        problem=problem,
        rules={name: Plasticity(**_arguments(Plasticity, entry, f"[rules.{name}]")) for name, entry in rules.items()},
        training=training,
    )


def _arguments(function: Callable[..., Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A section's entries, each an argument of the function, none of the required ones missing."""
    parameters = {k: p for k, p in inspect.signature(function).parameters.items() if k not in _NOT_IN_FILES}
    validation.known(given, parameters, where=where)
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and name not in given:
            raise InputError(f"{where} needs an entry {name!r}")
    return dict(given)
