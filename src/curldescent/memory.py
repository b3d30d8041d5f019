"""How much memory can be had, and the refusal of what would not fit, before any of it is spent."""

import os
import re
from pathlib import Path

from curldescent.errors import InputError


def available() -> int | None:
    """Bytes of memory that can be had without swapping, or None where the system does not say."""
    # Linux counts what its file cache would give up; free pages alone would look far too few.
    listing = Path("/proc/meminfo")
    if not listing.exists():
        return None
    found = re.search(r"MemAvailable:\s+(\d+) kB", listing.read_text())
    return None if found is None else 1024 * int(found[1])


def require(what: str, needed: int) -> None:
    """Refuse what would not fit into memory.

    Args:
        what: is asked for, the subject of the sentence.
        needed: bytes.

    Raises:
        InputError: more than can be had.

    Example:
        >>> require("this problem", 8 * 10**18)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        curldescent.errors.InputError: this problem would need 8000000000 GB of memory, and ... GB are free
    """
    free = available()
    if free is None:
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 2**40
    if needed > free:
        raise InputError(f"{what} would need {in_gigabytes(needed)} of memory, and {in_gigabytes(free)} are free")


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
