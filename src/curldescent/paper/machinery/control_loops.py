"""Arms of controls that need the loop of `variants`: what a `Computation` calls."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.paper.machinery import controls

if TYPE_CHECKING:
    import xarray as xr


def arm_by_loop(
    trials: int, n_train: int, epochs: int, flips: int = 0, momentum: float = 0.0, noise: str = "none"
) -> "xr.Dataset":
    """Epochs to the threshold for the students of the base setting.

    Args:
        trials: how many of them.
        n_train: samples.
        epochs: the most a run gets.
        flips: flipped readout neurons, the first ones.
        momentum: see `variants.Variant`.
        noise: likewise.

    Returns:
        A dataset with one arm, as `controls.arms_dataset` makes it.
    """
    from curldescent.learning.schedule import log_epochs
    from curldescent.paper.machinery.variants import Variant, epochs_until, problem_layers

    problem, seed = controls.base_problem(trials, n_train)
    signs = np.where(np.arange(controls.N_HIDDEN) < flips, -1.0, 1.0)
    reached, last = epochs_until(
        problem,
        problem_layers(problem),
        (np.ones(controls.N_INPUTS), signs),
        Variant("tanh", controls.BATCH, momentum=momentum, noise=noise),
        threshold=controls.THRESHOLD,
        record=log_epochs(epochs, controls.POINTS).tolist(),
        learning_rate=controls.LEARNING_RATE,
        seed=seed,
    )
    return controls.arms_dataset({"arm": (reached, last < controls.THRESHOLD)})


def loop_arguments(size: controls.Size, more: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `arm_by_loop` at a size."""
    return {"trials": size.trials, "n_train": size.many, "epochs": size.epochs, **more}
