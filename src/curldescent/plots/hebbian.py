"""How much curl a Hebbian rule has, against how correlated excitatory and inhibitory inputs are."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.analysis.sources import HebbianNetwork
from curldescent.plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def hebbian_curl(*, excitatory: int = 8, inhibitory: int = 2) -> "Figure":
    """The antisymmetric share of the learning field's Jacobian for four circuits over input correlation.

    Args:
        excitatory: how many excitatory neurons.
        inhibitory: how many inhibitory ones.

    Returns:
        The figure; every pair of inputs has the correlation on the axis.

    Source: the gradient condition in `curldescent.analysis.sources`.

    Example:
        >>> from curldescent.plots.hebbian import hebbian_curl
        >>> figure = hebbian_curl(excitatory=3, inhibitory=1)
    """
    from matplotlib import pyplot as plt

    n = excitatory + inhibitory
    signs = np.r_[np.ones(excitatory), -np.ones(inhibitory)]
    circuits = {
        "E and I, all Hebbian": (signs, np.ones(n), style.CURL_DESCENT, "-"),
        "E alone, as many anti-Hebbian": (np.ones(n), signs, "#cc79a7", ":"),
        "E Hebbian, I anti-Hebbian": (signs, signs, style.ACCENT, "-"),
        "E alone, all Hebbian": (np.ones(n), np.ones(n), style.GRADIENT_DESCENT, "--"),
    }
    correlations = np.linspace(0, 0.9, 19)
    with style.figure_style():
        figure, axes = plt.subplots(figsize=(style.COLUMN_INCHES * 1.25, 3.1))
        for label, (dale, plasticity, colour, dashes) in circuits.items():
            share = [
                HebbianNetwork(dale, (1 - r) * np.eye(n) + r * np.ones((n, n)), plasticity=plasticity).curl
                for r in correlations
            ]
            axes.plot(correlations, share, color=colour, linestyle=dashes, label=label, linewidth=2.2)
        axes.set(xlabel="correlation of all inputs", ylabel="antisymmetric share of the Jacobian")
        axes.legend()
    return figure
