"""Claims about maps of fates: whether simulated students do what a sign of theory says."""

from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery import shares
from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.statistics import FEWEST_PAIRS, LEVEL
from curldescent.paper.machinery.wording import percent

if TYPE_CHECKING:
    import xarray as xr

# The share of cells that must follow the limit law, and of decided networks that must follow their own matrix.
CELLS, NETWORKS = 0.95, 0.98
# The share of networks that must have decided within the run.
DECIDED = 0.9
# The share of cells where there are two dozen of them at most: more could not be shown.
FEW_CELLS = 0.8

_BEYOND = "with |λ_min| of the limit beyond width · M^(−2/3), up to which networks of this size need not follow it"
LIMIT = shares.at_least(
    CELLS,
    f"of the cells {_BEYOND}, that follow its sign; the majority of a cell's trials counts, an undecided cell is a "
    "wrong one",
)
LIMIT_BY_NETWORK = shares.at_least(
    CELLS, f"of the networks {_BEYOND}, that follow its sign; an undecided network is a wrong one", trials=True
)


def decided(of: str) -> tuple[str, str]:
    """Both regions of a share among what decides within the run; too few that decide leave it undecided."""
    confirmed, refuted = shares.at_least(NETWORKS, of, trials=True)
    return f"{confirmed}, at least {percent(DECIDED)} deciding within the run", f"{refuted}, as many deciding"


OWN = decided("of the decided trials that follow it")
MORE = (f"two-sided sign test over pairs with two fates, p < {LEVEL:g}, that way", "the same, the other way")
# After the runs at standard scale had been seen.
INTERVALS = shares.INTERVALS
OWN_INTERVALS = (
    f"{INTERVALS} 98 % in place of 99 %: that could be shown with no fewer than 368 networks.",
    shares.CLUSTERED,
)
FEW_INTERVALS = f"{INTERVALS} 80 % in place of 95 %: that could be shown with no fewer than 72 cells."
SIGN_TEST = "2026-11-27: two-sided in place of one-sided, so that it can refute."


def majority(data: "xr.Dataset", verdict: str = "verdict") -> "xr.DataArray":
    """The verdict of most trials of each cell: 1 returned, −1 left, 0 neither."""
    total = data[verdict].astype(float).sum("trial")
    return total.copy(data=np.sign(total.values))


def follows_limit(data: "xr.Dataset", *, verdict: str = "verdict") -> Finding:
    """Cells outside the finite-size margin whose fate has the sign of the limit's λ_min.

    Args:
        data: of `over_grid`: the verdict (…, trial), predicted and margin (…); where predicted has a trial dimension
            every trial is judged for itself.
        verdict: the verdict's name.

    Returns:
        The finding against `CELLS`.
    """
    fate = data[verdict].astype(float) if "trial" in data.predicted.dims else majority(data, verdict)
    outside = np.abs(data.predicted) > data.margin
    count = int(outside.sum())
    if not count:
        return Finding(None, "no cell lies outside the finite-size margin")
    right = outside & (fate == np.sign(data.predicted))
    within = (~outside) & (fate == np.sign(data.predicted))
    stable = int((outside & (data.predicted > 0)).sum())
    agree, inside = int(right.sum()), int((~outside).sum())
    what = "networks" if "trial" in outside.dims else "cells"
    said = (
        f"{agree} of {count} {what} outside the margin ({stable} predicted stable, {count - stable} unstable); "
        f"within it {int(within.sum())} of {inside}"
    )
    more = {"stable": stable, "within": int(within.sum()), "of_within": inside}
    if "trial" in outside.dims:
        return shares.found_of_trials(right, outside, said, least=CELLS, numbers=more)
    return shares.found(agree, count, said, least=CELLS, numbers=more)


def follows_own(data: "xr.Dataset", *, verdict: str = "verdict", lowest: str = "lowest") -> Finding:
    """Networks whose fate has the sign of their own stability matrix.

    Args:
        data: with both variables, of equal dimensions.
        verdict: the verdict's name.
        lowest: the name of λ_min.

    Returns:
        The finding against `NETWORKS` and `DECIDED`.
    """
    last = (..., "trial")
    fate, value = data[verdict].transpose(*last).values.astype(float), data[lowest].transpose(*last).values
    decided = fate != 0
    count, total = int(decided.sum()), fate.size
    if not count:
        return Finding(None, f"none of {total} networks decided within the run", {"decided": 0, "of": total})
    right = fate == np.sign(value)
    agree = int(right[decided].sum())
    said = f"{agree} of {count} decided networks; {total - count} of {total} undecided"
    if count < total:
        said += f", their |λ_min| at most {np.abs(value[~decided]).max():.2g}"
    numbers = {"agree": agree, "decided": count, "of": total}
    if count / total < DECIDED:
        return Finding(None, f"{said}: too few decided", numbers)
    return shares.found_of_trials(right, decided, said, least=NETWORKS, numbers={"decided": count})


def leaves_more(first: "xr.DataArray", second: "xr.DataArray", *, names: tuple[str, str]) -> Finding:
    """Of pairs of networks that differ in one thing, which leaves and which returns: a sign test.

    Args:
        first: fates, 1 returned, −1 left, 0 undecided; said to leave more often.
        second: those of the partners, same shape.
        names: how the finding says "the first leaves", "the second".

    Returns:
        The finding; without a judgement where fewer than six pairs have two fates.
    """
    a, b = (fate.values.astype(int) for fate in (first, second))
    worse, better = int(((a < 0) & (b > 0)).sum()), int(((a > 0) & (b < 0)).sum())
    # As with signed ranks: two-sided, five signs cannot get below the level, 2/2⁵ > 0.05.
    if worse + better < FEWEST_PAIRS:
        return Finding(None, f"{worse + better} pairs with two fates, too few to test")
    from scipy.stats import binomtest

    p_value = float(binomtest(worse, worse + better).pvalue)
    said = f"{names[0]} in {worse} pairs, {names[1]} in {better}; sign test p = {p_value:.2g}"
    holds = worse > better if p_value < LEVEL else None
    return Finding(holds, said, {"worse": worse, "better": better, "p_value": p_value}, p_value)
