"""What a run leaves behind: a labelled history."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.writing import storable
from curldescent.learning.recording import Record

if TYPE_CHECKING:
    import xarray as xr


def labelled_history(
    *,
    epochs: Sequence[int] | NDArray[np.int64],
    record: Record,
    rule_names: Sequence[str] | None,
    settings: dict[str, object],
) -> "xr.Dataset":
    """Put a run's record into a dataset; without a rule axis for a single rule.

    Args:
        epochs: recorded epochs, (E,).
        record: what the run left.
        rule_names: names along the rule axis, or None for a single rule without that axis.
        settings: kept as the dataset's attributes.

    Returns:
        The dataset described at `curldescent.train`.
    """
    import xarray as xr

    lead: tuple[str, ...] = ("rule", "trial")
    hidden_dims, readout_dims = ("hidden", "input"), ("output", "hidden")
    variables: dict[str, tuple[tuple[str, ...], NDArray, dict[str, str]]] = {
        "train_error": (("epoch",), record.train_error, {"long_name": "training error ½⟨‖ŷ − y‖²⟩", "units": "1"}),
        "student_hidden": (hidden_dims, record.hidden, {"long_name": "final hidden weights W1"}),
        "student_readout": (readout_dims, record.readout, {"long_name": "final readout weights W2"}),
        "diverged": ((), record.diverged_at >= 0, {"long_name": "whether the trial diverged"}),
        "diverged_at": ((), record.diverged_at, {"long_name": "epoch of divergence, −1 for none", "units": "epochs"}),
        "stopped_at": ((), record.stopped_at, {"long_name": "epoch of early stopping, −1 for none", "units": "epochs"}),
    }
    optional = {
        "test_error": ((), record.test_error, "test error ½⟨‖ŷ − y‖²⟩"),
        "hidden_history": (hidden_dims, record.hidden_history, "hidden weights W1"),
        "readout_history": (readout_dims, record.readout_history, "readout weights W2"),
    }
    for name, (dims, values, meaning) in optional.items():
        if values is not None:
            units = {"units": "1"} if name == "test_error" else {}
            variables[name] = (("epoch", *dims), values, {"long_name": meaning, **units})
    if rule_names is None:
        lead = ("trial",)
        variables = {name: (dims, values[0], attrs) for name, (dims, values, attrs) in variables.items()}
    coordinates: dict[str, object] = {
        "trial": (
            "trial",
            np.arange(record.hidden.shape[1]),
            {"long_name": "student, with its own teacher or targets"},
        ),
        "epoch": ("epoch", np.asarray(epochs), {"long_name": "finished epochs", "units": "epochs"}),
    }
    if rule_names is not None:
        coordinates["rule"] = ("rule", list(rule_names), {"long_name": "plasticity rule"})
    return xr.Dataset(
        {name: ((*lead, *dims), values, attrs) for name, (dims, values, attrs) in variables.items()},
        coords=coordinates,
        attrs=storable(settings),
    )
