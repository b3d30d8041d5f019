"""What the claims about the limits of chaos measure, each in words and with what it says of its claim."""

import numpy as np
import xarray as xr

from curldescent.paper.machinery import shares
from curldescent.paper.machinery.claims import Finding, Results
from curldescent.paper.machinery.effects import Estimate, difference_of, mean_of, ratio_of
from curldescent.paper.machinery.judged import all_of
from curldescent.paper.machinery.limits_of_chaos_experiments import SETTINGS, TORI, named, where
from curldescent.paper.machinery.size_of_chaos_runs import least

# Between a cycle and a torus in dimension.
BORDER = 1.5
REGULAR = ("periodic", "quasi-periodic")
# Of the teacher's map, and of the predicted speed: what weights that turn at output zero may be off.
OFF = 0.05
# Below this loss a run has come to rest; what moves has 0.01 and more.
RESTING = 1e-6
# Exponents within this factor of each other, and within this difference, count as equal.
CLOSE, NEAR = 1.5, 0.005
HALF, MOST = 0.5, 0.8
# An exponent has faded below this part of what it was, and lasts above that one.
FADED, LASTING = 0.1, 0.5
NONE_FINITE = "no run stayed finite"


def _values(data: xr.Dataset, width: float) -> np.ndarray:
    return data.exponent.sel(width=width).values


def _said(mean: Estimate) -> str:
    low, high = mean.interval()
    return f"{mean.value:.4f} [{low:.4f}, {high:.4f}]"


def _told(values: np.ndarray) -> str:
    here = values[np.isfinite(values)]
    return _said(mean_of(here)) if here.size else NONE_FINITE


def limit_is_chaotic(results: Results) -> Finding:
    """The mean exponent of the limit against what shear can do."""
    data = results["limits-of-chaos-width-no-rest"]
    values = _values(data, np.inf)
    if not np.isfinite(values).any():
        return Finding(None, NONE_FINITE)
    mean = mean_of(values[np.isfinite(values)])
    return mean.judge_above(least(data)).finding(f"mean exponent {_said(mean)} over {mean.n} students of the limit")


def limit_fades(results: Results) -> Finding:
    """Exponents in the last window of long runs against parts of those in the first: the limit, and finite width."""
    data = results["limits-of-chaos-fading"]
    first, last = data.exponent.isel(window=0), data.exponent.isel(window=-1)
    pairs = []
    for which, part in (({"width": data.sizes["width"] - 1}, FADED), ({"width": 0}, LASTING)):
        after, before = last.isel(which).values, first.isel(which).values
        here = np.isfinite(after) & np.isfinite(before)
        if not here.any():
            return Finding(None, NONE_FINITE)
        pairs.append(difference_of(after[here], before[here] * part))
    limit, wide = pairs
    said = "; ".join(
        f"{width:g} neurons: " + ", ".join(f"{v:.4f}" for v in data.exponent.sel(width=width).mean("set").values)
        for width in data.width.values
    )
    return all_of([limit.judge_below(0.0), wide.judge_above(0.0)]).finding(f"mean exponents by window, {said}")


def widths_tend_to_limit(results: Results) -> Finding:
    """Mean exponents of the widest students and of the limit: the interval of their ratio."""
    data = results["limits-of-chaos-width-no-rest"]
    widest = float(data.width.values[np.isfinite(data.width.values)].max())
    wide, limit = _values(data, widest), _values(data, np.inf)
    said = "; ".join(f"{width:g} neurons: {_told(_values(data, width))}" for width in data.width.values)
    if not (np.isfinite(wide) & np.isfinite(limit) & (wide > 0) & (limit > 0)).all():
        return Finding(None, f"an exponent is not positive; {said}")
    effect = ratio_of(wide, limit)
    said = f"{widest:g} neurons over the limit {effect.said}; {said}"
    return effect.judge_equivalent(CLOSE).finding(said, effect.numbers)


def nothing_rests(results: Results) -> Finding:
    """Runs with c > 1/α_h that have not come to rest, all widths."""
    loss = results["limits-of-chaos-width-no-rest"].loss
    count, of = int((loss > RESTING).sum()), int(loss.notnull().sum())
    return shares.found(
        count, of, f"{count} of {of} runs move on, the least late loss is {float(loss.min()):.2g}", least=MOST
    )


def limit_rests(results: Results) -> Finding:
    """Runs of the limit with c < 1/α_h that have come to rest."""
    loss = results["limits-of-chaos-width-rest"].loss
    resting = (loss < RESTING).sum("set").values
    count, of = int((loss.sel(width=np.inf) < RESTING).sum()), loss.sizes["set"]
    each = ", ".join(f"{n} of {of} at {width:g}" for width, n in zip(loss.width.values, resting, strict=True))
    return shares.found(count, of, f"at rest: {each} hidden neurons", least=HALF)


def dimension_grows(results: Results) -> Finding:
    """The Kaplan–Yorke dimension of the limit against the number of inputs."""
    from scipy import stats

    data = results["limits-of-chaos-spectra"]
    inputs, dimension = (v.values.ravel() for v in xr.broadcast(data.inputs, data.dimension))
    here = np.isfinite(dimension)
    if here.sum() < 6:
        return Finding(None, "fewer than six runs")
    found = stats.kendalltau(inputs[here], dimension[here])
    medians = ", ".join(
        f"{float(data.dimension.sel(inputs=m).median()):.1f} (positive exponents: "
        f"{float(data.positive.sel(inputs=m).median()):g}) at M = {m}"
        for m in data.inputs.values
    )
    said = f"medians {medians}; Kendall's τ = {found.statistic:.2f} over {int(here.sum())} runs"
    if not np.isfinite(found.pvalue):
        return Finding(None, f"medians {medians}; they do not differ")
    holds = None if found.pvalue >= 0.05 else bool(found.statistic > 0)
    return Finding(holds, f"{said}, p = {found.pvalue:.2g}", {"tau": float(found.statistic)}, float(found.pvalue))


def _of(results: Results, learner: str) -> dict[tuple[float, float], xr.Dataset]:
    return {setting: results[named(learner, number)] for number, setting in enumerate(SETTINGS)}


def _mean(data: xr.Dataset) -> Estimate | None:
    values = data.exponent.dropna("set").values
    return mean_of(values) if len(values) else None


def _above_shear(results: Results, learner: str) -> Finding:
    parts, said = [], []
    for setting, data in _of(results, learner).items():
        mean = _mean(data)
        if mean is None:
            return Finding(None, f"{where(setting)}: {NONE_FINITE}")
        parts.append(mean.judge_above(least(data)))
        text = f"{where(setting)}: {_said(mean)}, loss {float(data.loss.median()):.2g}"
        if "label" in data:
            text += f", {int((data.label == 'chaotic').sum())} of {data.label.size} chaotic"
        said.append(text)
    return all_of(parts).finding("; ".join(said))


def batches_are_chaotic(results: Results) -> Finding:
    """The common-noise exponent of students on mini-batches."""
    return _above_shear(results, "batches")


def tanh_is_chaotic(results: Results) -> Finding:
    """The exponent of tanh students."""
    return _above_shear(results, "tanh")


def readouts_are_chaotic(results: Results) -> Finding:
    """The exponent of students whose readout is flipped in place of their inputs."""
    return _above_shear(results, "readout flips")


def tanh_is_as_strong(results: Results) -> Finding:
    """Exponents of tanh students less half of those of linear ones, same settings and inputs."""
    return _difference(results, "tanh", half=True)


def white_is_alike(results: Results) -> Finding:
    """Exponents with white inputs less those with 250 samples, teachers and starts the same."""
    return _difference(results, "white inputs", half=False)


def _difference(results: Results, learner: str, *, half: bool) -> Finding:
    parts, said = [], []
    linear = _of(results, "linear")
    for setting, data in _of(results, learner).items():
        ours, theirs = data.exponent.values, linear[setting].exponent.values
        here = np.isfinite(ours) & np.isfinite(theirs)
        if not here.any():
            return Finding(None, f"no pair of runs stayed finite at {where(setting)}")
        gap = difference_of(ours[here], theirs[here] / 2 if half else theirs[here])
        parts.append(gap.judge_above(0.0) if half else gap.judge_within(-NEAR, NEAR))
        what = "difference from half of it" if half else "difference"
        said.append(
            f"{where(setting)}: {np.nanmean(ours):.4f} against {np.nanmean(theirs):.4f} linear with "
            f"samples; {what} {_said(gap)}"
        )
    return all_of(parts).finding("; ".join(said))


def motions(results: Results) -> xr.Dataset:
    """All late motions that were judged twice, over set."""
    prefix = "limits-of-chaos-motion-"
    parts = [results[name] for name in sorted(results.data) if name.startswith(prefix)]
    return xr.concat(parts, "set", combine_attrs="drop")


def witnesses_agree(results: Results) -> Finding:
    """Regular motions whose dimension says what their spectral lines say."""
    data = motions(results)
    kind, dimension = data.kind.values, data.dimension.values
    regular = np.isin(kind, REGULAR) & np.isfinite(dimension)
    agree = (dimension >= BORDER) == (kind == "quasi-periodic")
    medians = ", ".join(
        f"{each} {np.median(dimension[kind == each]):.2f} ({(kind == each).sum()} runs)"
        for each in sorted(set(kind[np.isfinite(dimension)]))
    )
    count, of = int((agree & regular).sum()), int(regular.sum())
    return shares.found(count, of, f"they agree on {count} of {of}; median dimensions: {medians}", least=MOST)


def regular_runs_turn(results: Results) -> Finding:
    """Runs whose map is zero in the end and whose weights move as fast as weights that turn."""
    data = xr.concat([results[named("turning", n)] for n in range(len(TORI))], "set", combine_attrs="drop")
    off = np.abs(data.speed / data.predicted - 1)
    count, of = int(((data.output < OFF) & (off < OFF)).sum()), int(data.output.notnull().sum())
    said = (
        f"{count} of {of} runs; medians: map {float(data.output.median()):.3f} of the teacher's, speed "
        f"{float((data.speed / data.predicted).median()):.3f} of the predicted, loss "
        f"{float((data.loss / data.zero).median()):.3f} of the zero map's"
    )
    return shares.found(count, of, said, least=MOST)
