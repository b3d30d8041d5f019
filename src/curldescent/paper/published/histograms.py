"""Eigenvalue histograms: spectra of sampled stability matrices on their limiting densities."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.spectra import distance, edge_scale
from curldescent.plots import labels, legends, style
from curldescent.plots.spectra import draw_spectrum
from curldescent.theory import Spectrum

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

# (M, N, α_h, α_r) of the two panels, at full size.
SETTINGS = {"histograms-readout": (4000, 400, 0.0, 0.5), "histograms-hidden": (1000, 10_000, 0.7, 0.0)}
# How many eigenvalues a sampled spectrum may be off, whatever its size.
COUNT = 10.0
# How far extreme eigenvalues may be off, in units of the Tracy–Widom law: mean ∓1.2, standard deviation 1.3.
EDGE = 5.0


def experiments(scale: Scale) -> Experiments:
    """One matrix a panel; a quarter of the size at the quick scale."""
    divisor = 4 if scale == "quick" else 1
    return {
        name: Computation(
            sampled,
            {"inputs": m // divisor, "hidden": n // divisor, "flipped": (h, r), "seed": 0},
            identity="curldescent.paper.histograms.sampled",
        )
        for name, (m, n, h, r) in SETTINGS.items()
    }


def sampled(inputs: int, hidden: int, flipped: tuple[float, float], seed: int) -> xr.Dataset:
    """Eigenvalues of one stability matrix of Gaussian weights.

    Args:
        inputs: M.
        hidden: N.
        flipped: α_h and α_r.
        seed: of the weights.

    Returns:
        `eigenvalue`, ascending; the settings as attributes.
    """
    law = Spectrum(inputs / hidden, hidden=flipped[0], readout=flipped[1])
    values = law.sample(inputs, seed=seed)
    attributes = {"ratio": law.ratio, "hidden": flipped[0], "readout": flipped[1], "n_hidden": hidden}
    return xr.Dataset({"eigenvalue": ("order", values)}, attrs=attributes)


def law_of(data: xr.Dataset) -> Spectrum:
    """The law that a sample is of."""
    return Spectrum(
        float(data.attrs["ratio"]), hidden=float(data.attrs["hidden"]), readout=float(data.attrs["readout"])
    )


def draw(results: Results) -> "Picture":
    """Both spectra."""
    import matplotlib.pyplot as plt

    with style.figure_style():
        figure, axes = plt.subplots(1, 2, figsize=(style.PAGE_INCHES, 2.6))
        for axis, name in zip(axes, SETTINGS, strict=True):
            data = results[name]
            law = law_of(data)
            draw_spectrum(axis, law, data.eigenvalue.values, bins=50)
            which = f"α_h = {law.hidden:g}" if law.hidden else f"α_r = {law.readout:g}"
            axis.set_title(labels.mathematical(f"M = {data.sizes['order']}, N = {data.attrs['n_hidden']}, {which}"))
        axes[1].set_ylabel("")
        handles, _ = axes[1].get_legend_handles_labels()
        legends.place(axes[1], handles, ["limiting density", "sampled eigenvalues"])
        return figure


def whole_law(results: Results) -> Finding:
    """The distance of both spectra from their laws, in eigenvalues."""
    off, said = {}, []
    for name in SETTINGS:
        values = results[name].eigenvalue.values
        off[name] = distance(values, law_of(results[name])) * len(values)
        said.append(f"{off[name]:.1f} of {len(values)} eigenvalues (√M = {np.sqrt(len(values)):.0f})")
    return Finding(max(off.values()) <= COUNT, "off by at most " + " and ".join(said), off)


def edges(results: Results) -> Finding:
    """The ends of both spectra against the law's."""
    off, said = {}, []
    for name in SETTINGS:
        values, law = results[name].eigenvalue.values, law_of(results[name])
        low = (values.min() - law.lambda_min) / edge_scale(law, len(values), lowest=True)
        high = (values.max() - law.lambda_max) / edge_scale(law, len(values), lowest=False)
        off[name] = [float(low), float(high)]
        said.append(f"{low:+.1f} and {high:+.1f} for α_{'h' if law.hidden else 'r'} = {law.hidden or law.readout:g}")
    holds = bool(np.abs(list(off.values())).max() <= EDGE)
    return Finding(holds, f"lowest and highest off by {', '.join(said)}, in Tracy–Widom units", off)


FIGURE = Figure(
    "histograms",
    title="Eigenvalue histograms: sampled spectra and their limiting law",
    about=(
        "Eigenvalues of the stability matrix K = D1 + W1ᵀ D2 W1 of one network each: with half of its hidden neurons "
        "flipped, and with 70 % of its inputs flipped. Line: the limiting density; arrow: the atom, eigenvalues that "
        "no hidden neuron reaches. Left of zero: unstable directions."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "whole law",
            "A sampled spectrum follows the limiting law, atom included.",
            f"at no x do the numbers of eigenvalues below it differ by more than {COUNT:g}, whatever M (rigidity; "
            "independent draws would differ by 1.4 √M)",
            "a larger distance",
            whole_law,
        ),
        Claim(
            "edges",
            "The lowest and the highest eigenvalue lie at the law's edges.",
            f"within {EDGE:g} units (π A M)^(−2/3) of the Tracy–Widom law, density A √distance at the edge; 99.9 % of "
            "samples are",
            "a larger distance",
            edges,
        ),
    ),
    aliases=("eigenvalues", "eigenvalue-histograms"),
)
