"""How often are students with three of four inputs flipped chaotic, in shorter and shorter steps and in the flow?

    python benchmarks/chaos_by_step.py

Students of `size-of-chaos` at c = 0.5, α_h = 0.75 with 70 neurons: four input sets of five, 4000 units of time. The
Runge–Kutta step of the flow is halved once to see that it does not matter. A minute or two of one core.
"""

import collections

import numpy as np

from curldescent.analysis import regime
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery.size_of_chaos_runs import students

KINDS = (
    ("steps of 0.02", 0.02, False),
    ("steps of 0.01", 0.01, False),
    ("steps of 0.005", 0.005, False),
    ("flow, 0.025", 0.025, True),
    ("flow, 0.0125", 0.0125, True),
)


def main() -> None:
    """Print labels and the mean late exponent, a line for every kind of time."""
    for kind, step, continuous in KINDS:
        labels, exponents = [], []
        for number in range(4):
            problem = students(70, 0.5, number, 5)
            options = {"learning_rate": step, "continuous": continuous, "preserve_norms": True, "refine": None}
            for found in regime(problem, Plasticity(hidden=0.75), time=4000.0, trial=None, **options):
                labels.append(found.label)
                exponents.append(found.late[0])
        counts = ", ".join(f"{count} {label}" for label, count in collections.Counter(labels).most_common())
        print(f"{kind:15s} {counts}; mean exponent {np.mean(exponents):.4f}", flush=True)


if __name__ == "__main__":
    main()
