"""Learning rules, one file each.

`signed_gradient` is the meaning of `curldescent.Plasticity`: every engine computes what it says. The others are
`LearningRule` objects, which `curldescent.train` and the analyses take in its place; a rule of one's own is a subclass
of `LearningRule`, or a function of what a synapse sees (`Sight`).
"""

from curldescent.learning.rules.contract import LearningRule, OwnRule, Sight
from curldescent.learning.rules.node_perturbation import NodePerturbation
from curldescent.learning.rules.oja import Oja

__all__ = ["LearningRule", "NodePerturbation", "Oja", "OwnRule", "Sight"]
