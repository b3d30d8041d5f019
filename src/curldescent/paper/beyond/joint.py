"""Flips in both layers at once: theory's joint diagram against students that start beside a solution."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from curldescent.paper.machinery import fate_claims, shares
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.fates import judged, over_grid
from curldescent.plots import style
from curldescent.plots.fates import draw_boundary, draw_fate_map, fate_colour_bar
from curldescent.sweeps import lin
from curldescent.theory import Spectrum, critical_fraction

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

RATIOS = (0.1, 0.2, 0.4)


def experiments(scale: Scale) -> Experiments:
    """One plane of fractions for each ratio."""
    n_inputs, hidden, readout, trials, steps = {
        "quick": (40, 6, 7, 3, 20_000),
        "standard": (60, 9, 11, 3, 20_000),
        "paper": (100, 21, 21, 10, 80_000),
    }[scale]
    settings = {
        "n_inputs": n_inputs,
        "hidden": lin(0, 1, hidden),
        "readout": lin(0, 0.42, readout),
        "trials": trials,
        "steps": steps,
    }
    return {
        f"joint-{ratio:g}": Computation(plane, {"ratio": ratio, **settings}, identity="curldescent.paper.joint.plane")
        for ratio in RATIOS
    }


def plane(
    ratio: float, n_inputs: int, hidden: Sequence[float], readout: Sequence[float], trials: int, steps: int
) -> xr.Dataset:
    """Fates over both flipped fractions at one ratio."""

    def cell(hidden: float, readout: float, seed: int) -> dict[str, object]:
        return judged(Spectrum(ratio, hidden, readout), n_inputs, trials=trials, steps=steps, seed=seed)

    data = over_grid({"hidden": hidden, "readout": readout}, cell, seed=round(1000 * ratio))
    return data.assign_attrs(ratio=ratio, n_inputs=n_inputs)


def draw(results: Results) -> "Picture":
    """One panel for each ratio, with the joint boundary."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(RATIOS), figsize=(style.PAGE_INCHES, 2.5), sharey=True)
    for axis, ratio in zip(axes, RATIOS, strict=True):
        data = results[f"joint-{ratio:g}"]
        image = draw_fate_map(
            axis,
            data.verdict,
            x="hidden",
            y="readout",
            margin=np.abs(data.predicted) <= data.margin,
            title=f"$c$ = {ratio:g}",
        )
        alpha = np.concatenate([np.geomspace(1e-4, 1e-2, 20), np.linspace(0.01, 1, 200)])
        draw_boundary(axis, alpha, np.asarray(critical_fraction(ratio, "readout", other=alpha)))
    for axis in axes[1:]:
        axis.set_ylabel("")
    fate_colour_bar(figure, image, axes)
    return figure


def sign_of_limit(results: Results) -> Finding:
    """All planes together, cell by cell."""
    return fate_claims.follows_limit(_stacked(results))


def sign_of_own(results: Results) -> Finding:
    """All planes together, network by network."""
    return fate_claims.follows_own(_stacked(results))


def together(results: Results) -> Finding:
    """Cells whose flips are harmless in each layer alone, by the limit, and harmful together, outside the margin."""
    seen = right = 0
    for ratio in RATIOS:
        data = results[f"joint-{ratio:g}"]
        fate, sure = fate_claims.majority(data), data.predicted / data.margin
        alone = (sure.sel(readout=0) > 0) & (sure.sel(hidden=0) > 0)
        harmful = alone & (sure < -1) & (data.hidden > 0) & (data.readout > 0)
        as_said = (fate.sel(readout=0) == 1) & (fate.sel(hidden=0) == 1) & (fate == -1)
        seen, right = seen + int(harmful.sum()), right + int((harmful & as_said).sum())
    if not seen:
        return Finding(None, "the grid of this scale has no such cell")
    return shares.found(right, seen, f"{right} of {seen} such cells", least=fate_claims.FEW_CELLS)


def _stacked(results: Results) -> xr.Dataset:
    return xr.concat([results[f"joint-{ratio:g}"] for ratio in RATIOS], "ratio", combine_attrs="drop")


FIGURE = Figure(
    "joint",
    title="Flips in both layers",
    about=(
        "Linear students start 1e-6 beside random zero-loss solutions of networks with both inputs and hidden neurons "
        "flipped, whole training set as the batch. Colour: the share that leaves (the error grows a hundredfold) or "
        "returns (it falls ten orders of magnitude); line: theory's joint boundary, stable below it; dots: cells whose "
        "λ_min is within the finite-size margin. "
        "All networks of a size have one sample of inputs."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "the limit's sign",
            "Students of finite networks follow the sign of the limiting λ_min with flips in both layers.",
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
            "together",
            "Flips that are harmless in either layer alone can be harmful together.",
            *shares.at_least(
                fate_claims.FEW_CELLS,
                "of the cells whose limit is stable with either layer's flips and unstable, outside the margin, with "
                "both, in which each alone returns and both together leave",
            ),
            together,
            changes=(fate_claims.FEW_INTERVALS,),
        ),
    ),
)
