"""What the law of nonlinear students is held against: sampled kernels, their boundaries, and trained students."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from scipy.linalg import eigh
from scipy.optimize import brentq

from curldescent.paper.machinery.phase_sweeps import STEP
from curldescent.paper.machinery.teachers import extreme_rates
from curldescent.paper.machinery.trained_cells import trained_cells
from curldescent.theory import KernelSpectrum, critical_ratio

LAYERS = ("hidden", "readout", "both")
# Where medians are looked at, over the predicted boundary.
AROUND = (0.6, 0.75, 0.9, 1.0, 1.1, 1.3, 1.6)
# Boundaries of smaller ratios lie where corrections of finite size are not small.
SMALLEST = 0.01


def flips_of(layer: str, fraction: float) -> tuple[float, float]:
    """Flipped fractions of inputs and of hidden neurons where those of a layer of `LAYERS` are."""
    return (fraction if layer != "readout" else 0.0), (fraction if layer != "hidden" else 0.0)


def lowest_of(law: KernelSpectrum, size: int, samples: int, seed: int) -> np.ndarray:
    """λ_min of sampled kernels P·G in units of M.

    Args:
        law: ratio, strengths, activation, scales.
        size: M.
        samples: how many.
        seed: of the draws.

    Returns:
        (samples,).
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(samples):
        kernel = law._kernel(size, rng)
        found.append(float(eigh(kernel, eigvals_only=True, subset_by_index=[0, 0], overwrite_a=True)[0]))
    return np.array(found)


def lowest_eigenvalues(
    activations: Sequence[str],
    fractions: Sequence[float],
    scales: Sequence[float],
    ratios: Sequence[float],
    size: int,
    samples: int,
    samples_per_input: float,
    seed: int,
) -> xr.Dataset:
    """λ_min of sampled kernels beside the law's, over activations, flipped layers, fractions, scales and ratios.

    Args:
        activations: names.
        fractions: flipped, of the layers that are.
        scales: of the student.
        ratios: c.
        size: M.
        samples: kernels a setting.
        samples_per_input: P/M.
        seed: of the first setting; the others follow.

    Returns:
        Over `row` (and `sample`): what was set; `lowest` sampled; `limit`, `predicted` at M and `scatter`; `width` of
        the bulk.
    """
    rows = list(itertools.product(activations, LAYERS, fractions, scales, ratios))
    out = {name: np.empty(len(rows)) for name in ("limit", "predicted", "scatter", "width")}
    lowest = np.empty((len(rows), samples))
    for number, (activation, layer, fraction, scale, ratio) in enumerate(rows):
        hidden, readout = flips_of(layer, fraction)
        limit = KernelSpectrum(
            ratio, hidden, readout, activation=activation, samples_per_input=samples_per_input, scale=scale
        )
        law = replace(limit, n_inputs=size)
        low, high = limit._limits
        out["limit"][number], out["predicted"][number] = limit.lambda_min, law.lambda_min
        out["scatter"][number], out["width"][number] = law.scatter, high - low
        lowest[number] = lowest_of(limit, size, samples, seed + number)
    names = ("activation", "layer", "fraction", "scale", "ratio")
    columns = {name: ("row", list(column)) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    data = {name: ("row", values) for name, values in out.items()}
    return xr.Dataset({**data, "lowest": (("row", "sample"), lowest), **columns})


def boundaries(
    activations: Sequence[str],
    fractions: Sequence[float],
    scales: Sequence[float],
    size: int,
    samples: int,
    samples_per_input: float,
    seed: int,
) -> xr.Dataset:
    """Where medians of sampled kernels lose stability beside where the law of their size does, flips in one layer.

    Args:
        activations: names.
        fractions: flipped.
        scales: of the student.
        size: M.
        samples: kernels a ratio.
        samples_per_input: P/M.
        seed: of the first setting.

    Returns:
        Over `row`: what was set; `limit`, c* of infinitely large students; `predicted`, that of the law at M, NaN where
        it has none from 0.01 on; `sampled`, where the median crosses zero, by interpolation between ratios of `AROUND`,
        NaN where it does not there. Over `row` and `place`: `median` and `ratio`.
    """
    rows = list(itertools.product(activations, LAYERS[:2], fractions, scales))
    out = {name: np.full(len(rows), np.nan) for name in ("limit", "predicted", "sampled")}
    medians = np.full((len(rows), len(AROUND)), np.nan)
    for number, (activation, layer, fraction, scale) in enumerate(rows):
        hidden, readout = flips_of(layer, fraction)
        start = KernelSpectrum(
            1.0, hidden, readout, activation=activation, samples_per_input=samples_per_input, scale=scale
        )
        limit = float(
            critical_ratio(
                hidden=hidden,
                readout=readout,
                activation=activation,
                samples_per_input=samples_per_input,
                scale=scale,
            )
        )
        out["limit"][number] = limit
        out["predicted"][number] = predicted = _first_loss(start, limit, size)
        if np.isfinite(predicted):
            medians[number] = [
                np.median(lowest_of(replace(start, ratio=predicted * place), size, samples, seed + 100 * number + k))
                for k, place in enumerate(AROUND)
            ]
            out["sampled"][number] = predicted * crossing(np.array(AROUND), medians[number])
    names = ("activation", "layer", "fraction", "scale")
    columns = {name: ("row", list(column)) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    data = {name: ("row", values) for name, values in out.items()}
    return xr.Dataset({**data, "median": (("row", "place"), medians), **columns}, coords={"place": list(AROUND)})


def crossing(places: np.ndarray, medians: np.ndarray) -> float:
    """Where medians first fall below zero, by linear interpolation; NaN where they do not between the ends."""
    below = medians < 0
    first = int(np.argmax(below))
    if not below.any() or first == 0:
        return float("nan")
    share = medians[first - 1] / (medians[first - 1] - medians[first])
    return float(places[first - 1] + share * (places[first] - places[first - 1]))


def _first_loss(law: KernelSpectrum, limit: float, size: int) -> float:
    """The ratio at which the law of a size loses stability, around that of the limit; NaN where there is none."""
    if not SMALLEST < limit < np.inf:
        return float("nan")

    def lowest(log_ratio: float) -> float:
        return max(replace(law, ratio=float(np.exp(log_ratio)), n_inputs=size).lambda_min, -1e3)

    grid = np.log(np.geomspace(max(SMALLEST, limit / 4), 10 * limit, 30))
    below = np.array([lowest(c) < 0 for c in grid])
    first = int(np.argmax(below))
    if not below.any() or first == 0:
        return float("nan")
    return float(np.exp(brentq(lowest, grid[first - 1], grid[first])))


def trained(fractions: Sequence[float], ratios: Sequence[float], trials: int, epochs: int) -> xr.Dataset:
    """Lowest rates at tanh students of figure 6, before and after learning, as if both were solutions.

    Args:
        fractions: α_h.
        ratios: c over c* of linear networks of each fraction.
        trials: per cell.
        epochs: of learning.

    Returns:
        Over (hidden, ratio, trial): `start` and `end`, the lowest rate per unit of total step, norms preserved; NaN
        where a student diverged; `error`, the final test error. `attrs`: `time`, the length of the run.
    """
    shape = (len(fractions), len(ratios), trials)
    out = {name: np.full(shape, np.nan) for name in ("start", "end", "error")}
    for cell in trained_cells("tanh", fractions, ratios, trials=trials, epochs=epochs):
        out["error"][cell.place] = cell.error
        for t in range(trials):
            for name, problem in (("start", cell.before), ("end", cell.solution(t))):
                if problem is not None:
                    out[name][(*cell.place, t)] = extreme_rates(problem, t, cell.hidden, cell.readout)[0]
    return xr.Dataset(
        {name: (("hidden", "ratio", "trial"), values) for name, values in out.items()},
        coords={"hidden": list(fractions), "ratio": list(ratios)},
        attrs={"time": STEP * epochs},
    )
