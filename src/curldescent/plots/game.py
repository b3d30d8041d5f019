"""What corrections from the theory of games do to curl descent, on the two-weight network."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.plots import panels, style
from curldescent.plots.two_weights import HIDDEN, READOUT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
SIGNS = np.array([1.0, -1.0])
REACH = 2.6
STARTS = ((2.35, 0.2), (0.6, 1.0), (0.8, 1.9), (-0.35, 0.25), (-2.3, 0.6), (1.2, -1.4))


def field(weights: Array) -> Array:
    """ξ = S ∘ ∂C/∂w of C = ½(w1 w2 − 1)², the second weight flipped; (2, …) to (2, …)."""
    w1, w2 = weights
    residual = w1 * w2 - 1
    return np.stack([SIGNS[0] * w2 * residual, SIGNS[1] * w1 * residual])


def adjusted(weights: Array, strength: float, *, aligned: bool) -> Array:
    """ξ + μ Aᵀξ with A the antisymmetric part of ∂ξ/∂w; the sign of μ by alignment where asked."""
    w1, w2 = weights
    xi = field(weights)
    off = 2 * w1 * w2 - 1  # off-diagonal of the Hessian
    turn = (SIGNS[0] - SIGNS[1]) / 2 * off  # A = [[0, turn], [−turn, 0]]
    adjustment = np.stack([-turn * xi[1], turn * xi[0]])
    if aligned:
        diagonal = SIGNS[0] * w2**2, SIGNS[1] * w1**2
        hamiltonian = np.stack(
            [diagonal[0] * xi[0] + SIGNS[1] * off * xi[1], SIGNS[0] * off * xi[0] + diagonal[1] * xi[1]]
        )
        alignment = (xi * hamiltonian).sum(0) * (adjustment * hamiltonian).sum(0) / 2 + 0.1
        strength = strength * np.sign(alignment)
    return xi + strength * adjustment


def ahead(weights: Array, step: float) -> Array:
    """The field at the point that a step reaches: extragradient."""
    return field(weights - step * field(weights))


def corrections(*, strength: float = 1.0, step: float = 0.05) -> "Figure":
    """Curl descent and three corrections of it: which solutions w1 w2 = 1 are stable, and where paths end.

    Args:
        strength: μ of the symplectic adjustment.
        step: η of all discrete steps, also of the lookahead.

    Returns:
        Four panels over (w1, w2) with the stable part of the solutions solid and the unstable dotted, and paths.

    Source: docs/analysis.md, section "The game view".
    """
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    rules: dict[str, Callable[[Array], Array]] = {
        "Curl descent": field,
        rf"Symplectic adjustment, $\mu$ = {strength:g}": lambda w: adjusted(w, strength, aligned=False),
        "… with its sign aligned": lambda w: adjusted(w, strength, aligned=True),
        rf"Extragradient, $\eta$ = {step:g}": lambda w: ahead(w, step),
    }
    with style.figure_style():
        figure, axes = plt.subplots(2, 2, figsize=(style.PAGE_INCHES, 7.3), sharex=True, sharey=True)
        for panel, (title, rule) in zip(axes.flat, rules.items(), strict=True):
            _solutions(panel, rule)
            for start in STARTS:
                path = _steps(rule, np.array(start), step)
                panel.plot(*path, color="black", linewidth=0.7, zorder=4)
                panel.plot(*path[:, 0], marker="o", markersize=4, color="black", zorder=5)
                panel.plot(*path[:, -1], marker="s", markersize=5, color="white", markeredgecolor="black", zorder=6)
            panel.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", title=title)
        for panel in axes[1]:
            panel.set_xlabel(HIDDEN)
        for panel in axes[:, 0]:
            panel.set_ylabel(f"{READOUT} (flipped)")
        handles = [
            Line2D([], [], color=style.STABLE, linewidth=2.4, label="stable solutions"),
            Line2D([], [], color=style.UNSTABLE, linewidth=2.4, linestyle=(0, (1, 1)), label="unstable solutions"),
            Line2D([], [], color="black", marker="o", markersize=4, label="path, from dot to square"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
        panels.letter(axes)
    return figure


def _solutions(panel: object, rule: Callable[[Array], Array]) -> None:
    from matplotlib.axes import Axes

    assert isinstance(panel, Axes)
    for sign in (1, -1):
        w1 = sign * np.geomspace(1 / REACH, REACH, 600)
        points = np.stack([w1, 1 / w1])
        # How fast the residual w1 w2 − 1 moves away when it is a little off, by finite differences.
        normal = points[::-1] / np.linalg.norm(points, axis=0)
        small = 1e-6
        stable = (rule(points + small * normal) * normal).sum(0) > 0
        for mask, colour, dashes in ((stable, style.STABLE, "-"), (~stable, style.UNSTABLE, (0, (1, 1)))):
            panel.plot(w1, np.where(mask, points[1], np.nan), color=colour, linestyle=dashes, linewidth=2.6, zorder=3)


def _steps(rule: Callable[[Array], Array], start: Array, step: float, count: int = 4000) -> Array:
    path = [start]
    for _ in range(count):
        path.append(path[-1] - step * rule(path[-1]))
        if np.abs(path[-1]).max() > 1e3:
            break
    return np.stack(path, axis=1)
