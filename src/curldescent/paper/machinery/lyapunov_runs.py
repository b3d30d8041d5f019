"""Runs behind the Lyapunov map: leading exponent and order parameter q of students that start beside a solution."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from curldescent.analysis._dynamics.learning_dynamics import learning_dynamics
from curldescent.analysis._dynamics.tangent import TangentDynamics, summarised
from curldescent.learning.weight_motion import order_parameter_of
from curldescent.model.flips import flipped_count
from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.paper.machinery.fates import over_grid
from curldescent.sweeps.description.start import Start
from curldescent.theory import linear_stability
from curldescent.theory.sizes import sizes_of_total

SAMPLES = 250
# W1 can gather its whole norm √N in one direction, whose rate is N/2 with inputs of variance ½: this step resolves it
# up to N = 80. With the paper's 0.1 cycles of the step itself appear (docs/chaos.md).
STEP = 0.05
# Steps between renormalisations, and between the weights that q looks at.
EVERY = 10
# q is taken over this many of them, 1000 epochs as in the paper.
WINDOW = 1000 // EVERY
BLOCKS = 20
# Separation that grows with a power of time adds up to log(end/begin); twice that is the least that counts as
# exponential, as in `analysis.regimes`.
SHEAR = 2.0


@dataclass(frozen=True)
class Weights:
    """Observer for tangent dynamics: the flat state as it is."""

    def __call__(self, state: Any, facts: Any) -> Any:
        """All weights."""
        return state


def plane(ratios: Sequence[float], hidden: Sequence[float], total: int, trials: int, time: float) -> xr.Dataset:
    """Exponents and order parameters over ratio and flipped inputs."""
    columns = [column(ratio, hidden, total, trials, time) for ratio in ratios]
    return xr.concat(columns, "ratio").assign_attrs(least=SHEAR * np.log(2) / (time / 2))


def column(ratio: float, hidden: Sequence[float], total: int, trials: int, time: float) -> xr.Dataset:
    """Exponents and order parameters over flipped inputs at one ratio: figure 3b's start, but for its noise.

    It is normal here, of standard deviation 1e-10 on every readout weight, in place of the same number on every one.
    """
    n_inputs, n_hidden = sizes_of_total(total, ratio)
    problem = student_teacher(
        n_inputs=n_inputs,
        n_hidden=n_hidden,
        n_train=SAMPLES,
        n_test=0,
        trials=trials,
        seed=round(1000 * ratio),
    )
    problem = Start(at="teacher", readout_noise=1e-10, normalise_teacher=True).applied(problem, seed=0)
    assert problem.teacher is not None
    w1, w2 = problem.teacher.hidden, problem.teacher.readout
    n_hidden, n_inputs = w1.shape[1:]
    covariance = problem.inputs.T @ problem.inputs / SAMPLES

    def cell(hidden: float, seed: int) -> dict[str, object]:
        d1 = np.where(np.arange(n_inputs) < flipped_count(hidden, n_inputs), -1.0, 1.0)
        runs = [measured(problem, Plasticity(hidden=d1), trial=t, time=time, seed=seed) for t in range(trials)]
        operators = [
            linear_stability(w1[t], w2[t], d1, preserve_norms=True, covariance=covariance).lambda_min
            for t in range(trials)
        ]
        return {"lowest": np.array(operators), **{name: np.array([r[name] for r in runs]) for name in runs[0]}}

    return over_grid({"hidden": hidden}, cell, seed=0).expand_dims(ratio=[n_inputs / n_hidden])


def measured(problem: Any, rule: Plasticity, *, trial: int, time: float, seed: int) -> dict[str, float]:
    """The leading exponent over the second half of a run with its 95 % interval, and q at its end.

    Args:
        problem: figure 3b's.
        rule: the plasticity.
        trial: which student.
        time: length of the run, in units of total step.
        seed: of the tangent vector.

    Returns:
        exponent, low, high (per unit of total step), q, loss at the end; NaN where the run diverged.
    """
    # Not reduced: q is a statistic of the weights themselves.
    dynamics = learning_dynamics(
        problem, rule, learning_rate=STEP, preserve_norms=True, trial=trial, seed=seed, reduce=False
    )
    run = TangentDynamics(
        dynamics.step, dynamics.start, args=dynamics.args, dt=STEP, every=EVERY, seed=seed, observe=Weights()
    )
    # Two halves of equal blocks; the first holds the escape from the solution, which is no chaos.
    steps = max(round(time / (2 * BLOCKS) / STEP / EVERY), 1) * EVERY
    growth, tail = [], []
    for block in range(2 * BLOCKS):
        more, weights = run.advance(steps)
        assert weights is not None
        growth.append(float(more.sum()))
        if (2 * BLOCKS - block - 1) * steps < WINDOW * EVERY:
            tail.append(weights)
    rates = np.array(growth[BLOCKS:])[:, None] / (steps * STEP)
    found = summarised(rates, rates, np.arange(1.0, BLOCKS + 1), STEP, run.state)
    finite = found.status == "ok"
    return {
        "exponent": float(found.values[0]),
        "low": float(found.low[0]),
        "high": float(found.high[0]),
        "q": float(order_parameter_of(np.concatenate(tail)[-WINDOW:])) if finite else float("nan"),
        "loss": dynamics.field.loss(run.state) if finite else float("nan"),
    }
