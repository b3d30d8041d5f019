"""What happened, and what will: stability, curl, chaos, saddles, and where curl comes from.

Every analysis takes (subject, rule=None): a problem of this library with a rule, or a field, from `curldescent.field`
or from `network`, which describes a JAX function or a PyTorch module with its data and its plasticity.
`learning_dynamics` follows a field in time, for exponents, regimes and saddles. docs/analysis.md, docs/chaos.md and
docs/saddles.md say how.
"""

# All at once and not lazily: several functions share the name of their module, and the function must win.
from curldescent.analysis._curl.circulation import Circulation, circulation
from curldescent.analysis._curl.curl import CurlShare, curl
from curldescent.analysis._curl.descent import DescentProfile, descent_profile
from curldescent.analysis._curl.hebbian import HebbianNetwork, dales_law
from curldescent.analysis._dynamics.covariant import CovariantVectors, covariant_vectors
from curldescent.analysis._dynamics.exponents import StepSizeCheck, follow_exponents, lyapunov, step_size_check
from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics, learning_dynamics
from curldescent.analysis._dynamics.loss_curve import Climb, Plateau, climbs, plateaus
from curldescent.analysis._dynamics.modulo_rotations import modulo_rotations
from curldescent.analysis._dynamics.motion_of_runs import late_order_parameter, order_parameter
from curldescent.analysis._dynamics.regimes import Record, Regime, regime, regime_of, watch
from curldescent.analysis._dynamics.signals import SignalKind, signal_kind, zero_one_test
from curldescent.analysis._dynamics.tangent import Exponents, TangentDynamics, lyapunov_exponents
from curldescent.analysis._saddles.critical_points import (
    CriticalPoint,
    critical_point,
    critical_points_along,
    spectrum_at,
)
from curldescent.analysis._saddles.escapes import Escape, escape
from curldescent.analysis._stability.flip_margins import FlipMargins, flip_margins, neurons
from curldescent.analysis._stability.flip_sets import StableFlips, largest_stable_flips
from curldescent.analysis._stability.jacobian_spectrum import JacobianSpectrum, jacobian_spectrum
from curldescent.analysis._stability.stability import Stability, stability
from curldescent.analysis._stability.tangent_kernel import tangent_kernels
from curldescent.analysis._trials import Trials
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.making import network
from curldescent.learning.fields.network import Network
from curldescent.learning.weight_motion import order_parameter_of

__all__ = [
    "Circulation",
    "Climb",
    "CovariantVectors",
    "CriticalPoint",
    "CurlShare",
    "DescentProfile",
    "Escape",
    "Exponents",
    "Field",
    "FlipMargins",
    "HebbianNetwork",
    "JacobianSpectrum",
    "LearningDynamics",
    "Network",
    "Plateau",
    "Record",
    "Regime",
    "SignalKind",
    "Stability",
    "StableFlips",
    "StepSizeCheck",
    "TangentDynamics",
    "Trials",
    "circulation",
    "climbs",
    "covariant_vectors",
    "critical_point",
    "critical_points_along",
    "curl",
    "dales_law",
    "descent_profile",
    "escape",
    "flip_margins",
    "follow_exponents",
    "jacobian_spectrum",
    "largest_stable_flips",
    "late_order_parameter",
    "learning_dynamics",
    "lyapunov",
    "lyapunov_exponents",
    "modulo_rotations",
    "network",
    "neurons",
    "order_parameter",
    "order_parameter_of",
    "plateaus",
    "regime",
    "regime_of",
    "signal_kind",
    "spectrum_at",
    "stability",
    "step_size_check",
    "tangent_kernels",
    "watch",
    "zero_one_test",
]
