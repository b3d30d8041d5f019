"""Pictures, one file a subject; all in the look of `curldescent.plots.style`.

Every function returns a matplotlib figure and shows nothing; `save` writes PNG and PDF. Colours are told apart with
every common colour-vision deficiency.
"""

from importlib import import_module
from typing import TYPE_CHECKING

# At once and not lazily: it shares the name of its module, and the function must win.
from curldescent.plots.learning_curves import learning_curves

# public name -> the module that defines it
_HOME = {
    "error_map": "curldescent.plots.sweeps",
    "spectrum_trace": "curldescent.plots.chaos",
    "figure_style": "curldescent.plots.style",
    "finite_size": "curldescent.plots.finite_sizes",
    "flow_fields": "curldescent.plots.two_weights",
    "hebbian_curl": "curldescent.plots.hebbian",
    "joint_boundaries": "curldescent.plots.theory",
    "lambda_min_map": "curldescent.plots.theory",
    "phase_diagrams": "curldescent.plots.theory",
    "regime_map": "curldescent.plots.chaos",
    "save": "curldescent.plots.style",
    "spectrum": "curldescent.plots.theory",
    "stability_probabilities": "curldescent.plots.finite_sizes",
}

__all__ = [
    "error_map",
    "figure_style",
    "finite_size",
    "flow_fields",
    "hebbian_curl",
    "joint_boundaries",
    "lambda_min_map",
    "learning_curves",
    "phase_diagrams",
    "regime_map",
    "save",
    "spectrum",
    "spectrum_trace",
    "stability_probabilities",
]

if TYPE_CHECKING:
    from curldescent.plots.chaos import regime_map, spectrum_trace
    from curldescent.plots.finite_sizes import finite_size, stability_probabilities
    from curldescent.plots.hebbian import hebbian_curl
    from curldescent.plots.style import figure_style, save
    from curldescent.plots.sweeps import error_map
    from curldescent.plots.theory import joint_boundaries, lambda_min_map, phase_diagrams, spectrum
    from curldescent.plots.two_weights import flow_fields


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'curldescent.plots' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
