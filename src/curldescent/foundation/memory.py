"""How much memory can be had, and the refusal of what would not fit, before any of it is spent."""

import os
import re
from pathlib import Path

from curldescent.foundation.errors import InputError

# The limit of a container, and what is used of it; "max" where there is none.
_CONTAINER = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


def available() -> int | None:
    """Bytes of memory that can be had without swapping, or None where the system does not say."""
    # Linux counts what its file cache would give up; free pages alone would look far too few.
    listing = Path("/proc/meminfo")
    if not listing.exists():
        return None
    found = re.search(r"MemAvailable:\s+(\d+) kB", listing.read_text())
    if found is None:
        return None
    free = 1024 * int(found[1])
    try:
        limit, used = (int(file.read_text()) for file in _CONTAINER)
    except (ValueError, OSError):
        return free
    return min(free, max(0, limit - used))


def memory_of_machine() -> float:
    """Bytes of main memory, those of the container where it has a limit; infinite where the system does not say."""
    try:
        physical = float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        physical = float("inf")
    try:
        return min(physical, float(_CONTAINER[0].read_text()))
    except (ValueError, OSError):
        return physical


def require(what: str, needed: int, *, instead: str | None = None) -> None:
    """Refuse what would not fit into memory.

    Args:
        what: is asked for, the subject of the sentence.
        needed: bytes.
        instead: what to do, the end of the sentence.

    Raises:
        InputError: more than can be had.

    Example:
        >>> require("this problem", 8 * 10**18)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        curldescent.foundation.errors.InputError: this problem would need 8000000000 GB of memory, and ... GB are free
    """
    free = available()
    if free is None:
        there = memory_of_machine()
        free = int(there) if there < float("inf") else 2**40
    if needed > free:
        advice = "" if instead is None else f"; {instead}"
        raise InputError(
            f"{what} would need {in_gigabytes(needed)} of memory, and {in_gigabytes(free)} are free{advice}"
        )


def in_gigabytes(size: int) -> str:
    """Bytes for people, exact enough to compare and short whatever their number.

    Args:
        size: in bytes.

    Returns:
        A number and its unit.

    Example:
        >>> in_gigabytes(2_500_000_000), in_gigabytes(10**400)
        ('2.5 GB', 'more than 10^15 GB')
    """
    if size >= 10**24:
        return "more than 10^15 GB"
    return f"{size / 1e9:.2g} GB" if size < 10**11 else f"{size // 10**9} GB"
