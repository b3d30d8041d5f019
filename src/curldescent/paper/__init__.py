"""The paper, figure by figure: each module is one figure's experiments, its picture and its claims.

`figures` lists them, `reproduce` runs one at a scale and writes its picture and verdict, `write_reproduction_report`
gathers what was run. On the command line: ``curldescent reproduce``.

Source of every figure: Ninou, Kadmon, Cayco-Gajic, "Curl Descent: Non-Gradient Learning Dynamics with Sign-Diverse
Plasticity", NeurIPS 2025, arXiv:2510.02765; what goes beyond it says so.
"""

import lazy_loader

# The names stand in `__init__.pyi` too, for type checkers: it cannot be read from an archive at run time.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "machinery.claims": ["Claim", "Figure", "Finding", "Published", "Results"],
        "machinery.computation": ["Computation", "Split"],
        "runs.registry": ["figure", "figures"],
        "runs.report": ["write_reproduction_report"],
        "runs.reproduction": ["Unfinished", "keep_results", "reproduce"],
    },
)
