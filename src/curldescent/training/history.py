"""What a run leaves behind: a labelled history, and what is read off it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent import validation

if TYPE_CHECKING:
    import xarray as xr


def labelled_history(
    *,
    epochs: Sequence[int] | NDArray[np.int64],
    train_error: NDArray[np.float64],
    test_error: NDArray[np.float64] | None,
    hidden: NDArray[np.float64],
    readout: NDArray[np.float64],
    diverged_at: NDArray[np.int64],
    stopped_at: NDArray[np.int64],
    recorded_weights: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    rule_names: Sequence[str] | None,
    settings: dict[str, object],
) -> "xr.Dataset":
    """Put a run's arrays, all with leading (R, T) axes, into a dataset; without a rule axis for a single rule.

    Args:
        epochs: recorded epochs, (E,).
        train_error: (R, T, E).
        test_error: (R, T, E), or None.
        hidden: final W1, (R, T, N, M).
        readout: final W2, (R, T, O, N).
        diverged_at: (R, T), −1 where a trial did not diverge.
        stopped_at: (R, T), −1 where a trial was not stopped early.
        recorded_weights: W1 (R, T, E, N, M) and W2 (R, T, E, O, N) at the recorded epochs, or None.
        rule_names: names along the rule axis, or None for a single rule without that axis.
        settings: kept as the dataset's attributes.

    Returns:
        The dataset described at `curldescent.train`.
    """
    import xarray as xr

    lead: tuple[str, ...] = ("rule", "trial")
    hidden_dims, readout_dims = ("hidden", "input"), ("output", "hidden")
    variables: dict[str, tuple[tuple[str, ...], NDArray, dict[str, str]]] = {
        "train_error": (("epoch",), train_error, {"long_name": "training error ½⟨‖ŷ − y‖²⟩"}),
        "student_hidden": (hidden_dims, hidden, {"long_name": "final hidden weights W1"}),
        "student_readout": (readout_dims, readout, {"long_name": "final readout weights W2"}),
        "diverged": ((), diverged_at >= 0, {"long_name": "whether the trial diverged"}),
        "diverged_at": ((), diverged_at, {"long_name": "epoch of divergence, −1 for none"}),
        "stopped_at": ((), stopped_at, {"long_name": "epoch at which the trial was stopped early, −1 for none"}),
    }
    if test_error is not None:
        variables["test_error"] = (("epoch",), test_error, {"long_name": "test error ½⟨‖ŷ − y‖²⟩"})
    if recorded_weights is not None:
        for name, dims, values in zip(
            ("hidden_history", "readout_history"), (hidden_dims, readout_dims), recorded_weights, strict=True
        ):
            variables[name] = (("epoch", *dims), values, {"long_name": name.replace("_", " weights ")})
    if rule_names is None:
        lead = ("trial",)
        variables = {name: (dims, values[0], attrs) for name, (dims, values, attrs) in variables.items()}
    coordinates: dict[str, object] = {
        "trial": np.arange(hidden.shape[1]),
        "epoch": ("epoch", np.asarray(epochs), {"long_name": "finished epochs"}),
    }
    if rule_names is not None:
        coordinates["rule"] = list(rule_names)
    return xr.Dataset(
        {name: ((*lead, *dims), values, attrs) for name, (dims, values, attrs) in variables.items()},
        coords=coordinates,
        attrs=settings,
    )


def epochs_to_threshold(error: "xr.DataArray", threshold: float) -> "xr.DataArray":
    """Epochs until an error curve first lies below a threshold: the first recorded epoch below it.

    A curve that never gets there counts with its last recorded epoch (the paper's convention), so compare with
    `error.epoch[-1]` before reading a mean. A diverged curve never gets there.

    Args:
        error: a history's `train_error` or `test_error`, with an `epoch` dimension.
        threshold: the error to fall below, positive.

    Returns:
        The epochs, with the other dimensions of `error`.

    Raises:
        InputError: the threshold is not a positive number.

    Source: the paper's figure 5.

    Example:
        >>> import curldescent as cd, xarray as xr
        >>> curve = xr.DataArray([1.0, 0.5, 0.05], dims="epoch", coords={"epoch": [0, 10, 100]})
        >>> int(cd.epochs_to_threshold(curve, 0.1))
        100
    """
    threshold = validation.positive("threshold", threshold)
    below = error < threshold
    first = error["epoch"][below.argmax("epoch")]
    return first.where(below.any("epoch"), error["epoch"][-1]).astype(np.int64).drop_vars("epoch", errors="ignore")
