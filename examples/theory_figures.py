"""Draw every picture of docs/theory.md.

Run from the repository's root: ``python examples/theory_figures.py [folder]``. Two minutes on one core, most of
them for the networks of a thousand inputs.
"""

import sys
import time
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

import curldescent as cd
from curldescent.plots import finite_sizes as draw_finite
from curldescent.plots import style
from curldescent.plots import theory as draw
from curldescent.plots.labels import mathematical


def save(figure: Figure, path: Path) -> None:
    """Write a PNG small enough for a page of text; for papers, `curldescent.plots.style.save` adds a PDF."""
    with style.figure_style():
        figure.savefig(path.with_suffix(".png"), dpi=150)
    plt.close(figure)


def finite_networks(folder: Path) -> None:
    """Scatter of λ_min with size, and the probability of stability across the boundary."""
    scaling = cd.theory.finite_size_scaling(
        cd.theory.Spectrum(0.5, readout=0.3), (10, 30, 100, 300, 1000), samples=200, seed=0
    )
    print(f"finite-size exponent {scaling.exponent:.3f} ± {scaling.exponent_error:.3f}")
    save(draw_finite.finite_size(scaling), folder / "finite_size")

    ratios, sizes = np.linspace(0.15, 0.55, 15), [10, 30, 100]
    results = [
        [cd.theory.stability_probability(cd.theory.Spectrum(c, hidden=0.5), m, samples=200, seed=1) for c in ratios]
        for m in sizes
    ]
    figure = draw_finite.stability_probabilities(
        ratios,
        [[r.probability for r in row] for row in results],
        [[(r.low, r.high) for r in row] for row in results],
        sizes,
        boundary=cd.theory.critical_ratio(hidden=0.5),
        title="half of the inputs flipped",
    )
    save(figure, folder / "stability_probability")


def spectra(folder: Path) -> None:
    """The two sampled spectra of the paper's histograms, with the limiting density."""
    for name, inputs, width, law in [
        ("spectrum_readout", 4000, 400, cd.theory.Spectrum(10.0, readout=0.5)),
        ("spectrum_hidden", 1000, 10_000, cd.theory.Spectrum(0.1, hidden=0.7)),
    ]:
        start = time.perf_counter()
        sample = law.sample(inputs, seed=0)
        print(f"{name}: (M, N) = ({inputs}, {width}) in {time.perf_counter() - start:.0f} s")
        flips = f"α_r = {law.readout:g}" if name.endswith("readout") else f"α_h = {law.hidden:g}"
        title = mathematical(f"M = {inputs}, N = {width}, {flips}")
        figure = draw.spectrum(law, sample, bins=60, title=title)
        save(figure, folder / name)


def diagrams(folder: Path) -> None:
    """Phase diagrams of each layer, of both, and λ_min as a map."""
    both = [cd.theory.phase_diagram("hidden"), cd.theory.phase_diagram("readout")]
    save(draw.phase_diagrams(both), folder / "phase_diagrams")
    save(draw.joint_boundaries([0.02, 0.05, 0.1, 0.2, 0.3, 0.5]), folder / "joint_boundaries")
    joint = cd.theory.phase_diagram("joint", resolution=300, ratio=0.2, quantity="lambda_min")
    save(draw.lambda_min_map(joint), folder / "lambda_min")


def main() -> None:
    """Draw them all."""
    mpl.use("Agg")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/figures")
    folder.mkdir(parents=True, exist_ok=True)
    diagrams(folder)
    spectra(folder)
    finite_networks(folder)


if __name__ == "__main__":
    main()
