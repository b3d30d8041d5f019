"""Runs behind the kinds of motion: late motions of students with most inputs flipped, in continuous time."""

import numpy as np
import xarray as xr

from curldescent.analysis import learning_dynamics
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery.limits_of_chaos_runs import judged_twice
from curldescent.paper.machinery.size_of_chaos_runs import students


def motion(number: int, total: int, ratio: float, hidden: float, first: int, step: float, time: float) -> xr.Dataset:
    """The late motion of one of figure 3b's students in continuous time, full batch, norms kept.

    Args:
        number: of the input set, counted from `first`.
        total: M + N.
        ratio: c = M/N.
        hidden: flipped fraction of the inputs.
        first: number of the first input set.
        step: of a Runge–Kutta step.
        time: length of the run, in units of total step; its second half is judged.

    Returns:
        `kind` of the more irregular of two projections of W2 W1, the `dimension` of what it fills, and the leading
        `exponent`.
    """
    problem = students(total, ratio, first + number, 1)
    rule = Plasticity(hidden=hidden)
    dynamics = learning_dynamics(problem, rule, learning_rate=step, preserve_norms=True, continuous=True)
    kind, dimension, exponent = judged_twice(dynamics, time)
    data = {"kind": np.array(kind), "dimension": dimension, "exponent": exponent}
    return xr.Dataset({name: ((), value) for name, value in data.items()}, attrs={"time": time})
