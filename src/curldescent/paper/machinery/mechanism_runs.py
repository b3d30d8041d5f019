"""Runs of the control of the mechanism: trajectories, runs that change rules on the way, and what is saved where."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.learning.fields.norms import tangential
from curldescent.learning.rules.signed_gradient import Convention, Learning, gradients
from curldescent.learning.train import train
from curldescent.model.plasticity import Plasticity
from curldescent.model.weights import Weights
from curldescent.paper.machinery import controls, to_threshold

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
# Gradients on the whole training set are taken at every so many recorded epochs.
STRIDE = 3
# A plateau: the error stays within this relative band for at least this share of the time before it.
BAND, LASTS = 0.2, 0.5


def _rules() -> dict[str, Plasticity]:
    flipped = np.where(np.arange(controls.N_HIDDEN) < 1, -1.0, 1.0)
    return {"GD": Plasticity(), "CD": Plasticity(readout=flipped)}


def trajectories(trials: int, n_train: int, epochs: int) -> "xr.Dataset":
    """Both rules on the students of the base setting, until the threshold.

    Args:
        trials: T.
        n_train: P.
        epochs: the most a run gets.

    Returns:
        By rule, trial and epoch: `train_error`; `share`, the first readout weight squared over the readout's squared
        norm; `input_norm`, ‖W1‖ of the first neuron over its initial value. By rule, trial and look (every few
        epochs): `rate`, dC/dt of the reported error along the norm-preserving flow on all samples, and `speed`, the
        length of that flow's velocity. NaN once a run has ended.
    """
    problem, seed = controls.base_problem(trials, n_train)
    history = to_threshold.trained(problem, _rules(), epochs, seed=seed, record_weights=True)
    record = history.epoch.values
    end = history.stopped_at
    running = (end < 0) | (history.epoch <= end)
    readout = history.readout_history.isel(output=0)
    hidden = history.hidden_history.isel(hidden=0)
    share = readout.isel(hidden=0) ** 2 / (readout**2).sum("hidden")
    norms = np.sqrt((hidden**2).sum("input"))
    looks = np.arange(0, len(record), STRIDE)
    rate = np.full((2, trials, len(looks)), np.nan)
    speed = rate.copy()
    targets = problem.train_outputs()
    for r, rule in enumerate(("GD", "CD")):
        for t in range(trials):
            for k, look in enumerate(looks):
                if bool(running.sel(rule=rule)[t, look]):
                    rate[r, t, k], speed[r, t, k] = drift(
                        history.hidden_history.sel(rule=rule)[t, look].values,
                        history.readout_history.sel(rule=rule)[t, look].values,
                        1.0 if rule == "GD" else -1.0,
                        problem.inputs,
                        targets[t],
                    )
    dims, look_dims = ("rule", "trial", "epoch"), ("rule", "trial", "look")

    def until_end(values: "xr.DataArray") -> Array:
        return values.where(running).transpose(*dims).values

    import xarray as xr

    return xr.Dataset(
        {
            "train_error": (dims, until_end(history.train_error)),
            "share": (dims, until_end(share)),
            "input_norm": (dims, until_end(norms / norms.isel(epoch=0))),
            "rate": (look_dims, rate),
            "speed": (look_dims, speed),
            "stopped_at": (("rule", "trial"), end.values),
        },
        coords={"rule": ["GD", "CD"], "epoch": record, "look": record[looks]},
    )


def drift(hidden: Array, readout: Array, sign: float, inputs: Array, targets: Array) -> tuple[float, float]:
    """Rate of change of the reported error, and speed, of the norm-preserving flow on all samples.

    Args:
        hidden: W1, (N, M), tanh.
        readout: W2, (1, N), tanh.
        sign: strength of the first readout neuron.
        inputs: (P, M).
        targets: (P, 1).

    Returns:
        dC/dt = ⟨∂C/∂W, v⟩ and ‖v‖ for v = −S ∘ signal without its part along each layer's weights, per unit of total
        step. The signal is the paper's, the gradient that of the reported error.
    """
    weights = hidden, readout
    signs = np.where(np.arange(readout.shape[1]) < 1, sign, 1.0)
    strengths = np.ones_like(hidden), np.broadcast_to(signs, readout.shape)
    learning = Learning(strengths, (readout.T,), np.array([False]))
    signal, gradient = (
        gradients(weights, learning, inputs, targets, Convention("tanh", "tanh", error, preserve_norms=True), np)
        for error in ("delta", "mse")
    )
    rate = square = 0.0
    for w, s, g, strength in zip(weights, signal, gradient, strengths, strict=True):
        v = tangential(-strength * np.asarray(s), w, np)
        rate += float(np.sum(np.asarray(g) * v))
        square += float(np.sum(v * v))
    return rate, float(np.sqrt(square))


def switched(trials: int, n_train: int, epochs: int, after: list[int]) -> "xr.Dataset":
    """Curl descent for so many epochs, gradient descent from there; epochs of both together."""
    problem, seed = controls.base_problem(trials, n_train)
    rules = _rules()
    made = {}
    for count in after:
        first = train(
            problem,
            rules["CD"],
            epochs=count,
            learning_rate=controls.LEARNING_RATE,
            batch_size=controls.BATCH,
            preserve_norms=True,
            record=[0, count],
            seed=seed,
        )
        onwards = problem.with_student(Weights([first.student_hidden.values, first.student_readout.values]))
        second = to_threshold.trained(onwards, rules["GD"], epochs, seed=seed + 1)
        made[f"GD after {count} epochs of CD"] = (second.needed.values + count, second.reached.values)
    return controls.arms_dataset(made)


def _first_times(times: Array, error: Array, levels: Array) -> Array:
    """When the error first is at or below each level, between recorded epochs on a logarithmic scale of the error."""
    lowest = np.minimum.accumulate(error)
    keep = np.concatenate([[True], lowest[1:] < lowest[:-1]])
    return np.asarray(np.interp(-np.log(levels), -np.log(lowest[keep]), times[keep]))


def saved_on_plateaus(gd: tuple[Array, Array], cd: tuple[Array, Array]) -> tuple[float, float]:
    """How many epochs curl descent saves at error levels at which gradient descent is on a plateau, and in all.

    Args:
        gd: times and errors of gradient descent up to the threshold.
        cd: times and errors of curl descent up to the threshold.

    Returns:
        Epochs saved on plateaus and in all. Saved at a level: how much longer gradient descent takes from this level
        to the next, by first passages, over 200 levels from the smaller first error to the larger last one.
    """
    from curldescent.analysis import plateaus

    levels = np.geomspace(min(gd[1][0], cd[1][0]), max(gd[1].min(), cd[1].min()), 201)
    saved = np.diff(_first_times(*gd, levels)) - np.diff(_first_times(*cd, levels))
    middle = np.sqrt(levels[1:] * levels[:-1])
    flat = np.zeros(len(middle), dtype=bool)
    for p in plateaus(*gd, tolerance=BAND, share=LASTS):
        flat |= (middle <= gd[1][p.first]) & (middle >= gd[1][p.last])
    return float(saved[flat].sum()), float(saved.sum())
