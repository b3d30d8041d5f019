"""curldescent: learning dynamics when plasticity has more than one sign.

Public names are loaded on first use, so that ``import curldescent`` costs milliseconds and JAX is imported
only by what trains. Start with `student_teacher`, `Plasticity` and `train`; `theory` predicts beforehand.
"""

from importlib import import_module

from curldescent.foundation.version import __version__

# What type checkers take for true, without the 10 ms that `typing` takes: a command answers Ctrl-C only after this.
TYPE_CHECKING = False


# public name -> the module that defines it
_HOME = {
    "InputError": "curldescent.foundation.errors",
    "PlasticityWarning": "curldescent.foundation.errors",
    "Flips": "curldescent.model.flips",
    "Problem": "curldescent.model.problem",
    "Weights": "curldescent.model.problem",
    "student_teacher": "curldescent.model.student_teacher",
    "from_data": "curldescent.model.data",
    "Plasticity": "curldescent.model.plasticity",
    "Signature": "curldescent.model.signatures",
    "TwoWeights": "curldescent.model.two_weights",
    "accuracy": "curldescent.learning.evaluation",
    "cite": "curldescent.foundation.citations",
    "field": "curldescent.learning.fields.making",
    "predict": "curldescent.learning.evaluation",
    "train": "curldescent.learning.train",
    "flow": "curldescent.learning.flow",
    "wide_students": "curldescent.learning.wide_students",
    "log_epochs": "curldescent.learning.schedule",
    "epochs_to_threshold": "curldescent.learning.censoring",
    "summarise_epochs": "curldescent.learning.censoring",
}
_SUBMODULES = {
    **{name: name for name in ("analysis", "optimizers", "paper", "plots", "sweeps", "theory")},
    "explorer": "apps.explorer",
}

__all__ = [
    "Flips",
    "InputError",
    "Plasticity",
    "PlasticityWarning",
    "Problem",
    "Signature",
    "TwoWeights",
    "Weights",
    "__version__",
    "accuracy",
    "analysis",
    "cite",
    "epochs_to_threshold",
    "explorer",
    "field",
    "flow",
    "from_data",
    "log_epochs",
    "optimizers",
    "paper",
    "plots",
    "predict",
    "student_teacher",
    "summarise_epochs",
    "sweeps",
    "theory",
    "train",
    "wide_students",
]

if TYPE_CHECKING:
    from curldescent import analysis, optimizers, paper, plots, sweeps, theory
    from curldescent.apps import explorer
    from curldescent.foundation.citations import cite
    from curldescent.foundation.errors import InputError, PlasticityWarning
    from curldescent.learning.censoring import epochs_to_threshold, summarise_epochs
    from curldescent.learning.evaluation import accuracy, predict
    from curldescent.learning.fields.making import field
    from curldescent.learning.flow import flow
    from curldescent.learning.schedule import log_epochs
    from curldescent.learning.train import train
    from curldescent.learning.wide_students import wide_students
    from curldescent.model.data import from_data
    from curldescent.model.flips import Flips
    from curldescent.model.plasticity import Plasticity
    from curldescent.model.problem import Problem, Weights
    from curldescent.model.signatures import Signature
    from curldescent.model.student_teacher import student_teacher
    from curldescent.model.two_weights import TwoWeights


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _SUBMODULES:
        return import_module(f"curldescent.{_SUBMODULES[name]}")
    raise AttributeError(f"module 'curldescent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
