"""The family of what says how synapses learn: `Plasticity`, layer by layer, and `Signature`, by parameter path."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from curldescent.model.flips import Flips
from curldescent.model.realised import Realised

# What is said of one layer or parameter, in the forms that `Flips` lists. Annotated as what it may be given as.
Rule = ArrayLike | Flips | Mapping[str, Any]


class LayerRules(ABC):
    """A rule for every layer of weights, in one of the forms that `curldescent.Flips` lists.

    What it comes to is S, one strength per synapse: ΔW = −η S ∘ ∂C/∂W. `Signature.of` and `Plasticity.of` turn one into
    the other.
    """

    @abstractmethod
    def strengths(self, network: Any, /) -> Any:
        """S for a network of the given sizes or shapes; warns of fractions that come to no flip."""

    @abstractmethod
    def realised(self, network: Any, /) -> Realised:
        """How many neurons of every layer are flipped, frozen and graded there."""
