"""How much curl a Hebbian rule has, against how correlated excitatory and inhibitory inputs are."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.analysis._curl.hebbian import HebbianNetwork
from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError
from curldescent.plots import legends, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

CIRCUITS = (
    "E and I, all Hebbian",
    "E alone, as many anti-Hebbian",
    "E Hebbian, I anti-Hebbian",
    "E alone, all Hebbian",
)
CORRELATIONS = np.linspace(0, 0.9, 19)


def hebbian_curl(*, excitatory: int = 8, inhibitory: int = 2, ax: "Axes | None" = None) -> "Figure":
    """The antisymmetric share of the learning field's Jacobian for four circuits over input correlation.

    Args:
        excitatory: how many excitatory neurons.
        inhibitory: how many inhibitory ones.
        ax: to draw into; a new figure by default.

    Returns:
        The figure; every pair of inputs has the correlation on the axis.

    Source: the gradient condition in `curldescent.analysis._curl.hebbian`.

    Example:
        >>> from curldescent.plots.hebbian import hebbian_curl
        >>> figure = hebbian_curl(excitatory=3, inhibitory=1)
    """
    with style.figure_style():
        figure, axis = panels.one(ax, size=(style.COLUMN_INCHES, 2.8))
        draw_hebbian_curl(axis, correlations=CORRELATIONS, shares=curl_shares(excitatory, inhibitory))
        legends.below(axis, ncols=1)
    return figure


def curl_shares(excitatory: int, inhibitory: int) -> "NDArray[np.float64]":
    """The antisymmetric share of every circuit of `CIRCUITS` at every one of `CORRELATIONS`.

    Args:
        excitatory: how many excitatory neurons.
        inhibitory: how many inhibitory ones.

    Returns:
        (circuits, correlations).

    Example:
        >>> from curldescent.plots.hebbian import curl_shares
        >>> curl_shares(2, 1)[:, 0].tolist()
        [0.0, 0.0, 0.0, 0.0]
    """
    excitatory = validation.integer("excitatory", excitatory, minimum=0)
    inhibitory = validation.integer("inhibitory", inhibitory, minimum=0)
    n = excitatory + inhibitory
    if n < 1:
        raise InputError("hebbian_curl needs at least one neuron, got none of either kind")
    # Jacobians, of every synapse by every synapse.
    memory.require(f"a network of {validation.shown(n)} neurons", 4 * 8 * n**4)
    signs = np.r_[np.ones(excitatory), -np.ones(inhibitory)]
    circuits = ((signs, np.ones(n)), (np.ones(n), signs), (signs, signs), (np.ones(n), np.ones(n)))
    covariances = [(1 - r) * np.eye(n) + r * np.ones((n, n)) for r in CORRELATIONS]
    return np.array(
        [
            [HebbianNetwork(dale, covariance, plasticity=plasticity).curl for covariance in covariances]
            for dale, plasticity in circuits
        ]
    )


def draw_hebbian_curl(axis: "Axes", *, correlations: "ArrayLike", shares: "ArrayLike") -> None:
    """Draw the shares of `curl_shares` into axes of one's own.

    Args:
        axis: where to.
        correlations: (n,).
        shares: (circuits, n), in the order of `CIRCUITS`.
    """
    looks = ((style.CURL_DESCENT, "-"), ("#cc79a7", ":"), (style.ACCENT, "-"), (style.GRADIENT_DESCENT, "--"))
    for label, share, (colour, dashes) in zip(CIRCUITS, np.asarray(shares), looks, strict=True):
        axis.plot(correlations, share, color=colour, linestyle=dashes, label=label, linewidth=1.8)
    axis.set(xlabel="correlation of all inputs", ylabel="antisymmetric share")
