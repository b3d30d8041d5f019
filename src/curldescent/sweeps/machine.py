"""What the machine has, where a size is refused before it is spent."""

import os
from pathlib import Path

# The limit of a container; "max" where there is none.
_CONTAINER = Path("/sys/fs/cgroup/memory.max")


def memory_of_machine() -> float:
    """Bytes of main memory, those of the container where it has a limit; infinite where the system does not say."""
    try:
        physical = float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        physical = float("inf")
    try:
        return min(physical, float(_CONTAINER.read_text()))
    except (ValueError, OSError):
        return physical
