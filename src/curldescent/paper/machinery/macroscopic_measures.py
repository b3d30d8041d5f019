"""What the figure of the macroscopic equations measures: ratios beside predicted ones, and where they cross 1."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from curldescent.paper.machinery import speedup_protocol
from curldescent.paper.machinery.effects import UNITS, Effect, Estimate, mean_of, ratio_of
from curldescent.theory import speedup_onset

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """Ratios GD/CD of the same students, measured and predicted, at one pair of scales.

    Args:
        measured: over input sets.
        predicted: over the same.
        gap: measured over predicted.
    """

    measured: Effect
    predicted: Effect
    gap: Effect


def places(data: xr.Dataset, expected: xr.Dataset) -> dict[tuple[float, float], Place]:
    """Every place of the prediction that was measured.

    Args:
        data: of the control of scales.
        expected: of `macroscopic_runs.epochs_of_scales`.

    Returns:
        (student scale, teacher scale) → ratios of the first students of the input sets that both have.
    """
    epochs = speedup_protocol.needed(data, "train").isel(trial=0)
    found = {}
    for p in range(expected.sizes["place"]):
        here = expected.isel(place=p)
        student, teacher = float(here.student_scale), float(here.teacher_scale)
        if student not in data.student_scale.values or teacher not in data.teacher_scale.values:
            continue
        seeds = [s for s in expected.seed.values.tolist() if s in data.seed.values]
        measured = epochs.sel(seed=seeds, student_scale=student, teacher_scale=teacher)
        gd, cd = (measured.sel(rule=rule).values for rule in ("GD", "CD"))
        theirs = here.predicted.sel(seed=seeds).clip(min=1)
        gd_told, cd_told = (theirs.sel(rule=rule).values for rule in ("GD", "CD"))
        unit = np.arange(len(seeds))
        found[student, teacher] = Place(
            ratio_of(gd, cd, unit), ratio_of(gd_told, cd_told, unit), ratio_of(gd / cd, gd_told / cd_told, unit)
        )
    return found


def crossing(scale: Array, logs: Array) -> float:
    """The scale at which the mean log ratio crosses 0 upwards for the last time, interpolated in log scale.

    Args:
        scale: (n,), ascending.
        logs: (n,), mean log ratios.

    Returns:
        The scale; the first where all ratios are above 1, NaN where the last one is not.
    """
    if not logs[-1] > 0:
        return float("nan")
    below = np.flatnonzero(logs <= 0)
    if not below.size:
        return float(scale[0])
    i = int(below[-1])
    share = logs[i] / (logs[i] - logs[i + 1])
    return float(np.exp(np.log(scale[i]) + share * (np.log(scale[i + 1]) - np.log(scale[i]))))


def jackknifed(values: Array, statistic: Callable[[Array], float]) -> Estimate | None:
    """A statistic of several input sets, with the jackknife's error over them.

    Args:
        values: (sets, …).
        statistic: of any of the sets, the same way.

    Returns:
        The statistic of all; None where a set left out makes it vanish.

    Source: Tukey's jackknife; Miller, Biometrika 61 (1974) 1.
    """
    n = len(values)
    whole = statistic(values)
    without = np.array([statistic(np.delete(values, i, axis=0)) for i in range(n)])
    pseudo = n * whole - (n - 1) * without
    if not np.isfinite(pseudo).all():
        return None
    spread = mean_of(pseudo)
    return Estimate(float(whole), spread.error, spread.degrees, n, UNITS)


def end_of_gain(flips: Array, logs: Array) -> float:
    """The number of flips at which the mean log ratio GD/k falls through 0 for the first time, interpolated.

    Args:
        flips: k, (n,), ascending.
        logs: (n,), mean log ratios.

    Returns:
        The number, not whole; NaN where the first ratio is not above 1, or all are.
    """
    below = np.flatnonzero(logs <= 0)
    if not below.size or below[0] == 0:
        return float("nan")
    i = int(below[0])
    return float(flips[i - 1] + (flips[i] - flips[i - 1]) * logs[i - 1] / (logs[i - 1] - logs[i]))


def onsets(data: xr.Dataset) -> dict[float, tuple[float, Estimate | None]]:
    """Predicted onset of every threshold, and the log of measured over predicted with its jackknife error over sets.

    Args:
        data: of the onset's sweep.

    Returns:
        threshold → (predicted, estimate); None where a set left out makes the crossing vanish.
    """
    epochs = data.epochs_to_train.isel(trial=0).clip(min=1)
    logs = (np.log(epochs.sel(rule="GD")) - np.log(epochs.sel(rule="CD"))).transpose(
        "threshold", "seed", "student_scale"
    )
    scale = data.student_scale.values
    found: dict[float, tuple[float, Estimate | None]] = {}
    for k, threshold in enumerate(data.threshold.values.tolist()):
        told = speedup_onset(threshold)
        values = logs.values[k]
        found[threshold] = (
            told,
            jackknifed(values, lambda chosen, told=told: np.log(crossing(scale, chosen.mean(0)) / told)),  # type: ignore[misc]
        )
    return found
