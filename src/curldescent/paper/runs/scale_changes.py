"""What a scale changes against the paper's own grid and epochs, found by comparing the experiments themselves."""

from collections.abc import Mapping
from typing import Any

from curldescent.paper.machinery.claims import Experiments, Figure, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.sweeps import Sweep

_PLAIN = {
    "student_teacher.trials": "trials",
    "training.epochs": "epochs",
    "training.batch_size": "batch size",
    "n_inputs": "inputs",
    "n_train": "training samples P",
    "student_teacher.n_train": "training samples P",
    "student_scale": "student scale",
    "student_teacher.student_scale": "student scale",
    "teacher_scale": "teacher scale",
    "student_teacher.teacher_scale": "teacher scale",
    "readout_flips": "readout flips",
    "ratio": "compression ratio c",
    "ratios": "compression ratio c",
    "readout": "α_r",
}


def changes(figure: Figure, scale: Scale) -> tuple[str, ...]:
    """Name every setting of a scale that is not the paper's.

    Args:
        figure: whose experiments.
        scale: compared with "paper".

    Returns:
        Phrases such as "fig3a: epochs 10 000 instead of 100 000", one a setting; empty for the paper's own scale.
    """
    return tuple(difference(figure.at(scale), figure.experiments("paper")))


def difference(ours: Experiments, theirs: Experiments) -> list[str]:
    """The phrases for two sets of experiments."""
    phrases: dict[str, list[str]] = {}
    for name in (*ours, *(n for n in theirs if n not in ours)):
        if name not in theirs:
            phrases.setdefault("an experiment of this scale alone", []).append(name)
        elif name not in ours:
            phrases.setdefault("left out", []).append(name)
        else:
            a, b = _settings(ours[name]), _settings(theirs[name])
            for key in dict.fromkeys((*a, *b)):
                if a.get(key) != b.get(key) and not _follows(key, a.get(key), b.get(key)):
                    phrase = f"{_PLAIN.get(key, key.split('.')[-1])} {_versus(a.get(key), b.get(key))}"
                    phrases.setdefault(phrase, []).append(name)
    if len(theirs) == 1:
        return list(phrases)
    return [f"{phrase} ({_names(names, len(theirs))})" for phrase, names in phrases.items()]


def _follows(key: str, ours: Any, theirs: Any) -> bool:
    """Whether a shorter run records the longer one's epochs up to its own last, which its length says already."""
    listed = isinstance(ours, list) and isinstance(theirs, list)
    return key == "training.record" and listed and ours[:-1] == theirs[: len(ours) - 1]


def _names(names: list[str], of: int) -> str:
    if len(names) == of:
        return "all"
    return ", ".join(names) if len(names) <= 4 else f"{len(names)} of {of} experiments"


def _settings(experiment: Sweep | Computation) -> dict[str, Any]:
    """Setting → value, one level deep, axes included."""
    if isinstance(experiment, Computation):
        return dict(experiment.arguments)
    out: dict[str, Any] = {}
    for axis in experiment.grid.axes:
        out[axis.name] = tuple(axis.spellings)
    settings = experiment.settings.as_json()
    for section in ("student_teacher", "start", "training", "keep"):
        given: Mapping[str, Any] = settings[section]
        out |= {f"{section}.{key}": value for key, value in given.items()}
    return out


def _versus(ours: Any, theirs: Any) -> str:
    if isinstance(ours, tuple | list) and isinstance(theirs, tuple | list):
        if len(ours) == len(theirs):
            return f"takes {len(ours)} other values"
        return f"takes {len(ours)} value{'s' if len(ours) > 1 else ''} instead of {len(theirs)}"
    return f"{_shown(ours)} instead of {_shown(theirs)}"


def _shown(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000:
        return f"{value:,}".replace(",", " ")
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
