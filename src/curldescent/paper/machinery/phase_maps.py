"""The sweeps behind the phase maps: networks of 220 neurons, from a random start or at a solution."""

from collections.abc import Mapping, Sequence
from typing import Any

from curldescent.paper.machinery.computation import Computation
from curldescent.sweeps import Sweep

TOTAL = 220


def from_random_start(
    activation: str,
    *,
    ratio: Sequence[float],
    hidden: Sequence[float],
    epochs: int,
    trials: int,
    keep: Mapping[str, Any] | None = None,
) -> Sweep:
    """Random students learn with flipped inputs, in batches of 10, norms preserved (figures 3a, 6 and their insets).

    Args:
        activation: of both layers.
        ratio: c = M/N.
        hidden: flipped fractions α_h.
        epochs: of training.
        trials: per cell.
        keep: arguments of `curldescent.sweeps.Keep`; the final errors by default.

    Returns:
        The sweep. Cells of equal ratio and fraction have the same teachers, students, inputs and sample orders whatever
        the activation, so that activations can be compared in pairs.
    """
    return Sweep(
        axes={"ratio": ratio, "hidden": hidden},
        student_teacher=_sampler(activation, trials),
        training={"epochs": epochs, "learning_rate": 0.1, "batch_size": 10, "preserve_norms": True},
        keep=keep or {},
    )


def from_solutions(
    activation: str, *, ratio: Sequence[float], readout: Sequence[float], epochs: int, trials: int
) -> Sweep:
    """Students start at their teachers, with noise 1e-15 on W1, and flipped hidden neurons; full batch (figures 4, 8).

    Args:
        activation: of both layers.
        ratio: c = M/N.
        readout: flipped fractions α_r.
        epochs: of training.
        trials: per cell.

    Returns:
        The sweep, with final and maximum errors and the curves.
    """
    return Sweep(
        axes={"ratio": ratio, "readout": readout},
        student_teacher=_sampler(activation, trials),
        start={"at": "teacher", "hidden_noise": 1e-15},
        training={"epochs": epochs, "learning_rate": 0.1, "batch_size": None, "preserve_norms": True},
        keep={"maximum_error": True, "error_curves": True},
    )


def _sampler(activation: str, trials: int) -> dict[str, Any]:
    return {"total": TOTAL, "activation": activation, "n_train": 250, "n_test": 100, "trials": trials}


def training_time(experiment: Sweep | Computation) -> float:
    """How long a phase map's students learn, in units of total step.

    Args:
        experiment: the sweep.

    Returns:
        Learning rate times epochs.
    """
    assert isinstance(experiment, Sweep)
    return float(experiment.settings.training["learning_rate"]) * float(experiment.settings.training["epochs"])
