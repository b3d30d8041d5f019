"""What a scale changes against the paper's own grid and epochs, found by comparing the experiments themselves."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from curldescent.paper.machinery.claims import Experiments, Figure, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.wording import rounded, spaced
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
    "hidden": "α_h",
    "readout": "α_r",
    "samples_per_input": "samples an input",
    "sets": "input sets",
}
# A value of a sweep's axis as the axis spells it.
_NUMBER = re.compile(r'\{"[^"]+":(-?[\d.]+(?:e-?\d+)?)\}')
# What is said where a scale goes without a setting of the paper's.
_WITHOUT = {
    "training.stop_below": "no trial ends before its last epoch",
    "training.record": "no epoch on the way is looked at",
}
# Of an axis that takes no more values than these they are all named: what was left out decides what a picture can say.
_NAMED = 9


def changes(figure: Figure, scale: Scale) -> tuple[str, ...]:
    """Name every setting of a scale that is not the paper's.

    Args:
        figure: whose experiments.
        scale: compared with "paper".

    Returns:
        Phrases such as "fig3a: epochs 10 000 instead of 100 000", one a setting; empty for the paper's own scale.
    """
    return tuple(difference(figure.at(scale), figure.experiments("paper")))


def trains(figure: Figure) -> bool:
    """Whether any of a figure's experiments at paper scale has epochs."""
    return any(key.split(".")[-1] == "epochs" for one in figure.experiments("paper").values() for key in _settings(one))


def difference(ours: Experiments, theirs: Experiments) -> list[str]:
    """The phrases for two sets of experiments."""
    phrases: dict[str, list[str]] = {}
    for name in ours:
        if name in theirs:
            a, b = _settings(ours[name]), _settings(theirs[name])
            for key in dict.fromkeys((*a, *b)):
                if a.get(key) != b.get(key) and not _follows(key, a.get(key), b.get(key)):
                    phrases.setdefault(_phrase(key, a.get(key), b.get(key)), []).append(name)
    said = [
        phrase if len(theirs) == 1 else f"{phrase} ({_names(names, len(theirs))})" for phrase, names in phrases.items()
    ]
    for names, of, what in (
        ([name for name in ours if name not in theirs], len(ours), "computed at this scale alone"),
        ([name for name in theirs if name not in ours], len(theirs), "not computed at this scale"),
    ):
        if names:
            said.append(f"{_names(names, of)} {'is' if len(names) == 1 else 'are'} {what}")
    return said


def _follows(key: str, ours: Any, theirs: Any) -> bool:
    """Whether a shorter run records the longer one's epochs up to its own last, which its length says already."""
    listed = isinstance(ours, list) and isinstance(theirs, list)
    return key == "training.record" and listed and ours[:-1] == theirs[: len(ours) - 1]


def _phrase(key: str, ours: Any, theirs: Any) -> str:
    if key in _WITHOUT and ours is None:
        return _WITHOUT[key]
    what = _PLAIN.get(key, key.split(".")[-1])
    colon = ":" if isinstance(ours, Mapping) else ""
    verb = "take" if what.endswith("s") else "takes"
    return f"{what}{colon} {_versus(ours, theirs, verb, named=key != 'seed')}"


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
    # What is kept changes nothing that is computed.
    for section in ("student_teacher", "start", "training"):
        given: Mapping[str, Any] = settings[section]
        out |= {f"{section}.{key}": value for key, value in given.items()}
    return out


def _versus(ours: Any, theirs: Any, verb: str, *, named: bool) -> str:
    if isinstance(ours, tuple | list) and isinstance(theirs, tuple | list):
        values = "value" if len(ours) == 1 else "values"
        few = named and len(ours) <= _NAMED and all(map(_spelled, ours))
        which = f": {', '.join(map(_shown, ours))}" if few else _range(ours, theirs) if named else ""
        if len(ours) == len(theirs):
            return f"{verb} {len(ours)} other {values}{which}"
        return f"{verb} {len(ours)} {values} instead of {len(theirs)}{which}"
    return f"{_shown(ours)} instead of {_shown(theirs)}"


def _range(ours: Sequence[Any], theirs: Sequence[Any]) -> str:
    """From where to where our values go, where that is not the range of theirs."""
    ends = [(values[0], values[-1]) for values in (ours, theirs)]
    if ends[0] == ends[1] or not all(map(_spelled, ours)):
        return ""
    return f", from {_shown(ends[0][0])} to {_shown(ends[0][1])}"


def _spelled(value: Any) -> re.Match[str] | None:
    return _NUMBER.fullmatch(value) if isinstance(value, str) else None


def _shown(value: Any) -> str:
    if spelled := _spelled(value):
        return rounded(float(spelled[1]), 3)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return spaced(int(value)) if abs(value) >= 10_000 and value == int(value) else f"{value:g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{_shown(inner)} at {key}" for key, inner in value.items()) or "none"
    if isinstance(value, tuple | list):
        return ", ".join(map(_shown, value))
    return "none" if value is None else str(value)
