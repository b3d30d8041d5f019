"""Compute one cell: sample its problem, train it, keep what was asked for."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError, PlasticityWarning
from curldescent.learning.weight_motion import WeightWatcher
from curldescent.sweeps.description.cell import Cell
from curldescent.sweeps.description.keep import ALWAYS, Keep
from curldescent.sweeps.description.predicted_eigenvalue import predicted_lambda_min
from curldescent.sweeps.description.settings import CellArguments

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def compute(cell: Cell, *, threads: int = 1) -> dict[str, Array]:
    """Run one cell of a sweep.

    Args:
        cell: made by `Sweep.cell_at`, or from what a task says.
        threads: for the compiled kernels; the result does not depend on it.

    Returns:
        Variable → array, with the dimensions listed in `keep.VARIABLES`; float64.

    Raises:
        InputError: values that make no experiment.
    """
    from curldescent.learning.train import train

    keep, kept = cell.settings.keep, cell.arguments.recorded
    epochs, window = cell.arguments.training["epochs"], keep.order_parameter
    watcher, record = None, kept
    if window:
        if window > epochs:
            raise InputError(f"keep.order_parameter looks at {window} epochs, the run has only {epochs}")
        record = np.union1d(kept, np.arange(epochs - window + 1, epochs + 1))
        watcher = WeightWatcher(record=record.tolist(), window=window)
    with warnings.catch_warnings():
        # Said once, before the sweep began.
        warnings.simplefilter("ignore", PlasticityWarning)
        history = train(
            cell.problem,
            cell.rule,
            **{**cell.training, "record": record.tolist()},
            threads=threads,
            observe=watcher,
        )
    measured = _measures(keep, cell.arguments, history)
    if watcher is not None:
        measured.update(watcher.results())
    return {
        name: np.asarray(measured[name], dtype="<f8", order="C") for name in (*keep.names, *ALWAYS) if name in measured
    }


def _measures(keep: Keep, arguments: CellArguments, history: "xr.Dataset") -> dict[str, Any]:
    from curldescent.learning.censoring import epochs_to_threshold

    out: dict[str, Any] = {name: history[name].values for name in ALWAYS}
    for part in ("train", "test"):
        if f"{part}_error" not in history:
            continue  # no test samples in this cell
        # The epochs that only the order parameter looked at are not part of the curves.
        curve = history[f"{part}_error"].sel(epoch=arguments.recorded)
        out[f"{part}_error"] = curve.values
        out[f"final_{part}_error"] = curve.values[:, -1]
        with np.errstate(invalid="ignore"):
            out[f"maximum_{part}_error"] = curve.values.max(axis=1)  # NaN where the trial diverged: there is none
        if keep.epochs_to:
            reached = [epochs_to_threshold(curve, threshold, never=keep.never).values for threshold in keep.epochs_to]
            out[f"epochs_to_{part}"] = np.stack(reached, axis=-1)
    if keep.lambda_min:
        out["predicted_lambda_min"] = predicted_lambda_min(arguments)
    if keep.weights:
        out["student_hidden"], out["student_readout"] = history.student_hidden.values, history.student_readout.values
    return out
