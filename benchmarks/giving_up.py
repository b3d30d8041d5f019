"""Do students whose inputs are mostly flipped give up in continuous time, or only in steps?

    python benchmarks/giving_up.py

The students of docs/limits_of_chaos.md, "Giving up": 70 neurons, eight input sets each, 4000 units of time. The norm of
the map W2 W1 at the end over the teacher's, regimes and mean late exponents, for shorter and shorter steps and for the
flow, whose Runge–Kutta steps are halved once to see that they do not matter. About five minutes of one core.
"""

import collections

import numpy as np

from curldescent.analysis import learning_dynamics
from curldescent.analysis._dynamics.regimes import regime_of
from curldescent.analysis._dynamics.watching import watch
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery.size_of_chaos_runs import students

SETTINGS = ((0.5, 1.0),)
SETS, TIME = 8, 4000.0
KINDS = (
    ("steps of 0.02", 0.02, False),
    ("steps of 0.005", 0.005, False),
    ("steps of 0.00125", 0.00125, False),
    ("flow, 0.025", 0.025, True),
    ("flow, 0.0125", 0.0125, True),
)


def main() -> None:
    """Print a line for every setting and kind of time."""
    for ratio, hidden in SETTINGS:
        for kind, dt, continuous in KINDS:
            maps, labels, exponents = [], [], []
            for number in range(SETS):
                problem = students(70, ratio, number, 1)
                options = {"learning_rate": dt, "continuous": continuous, "preserve_norms": True}
                dynamics = learning_dynamics(problem, Plasticity(hidden=hidden), **options)
                record = watch(dynamics, time=TIME)
                w1, w2 = dynamics.weights(record.state)
                teacher = problem.teacher.readout[0] @ problem.teacher.hidden[0]
                maps.append(np.linalg.norm(w2 @ w1) / np.linalg.norm(teacher))
                found = regime_of(record)
                labels.append(found.label)
                exponents.append(found.late[0])
            counts = ", ".join(f"{count} {label}" for label, count in collections.Counter(labels).most_common())
            print(
                f"c = {ratio:g}, α_h = {hidden:g}, {kind:16s}: map {np.median(maps):.3f} (at most {max(maps):.3f}), "
                f"exponent {np.mean(exponents):+.4f}, {counts}",
                flush=True,
            )


if __name__ == "__main__":
    main()
