"""How much memory can be had, and the refusal of what would not fit, before any of it is spent."""

from pathlib import Path

from curldescent.foundation.errors import InputError

# The limit of a container, which psutil does not know, and what is used of it; "max" where there is none.
_CONTAINER = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


def available() -> int:
    """Bytes of memory that can be had without swapping, those of the container where it has a limit."""
    import psutil

    free = psutil.virtual_memory().available
    try:
        limit, used = (int(file.read_text()) for file in _CONTAINER)
    except (ValueError, OSError):
        return free
    return min(free, max(0, limit - used))


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
