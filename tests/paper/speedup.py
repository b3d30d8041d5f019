"""Constructed results of the speed-up figures: what a claim would see if the world were so."""

import json
from functools import cache

import numpy as np
import xarray as xr

from curldescent.paper.machinery.claims import Results
from curldescent.sweeps import Sweep


def constructed(sweep, epochs_of):
    """A dataset with the axes, trials and last epoch of a sweep.

    `epochs_of(rule, value, part, trials)` gives the epochs to the threshold, (trials,) or a number; `rule` is "GD",
    "CD", "FA" or, on an axis of flips, their number.
    """
    trials, last = sweep.settings.student_teacher["trials"], sweep.settings.training["epochs"]
    axes = {axis.name: axis for axis in sweep.grid.axes}
    dims = (*axes, "trial", "threshold")
    coords = {
        name: list(axis.labels) if axis.labels is not None else list(axis.columns[name]) for name, axis in axes.items()
    }
    coords |= {"trial": np.arange(trials), "threshold": [1e-3]}
    shape = tuple(len(coords[dim]) for dim in dims)
    data = {}
    for part in ("train", "test"):
        values = np.empty(shape)
        for index in np.ndindex(*shape[:-2]):
            at = {name: coords[name][i] for name, i in zip(axes, index, strict=True)}
            rule = at.pop("rule", at.get("readout_flips"))
            (value,) = at.values()
            values[index] = np.minimum(epochs_of(rule, value, part, np.arange(trials)), last).reshape(-1, 1)
        data[f"epochs_to_{part}"] = (dims, values)
    return xr.Dataset(data, coords=coords, attrs={"settings": json.dumps(sweep.settings.as_json())})


def results(figure, epochs_of, scale="paper"):
    """The figure's results in a world where every experiment needs these epochs."""
    data = {
        name: constructed(each, epochs_of) if isinstance(each, Sweep) else computed(figure.key, scale, name)
        for name, each in figure.at(scale).items()
    }
    return Results(scale, data)


@cache
def computed(key, scale, name):
    """What no rule decides: bounds by norms."""
    from curldescent.paper import figure

    return figure(key).at(scale)[name].compute(None)


def with_gain(gain, *, never=lambda value, part: False, base=1000.0):
    """Epochs in a world where GD needs about 1000 epochs and CD that divided by ``gain(value)``."""

    def epochs_of(rule, value, part, trial):
        if never(value, part):
            return np.full(len(trial), np.inf)
        spread = 1 + 0.05 * np.sin(7.0 * trial + 3.0 * float(value))
        wobble = 1 + 0.01 * np.cos(5.0 * trial + float(value))
        factor = 1.0 if rule in ("GD", 0) else gain(float(value)) * wobble
        return base * spread / factor

    return epochs_of
