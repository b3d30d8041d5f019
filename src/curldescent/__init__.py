"""curldescent: learning dynamics when plasticity has more than one sign.

Public names are loaded on first use, so that ``import curldescent`` costs milliseconds and JAX is imported
only by what trains. Start with `student_teacher`, `Plasticity` and `train`; `theory` predicts beforehand.
"""

from importlib import import_module

# What type checkers take for true, without the 10 ms that `typing` takes: a command answers Ctrl-C only after this.
TYPE_CHECKING = False

__version__ = "0.1.0"

# public name -> the module that defines it
_HOME = {
    "InputError": "curldescent.errors",
    "PlasticityWarning": "curldescent.errors",
    "Flips": "curldescent.flips",
    "Problem": "curldescent.problems",
    "Weights": "curldescent.problems",
    "student_teacher": "curldescent.sampling",
    "from_data": "curldescent.data",
    "Plasticity": "curldescent.plasticity",
    "Signature": "curldescent.signatures",
    "TwoWeights": "curldescent.toy",
    "accuracy": "curldescent.evaluation",
    "cite": "curldescent.citations",
    "predict": "curldescent.evaluation",
    "train": "curldescent.training.engine",
    "flow": "curldescent.training.flow",
    "wide_students": "curldescent.training.wide",
    "log_epochs": "curldescent.training.schedule",
    "epochs_to_threshold": "curldescent.training.censoring",
    "summarise_epochs": "curldescent.training.censoring",
}
_SUBMODULES = ("analysis", "explorer", "optimizers", "paper", "plots", "sweeps", "theory")

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
    from curldescent import analysis, explorer, optimizers, paper, plots, sweeps, theory
    from curldescent.citations import cite
    from curldescent.data import from_data
    from curldescent.errors import InputError, PlasticityWarning
    from curldescent.evaluation import accuracy, predict
    from curldescent.flips import Flips
    from curldescent.plasticity import Plasticity
    from curldescent.problems import Problem, Weights
    from curldescent.sampling import student_teacher
    from curldescent.signatures import Signature
    from curldescent.toy import TwoWeights
    from curldescent.training.censoring import epochs_to_threshold, summarise_epochs
    from curldescent.training.engine import train
    from curldescent.training.flow import flow
    from curldescent.training.schedule import log_epochs
    from curldescent.training.wide import wide_students


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _SUBMODULES:
        return import_module(f"curldescent.{name}")
    raise AttributeError(f"module 'curldescent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
