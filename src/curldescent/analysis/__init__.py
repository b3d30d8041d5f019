"""What happened, and what will: stability, curl and the effect of flips, for any differentiable network.

`network` describes a JAX function or a PyTorch module with its data and its plasticity; everything else takes what it
returns. `stability` also takes a problem of this library with a rule. docs/analysis.md has the derivations.
"""

# All at once and not lazily: several functions share the name of their module, and the function must win.
from curldescent.analysis.circulation import Circulation, circulation
from curldescent.analysis.curl import CurlShare, curl
from curldescent.analysis.descent import DescentProfile, descent_profile
from curldescent.analysis.flip_sets import StableFlips, largest_stable_flips
from curldescent.analysis.flips import FlipMargins, flip_margins, neurons
from curldescent.analysis.from_problem import problem_network
from curldescent.analysis.jacobian import JacobianSpectrum, jacobian_spectrum
from curldescent.analysis.network import Network, network
from curldescent.analysis.stability import Stability, TrialStability, stability
from curldescent.analysis.tangent_kernel import tangent_kernels

__all__ = [
    "Circulation",
    "CurlShare",
    "DescentProfile",
    "FlipMargins",
    "JacobianSpectrum",
    "Network",
    "Stability",
    "StableFlips",
    "TrialStability",
    "circulation",
    "curl",
    "descent_profile",
    "flip_margins",
    "jacobian_spectrum",
    "largest_stable_flips",
    "network",
    "neurons",
    "problem_network",
    "stability",
    "tangent_kernels",
]
