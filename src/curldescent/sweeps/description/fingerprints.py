"""What stored results are known by: the settings that differ from defaults, and the number of the semantics.

A setting that has the default below is left out of a fingerprint, so that an argument which a function gains later
changes none. The table says what a default is, not today's signatures: where the default of a signature changes, sweeps
that omit the entry get another fingerprint, and stored ones go on meaning the value that they were made with.
"""

from collections.abc import Mapping
from typing import Any

from curldescent.foundation.canonical import canonical, digest
from curldescent.sweeps.description import parameter_sections

# The meaning of a cell. Raise it whenever the same settings come to give other numbers: sampling, the update rule,
# recording, the measures. A store with another number is not continued. The tables below may then begin anew.
SEMANTICS = 1

_Defaults = Mapping[str, Mapping[str, Any]]
# The defaults of every section and kind of rule when semantics 1 began. No entry is ever changed.
FIRST: _Defaults = {
    "student_teacher": {
        "n_outputs": 1,
        "activation": "linear",
        "output_activation": None,
        "n_train": 250,
        "n_test": 100,
        "student_scale": 1.0,
        "teacher_scale": 1.0,
        "distribution": "uniform",
        "covariance": None,
        "trials": 1,
    },
    "start": {"at": "random", "hidden_noise": 0.0, "readout_noise": 0.0, "normalise_teacher": False},
    "training": {
        "learning_rate": 0.1,
        "batch_size": None,
        "preserve_norms": False,
        "record": None,
        "output_error": "delta",
        "stop_below": None,
        "dtype": "float64",
        "engine": "auto",
    },
    "keep": {
        "final_errors": True,
        "error_curves": False,
        "epochs_to": (),
        "never": "last",
        "maximum_error": False,
        "order_parameter": 0,
        "lambda_min": False,
        "weights": False,
    },
    "plasticity": {"hidden": 0.0, "readout": 0.0, "flips": "presynaptic", "feedback": None, "feedback_scale": 1.0},
}
# Arguments that the functions have gained since, with the default that they came with. Entries are only added.
ADDED: _Defaults = {
    "student_teacher": {"loss": "squared"},
    "start": {"noise": "gaussian"},
    "plasticity": {"layers": None},
    "oja": {"decay": 1.0, "readout": "delta"},
    "node_perturbation": {"noise": 0.1},
}

_SECTIONS = ("student_teacher", "start", "training", "keep")


def omitted(section: str) -> dict[str, Any]:
    """What the entries of a section, or of a kind of rule, mean where a stored sweep lacks them.

    Args:
        section: "student_teacher", "start", "training", "keep", or a kind of rule.

    Returns:
        Name → value, of every argument that has a default today.
    """
    frozen = {**FIRST.get(section, {}), **ADDED.get(section, {})}
    return {name: frozen.get(name, value) for name, value in parameter_sections.defaults(section).items()}


def fingerprint(settings: Mapping[str, Any]) -> str:
    """A hash of what determines results besides a cell's values.

    Args:
        settings: as `Settings.as_json` gives them.

    Returns:
        64 hexadecimal digits.
    """
    content = {**settings, **{section: _differing(section, settings[section]) for section in _SECTIONS}}
    # Rules are values of cells, which say only what was given: a default that has changed is said here.
    content["rule"] = _differing("plasticity", parameter_sections.defaults("plasticity"))
    for kind in parameter_sections.RULES:
        if kind != "plasticity":
            content[f"rule {kind}"] = _differing(kind, parameter_sections.defaults(kind))
    return digest(canonical({name: value for name, value in content.items() if value not in ({}, [])}))


def spelled_out(settings: Mapping[str, Any]) -> str | None:
    """The fingerprint that the version before gave the same settings: every default that it knew was part of it.

    Args:
        settings: as `Settings.as_json` gives them.

    Returns:
        64 hexadecimal digits, or None where that version could not have meant the same.
    """
    if _differing("plasticity", parameter_sections.defaults("plasticity")):
        return None
    content = dict(settings)
    for section in _SECTIONS:
        known = {*FIRST[section], *_differing(section, settings[section])}
        content[section] = {name: value for name, value in settings[section].items() if name in known}
    return digest(canonical(content))


def _differing(section: str, given: Mapping[str, Any]) -> dict[str, Any]:
    usual = omitted(section)
    return {n: v for n, v in given.items() if n not in usual or canonical(v) != canonical(usual[n])}
