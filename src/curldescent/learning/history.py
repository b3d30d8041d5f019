"""What a run leaves behind: a labelled history."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import quantities
from curldescent.foundation.writing import storable
from curldescent.learning.recording import Record
from curldescent.model.weights import layer_names

if TYPE_CHECKING:
    import xarray as xr


def labelled_history(
    *,
    epochs: Sequence[int] | NDArray[np.int64],
    record: Record,
    rule_names: Sequence[str] | None,
    settings: dict[str, object],
    loss: str = "squared",
) -> "xr.Dataset":
    """Put a run's record into a dataset; without a rule axis for a single rule.

    Args:
        epochs: recorded epochs, (E,).
        record: what the run left.
        rule_names: names along the rule axis, or None for a single rule without that axis.
        settings: kept as the dataset's attributes.
        loss: what the errors are means of.

    Returns:
        The dataset described at `curldescent.train`.
    """
    import xarray as xr

    lead: tuple[str, ...] = ("rule", "trial")
    variables: dict[str, tuple[tuple[str, ...], NDArray, dict[str, str]]] = {
        "train_error": (("epoch",), record.train_error, {}),
    }
    depth = len(record.layers)
    named = list(zip(layer_names(depth), layer_dims(depth), range(1, depth + 1), strict=True))
    for (name, dims, number), layer in zip(named, record.layers, strict=True):
        variables[f"student_{name}"] = (dims, layer, quantities.weights(name, number, when="final"))
    for name, state in record.states.items():
        (of,) = (place for place, (layer, _, _) in enumerate(named) if f"{name}_".startswith(f"state_{layer}_"))
        own = state_dims(name, state.shape[2:], named[of][1], record.layers[of].shape[2:])
        variables[name] = (own, state, {"long_name": "what the rule remembers at the end", "units": "1"})
    variables |= {
        "diverged": ((), record.diverged_at >= 0, {}),
        "diverged_at": ((), record.diverged_at, {}),
        "stopped_at": ((), record.stopped_at, {}),
    }
    if record.test_error is not None:
        variables["test_error"] = (("epoch",), record.test_error, {})
    for (name, dims, number), layer in zip(named, record.snapshots or (), strict=False):
        variables[f"{name}_history"] = (("epoch", *dims), layer, quantities.weights(name, number))
    if rule_names is None:
        lead = ("trial",)
        variables = {name: (dims, values[0], attrs) for name, (dims, values, attrs) in variables.items()}
    coordinates = {"trial": np.arange(record.train_error.shape[1]), "epoch": np.asarray(epochs)}
    data = xr.Dataset(
        {name: ((*lead, *dims), values, attrs) for name, (dims, values, attrs) in variables.items()},
        coords=coordinates if rule_names is None else {**coordinates, "rule": list(rule_names)},
        attrs=storable(settings),
    )
    return quantities.labelled(data, loss=loss)


def layer_dims(depth: int) -> list[tuple[str, str]]:
    """The dimensions of every layer's weights in a history.

    Example:
        >>> layer_dims(2)
        [('hidden', 'input'), ('output', 'hidden')]
        >>> layer_dims(3)
        [('neuron1', 'input'), ('neuron2', 'neuron1'), ('output', 'neuron2')]
    """
    between = ["hidden"] if depth == 2 else [f"neuron{number}" for number in range(1, depth)]
    neurons = ["input", *between, "output"]
    return [(post, pre) for pre, post in pairwise(neurons)]


def state_dims(
    name: str, shape: tuple[int, ...], layer_dims: tuple[str, str], layer_shape: tuple[int, ...]
) -> tuple[str, ...]:
    """The dimensions of what a rule remembers of a layer: the layer's own, where the shape tells, or "…_axis0", ….

    Example:
        >>> state_dims("state_hidden", (5, 3), ("hidden", "input"), (5, 3))
        ('hidden', 'input')
        >>> state_dims("state_hidden", (5,), ("hidden", "input"), (5, 3)), state_dims("s", (7,), ("a", "b"), (5, 3))
        (('hidden',), ('s_axis0',))
    """
    if shape == layer_shape:
        return layer_dims
    sizes = dict(zip(layer_dims, layer_shape, strict=True))
    if len(shape) == 1 and list(sizes.values()).count(shape[0]) == 1:
        return (next(dim for dim, size in sizes.items() if size == shape[0]),)
    return tuple(f"{name}_axis{number}" for number in range(len(shape)))
