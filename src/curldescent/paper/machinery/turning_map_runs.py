"""Runs behind what a step takes from the map of a student that has given up: how fast its oscillation dies out."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from curldescent.analysis import learning_dynamics
from curldescent.analysis._dynamics.watching import watch
from curldescent.model.plasticity import Plasticity
from curldescent.paper.machinery.size_of_chaos_runs import students
from curldescent.theory import turning

Array = np.ndarray
# The second half of a run is cut into this many pieces, whose sizes give the rate.
PIECES = 16
# Spectra are refined by this factor.
FINER = 8


def map_motions(
    number: int,
    total: int,
    settings: Sequence[float],
    first: int,
    steps: Sequence[float],
    flow_step: float,
    time: float,
) -> xr.Dataset:
    """Late motions of the maps of figure 3b's students of one input set, all inputs flipped, norms kept.

    Args:
        number: of the input set, counted from `first`.
        total: M + N.
        settings: c = M/N of each.
        first: number of the first input set.
        steps: η of each run in steps; the flow is added.
        flow_step: of its Runge–Kutta steps.
        time: length of a run, in units of total step; its second half is measured.

    Returns:
        Over (setting, kind), the kinds η as text and "flow": `decay` and `frequency` of the larger of two projections
        of W2 W1, per unit of total step; over setting `rotation`, and `told_decay`, per unit of η, and
        `told_frequency`, of `theory.turning`.
    """
    kinds = [*(f"{step:g}" for step in steps), "flow"]
    shape = (len(settings), len(kinds))
    out = {name: np.full(shape, np.nan) for name in ("decay", "frequency")}
    told = {name: np.full(len(settings), np.nan) for name in ("rotation", "told_decay", "told_frequency")}
    for s, ratio in enumerate(settings):
        problem = students(total, ratio, first + number, 1)
        assert problem.teacher is not None
        covariance = problem.inputs.T @ problem.inputs / len(problem.inputs)
        theory = turning(
            (problem.teacher.readout[0] @ problem.teacher.hidden[0]).ravel() @ covariance,
            hidden_norm=float(np.linalg.norm(problem.student.hidden)),
            readout_norm=float(np.linalg.norm(problem.student.readout)),
            learning_rate=1.0,
        )
        told["rotation"][s], told["told_decay"][s] = theory.rotation, theory.decay
        told["told_frequency"][s] = theory.oscillation
        for k, step in enumerate([*steps, flow_step]):
            dynamics = learning_dynamics(
                problem,
                Plasticity(hidden=1.0),
                learning_rate=step,
                continuous=kinds[k] == "flow",
                preserve_norms=True,
            )
            record = watch(dynamics, time=time)
            if not record.diverged:
                half = len(record.times) // 2
                late = record.signals[half:, 1:]
                larger = late[:, late.std(0).argmax()]
                out["decay"][s, k], out["frequency"][s, k] = decay_and_frequency(
                    larger, float(record.times[1] - record.times[0])
                )
    return xr.Dataset(
        {**{n: (("setting", "kind"), v) for n, v in out.items()}, **{n: ("setting", v) for n, v in told.items()}},
        coords={"kind": kinds, "setting": list(settings)},
        attrs={"time": time},
    )


def decay_and_frequency(series: Array, dt: float) -> tuple[float, float]:
    """The rate at which an oscillation about its mean dies out, and its strongest angular frequency.

    Args:
        series: (n,), at least `PIECES` periods.
        dt: time between two of its values.

    Returns:
        Minus the slope of the logarithm of its size in pieces, and the place of the highest peak of its spectrum.
    """
    x = series - series.mean()
    length = len(x) // PIECES
    sizes = np.sqrt((x[: PIECES * length].reshape(PIECES, length) ** 2).mean(1))
    slope = np.polyfit(np.arange(PIECES) * length * dt, np.log(np.maximum(sizes, 1e-300)), 1)[0]
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), FINER * len(x)))
    return -float(slope), float(2 * np.pi * spectrum.argmax() / (FINER * len(x) * dt))
