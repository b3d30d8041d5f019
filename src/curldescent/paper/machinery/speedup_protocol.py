"""The protocol of the speed-up: students of one size, trained until their errors are below a threshold.

That of the paper's figures 5, 10 and 11 (docs/theory.md, simulation protocol) and of all controls: tanh students with
100 inputs and 10 hidden neurons, the nonlinearity also at the output, initial scale 2, batches of 10, total step 0.1 an
epoch. The first recorded epoch with an error below 1e-3 counts, the last epoch where there is none.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curldescent.learning.schedule import log_epochs
from curldescent.sweeps import Sweep

if TYPE_CHECKING:
    import xarray as xr

THRESHOLD = 1e-3
INPUTS, HIDDEN, SCALE = 100, 10, 2.0
BATCH, LEARNING_RATE = 10, 0.1
PAPER_EPOCHS = 100_000
RULES: Mapping[str, Mapping[str, Any]] = {"GD": {}, "CD": {"readout": 0.1}}

# Values of the paper's grids.
SAMPLES = (100, 140, 180, 220, 260, 300, 340, 380, 420, 440, 500, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000)
STUDENT_SCALES = (0.01, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10)
TEACHER_SCALES = (0.1, *(0.25 * step for step in range(1, 17)))
FLIPS = tuple(range(HIDDEN + 1))


def sweep(
    axes: Mapping[str, Any],
    *,
    trials: int,
    epochs: int,
    record: int | Sequence[int] | None = None,
    stop_below: float | Sequence[float] | None = (THRESHOLD, THRESHOLD),
    rules: Mapping[str, Mapping[str, Any]] | None = RULES,
    training: Mapping[str, Any] | None = None,
    keep: Mapping[str, Any] | None = None,
    paired: Sequence[str] = (),
    **problem: Any,
) -> Sweep:
    """A sweep of the protocol.

    Args:
        axes: what is varied: arguments of the problem, of the plasticity or of training.
        trials: per cell.
        epochs: at most.
        record: how many log-spaced epochs are recorded, or which; the paper's by default, see `paper_record`.
        stop_below: a trial is stopped once its errors are below; both by default, so that what is kept does not change.
        rules: of the axis `rule`; None where plasticity is varied by the axes.
        training: what differs from the protocol in training.
        keep: what is kept beside the epochs to the threshold.
        paired: axes whose cells share students, teachers and sample orders.
        problem: what differs from the protocol in `curldescent.student_teacher`.

    Returns:
        The sweep.
    """
    settings = {
        "epochs": epochs,
        "learning_rate": LEARNING_RATE,
        "batch_size": BATCH,
        "preserve_norms": True,
        "record": paper_record(epochs) if record is None else record,
        "stop_below": list(stop_below) if isinstance(stop_below, Sequence) else stop_below,
        **(training or {}),
    }
    given = {"n_inputs": INPUTS, "n_hidden": HIDDEN, "activation": "tanh", "n_test": 100, "student_scale": SCALE}
    return Sweep(
        axes=axes,
        rules=rules,
        student_teacher={
            name: value for name, value in {**given, "trials": trials, **problem}.items() if name not in axes
        },
        training={name: value for name, value in settings.items() if name not in axes},
        keep={"epochs_to": [THRESHOLD], "never": "last", **(keep or {})},
        paired=paired,
    )


def paper_record(epochs: int, *, of: int = PAPER_EPOCHS) -> list[int]:
    """The about 100 epochs that the paper's run records, up to the end of a shorter one, and its last.

    Args:
        epochs: of the shorter run.
        of: length of the paper's run.

    Returns:
        The epochs, ascending.
    """
    grid = log_epochs(of)
    return [*grid[grid < epochs].tolist(), epochs]


def needed(data: "xr.Dataset", part: str) -> "xr.DataArray":
    """Epochs to the threshold, the last epoch where it is never reached.

    Args:
        data: of a `sweep`, or one without a dimension `threshold`.
        part: "train" or "test", whose error.

    Returns:
        In memory, with the axes of the sweep and `trial`. At least 1: relu students and teachers whose outputs are all
        0 agree before they learn, and ratios need a number.
    """
    epochs = data[f"epochs_to_{part}"]
    if "threshold" in epochs.dims:
        epochs = epochs.squeeze("threshold", drop=True)
    return epochs.load().astype(float).clip(min=1)


def last_epoch(data: "xr.Dataset") -> int:
    """The epoch that stands for "never"."""
    return int(json.loads(data.attrs["settings"])["training"]["epochs"])
