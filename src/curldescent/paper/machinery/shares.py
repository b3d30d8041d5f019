"""Shares with an interval: how many cells, trials or networks do what a claim says."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.statistics import clustered_proportion_interval, proportion_interval
from curldescent.paper.machinery.wording import percent

# What changed in claims of shares after the runs at standard scale had been seen, before those of the paper's own.
INTERVALS = "2026-11-27: by the interval of the share in place of the share itself."
# What changed later in claims of trials.
CLUSTERED = (
    "2026-11-28: trials of a cell, which share its setting and mostly its inputs, count as the number of independent "
    "ones that their agreement makes them, in place of each by itself."
)
NOTHING = "the grid of this scale has no such cell"


def at_least(share: float, of: str, *, trials: bool = False) -> tuple[str, str]:
    """When a share confirms and when it refutes a claim, in words.

    Args:
        share: between 0 and 1.
        of: what is counted, "of the cells with c < c*".
        trials: whether they are trials, of which a cell has several.

    Returns:
        Both regions.

    Example:
        >>> at_least(0.9, "of the cells")[0]
        'the 95 % interval of the share of the cells (Clopper–Pearson) lies at or above 90 %'
    """
    return f"{_where(of, trials=trials)} at or above {percent(share)}", f"it lies below {percent(share)}"


def at_most(share: float, of: str, *, trials: bool = False) -> tuple[str, str]:
    """The same for a share that must be small."""
    return f"{_where(of, trials=trials)} at or below {percent(share)}", f"it lies above {percent(share)}"


def _where(of: str, *, trials: bool) -> str:
    kind = "Clopper–Pearson; a cell is a cluster, Korn–Graubard" if trials else "Clopper–Pearson"
    return f"the 95 % interval of the share {of} ({kind}) lies"


def all_of(verdicts: Collection[bool | None]) -> bool | None:
    """The verdict of parts that must all hold: False where one does not, undecided where one is."""
    return False if False in verdicts else None if None in verdicts else True


def found(
    count: int,
    of: int,
    said: str,
    *,
    least: float | None = None,
    most: float | None = None,
    numbers: Mapping[str, Any] | None = None,
) -> Finding:
    """The finding of a share.

    Cells have solutions of their own, and in sweeps inputs too: they are the independent draws.

    Args:
        count: how many do it.
        of: out of how many.
        said: the sentence; the interval is added.
        least: the share that a claim needs at least.
        most: the share that it may have at most.
        numbers: more for machines.

    Returns:
        True where the whole interval is on the claim's side, False where it is on the other, None otherwise and
        where there is nothing to count.
    """
    if not of:
        return Finding(None, NOTHING)
    return _judged(count, of, proportion_interval(count, of), said, least=least, most=most, numbers=numbers)


def found_of_trials(
    do: ArrayLike | xr.DataArray,
    counted: ArrayLike | xr.DataArray,
    said: str,
    *,
    least: float | None = None,
    most: float | None = None,
    numbers: Mapping[str, Any] | None = None,
) -> Finding:
    """The finding of a share of trials, of which those of a cell share its setting, and in sweeps its inputs.

    Args:
        do: (…, trials) whether a trial does it; of all cells. Of two labelled arrays the dimensions may have any order.
        counted: which trials count, of the same shape.
        said: the sentence; the interval is added.
        least: the share that a claim needs at least.
        most: the share that it may have at most.
        numbers: more for machines.

    Returns:
        As `found`, by the interval of `clustered_proportion_interval` with a cell as the cluster.
    """
    if isinstance(do, xr.DataArray) and isinstance(counted, xr.DataArray):
        counted = counted.transpose(..., "trial")
        do = do.transpose(*counted.dims)
    which = np.asarray(counted, dtype=bool)
    of = which.sum(-1).ravel()
    count = (np.asarray(do, dtype=bool) & which).sum(-1).ravel()
    if not of.any():
        return Finding(None, NOTHING)
    interval = clustered_proportion_interval(count, of)
    cells = {"cells": int((of > 0).sum()), **(numbers or {})}
    return _judged(int(count.sum()), int(of.sum()), interval, said, least=least, most=most, numbers=cells)


def _judged(
    count: int,
    of: int,
    interval: tuple[float, float],
    said: str,
    *,
    least: float | None,
    most: float | None,
    numbers: Mapping[str, Any] | None,
) -> Finding:
    low, high = interval
    if least is not None:
        holds = True if low >= least else False if high < least else None
    else:
        assert most is not None
        holds = True if high <= most else False if low > most else None
    content = {"passed": count, "of": of, "interval": [low, high], **(numbers or {})}
    return Finding(holds, f"{said}; share {count / of:.2f} [{low:.2f}, {high:.2f}]", content)
