"""Epochs to an error that not every run reaches: what can be said of their mean and median."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import quantities, validation
from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
NEVER = ("nan", "last")


def epochs_to_threshold(error: "xr.DataArray", threshold: float, *, never: str = "nan") -> "xr.DataArray":
    """Epochs until an error curve first lies below a threshold: the first recorded epoch below it.

    A curve that is not below it at any recorded epoch is *censored*: all that is known is that it needs more epochs
    than the run had. It is NaN, so that nobody takes the length of the run for a result. Means that leave NaN out are
    too low; `summarise_epochs` estimates from all runs.

    Args:
        error: a history's `train_error` or `test_error`, with an `epoch` dimension.
        threshold: the error to fall below, positive.
        never: "nan"; or "last", which counts curves that never get there, diverged ones too, with their last recorded
            epoch, as the paper does: a mean over them is a lower bound, and nothing tells them from curves that get
            there at the last epoch.

    Returns:
        The epochs, with the other dimensions of `error`; float64, whole numbers for "last". The attributes say the
        threshold and the last recorded epoch, unless `stop_below` may have ended runs before they got there.

    Raises:
        InputError: no error curve, a threshold that is not a positive number, or an unknown word.

    Source: the paper's figure 5.

    Example:
        >>> import curldescent as cd, xarray as xr
        >>> curve = xr.DataArray([1.0, 0.5, 0.05], dims="epoch", coords={"epoch": [0, 10, 100]})
        >>> float(cd.epochs_to_threshold(curve, 0.1)), float(cd.epochs_to_threshold(curve, 0.01))
        (100.0, nan)
        >>> int(cd.epochs_to_threshold(curve, 0.01, never="last"))
        100
    """
    import xarray as xr

    validation.instance("error", error, xr.DataArray, "an error curve of a history, such as history.train_error")
    if "epoch" not in error.dims or "epoch" not in error.coords or error.dtype.kind not in "fiu":
        raise InputError(
            "error must be a history's train_error or test_error, numbers along an epoch dimension, got "
            f"{error.dtype} along {', '.join(map(str, error.dims)) or 'none'}"
        )
    threshold = validation.positive("threshold", threshold)
    validation.choice("never", never, NEVER)
    error = error.sortby("epoch")
    below = error < threshold
    reached, last = below.any("epoch"), error["epoch"][-1]
    first = error["epoch"][below.argmax("epoch")]
    counted = first.where(reached) if never == "nan" else first.where(reached, last).astype(np.int64)
    meaning = "NaN where never" if never == "nan" else "the last epoch where never"
    attributes = {
        "long_name": f"epochs to an error below {threshold:g}, {meaning}",
        "units": "epochs",
        "threshold": threshold,
    }
    # Trials that were stopped above the threshold were not watched up to the last epoch.
    if threshold >= error.attrs.get("stop_below", 0.0):
        attributes["last_epoch"] = int(last)
    return counted.drop_vars("epoch", errors="ignore").assign_attrs(attributes)


def summarise_epochs(epochs: Any, *, last: ArrayLike | None = None, dim: str = "trial") -> "xr.Dataset":
    """Mean and median of epochs of which some are censored, by the Kaplan–Meier estimate.

    Args:
        epochs: of `epochs_to_threshold`; NaN where a run never got there. Anything that makes an array is taken with
            its last axis as the trials.
        last: the epoch up to which the censored runs were watched: a number, or one per run (`stopped_at` for runs that
            were stopped before, which are not known after it). The last recorded epoch by default.
        dim: over which to summarise.

    Returns:
        A dataset with the other dimensions. `count`; `censored`, how many never got there; `restricted_mean`, the mean
        of the epochs needed up to `horizon`: a lower bound of the mean where some are censored, the mean itself
        otherwise; `standard_error` of it, s/√n where all runs were watched for as long (NaN for a single run, and where
        all are censored); `median`, NaN where too many are censored to know it. `horizon` is the last epoch that any
        run was watched at.

    Raises:
        InputError: no last epoch given or kept in the attributes; a censored run without one; an epoch after it.

    Source: Kaplan & Meier, J. Am. Stat. Assoc. 53 (1958) 457, its section 6 for the standard error; the restricted mean
    as Royston & Parmar, BMC Med. Res. Methodol. 13 (2013) 152. The curve is SciPy's.

    Example:
        >>> found = summarise_epochs([100.0, 200.0, float("nan"), 300.0], last=1000)
        >>> float(found.restricted_mean), float(found["median"]), int(found.censored)
        (400.0, 200.0, 1)
    """
    import xarray as xr

    if not isinstance(epochs, xr.DataArray):
        values = np.atleast_1d(validation.real_array("epochs", epochs).astype(float))
        epochs = xr.DataArray(values, dims=[*(f"axis_{i}" for i in range(values.ndim - 1)), dim])
    if epochs.size == 0 or epochs.dtype.kind not in "fiu":
        raise InputError(f"epochs must be numbers, at least one, got shape {epochs.shape} of dtype {epochs.dtype}")
    if dim not in epochs.dims:
        raise InputError(f"dim must be one of {', '.join(map(str, epochs.dims)) or 'none'}, got {dim!r}")
    if last is None:
        last = epochs.attrs.get("last_epoch")
    if last is None:
        if bool(epochs.isnull().any()):
            raise InputError(
                "last must be given, the epoch up to which each run was watched (stopped_at where one was stopped): "
                "some never got there"
            )
        last = epochs.max()
    watched = last
    if not isinstance(watched, xr.DataArray):
        watched = xr.DataArray(validation.real_array("last", last).astype(float), dims=_dims(last, epochs))
    watched = watched.broadcast_like(epochs).astype(float)
    if bool((watched.where(epochs.isnull(), 0).isnull()).any()) or bool((epochs > watched).any()):
        raise InputError("last must be the last epoch of every run, at or after the epochs that runs needed")
    names = ("count", "censored", "restricted_mean", "standard_error", "median", "horizon")
    out = xr.apply_ufunc(
        lambda needed, seen: np.array(_summary(needed, seen)),
        epochs.astype(float),
        watched,
        input_core_dims=[[dim], [dim]],
        output_core_dims=[["statistic"]],
        vectorize=True,
    )
    found = {name: out.isel(statistic=place) for place, name in enumerate(names)}
    data = xr.Dataset({n: v.astype(int) if n in ("count", "censored") else v for n, v in found.items()})
    for name, variable in data.data_vars.items():
        variable.attrs = quantities.attributes(str(name), of="epochs")
    return data


def mean_text(epochs: ArrayLike, *, last: ArrayLike) -> str:
    """A mean with its standard error in words that say what is censored: for tables.

    Args:
        epochs: (n,), NaN where never.
        last: the epoch up to which runs were watched, one or (n,).

    Returns:
        "1379 ± 118", or "≥ 1379 ± 118 (2 of 10 not within 20000)".

    Example:
        >>> mean_text([10.0, 20.0, 30.0], last=100), mean_text([10.0, 20.0, float("nan")], last=100)
        ('20 ± 6', '≥ 43 ± 28 (1 of 3 not within 100)')
    """
    found = summarise_epochs(np.asarray(epochs, dtype=float), last=last)
    mean, error, censored = (float(found[name]) for name in ("restricted_mean", "standard_error", "censored"))
    if censored == int(found["count"]):
        return f"> {float(found.horizon):.0f} (none of {int(found['count'])} within that)"
    text = f"{mean:.0f} ± {error:.0f}" if np.isfinite(error) else f"{mean:.0f}"
    if not censored:
        return text
    return f"≥ {text} ({int(censored)} of {int(found['count'])} not within {float(found.horizon):.0f})"


def _dims(last: ArrayLike, epochs: "xr.DataArray") -> tuple[Any, ...]:
    if np.ndim(last) == 0:
        return ()
    if np.shape(last) != epochs.shape:
        raise InputError(
            f"last must be one number or have the shape of the epochs {epochs.shape}, got {np.shape(last)}"
        )
    return epochs.dims


def _summary(needed: Array, watched: Array) -> tuple[float, float, float, float, float, float]:
    """Of one group of runs: count, censored, restricted mean, its standard error, median, horizon."""
    from scipy import stats

    censored = np.isnan(needed)
    times = np.where(censored, watched, needed)
    # Beyond the last time at which anything was seen the curve is not known, unless it has come to zero.
    horizon = float(times.max() if censored.any() else watched.max())
    curve = stats.ecdf(stats.CensoredData.right_censored(times, censored)).sf
    steps = np.unique(needed[~censored])
    alive = np.asarray(curve.evaluate(steps))
    edges = np.concatenate([[0.0], steps, [max(horizon, steps[-1] if len(steps) else 0.0)]])
    areas = np.concatenate([[1.0], alive]) * np.diff(edges)
    later = areas[::-1].cumsum()[::-1][1:]  # the area after each step
    events = np.array([(needed == step).sum() for step in steps])
    at_risk = np.array([(times >= step).sum() for step in steps])
    variance = sum(a**2 * d / (n * (n - d)) for a, d, n in zip(later, events, at_risk, strict=True) if n > d)
    runs = len(needed)
    # Runs that all outlast the horizon have a spread that nobody has seen; it is not zero.
    error = np.sqrt(variance * runs / (runs - 1)) if runs > 1 and len(steps) else np.nan
    half = steps[alive <= 0.5]
    median = np.median(needed) if not censored.any() else half[0] if len(half) else np.nan
    return float(runs), float(censored.sum()), float(areas.sum()), float(error), float(median), horizon
