"""Students of the speed-up's protocol, trained until their training error is below a threshold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from curldescent.learning.censoring import epochs_to_threshold
from curldescent.learning.schedule import log_epochs
from curldescent.learning.train import train
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery import controls, speedup_protocol

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem


def trained(
    problem: "Problem",
    rules: Plasticity | Mapping[str, Plasticity],
    epochs: int,
    threshold: float = speedup_protocol.THRESHOLD,
    **differs: Any,
) -> "xr.Dataset":
    """Train until the error is below a threshold, looked at as often as by all controls.

    Args:
        problem: students and targets.
        rules: one, or several by name.
        epochs: the most a run gets.
        threshold: of the training error.
        differs: arguments of `curldescent.train` that are not the protocol's.

    Returns:
        The history with two more variables ([rule,] trial): `needed`, the first recorded epoch below the threshold, the
        last one where there is none; `reached`, whether there is one.
    """
    protocol = {
        "learning_rate": speedup_protocol.LEARNING_RATE,
        "batch_size": speedup_protocol.BATCH,
        "preserve_norms": True,
        "record": log_epochs(epochs, controls.POINTS).tolist(),
    }
    history = train(
        problem,
        rules if isinstance(rules, Plasticity) else dict(rules),
        epochs=epochs,
        stop_below=threshold,
        **{**protocol, **differs},
    )
    error = history.train_error
    needed = epochs_to_threshold(error, threshold, never="last")
    return history.assign(needed=needed, reached=(error < threshold).any("epoch"))
