"""How much faster do kernels follow a linear student and a tangent vector than the compiled JAX step?

    python benchmarks/linear_tangent.py

Students of figure 3b's protocol, full batch, norms preserved, α_h = ½, a look every 25 steps. Microseconds of the
clock per step, both in one process on the same core, and how far the two records are apart afterwards.
"""

import time

import numpy as np

from curldescent.analysis import TangentDynamics, learning_dynamics
from curldescent.analysis._dynamics.linear_tangent import LinearTangent
from curldescent.analysis._dynamics.watching import Observer
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery.size_of_chaos_runs import students

EVERY = 25
RULE = Plasticity(hidden=0.5)


def main() -> None:
    """Print a table."""
    print("neurons     c   kind   weights followed   JAX (µs)   kernel (µs)   ratio   apart")
    for total in (70, 220, 700):
        for ratio in (0.5, 1.0):
            for continuous in (False, True):
                problem = students(total, ratio, 0, 1)
                options = {"preserve_norms": True, "learning_rate": 0.02, "continuous": continuous}
                d = learning_dynamics(problem, RULE, **options)
                observer = Observer(d.velocity)
                first, second = (
                    TangentDynamics(d.step, d.start, args=d.args, dt=d.dt, every=EVERY, observe=observer)
                    for _ in range(2)
                )
                steps = EVERY * (200 if total == 70 else 40 if total == 220 else 8)
                took, seen = [], []
                for run in (first, LinearTangent(d, second)):
                    run.advance(steps)
                    begin = time.perf_counter()
                    seen.append(run.advance(steps)[1])
                    took.append(1e6 * (time.perf_counter() - begin) / steps)
                apart = np.abs(seen[0] - seen[1]).max() / np.abs(seen[0]).max()
                kind = "flow " if continuous else "steps"
                print(
                    f"{total:7d} {ratio:5g}   {kind} {len(d.start):18d} {took[0]:10.1f} {took[1]:13.1f} "
                    f"{took[0] / took[1]:7.1f}   {apart:.0e}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
