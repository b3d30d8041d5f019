"""What becomes of single students of the pages on chaos that are followed for longer than any figure follows them?

    python benchmarks/chaos_followed.py

The limit of many hidden neurons where solutions are stable (docs/limits_of_chaos.md): its loss on the way to 8000
units, steps of 0.05. Two students of figure 3b that oscillate (docs/chaos.md): how large the oscillation of two
projections of their map is, window by window to 12 000 units, steps of 0.02, and what `signal_kind` says of the second
half. A minute or two of one core.
"""

import runpy
from pathlib import Path

import numpy as np

from curldescent.analysis import signal_kind, watch
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery.limits_of_chaos_experiments import REST
from curldescent.paper.machinery.limits_of_chaos_runs import STEP, wide_student

# The students of the figure's widths, in the limit.
INPUTS, DRAWS, LIMIT_TIME = 20, 8, 8_000.0
# (c, α_h), of trial 0 and seed 0.
OSCILLATING = ((0.5, 0.75), (0.35, 0.75))
FINE_STEP, LONG_TIME, WINDOW = 0.02, 12_000.0, 1_000.0


def limit() -> None:
    """The loss of students of the limit, thousand by thousand units."""
    ratio, hidden = REST
    print(f"limit, M = {INPUTS}, c = {ratio:g}, α_h = {hidden:g}: loss after every {WINDOW:g} units, a student a line")
    for number in range(DRAWS):
        problem = wide_student(INPUTS, ratio, np.inf, number)
        run = watch(problem, Plasticity(hidden=hidden), time=LIMIT_TIME, learning_rate=STEP, preserve_norms=True)
        looks = np.searchsorted(run.times, np.arange(WINDOW, LIMIT_TIME + 1, WINDOW) - 1e-6)
        print(number, *(f"{loss:8.0e}" for loss in run.signals[looks, 0]), flush=True)


def oscillations() -> None:
    """Standard deviations of two projections of the map, window by window."""
    setting = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "chaos_map.py"))["setting"]
    for ratio, fraction in OSCILLATING:
        problem = setting(ratio, trials=1)
        rule = Plasticity(hidden=fraction)
        run = watch(problem, rule, time=LONG_TIME, learning_rate=FINE_STEP, preserve_norms=True, trial=0)
        projections = run.signals[:, 1:]
        print(f"220 neurons, c = {ratio:g}, α_h = {fraction:g}: standard deviations of two projections by window")
        sizes = []
        for begin in np.arange(0.0, LONG_TIME, WINDOW):
            here = (run.times > begin) & (run.times <= begin + WINDOW)
            sizes.append(projections[here].std(0))
            print(f"{begin:7g} to {begin + WINDOW:5g}   " + "   ".join(f"{size:.3g}" for size in sizes[-1]))
        # Windows whose middles are 10 000 units apart.
        fell = ", ".join(f"{factor:.3g}" for factor in sizes[1] / sizes[11])
        late = projections[len(projections) // 2 :]
        kinds = ", ".join(signal_kind(signal).kind for signal in late.T)
        print(f"they fall in 10 000 units by {fell}; signal_kind of the second half: {kinds}", flush=True)


def main() -> None:
    """Print what is found."""
    limit()
    oscillations()


if __name__ == "__main__":
    main()
