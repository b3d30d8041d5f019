"""curldescent: learning dynamics when plasticity has more than one sign.

Public names are loaded on first use, so that ``import curldescent`` costs milliseconds and JAX is imported
only by what trains. Start with `student_teacher`, `Plasticity` and `train`; `theory` predicts beforehand.
"""

import lazy_loader

# The names stand here and, for type checkers, in `__init__.pyi`, which is not read at run time: parsing it takes 4 ms,
# and a command answers Ctrl-C only after this import.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["analysis", "optimizers", "paper", "plots", "sweeps", "theory"],
    submod_attrs={
        "apps": ["explorer"],
        "foundation.citations": ["cite"],
        "foundation.errors": ["EstimateWarning", "InputError", "PlasticityWarning"],
        "foundation.version": ["__version__"],
        "learning": ["rules"],
        "learning.censoring": ["epochs_to_threshold", "summarise_epochs"],
        "learning.evaluation": ["accuracy", "predict"],
        "learning.scores": ["scores"],
        "learning.fields.making": ["field"],
        "learning.flow": ["flow"],
        "learning.schedule": ["log_epochs"],
        "learning.train": ["train"],
        "learning.wide_students": ["wide_students"],
        "model.activations": ["activation"],
        "model.data": ["from_data"],
        "model.flips": ["Flips"],
        "model.high_gain": ["high_gain_start"],
        "model.plasticity": ["Plasticity"],
        "model.problem": ["Problem"],
        "model.signatures": ["Signature"],
        "model.student_teacher": ["student_teacher"],
        "model.two_weights": ["TwoWeights"],
        "model.weights": ["Weights"],
    },
)
