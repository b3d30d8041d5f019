"""How laws of spectra show themselves in a notebook."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import representation


class Law(Protocol):
    """What a table and a curve need of a law."""

    @property
    def edges(self) -> NDArray[np.float64]:
        """Ends of the bands, (B, 2)."""

    @property
    def atoms(self) -> NDArray[np.float64]:
        """Places and weights, (A, 2)."""

    @property
    def stable(self) -> bool:
        """Whether no eigenvalue is negative or zero."""

    def density(self, x: ArrayLike) -> NDArray[np.float64]:
        """Of the bands."""


def support(law: Law) -> list[tuple[str, str]]:
    """The rows on bands and atoms."""
    bands = ", ".join(f"[{low:.4g}, {high:.4g}]" for low, high in law.edges) or "none"
    atoms = ", ".join(f"{weight:.3g} at {place:.4g}" for place, weight in law.atoms) or "none"
    return [("bands", bands), ("atoms", atoms)]


def html(title: str, law: Law, rows: Iterable[tuple[str, str]]) -> str:
    """A table with the verdict, and the density below it where there are bands."""
    note, colour = ("stable", representation.GOOD) if law.stable else ("unstable", representation.BAD)
    table = representation.html_table(title, rows, note=note, colour=colour)
    if len(law.edges) == 0:
        return table
    x = np.linspace(law.edges[0, 0], law.edges[-1, 1], 300)
    label = f"density of eigenvalues from {x[0]:.3g} to {x[-1]:.3g}; the dashed line is zero"
    return table + representation.svg_curve(x, law.density(x), mark=0.0, atoms=law.atoms[:, 0], label=label)
