"""A figure's results as they were earlier in the run: how a verdict moves with epochs."""

import json
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery.claims import Results

if TYPE_CHECKING:
    import xarray as xr

# Where verdicts are looked at, before the end of a run.
MOMENTS = (1_000, 10_000)
# How far the nearest recorded epoch may be from such a moment, in logarithms.
NEAR = 0.05
# What kept results call the largest error up to each of the few epochs of their curves, before the curve's name.
SO_FAR = "largest_so_far_"


def moments(results: Results) -> list[int]:
    """At which of `MOMENTS` every sweep of a figure can be looked at: it is longer, and kept what is needed.

    Args:
        results: of a figure.

    Returns:
        Epochs, ascending; none for a figure without sweeps.
    """
    swept = [data for data in results.data.values() if _epochs(data) is not None]
    return [moment for moment in MOMENTS if swept and all(_has(data, moment) for data in swept)]


def until(results: Results, epochs: int) -> Results:
    """The results of the same runs, ended earlier.

    Args:
        results: of a figure.
        epochs: one of `moments`.

    Returns:
        Errors at that epoch, the largest up to it, thresholds that were reached later counted as never reached, trials
        that stopped or diverged later as going on; final errors of runs that kept no curves are left out. What is no
        sweep stays as it is.
    """
    data = {name: _until(one, epochs) if _epochs(one) is not None else one for name, one in results.data.items()}
    return Results(results.scale, data)


def _epochs(data: "xr.Dataset") -> int | None:
    if "settings" not in data.attrs:
        return None
    return int(json.loads(data.attrs["settings"])["training"]["epochs"])


def _has(data: "xr.Dataset", moment: int) -> bool:
    last = _epochs(data)
    assert last is not None
    names = [str(name) for name in data.data_vars]
    # What was measured at the end alone has no earlier.
    if moment >= last or any(name.startswith(("q", "student_")) for name in names):
        return False
    # Of the speed-up's runs only the epochs to the threshold are asked for.
    if "epochs_to_train" in names or not any(name.startswith(("final_", "maximum_")) for name in names):
        return True
    # An error between two recorded epochs is not known; close to one of them it is what it was there.
    return "epoch" in data.coords and abs(np.log(_nearest(data, moment) / moment)) < NEAR


def _nearest(data: "xr.Dataset", moment: int) -> int:
    """The recorded epoch that is nearest to a moment, by their ratio; epoch 0 is nearest to none."""
    recorded = np.maximum(data.epoch.values, 1)
    return int(recorded[np.abs(np.log(recorded / moment)).argmin()])


def _until(data: "xr.Dataset", epochs: int) -> "xr.Dataset":
    settings = json.loads(data.attrs["settings"])
    settings["training"]["epochs"] = epochs
    out = data.assign_attrs(settings=json.dumps(settings))
    if "epoch" in out.coords:
        out = out.sel(epoch=out.epoch <= _nearest(out, epochs))
    for part in ("train", "test"):
        reached, curve = f"epochs_to_{part}", f"{part}_error"
        final, maximum = f"final_{part}_error", f"maximum_{part}_error"
        if reached in out:
            later = out[reached] > epochs
            # The plans of sweeps leave out the word where the last epoch stands for never.
            never = settings["keep"].get("never", "last")
            out[reached] = out[reached].where(~later, epochs if never == "last" else np.nan)
        # Trials that have stopped keep their last errors in the curves, diverged ones are NaN there.
        known = {}
        if curve in out:
            so_far = f"{SO_FAR}{curve}"
            largest = out[so_far].isel(epoch=-1, drop=True) if so_far in out else out[curve].max("epoch", skipna=False)
            known = {final: out[curve].isel(epoch=-1, drop=True), maximum: largest}
        for name in (final, maximum):
            if name in out:
                out = out.assign({name: known[name]}) if name in known else out.drop_vars(name)
    for event in ("diverged_at", "stopped_at"):
        if event in out:
            out[event] = out[event].where(out[event] <= epochs, -1)
    return out
