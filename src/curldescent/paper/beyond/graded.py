"""Graded plasticity: flips that are weaker than ordinary synapses, and magnitudes that are spread out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from curldescent.paper.machinery import fate_claims, shares
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.fates import judged, over_grid
from curldescent.paper.machinery.spectra import largest_stable_share
from curldescent.plots import legends, style
from curldescent.plots.fates import draw_boundary, draw_fate_map, fate_colour_bar
from curldescent.sweeps import lin, log
from curldescent.theory import Spectrum, critical_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

LAYERS = ("hidden", "readout")
# The ratio of the maps of weak flips.
RATIO = 0.4
# Standard deviation of the logarithm of magnitudes, and how many quantiles stand for their distribution.
SPREAD, QUANTILES = 1.0, 4


def weak_flips(share: float, strength: float) -> dict[float, float]:
    """A share of the neurons has a negative strength of this magnitude, the others 1."""
    return {1.0: 1 - share, -strength: share}


def spread_flips(share: float, spread: float) -> dict[float, float]:
    """Log-normal magnitudes of mean 1, taken at equally likely quantiles; a share of them is negative.

    Magnitudes without a bound would leave no stable phase: in the limit one flipped synapse is always strong enough.
    """
    from scipy.stats import norm

    if spread == 0:
        return weak_flips(share, 1.0)
    magnitudes = np.exp(spread * norm.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES))
    magnitudes /= magnitudes.mean()
    signs = ((1.0, 1 - share), (-1.0, share))
    return {sign * float(size): part / QUANTILES for sign, part in signs for size in magnitudes if part > 0}


def experiments(scale: Scale) -> Experiments:
    """Weak flips of either layer, and flipped hidden neurons of spread-out and of equal magnitudes."""
    n_inputs, points, trials, steps = {
        "quick": (40, 7, 3, 20_000),
        "standard": (60, 10, 3, 20_000),
        "paper": (100, 20, 10, 80_000),
    }[scale]
    common = {"n_inputs": n_inputs, "trials": trials, "steps": steps}
    weak = {"shares": lin(0.05, 0.95, points), "strengths": log(0.03, 2, points)}
    spread = {"shares": lin(0.05, 0.45, points), "ratios": log(0.05, 0.5, points)}
    return {
        **{
            f"graded-{layer}": Computation(
                weak_map, {"layer": layer, **weak, **common}, identity="curldescent.paper.graded.weak_map"
            )
            for layer in LAYERS
        },
        "graded-spread": Computation(
            spread_map, {"spread": SPREAD, **spread, **common}, identity="curldescent.paper.graded.spread_map"
        ),
        "graded-equal": Computation(
            spread_map, {"spread": 0.0, **spread, **common}, identity="curldescent.paper.graded.spread_map"
        ),
    }


def weak_map(
    layer: str, shares: Sequence[float], strengths: Sequence[float], n_inputs: int, trials: int, steps: int
) -> xr.Dataset:
    """Fates over share and strength of the negative synapses of one layer."""

    def cell(share: float, strength: float, seed: int) -> dict[str, object]:
        law = _law(layer, weak_flips(share, strength))
        return judged(law, n_inputs, trials=trials, steps=steps, seed=seed)

    return over_grid({"share": shares, "strength": strengths}, cell, seed=LAYERS.index(layer))


def spread_map(
    spread: float, shares: Sequence[float], ratios: Sequence[float], n_inputs: int, trials: int, steps: int
) -> xr.Dataset:
    """Fates over ratio and share of flipped hidden neurons whose magnitudes are spread out."""

    def cell(ratio: float, share: float, seed: int) -> dict[str, object]:
        law = Spectrum(ratio, readout=spread_flips(share, spread))
        return judged(law, n_inputs, trials=trials, steps=steps, seed=seed)

    # The same seed whatever the spread: students are compared in pairs.
    return over_grid({"ratio": ratios, "share": shares}, cell, seed=2)


def draw(results: Results) -> "Picture":
    """Weak flips of either layer, and spread-out magnitudes with both boundaries."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(style.PAGE_INCHES, 2.6))
    for axis, layer in zip(axes, LAYERS, strict=False):
        data = results[f"graded-{layer}"]
        axis.set_yscale("log")
        title = {"hidden": f"inputs, $c$ = {RATIO:g}", "readout": f"hidden, $c$ = {RATIO:g}"}[layer]
        _draw_map(axis, data, x="share", y="strength", title=title)
        axis.set(xlabel="share of negative", ylabel="magnitude of negative" if layer == "hidden" else "")
        strength = np.geomspace(data.strength.values[0] / 2, data.strength.values[-1] * 2, 40)
        draw_boundary(axis, [boundary_share(layer, weak) for weak in strength.tolist()], strength)
    data, axis = results["graded-spread"], axes[2]
    axis.set_xscale("log")
    image = _draw_map(axis, data, x="ratio", y="share", title="log-normal, hidden")
    axis.set(ylabel="share of negative")
    share = np.linspace(0.01, 0.5, 60)
    for spread, line in ((SPREAD, "-"), (0.0, "--")):
        critical = [float(critical_ratio(readout=spread_flips(float(a), spread))) for a in share]
        draw_boundary(axis, critical, share, linestyle=line, label="equal" if spread == 0 else "spread")
    legends.below(axis, *_labelled(axis))
    fate_colour_bar(figure, image, axes)
    return figure


def boundary_share(layer: str, strength: float) -> float:
    """The largest stable share of negative neurons of a strength."""
    return largest_stable_share(lambda share: _law(layer, weak_flips(share, strength)))


def sign_of_limit(results: Results) -> Finding:
    """All four maps together."""
    return fate_claims.follows_limit(_stacked(results))


def sign_of_own(results: Results) -> Finding:
    """All four maps together, network by network."""
    return fate_claims.follows_own(_stacked(results))


def weakness(results: Results) -> Finding:
    """Shares at which the strongest flips leave and the weakest return, by theory and by simulation."""
    seen = right = 0
    for layer in LAYERS:
        data = results[f"graded-{layer}"]
        sure, fate = data.predicted / data.margin, fate_claims.majority(data)
        both = (sure.isel(strength=0) > 1) & (sure.isel(strength=-1) < -1)
        as_said = (fate.isel(strength=0) == 1) & (fate.isel(strength=-1) == -1)
        seen, right = seen + int(both.sum()), right + int((both & as_said).sum())
    if not seen:
        return Finding(None, "the grid of this scale has no such share")
    return shares.found(right, seen, f"{right} of {seen} shares", least=fate_claims.FEW_CELLS)


def spread_costs(results: Results) -> Finding:
    """Of networks that differ in the spread of magnitudes alone, which leaves and which returns."""
    spread, equal = results["graded-spread"].verdict, results["graded-equal"].verdict
    return fate_claims.leaves_more(spread, equal, names=("spread alone leaves", "equal alone"))


def _law(layer: str, strengths: dict[float, float]) -> Spectrum:
    return Spectrum(RATIO, hidden=strengths) if layer == "hidden" else Spectrum(RATIO, readout=strengths)


def _draw_map(axis: "Axes", data: xr.Dataset, *, x: str, y: str, title: str) -> Any:
    return draw_fate_map(axis, data.verdict, x=x, y=y, margin=np.abs(data.predicted) <= data.margin, title=title)


def _labelled(axis: "Axes") -> tuple[list[Any], list[Any]]:
    lines = [line for line in axis.lines if not str(line.get_label()).startswith("_")]
    return lines, [line.get_label() for line in lines]


def _stacked(results: Results) -> xr.Dataset:
    names = ("verdict", "lowest", "predicted", "margin")
    flat = []
    for name in results.data:
        data = results[name][list(names)]
        dims = [dim for dim in data.verdict.dims if dim != "trial"]
        flat.append(data.stack(cell=dims, create_index=False).drop_vars(dims))
    return xr.concat(flat, "cell")


FIGURE = Figure(
    "graded",
    title="Graded plasticity",
    about=(
        "Strengths need not be ±1. Left and middle: a share of the inputs, or hidden neurons, has a negative strength "
        "of the magnitude on the vertical axis, the others 1. Right: hidden neurons with log-normal magnitudes of mean "
        "1 (four quantiles), a share of them negative; dashed: the boundary for equal magnitudes. Colour as in the "
        "figure of joint flips, lines from the law with the same strengths, dots within the finite-size margin. "
        "All networks of a size have one sample of inputs."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "the limit's sign",
            "Students follow the sign of the limiting λ_min for strengths of any value.",
            *fate_claims.LIMIT,
            sign_of_limit,
            changes=(fate_claims.INTERVALS,),
        ),
        Claim(
            "the network's own sign",
            "Each student follows the sign of the lowest eigenvalue of its own K.",
            *fate_claims.OWN,
            sign_of_own,
            changes=fate_claims.OWN_INTERVALS,
        ),
        Claim(
            "weakness",
            "Flips that destroy a solution when strong leave it stable when weak.",
            *shares.at_least(
                fate_claims.FEW_CELLS,
                "of the shares that theory says so of, outside the margin at both ends of the map, that do so",
            ),
            weakness,
            changes=(fate_claims.FEW_INTERVALS,),
        ),
        Claim(
            "spread costs",
            "At equal mean, spread-out magnitudes make solutions less stable.",
            f"more leave with spread magnitudes: {fate_claims.MORE[0]}",
            fate_claims.MORE[1],
            spread_costs,
            changes=(fate_claims.SIGN_TEST,),
        ),
    ),
)
