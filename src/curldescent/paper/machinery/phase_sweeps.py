"""The sweeps behind the phase maps: networks of 220 neurons, from a random start or at a solution."""

from collections.abc import Mapping, Sequence
from typing import Any

from curldescent.paper.machinery.computation import Computation
from curldescent.sweeps import Sweep

TOTAL = 220
# Total step of an epoch, also of figure 3b.
STEP = 0.1
# Maps of log errors count everything below 1e-15 as 1e-15, as the paper's do: a trial whose errors have fallen to this
# can end without changing them.
LEARNED_FOR_GOOD = 1e-20
ENDS_EARLY = (
    "At the paper's own length a trial ends once both errors are below 1e-20; the maps count 1e-15 from there on."
)
# Epochs on the way at which the paper's own runs are looked at, besides the last.
ON_THE_WAY = (1_000, 3_000, 10_000, 30_000)


def on_the_way(scale: str, epochs: int) -> tuple[int, ...]:
    """Epochs before the last whose errors a map keeps at a scale."""
    return tuple(epoch for epoch in ON_THE_WAY if epoch < epochs) if scale in ("subset", "paper") else ()


def from_random_start(
    activation: str,
    ratio: Sequence[float],
    hidden: Sequence[float],
    *,
    epochs: int,
    trials: int,
    keep: Mapping[str, Any] | None = None,
    looked_at: Sequence[int] = (),
) -> Sweep:
    """Random students learn with flipped inputs, in batches of 10, norms preserved (figures 3a, 6 and their insets).

    Args:
        activation: of both layers.
        ratio: c = M/N.
        hidden: flipped fractions α_h.
        epochs: of training.
        trials: per cell.
        keep: arguments of `curldescent.sweeps.Keep`; the final errors by default.
        looked_at: epochs whose errors are kept too, at the paper's own length: how a verdict moves with epochs. A trial
            then ends once both errors are below `LEARNED_FOR_GOOD`.

    Returns:
        The sweep. Cells of equal ratio and fraction have the same teachers, students, inputs and sample orders whatever
        the activation, so that activations can be compared in pairs.
    """
    return Sweep(
        axes={"ratio": ratio, "hidden": hidden},
        student_teacher=sampler(activation, trials),
        training={
            "epochs": epochs,
            "learning_rate": STEP,
            "batch_size": 10,
            "preserve_norms": True,
            **(
                {"record": [*looked_at, epochs], "stop_below": [LEARNED_FOR_GOOD, LEARNED_FOR_GOOD]}
                if looked_at
                else {}
            ),
        },
        keep={**(keep or {}), **({"error_curves": True} if looked_at else {})},
    )


def from_teachers(
    activation: str,
    axes: Mapping[str, Sequence[float]],
    *,
    start: Mapping[str, Any],
    keep: Mapping[str, Any],
    epochs: int,
    trials: int,
    record: int | None = None,
) -> Sweep:
    """Students start beside their teachers and learn with the full batch, norms preserved (figures 3b, 4 and 8).

    Args:
        activation: of both layers.
        axes: ratio c = M/N, and the flipped fractions of a layer.
        start: arguments of `curldescent.sweeps.Start`: the noise.
        keep: arguments of `curldescent.sweeps.Keep`.
        epochs: of training.
        trials: per cell.
        record: how many log-spaced epochs are recorded; None for the sweeps' own choice.

    Returns:
        The sweep.
    """
    recorded = {} if record is None else {"record": record}
    return Sweep(
        axes=axes,
        student_teacher=sampler(activation, trials),
        start={"at": "teacher", **start},
        training={"epochs": epochs, "learning_rate": STEP, "batch_size": None, "preserve_norms": True, **recorded},
        keep=keep,
    )


def sampler(activation: str, trials: int) -> dict[str, Any]:
    """Arguments of `curldescent.student_teacher` that all phase maps share."""
    return {"total": TOTAL, "activation": activation, "n_train": 250, "n_test": 100, "trials": trials}


def training_time(experiment: Sweep | Computation) -> float:
    """How long a phase map's students learn, in units of total step: learning rate times epochs."""
    assert isinstance(experiment, Sweep)
    return float(experiment.settings.training["learning_rate"]) * float(experiment.settings.training["epochs"])
