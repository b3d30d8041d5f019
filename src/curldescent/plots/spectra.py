"""Pictures of limiting spectra on sampled histograms: of the stability matrix K, and of nonlinear students' kernels."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.plots import labels, legends, panels, style
from curldescent.theory import KernelSpectrum, Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

# Outliers farther from the bulk than this, in widths of it, are named at the axis' end: shown to scale they would leave
# the bulk no room.
_FAR = 1.0


def spectrum(
    law: Spectrum | KernelSpectrum,
    sample: ArrayLike | None = None,
    *,
    bins: int = 80,
    title: str | None = None,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw a limiting density, on the histogram of a sampled spectrum where one is given.

    Args:
        law: of K, or of a nonlinear student's kernel, whose eigenvalues are those of P·G in units of M.
        sample: eigenvalues, any shape; those on an atom are drawn as a part of its bar.
        bins: bins of the histogram.
        title: the figure's title; the parameters by default.
        ax: to draw into; a new figure by default.

    Returns:
        The figure. Atoms are vertical lines labelled with their weight. Triangles are a kernel's outliers; those too
        far from the bulk to be shown with it are named at that end of the axis, and the legend counts the sampled
        eigenvalues that lie there.

    Raises:
        InputError: another object than a law, eigenvalues that are not finite, or fewer than one bin.

    >>> figure = spectrum(Spectrum(4.0, hidden=0.3), Spectrum(4.0, hidden=0.3).sample(60, seed=0))
    >>> law = KernelSpectrum(0.5, readout=0.2, activation="relu", samples_per_input=2.5, n_inputs=40)
    >>> figure = spectrum(law, law.sample(seed=0))
    """
    validation.text("title", title, none=True)
    with style.figure_style():
        figure, axis = panels.one(ax, size=(style.COLUMN_INCHES, 2.5))
        if isinstance(law, KernelSpectrum):
            draw_kernel_spectrum(axis, law, sample, bins=bins)
        else:
            draw_spectrum(axis, law, sample, bins=bins)
        axis.set_title(_parameters(law) if title is None else title)
        if len(axis.get_legend_handles_labels()[0]) > 1:
            legends.below(axis)
        return figure


def draw_spectrum(axis: "Axes", law: Spectrum, sample: ArrayLike | None = None, *, bins: int = 80) -> None:
    """Draw what `spectrum` draws into axes of one's own.

    Args:
        axis: where to.
        law: the law.
        sample: eigenvalues, any shape.
        bins: bins of the histogram.

    Raises:
        InputError: another object than a law, eigenvalues that are not finite, or fewer than one bin.
    """
    validation.instance("law", law, Spectrum, "a cd.theory.Spectrum or a cd.theory.KernelSpectrum")
    validation.integer("bins", bins, minimum=1, maximum=10**5)
    top = _draw_bands(axis, law)
    if sample is not None:
        heights, edges = law.histogram(sample, bins)
        top = max(top, float(heights.max(initial=0)))
        label = f"{np.size(sample)} sampled eigenvalues"
        axis.stairs(heights, edges, fill=True, color=style.STABLE, alpha=0.45, label=label)
    top = top or 1.0
    _draw_atoms(axis, law, top)
    if law.lambda_min < 0 < law.lambda_max:
        _mark_zero(axis)
    margin = 0.04 * (law.lambda_max - law.lambda_min)
    axis.set(
        xlabel=labels.EIGENVALUE,
        ylabel="density",
        ylim=(0, (1.22 if len(law.atoms) else 1.12) * top),
        xlim=(law.lambda_min - margin, law.lambda_max + margin),
    )


def draw_kernel_spectrum(axis: "Axes", law: KernelSpectrum, sample: ArrayLike | None = None, *, bins: int = 80) -> None:
    """Draw the law of a nonlinear student's kernel, its outliers marked, into axes of one's own.

    Args:
        axis: where to.
        law: the law.
        sample: eigenvalues of P·G/M, any shape, as from the law's `sample`.
        bins: bins of the histogram, over what the axis shows.

    Raises:
        InputError: another object than a law, eigenvalues that are not finite, or fewer than one bin.
    """
    validation.instance("law", law, KernelSpectrum, "a cd.theory.KernelSpectrum")
    count = validation.integer("bins", bins, minimum=1, maximum=10**5)
    values = None if sample is None else validation.finite_array("sample", sample, ndim=tuple(range(1, 9))).ravel()
    bulk = np.concatenate([law.edges.ravel(), law.atoms[:, 0]])
    width = float(np.ptp(bulk)) or max(1.0, float(np.abs(bulk).max()))
    least, most = bulk.min() - _FAR * width, bulk.max() + _FAR * width
    near = law.outliers[(law.outliers > least) & (law.outliers < most)]
    places = np.concatenate([bulk, near, *([] if values is None else [values[(values > least) & (values < most)]])])
    margin = (0.12 if near.size else 0.04) * (float(np.ptp(places)) or width)
    low, high = float(places.min()) - margin, float(places.max()) + margin
    top = _draw_bands(axis, law)
    if values is not None:
        heights, borders, beyond = _histogram(values, law.atoms[:, 0], (low, high), count)
        top = max(top, float(heights.max(initial=0)))
        label = f"{values.size} sampled eigenvalues{f', {beyond} beyond' if beyond else ''}"
        axis.stairs(heights, borders, fill=True, color=style.STABLE, alpha=0.45, label=label)
    top = top or 1.0
    _draw_atoms(axis, law, top)
    _draw_outliers(axis, law.outliers, near, top, low)
    if low < 0 < high:
        _mark_zero(axis)
    axis.set(
        xlabel=labels.KERNEL_EIGENVALUE,
        ylabel="density",
        ylim=(0, (1.22 if len(law.atoms) else 1.12) * top),
        xlim=(low, high),
    )


def _draw_bands(axis: "Axes", law: Spectrum | KernelSpectrum) -> float:
    """Draw the density of every band; the height that shows it, which is not that of a pole at an edge."""
    top = 0.0
    for low, high in law.edges:
        theta = np.linspace(0, np.pi, 600)[1:-1]
        x = (low + high) / 2 - (high - low) / 2 * np.cos(theta)
        y = law.density(x)
        top = max(top, float(np.quantile(y, 0.98)))
        axis.plot(
            np.concatenate([[low], x, [high]]),
            np.concatenate([[0], y, [0]]),
            color=style.THEORY,
            label="limiting density" if low == law.edges[0, 0] else None,
            zorder=3,
        )
    return top


def _draw_atoms(axis: "Axes", law: Spectrum | KernelSpectrum, top: float) -> None:
    for location, weight in law.atoms:
        axis.annotate(
            "",
            xy=(location, 1.05 * top),
            xytext=(location, 0),
            arrowprops={"arrowstyle": "->", "color": style.UNSTABLE, "lw": 1.3},
        )
        axis.text(
            location, 1.07 * top, f"atom {weight:.3g}", ha="center", va="bottom", color=style.UNSTABLE, fontsize=7
        )


def _draw_outliers(axis: "Axes", outliers: Array, near: Array, top: float, low: float) -> None:
    """Triangles where there is room for them, and words at the end of the axis beyond which the others lie."""
    words: dict[str, Any] = {"color": style.ACCENT, "fontsize": 7}
    if near.size:
        look: dict[str, Any] = {"linestyle": "none", "marker": "^", "markersize": 5, "color": style.ACCENT}
        axis.plot(near, np.full(near.size, 0.03 * top), label=f"outlier{'s' * (near.size > 1)}", zorder=4, **look)
    for value in near:
        axis.text(value, 0.09 * top, f"{value:.3g}".replace("-", "−"), ha="center", va="bottom", **words)
    for value in np.setdiff1d(outliers, near):
        what = f"outlier at\n{value:.3g}".replace("-", "−") if np.isfinite(value) else "outlier grows\nwith $M$"
        left = value < low
        axis.text(
            0.02 if left else 0.98,
            0.97,
            f"← {what}" if left else f"{what} →",
            transform=axis.transAxes,
            ha="left" if left else "right",
            va="top",
            **words,
        )


def _mark_zero(axis: "Axes") -> None:
    axis.axvline(0, color=style.GRADIENT_DESCENT, linestyle=":", linewidth=1)


def _histogram(values: Array, atoms: Array, shown: tuple[float, float], bins: int) -> tuple[Array, Array, int]:
    """Heights as a density of all values, borders of the bins, and how many values lie outside of what is shown."""
    on_atom = (np.abs(values[:, None] - atoms) < 1e-8 * (1 + np.abs(atoms))).any(axis=1)
    counts, borders = np.histogram(values[~on_atom], bins=bins, range=shown)
    beyond = int(((values < shown[0]) | (values > shown[1])).sum())
    return counts / (max(1, values.size) * np.diff(borders)), borders, beyond


def _parameters(law: Spectrum | KernelSpectrum) -> str:
    def name(value: object) -> str:
        return f"{value:g}" if isinstance(value, int | float) else "graded"

    words = f"$c$ = {law.ratio:g}, α_h = {name(law.hidden)}, α_r = {name(law.readout)}"
    if isinstance(law, KernelSpectrum):
        words = f"{law.activation}, {words}, $P/M$ = {law.samples_per_input:g}"
    return labels.mathematical(words)
