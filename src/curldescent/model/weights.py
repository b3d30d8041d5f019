"""Weights of a student or teacher: a tuple of layers, for one trial or for several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, init=False)
class Weights:
    """Weights of a network of any depth, for one trial or for several.

    Two layers have names, hidden and readout; any number of them are a list, from the inputs to the outputs.

    Args:
        layers: W1, W2, …, each (post, pre): row i holds the synapses onto neuron i. With a leading trial axis
            (T, post, pre).
        hidden: W1, (N, M), in place of `layers`, together with
        readout: W2, (O, N).

    Raises:
        InputError: not numeric, not finite, or layers that do not fit each other.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> cd.Weights(hidden=np.ones((3, 5)), readout=np.ones((1, 3)))
        Weights(inputs=5, hidden=3, outputs=1)
        >>> cd.Weights([np.ones((4, 5)), np.ones((3, 4)), np.ones((1, 3))])
        Weights(inputs=5, hidden=4–3, outputs=1)
    """

    layers: tuple[Array, ...]

    def __init__(
        self,
        layers: Sequence[ArrayLike] | None = None,
        *,
        hidden: ArrayLike | None = None,
        readout: ArrayLike | None = None,
    ) -> None:
        object.__setattr__(self, "layers", _checked(_given(layers, hidden, readout)))

    @property
    def names(self) -> tuple[str, ...]:
        """What the layers are called: hidden and readout; in other depths layer1, layer2 and so on."""
        return layer_names(len(self.layers))

    @property
    def depth(self) -> int:
        """The number of layers of weights."""
        return len(self.layers)

    @property
    def sizes(self) -> tuple[int, ...]:
        """M, the sizes of the hidden layers, O."""
        return (self.n_inputs, *(layer.shape[-2] for layer in self.layers))

    @property
    def hidden(self) -> Array:
        """W1 of a network with two layers."""
        return self._of_two("hidden")[0]

    @property
    def readout(self) -> Array:
        """W2 of a network with two layers."""
        return self._of_two("readout")[1]

    def _of_two(self, name: str) -> tuple[Array, ...]:
        if self.depth != 2:
            raise InputError(f"{name} names a layer of two-layer networks; this one has {self.depth}: take .layers[i]")
        return self.layers

    @property
    def n_inputs(self) -> int:
        """M."""
        return self.layers[0].shape[-1]

    @property
    def n_hidden(self) -> int:
        """N, the neurons of the last hidden layer; of a single layer, the inputs."""
        return self.layers[-1].shape[-1]

    @property
    def n_outputs(self) -> int:
        """O."""
        return self.layers[-1].shape[-2]

    @property
    def n_synapses(self) -> int:
        """Weights of one trial."""
        return sum(layer.shape[-1] * layer.shape[-2] for layer in self.layers)

    @property
    def trials(self) -> int | None:
        """Length of the trial axis, or None where there is none."""
        return self.layers[0].shape[0] if self.layers[0].ndim == 3 else None

    def trial(self, number: int) -> "Weights":
        """The weights of one trial, without a trial axis.

        Raises:
            InputError: a trial that is not there.
        """
        number = validation.integer("trial", number, minimum=0, maximum=(self.trials or 1) - 1)
        return Weights([layer[number] if layer.ndim == 3 else layer for layer in self.layers])

    def __repr__(self) -> str:
        trials = "" if self.trials is None else f"trials={self.trials}, "
        hidden = "–".join(map(str, self.sizes[1:-1]))
        between = f"hidden={hidden}, " if hidden else ""
        return f"Weights({trials}inputs={self.n_inputs}, {between}outputs={self.n_outputs})"


def layer_names(depth: int) -> tuple[str, ...]:
    """What the layers of a network of that depth are called in histories, signatures and messages.

    Example:
        >>> layer_names(2), layer_names(3)
        (('hidden', 'readout'), ('layer1', 'layer2', 'layer3'))
    """
    return ("hidden", "readout") if depth == 2 else tuple(f"layer{number}" for number in range(1, depth + 1))


def network_sizes(
    sizes: Sequence[int] | None = None,
    *,
    n_inputs: int | None = None,
    n_hidden: int | Sequence[int] | None = None,
    n_outputs: int | None = None,
) -> tuple[int, ...]:
    """Sizes of a network in one form, from either.

    Args:
        sizes: M, the sizes of the hidden layers, O.
        n_inputs: M of a network with two layers,
        n_hidden: N, or the sizes of several hidden layers, and
        n_outputs: O.

    Raises:
        InputError: neither or both.

    Example:
        >>> network_sizes(n_inputs=3, n_hidden=5, n_outputs=1)
        (3, 5, 1)
    """
    named = (n_inputs, n_hidden, n_outputs)
    if sizes is not None and all(size is None for size in named):
        return tuple(sizes)
    if sizes is None and n_inputs is not None and n_hidden is not None and n_outputs is not None:
        return n_inputs, *(n_hidden if isinstance(n_hidden, list | tuple) else [n_hidden]), n_outputs
    raise InputError("give the sizes of the network either as a list or as n_inputs, n_hidden and n_outputs")


def _given(layers: Any, hidden: Any, readout: Any) -> list[tuple[str, Any]]:
    if layers is None:
        if hidden is None or readout is None:
            raise InputError("give weights either as hidden and readout, or as a list of layers from the inputs on")
        return [("hidden", hidden), ("readout", readout)]
    if hidden is not None or readout is not None:
        raise InputError("give weights either as hidden and readout, or as a list of layers, got both")
    if not isinstance(layers, list | tuple) or not layers:
        raise InputError(
            f"layers must be a list of weights, one (post, pre) array a layer, got {validation.shown(layers)}"
        )
    return list(zip(layer_names(len(layers)), layers, strict=True))


def _checked(given: list[tuple[str, Any]]) -> tuple[Array, ...]:
    arrays = [validation.finite_array(f"{name} weights", layer, ndim=(2, 3)) for name, layer in given]
    names = [name for name, _ in given]
    first = arrays[0]
    for before, name, layer, previous in zip(names, names[1:], arrays[1:], arrays[:-1], strict=False):
        if first.ndim != layer.ndim or first.shape[:-2] != layer.shape[:-2]:
            raise InputError(
                f"{names[0]} and {name} weights must both have the same trial axis or both have none, "
                f"got shapes {first.shape} and {layer.shape}"
            )
        if layer.shape[-1] != previous.shape[-2]:
            neuron = "hidden neuron" if len(names) == 2 else f"neuron of {before}"
            raise InputError(
                f"{name} weights must have one column per {neuron}, ({'O' if name == names[-1] else 'post'}, "
                f"{previous.shape[-2]}), got shape {layer.shape}"
            )
    return tuple(arrays)
