"""Constructed phase maps: what theory says, or the contrary."""

import json

import numpy as np
import xarray as xr

from curldescent.paper import Results
from curldescent.theory import critical_ratio


def follow_theory(experiment, *, low=1e-30, high=1e-2, shift=1.0, names=("final_test_error",), trials=2) -> xr.Dataset:
    """Errors that jump at `shift` times the critical ratio, on a sweep's own grid."""
    axes = {axis.name: np.array(next(iter(axis.columns.values()))) for axis in experiment.grid.axes}
    layer = "hidden" if "hidden" in axes else "readout"
    critical = np.asarray(critical_ratio(**{layer: np.maximum(axes[layer], 1e-12)}))
    error = np.where(axes["ratio"][:, None] < shift * critical, low, high)
    error[:, axes[layer] == 0] = low
    values = np.repeat(error[..., None], trials, axis=-1)
    attrs = {"settings": json.dumps(experiment.settings.as_json())}
    return xr.Dataset(dict.fromkeys(names, (("ratio", layer, "trial"), values)), coords=axes, attrs=attrs)


def results(**data) -> Results:
    return Results("quick", {name.replace("_", "-"): value for name, value in data.items()})


def verdicts(figure, found: Results) -> dict[str, bool | None]:
    return {claim.name: claim.measure(found).holds for claim in figure.claims}
