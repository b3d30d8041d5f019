"""What a plasticity or a signature comes to in a network: how many neurons are flipped, frozen and graded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from curldescent.foundation.errors import PlasticityWarning, warn


@dataclass(frozen=True)
class RealisedLayer:
    """One layer's plasticity, counted.

    Args:
        units: what is counted: "inputs", "hidden neurons", "outputs", "neurons" or "synapses".
        size: of the layer, in these units.
        flipped: with a negative strength.
        frozen: with strength 0.
        graded: whose strength is neither 0 nor of magnitude 1.
        fraction: the flipped fraction that was asked for; None where no fraction was given.
    """

    units: str
    size: int
    flipped: int
    frozen: int = 0
    graded: int = 0
    fraction: float | None = None

    @property
    def descends(self) -> bool:
        """Whether the layer learns by gradient descent: nothing flipped, frozen or graded."""
        return not (self.flipped or self.frozen or self.graded)

    @property
    def unrealised(self) -> bool:
        """Whether a fraction above 0 came to no flip at all."""
        return bool(self.fraction) and self.flipped == 0

    @property
    def rounded(self) -> bool:
        """Whether a fraction was rounded down to whole neurons."""
        return self.fraction is not None and abs(self.fraction * self.size - self.flipped) > 1e-9 * max(1, self.size)

    def __str__(self) -> str:
        more = "".join(f", {n} {word}" for n, word in ((self.frozen, "frozen"), (self.graded, "graded")) if n)
        rounded = f" (α = {self.fraction:g} rounded down)" if self.rounded else ""
        return f"{self.flipped} of {self.size} {self.units} flipped{more}{rounded}"

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        asked = {} if self.fraction is None else {"fraction": self.fraction}
        return {
            "units": self.units,
            "size": self.size,
            "flipped": self.flipped,
            "frozen": self.frozen,
            "graded": self.graded,
            **asked,
        }


@dataclass(frozen=True)
class Realised(Mapping[str, RealisedLayer]):
    """A plasticity or a signature in a network of a given size; a mapping from layers or parameters to what is there.

    Args:
        layers: names of layers, from the inputs on, or paths of parameters, to what is there.
    """

    layers: dict[str, RealisedLayer]

    def __getitem__(self, name: str) -> RealisedLayer:
        return self.layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    @property
    def hidden(self) -> RealisedLayer:
        """Synapses input → hidden, of a network with two layers."""
        return self.layers["hidden"]

    @property
    def readout(self) -> RealisedLayer:
        """Synapses hidden → output, of a network with two layers."""
        return self.layers["readout"]

    def __str__(self) -> str:
        told = [f"{name} {layer}" for name, layer in self.layers.items() if layer.fraction or not layer.descends]
        return "; ".join(told) or "nothing flipped"

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {name: layer.as_json() for name, layer in self.layers.items()}


def counted(strengths: ArrayLike, units: str, *, fraction: float | None = None) -> RealisedLayer:
    """Count strengths.

    Args:
        strengths: one per neuron or per synapse.
        units: what they are of.
        fraction: what was asked for, if it was a fraction.

    Returns:
        The `RealisedLayer`.

    Example:
        >>> print(counted([-1, 1, 0, 0.5, -2], "inputs"))
        2 of 5 inputs flipped, 1 frozen, 2 graded
    """
    given = np.asarray(strengths)
    size = np.abs(given)
    return RealisedLayer(
        units=units,
        size=given.size,
        flipped=int((given < 0).sum()),
        frozen=int((given == 0).sum()),
        graded=int(((size != 0) & (size != 1)).sum()),
        fraction=fraction,
    )


def warn_unrealised(layers: Mapping[str, RealisedLayer], *, of: str = "") -> None:
    """Warn, in one sentence each, of fractions that come to no flip.

    Args:
        layers: names to what is there.
        of: what the layers belong to, for the sentence.
    """
    for name, layer in layers.items():
        if layer.unrealised:
            warn(
                f"{name}{of}: a fraction of {layer.fraction:g} of {layer.size} {layer.units} comes to none (rounded "
                "down), so nothing is flipped there",
                PlasticityWarning,
            )
