"""Figure 2: where random solutions are stable, by theory, and the lowest eigenvalues of sampled networks beside it."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from curldescent import theory
from curldescent.paper.machinery import shares
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.wording import decimal, percent
from curldescent.plots.theory import phase_diagrams

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

# Networks are sampled this far, as a factor of c*, on either side of the boundary.
_SIDES = (0.5, 2.0)
# How close c* of all inputs flipped must be to 1/4; that of vanishing flips, taken at a fraction, to 2/3; and the
# product 16 α_r c* to 1, at the smallest of some fractions.
EXACT, CLOSE, PRODUCT = 1e-12, 1e-4, 0.01
VANISHING, FEW = 1e-9, (1e-2, 1e-3, 1e-4)
# The share of sampled networks that must have the predicted sign.
SIGNS = 0.9
_FRACTIONS = {"hidden": (0.1, 0.3, 0.5, 0.7, 1.0), "readout": (0.1, 0.2, 0.3, 0.4)}


def experiments(scale: Scale) -> Experiments:
    """The diagrams, and sampled networks on both sides of the boundary."""
    resolution, neurons, samples = {"quick": (250, 600, 3), "standard": (500, 1600, 5), "paper": (500, 4000, 10)}[scale]
    return {
        "fig2": Computation(diagrams, {"resolution": resolution}, identity="curldescent.paper.fig2.diagrams"),
        "fig2-sampled": Computation(
            sampled, {"neurons": neurons, "samples": samples}, identity="curldescent.paper.fig2.sampled"
        ),
    }


def diagrams(resolution: int) -> xr.Dataset:
    """Both diagrams over c from 1e-3 to 1e2 and α from 0 to 1."""
    out = {}
    for plane in ("hidden", "readout"):
        diagram = theory.phase_diagram(plane, resolution=resolution)
        out[plane] = diagram.astype("int8").drop_vars("critical_ratio")
        out[f"{plane}_boundary"] = diagram.critical_ratio.drop_vars("critical_ratio")
    return xr.Dataset(out)


def sampled(neurons: int, samples: int) -> xr.Dataset:
    """λ_min of sampled networks at half and at twice the critical ratio, by layer, fraction, side and sample."""
    rows = []
    for layer, fractions in _FRACTIONS.items():
        for fraction in fractions:
            flipped: dict[str, Any] = {layer: fraction}
            critical = float(theory.critical_ratio(**flipped))
            for side in _SIDES:
                ratio = side * critical
                spectrum = theory.Spectrum(ratio, **{layer: fraction})
                inputs = max(20, round(neurons * ratio / (1 + ratio)))
                for seed in range(samples):
                    lowest = float(spectrum.sample(inputs, seed=seed).min())
                    rows.append((layer, fraction, ratio, inputs, seed, lowest, spectrum.lambda_min))
    names = ("layer", "fraction", "ratio", "n_inputs", "seed", "sampled", "predicted")
    return xr.Dataset(
        {name: ("sample", np.array(values)) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    )


def draw(results: Results) -> "Picture":
    """Two panels, hidden and readout flips."""
    data = results["fig2"]
    panels = []
    for plane in ("hidden", "readout"):
        panel = data[plane].astype(bool).assign_coords(critical_ratio=data[f"{plane}_boundary"])
        panels.append(panel.rename("stable").assign_attrs(plane=plane))
    return phase_diagrams(panels)


def everything_flipped(results: Results) -> Finding:
    """c*_h(1)."""
    value = float(theory.critical_ratio(hidden=1.0))
    return Finding(abs(value - 0.25) < EXACT, f"c*(α_h = 1) = {value:.12g}", {"critical_ratio": value})


def vanishing_hidden_flips(results: Results) -> Finding:
    """c*_h(0⁺)."""
    value = float(theory.critical_ratio(hidden=VANISHING))
    return Finding(
        abs(value - 2 / 3) < CLOSE, f"c*(α_h = {decimal(VANISHING)}) = {value:.6f}", {"critical_ratio": value}
    )


def half_the_readout(results: Results) -> Finding:
    """Readout fractions of a half and more, over the whole grid."""
    data = results["fig2"].readout
    most = data.where(data.fraction >= 0.5, drop=True)
    count = int(most.sum())
    return Finding(
        count == 0, f"{count} stable points of {most.size} with α_r ≥ 1/2", {"stable": count, "of": most.size}
    )


def few_readout_flips(results: Results) -> Finding:
    """c*_r(α)·16α as α → 0."""
    product = {alpha: float(theory.critical_ratio(readout=alpha)) * 16 * alpha for alpha in FEW}
    gaps = [abs(value - 1) for value in product.values()]
    said = ", ".join(f"{value:.4f} at α_r = {alpha:g}" for alpha, value in product.items())
    return Finding(
        gaps == sorted(gaps, reverse=True) and gaps[-1] < PRODUCT, f"16 α_r c* = {said}", {"product": product}
    )


def sampled_signs(results: Results) -> Finding:
    """The sign of λ_min of sampled networks on both sides."""
    data = results["fig2-sampled"]
    agree = np.sign(data.sampled.values) == np.sign(data.predicted.values)
    said = f"{int(agree.sum())} of {agree.size} sampled networks have the predicted sign"
    return shares.found(int(agree.sum()), agree.size, said, least=SIGNS)


FIGURE = Figure(
    "fig2",
    title="Figure 2: where solutions are stable",
    about=(
        "Random linear networks whose layers grow: stable or not by compression ratio c = M/N and flipped fraction, "
        "for flipped inputs (left) and flipped hidden neurons (right)."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "everything flipped",
            "With all inputs flipped, solutions are stable up to c = 1/4.",
            f"c* = 1/4 to {decimal(EXACT)}",
            "anything else: the numbers are exact, no sample is drawn",
            everything_flipped,
        ),
        Claim(
            "vanishing flips",
            "The hidden boundary starts at c = 2/3 for vanishing α_h.",
            f"within {decimal(CLOSE)} of 2/3 at α_h = {decimal(VANISHING)}",
            "anything else: the numbers are exact, no sample is drawn",
            vanishing_hidden_flips,
        ),
        Claim(
            "half the readout",
            "From α_r = 1/2 on, no ratio is stable.",
            "no stable point of the diagram",
            "anything else: the numbers are exact, no sample is drawn",
            half_the_readout,
        ),
        Claim(
            "few readout flips",
            "For few flips c* grows as 1/(16 α_r): a single flipped readout neuron never destabilises a large network.",
            f"16 α_r c* tends to 1, within {percent(PRODUCT)} at {decimal(FEW[-1])}",
            "anything else: the numbers are exact, no sample is drawn",
            few_readout_flips,
        ),
        Claim(
            "sampled networks",
            "Sampled networks are stable at half and unstable at twice the critical ratio.",
            *shares.at_least(SIGNS, "of the sampled networks whose sign is as predicted"),
            sampled_signs,
            changes=("2026-11-27: by the interval of the share in place of all of them.",),
        ),
    ),
    departures=("The sampled networks are an addition.",),
)
