"""The paper, figure by figure: each module is one figure's experiments, its picture and its claims.

`figures` lists them, `reproduce` runs one at a scale and writes its picture and verdict, `write_reproduction_report`
gathers what was run. On the command line: ``curldescent reproduce``.

Source of every figure: Ninou, Kadmon, Cayco-Gajic, "Curl Descent: Non-Gradient Learning Dynamics with Sign-Diverse
Plasticity", NeurIPS 2025, arXiv:2510.02765; what goes beyond it says so.
"""

from importlib import import_module
from typing import TYPE_CHECKING

# public name -> the module that defines it
_HOME = {
    "Claim": "curldescent.paper.machinery.claims",
    "Computation": "curldescent.paper.machinery.computation",
    "Figure": "curldescent.paper.machinery.claims",
    "Finding": "curldescent.paper.machinery.claims",
    "Results": "curldescent.paper.machinery.claims",
    "Unfinished": "curldescent.paper.runs.reproduction",
    "figure": "curldescent.paper.runs.registry",
    "figures": "curldescent.paper.runs.registry",
    "reproduce": "curldescent.paper.runs.reproduction",
    "write_reproduction_report": "curldescent.paper.runs.report",
}

__all__ = [
    "Claim",
    "Computation",
    "Figure",
    "Finding",
    "Results",
    "Unfinished",
    "figure",
    "figures",
    "reproduce",
    "write_reproduction_report",
]

if TYPE_CHECKING:
    from curldescent.paper.machinery.claims import Claim, Figure, Finding, Results
    from curldescent.paper.machinery.computation import Computation
    from curldescent.paper.runs.registry import figure, figures
    from curldescent.paper.runs.report import write_reproduction_report
    from curldescent.paper.runs.reproduction import Unfinished, reproduce


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'curldescent.paper' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
