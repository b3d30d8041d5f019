"""Runs behind chaos at several sizes: regimes and exponents of figure 3b's students, and spectra modulo rotations."""

from typing import Any

import numpy as np
import xarray as xr

from curldescent.analysis import lyapunov, modulo_rotations, regime
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import student_teacher
from curldescent.sweeps.description.start import Start
from curldescent.theory.sizes import sizes_of_total

SAMPLES = 250
# Total step of an update, and of a Runge–Kutta step of the flow. W1 can gather its norm √N in one direction, whose rate
# is N/2 with inputs of variance ½: a step of 0.1 then drives cycles of its own (docs/chaos.md). More than 150 hidden
# neurons take shorter ones, so that the rate times the step stays what it is there.
STEP, FLOW_STEP = 0.02, 0.025
LONG_STEP_HIDDEN = 150
# Separation that grows with a power of time adds up to log(end/begin); twice that, over the second half, is the least
# that counts as exponential, as in `curldescent.analysis.regime`.
SHEAR = 2 * np.log(2)


def least(data: xr.Dataset) -> float:
    """The growth per unit of time that counts as exponential, in the second half of a run."""
    return float(SHEAR / (data.attrs["time"] / 2))


def students(total: int, ratio: float, number: int, trials: int, activation: str = "linear") -> Problem:
    """An input set of figure 3b's protocol: teachers with ‖W1‖_F = √N and ‖W2‖ = 1, students 1e-10 beside them.

    Args:
        total: M + N.
        ratio: c = M/N.
        number: of the input set, which has inputs and teachers of its own.
        trials: teachers.
        activation: of student and teacher.

    Returns:
        The problem.
    """
    n_inputs, n_hidden = sizes_of_total(total, ratio)
    drawn = student_teacher(
        n_inputs=n_inputs,
        n_hidden=n_hidden,
        n_train=SAMPLES,
        n_test=0,
        activation=activation,
        trials=trials,
        seed=10**7 * total + 10_000 * round(1000 * ratio) + number,
    )
    return Start(at="teacher", readout_noise=1e-10, noise="constant", normalise_teacher=True).applied(drawn, seed=0)


def regimes(
    number: int, total: int, ratio: float, hidden: float, trials: int, time: float, *, continuous: bool
) -> xr.Dataset:
    """What students of one input set, size and setting do, full batch, norms preserved.

    Args:
        number: of the input set.
        total: M + N.
        ratio: c = M/N.
        hidden: flipped fraction of the inputs.
        trials: students.
        time: length of a run, in units of total step.
        continuous: the flow in place of steps of 0.02, or shorter ones for more than 150 hidden neurons.

    Returns:
        Over trial: `label` of `curldescent.analysis.regime`; `exponent`, `low`, `high`, the leading one over the second
        half per unit of total step with its 95 % interval; `loss`, the late median.
    """
    out: dict[str, Any] = {name: np.full(trials, np.nan) for name in ("exponent", "low", "high", "loss")}
    labels = np.empty(trials, dtype=object)
    _, n_hidden = sizes_of_total(total, ratio)
    step = (FLOW_STEP if continuous else STEP) * min(1.0, LONG_STEP_HIDDEN / n_hidden)
    problem = students(total, ratio, number, trials)
    for trial in range(trials):
        found = regime(
            problem,
            Plasticity(hidden=hidden),
            time=time,
            trial=trial,
            learning_rate=step,
            continuous=continuous,
            refine=None,
            preserve_norms=True,
        )
        labels[trial] = found.label
        for name, value in zip(("exponent", "low", "high"), found.late, strict=True):
            out[name][trial] = value
        out["loss"][trial] = found.loss[0]
    data = {name: ("trial", values) for name, values in out.items()}
    return xr.Dataset({**data, "label": ("trial", labels.astype(str))}, attrs={"time": time})


def spectra(
    number: int, total: int, ratio: float, hidden: float, transient: float, time: float, keep: int
) -> xr.Dataset:
    """All Lyapunov exponents modulo rotations of equal hidden neurons of one student, steps of 0.02.

    Args:
        number: of the input set.
        total: M + N.
        ratio: c = M/N, below 1: hidden neurons are as many as M + 1 at least.
        hidden: flipped fraction of the inputs.
        transient: time before.
        time: over which exponents are measured.
        keep: the largest ones that are kept, in descending order.

    Returns:
        `dimension` (Kaplan–Yorke; NaN where the run diverged), `positive`, how many exponents have a 95 % interval
        above zero, `coordinates`; over index `values`.
    """
    values = np.full(keep, np.nan)
    out = dict.fromkeys(("dimension", "positive", "coordinates"), np.nan)
    problem = students(total, ratio, number, 1)
    field = modulo_rotations(problem, Plasticity(hidden=hidden), preserve_norms=True)
    found = lyapunov(
        field, time=time, transient=transient, count=field.n_params, learning_rate=STEP, every=20, blocks=20
    )
    out["coordinates"] = field.n_params
    if found.status == "ok":
        first = -np.sort(-found.values)[:keep]
        values[: len(first)] = first
        out["dimension"] = found.kaplan_yorke
        out["positive"] = int((found.low > 0).sum())
    return xr.Dataset({**{n: ((), v) for n, v in out.items()}, "values": ("index", values)})
