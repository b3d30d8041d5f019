"""Pictures, one file a subject; all in the look of `curldescent.plots.style`.

Every function draws into axes of one's own, `ax=` where it has one panel and `axes=` where it has several, or into a
new figure as wide as a journal's column or page; it returns the figure and shows nothing. `save` writes PNG and PDF.
Colours are told apart with every common colour-vision deficiency.
"""

import lazy_loader

# The names stand in `__init__.pyi` too, for type checkers: it cannot be read from an archive at run time.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "chaos": ["regime_map", "spectrum_trace"],
        "finite_sizes": ["finite_size", "stability_probabilities"],
        "hebbian": ["hebbian_curl"],
        "learning_curves": ["learning_curves"],
        "over_axes": ["sweep"],
        "panels": ["letter"],
        "spectra": ["spectrum"],
        "stability_verdicts": ["verdict"],
        "style": ["figure_style", "save"],
        "sweeps": ["error_map"],
        "theory": ["joint_boundaries", "lambda_min_map", "phase_diagrams"],
        "two_weights": ["flow_fields"],
    },
)
