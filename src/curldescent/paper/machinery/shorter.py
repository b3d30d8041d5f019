"""A figure's results as they were earlier in the run: how a verdict moves with epochs."""

import json
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery.claims import Results

if TYPE_CHECKING:
    import xarray as xr

# Where verdicts are looked at, before the end of a run.
MOMENTS = (1_000, 10_000)


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
        Errors at that epoch, the largest up to it, thresholds that were reached later counted as never reached; what
        is no sweep stays as it is.
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
    if moment >= last or any(str(name).startswith("q") for name in data.data_vars):
        return False
    final = any(str(name).startswith(("final_", "maximum_")) for name in data.data_vars)
    if not final or "epochs_to_train" in data:
        return True
    # An error between two recorded epochs is not known; close to one of them it is what it was there.
    return "epoch" in data.coords and bool(np.abs(np.log(np.maximum(data.epoch.values, 1) / moment)).min() < 0.05)


def _until(data: "xr.Dataset", epochs: int) -> "xr.Dataset":
    settings = json.loads(data.attrs["settings"])
    settings["training"]["epochs"] = epochs
    out = data.assign_attrs(settings=json.dumps(settings))
    for part in ("train", "test"):
        reached = f"epochs_to_{part}"
        if reached in out:
            out[reached] = out[reached].clip(max=epochs)
        curve = f"{part}_error"
        if curve in out and "epoch" in out.coords:
            now = out[curve].sel(epoch=epochs, method="nearest", drop=True)
            if f"final_{part}_error" in out:
                # A trial that had ended by then has its last errors for good.
                ended = (out.stopped_at >= 0) & (out.stopped_at <= epochs) if "stopped_at" in out else False
                final = out[f"final_{part}_error"]
                out[f"final_{part}_error"] = now.where(~ended, final) if ended is not False else now
            if f"maximum_{part}_error" in out:
                out[f"maximum_{part}_error"] = out[curve].where(out.epoch <= 1.05 * epochs).max("epoch")
    if "diverged_at" in out:
        out["diverged_at"] = out.diverged_at.where(out.diverged_at <= epochs, -1)
    if "epoch" in out.coords:
        out = out.sel(epoch=out.epoch <= 1.05 * epochs)
    return out
