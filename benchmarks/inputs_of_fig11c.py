"""How much do epochs of figure 11c vary with the inputs, which all trials of a cell share?

    python benchmarks/inputs_of_fig11c.py

Gradient descent at teacher scale 0.1, tanh students of scale 2 with free norms, 10 000 samples, the figure's protocol:
mean epochs to a test error of 1e-3 over 10 students, for six sets of inputs. Base seed 0 is the figure's own cell. The
authors' mean is 360. Five minutes of one core.
"""

from tempfile import TemporaryDirectory

import numpy as np

from curldescent import sweeps
from curldescent.paper.machinery.speedup_protocol import needed
from curldescent.paper.machinery.statistics import standard_error
from curldescent.paper.published.fig11 import BY_TEACHER

TEACHER, SETS = 0.1, 6


def epochs(seed: int) -> np.ndarray:
    """Epochs of the figure's students, other inputs, teachers and weights for another base seed."""
    settings = BY_TEACHER.experiments("subset")["fig11c"].settings
    sweep = sweeps.Sweep(
        axes={"teacher_scale": (TEACHER,)},
        rules={"GD": {}},
        student_teacher=settings.student_teacher,
        training=settings.training,
        keep=settings.keep,
        seed=seed,
    )
    with TemporaryDirectory() as folder:
        sweeps.run(sweep, folder, workers=1)
        return np.asarray(needed(sweeps.open(folder).load(), "test").values.ravel())


if __name__ == "__main__":
    means = []
    for seed in range(SETS):
        found = epochs(seed)
        means.append(found.mean())
        print(f"base seed {seed}: {found.mean():.0f} ± {standard_error(found):.0f}", flush=True)
    print(f"over {SETS} sets {np.mean(means):.0f}, spread of their means {np.std(means, ddof=1):.0f}")
