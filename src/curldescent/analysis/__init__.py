"""What a learning run does, read off its dynamics: is it chaotic, where are the saddles, where does curl come from.

Names are loaded on first use. Everything computes in float64 through a scoped setting.
"""

from importlib import import_module

# public name -> the module that defines it
_HOME = {
    "Climb": "curldescent.analysis.loss_curve",
    "CovariantVectors": "curldescent.analysis.covariant",
    "CriticalPoint": "curldescent.analysis.saddles",
    "Escape": "curldescent.analysis.escapes",
    "Exponents": "curldescent.analysis.tangent",
    "HebbianNetwork": "curldescent.analysis.sources",
    "LearningDynamics": "curldescent.analysis.dynamics",
    "Plateau": "curldescent.analysis.loss_curve",
    "Record": "curldescent.analysis.regimes",
    "Regime": "curldescent.analysis.regimes",
    "SignalKind": "curldescent.analysis.signals",
    "StepSizeCheck": "curldescent.analysis.exponents",
    "TangentDynamics": "curldescent.analysis.tangent",
    "antisymmetric_share": "curldescent.analysis.sources",
    "climbs": "curldescent.analysis.loss_curve",
    "covariant_vectors": "curldescent.analysis.covariant",
    "critical_point": "curldescent.analysis.saddles",
    "critical_points_along": "curldescent.analysis.saddles",
    "dales_law": "curldescent.analysis.sources",
    "escape": "curldescent.analysis.escapes",
    "follow_exponents": "curldescent.analysis.exponents",
    "learning_dynamics": "curldescent.analysis.dynamics",
    "lyapunov": "curldescent.analysis.exponents",
    "lyapunov_exponents": "curldescent.analysis.tangent",
    "order_parameter": "curldescent.analysis.order_parameters",
    "order_parameter_of": "curldescent.analysis.order_parameters",
    "plateaus": "curldescent.analysis.loss_curve",
    "regime": "curldescent.analysis.regimes",
    "regime_of": "curldescent.analysis.regimes",
    "rk4": "curldescent.analysis.integrate",
    "signal_kind": "curldescent.analysis.signals",
    "spectrum_at": "curldescent.analysis.saddles",
    "step_size_check": "curldescent.analysis.exponents",
    "watch": "curldescent.analysis.regimes",
    "zero_one_test": "curldescent.analysis.signals",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'curldescent.analysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
