"""A verdict as a picture: the eigenvalues it rests on, the exponents, or the claims."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis import JacobianSpectrum, Regime, Stability
from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.plots import labels, legends, panels, style
from curldescent.plots.verdicts import draw_squares, verdict_squares
from curldescent.theory import LinearStability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WHAT = (
    "a verdict: what cd.analysis.stability, cd.analysis.jacobian_spectrum, cd.analysis.regime, "
    "cd.theory.linear_stability or cd.paper.reproduce returned, or a list of the last"
)
_COLOURS = {"stable": style.STABLE, "neutral": "0.55", "unstable": style.UNSTABLE}


def verdict(found: Any, *, ax: "Axes | None" = None) -> "Figure":
    r"""Draw what a verdict rests on.

    Args:
        found: a `cd.analysis.Stability` or `cd.theory.LinearStability` (eigenvalues in ascending order, with their
            errors, coloured by what they mean), a `cd.analysis.JacobianSpectrum` (eigenvalues in the complex plane), a
            `cd.analysis.Regime` (the maximal exponent in four windows with its 95 % intervals), or one or more verdicts
            of `cd.paper.reproduce` (a square a claim).
        ax: to draw into; a new figure by default.

    Returns:
        The figure.

    Raises:
        InputError: anything else.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=6, n_train=20)
        >>> figure = cd.plots.verdict(cd.analysis.stability(problem, cd.Plasticity(readout=0.5), trial=0))
        >>> figure.axes[0].get_ylabel()
        'eigenvalue $\\lambda$ of $G$'
    """
    if isinstance(found, Stability | LinearStability | JacobianSpectrum | Regime):
        with style.figure_style():
            figure, axis = panels.one(ax, size=(style.COLUMN_INCHES, 2.5))
            if isinstance(found, JacobianSpectrum):
                _plane(axis, found)
            elif isinstance(found, Regime):
                _windows(axis, found)
            else:
                _ascending(axis, found)
            return figure
    claims = list(found) if isinstance(found, Sequence) and not isinstance(found, str | bytes) else [found]
    rows: dict[str, Sequence[str]] = {}
    for one in claims:
        if not hasattr(one, "verdicts") or not hasattr(one, "findings"):
            raise InputError(f"found must be {_WHAT}; got {validation.shown(found)}")
        name = f"{one.figure.key}, {one.scale} scale"
        before = sum(row.startswith(name) for row in rows)
        rows[f"{name} ({before + 1})" if before else name] = one.verdicts
    if not rows:
        raise InputError(f"found must be {_WHAT}; got an empty list")
    if ax is None:
        return verdict_squares(rows)
    with style.figure_style():
        figure, axis = panels.one(ax, size=(style.PAGE_INCHES, style.COLUMN_INCHES))
        handles = draw_squares(axis, rows)
        legends.below(axis, handles, [handle.get_label() for handle in handles])
        return figure


def _ascending(axis: "Axes", found: Stability | LinearStability) -> None:
    values = np.real(found.eigenvalues)
    if isinstance(found, Stability):
        errors, zero, name = found.errors, found.tolerance * found.scale, "eigenvalue $\\lambda$ of $G$"
        word = found.verdict
    else:
        errors, zero, name = np.zeros(len(values)), 0.0, labels.EIGENVALUE
        # The zero modes of a law are those that its inertia counts.
        zero = float(np.sort(np.abs(values))[found.inertia[1] - 1]) if found.inertia[1] else zero
        word = "stable" if found.stable else "unstable"
    kinds = np.where(values < -zero, "unstable", np.where(values > zero, "stable", "neutral"))
    _points(axis, np.arange(1, len(values) + 1), values, errors, kinds)
    axis.axhline(0, color=style.THEORY, linewidth=0.7)
    axis.set(xlabel="rank", ylabel=name)
    axis.locator_params(axis="x", integer=True)
    count = found.inertia[0]
    more = "" if getattr(found, "complete", True) else " or more"
    axis.set_title(f"{word}: {count}{more} of {len(values)} negative")
    legends.place(axis)


def _plane(axis: "Axes", found: JacobianSpectrum) -> None:
    values = np.asarray(found.eigenvalues)
    kinds = np.where(values.real > found.errors, "unstable", np.where(values.real < -found.errors, "stable", "neutral"))
    _points(axis, values.real, values.imag, np.zeros(len(values)), kinds)
    axis.axvline(0, color=style.THEORY, linewidth=0.7)
    axis.set(xlabel=r"real part of $\lambda$ (1/time)", ylabel=r"imaginary part of $\lambda$ (1/time)")
    axis.set_title(f"growth rate {found.growth:.3g}")
    legends.place(axis)


def _points(axis: "Axes", x: NDArray[Any], y: NDArray[Any], errors: NDArray[Any], kinds: NDArray[np.str_]) -> None:
    names = {"stable": "decays", "neutral": "not told from zero", "unstable": "grows"}
    for kind, colour in _COLOURS.items():
        chosen = kinds == kind
        if chosen.any():
            look: dict[str, Any] = {"fmt": "o", "markersize": 3, "elinewidth": 0.8, "color": colour}
            axis.errorbar(x[chosen], y[chosen], yerr=errors[chosen], label=names[kind], **look)


def _windows(axis: "Axes", found: Regime) -> None:
    windows = np.arange(1, len(found.exponents) + 1)
    bars = np.stack([found.exponents - found.low, found.high - found.exponents])
    axis.errorbar(windows, found.exponents, bars, fmt="o", markersize=3.5, color=style.CURL_DESCENT, label="exponent")
    axis.step(
        windows, found.threshold, where="mid", color="0.4", linestyle=":", linewidth=1, label="least told from shear"
    )
    axis.axhline(0, color=style.THEORY, linewidth=0.7)
    axis.set(xlabel="window of the run", ylabel=r"maximal exponent $\lambda$ (1/time)", xticks=windows)
    axis.set_title(found.label)
    legends.place(axis)
