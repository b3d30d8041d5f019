"""Shares with an interval: how many cells, trials or networks do what a claim says."""

from collections.abc import Collection, Mapping
from typing import Any

from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.statistics import proportion_interval
from curldescent.paper.machinery.wording import percent

# What changed in claims of shares after the runs at standard scale had been seen, before those of the paper's own.
INTERVALS = "2026-11-27: by the interval of the share in place of the share itself."
NOTHING = "the grid of this scale has no such cell"


def at_least(share: float, of: str) -> tuple[str, str]:
    """When a share confirms and when it refutes a claim, in words.

    Args:
        share: between 0 and 1.
        of: what is counted, "of the cells with c < c*".

    Returns:
        Both regions.

    Example:
        >>> at_least(0.9, "of the cells")[0]
        'the 95 % interval of the share of the cells (Clopper–Pearson) lies at or above 90 %'
    """
    where = f"the 95 % interval of the share {of} (Clopper–Pearson) lies"
    return f"{where} at or above {percent(share)}", f"it lies below {percent(share)}"


def at_most(share: float, of: str) -> tuple[str, str]:
    """The same for a share that must be small."""
    where = f"the 95 % interval of the share {of} (Clopper–Pearson) lies"
    return f"{where} at or below {percent(share)}", f"it lies above {percent(share)}"


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

    Cells have inputs, teachers and students of their own: they are the independent draws.

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
    low, high = proportion_interval(count, of)
    if least is not None:
        holds = True if low >= least else False if high < least else None
    else:
        assert most is not None
        holds = True if high <= most else False if low > most else None
    content = {"passed": count, "of": of, "interval": [low, high], **(numbers or {})}
    return Finding(holds, f"{said}; share {count / of:.2f} [{low:.2f}, {high:.2f}]", content)
