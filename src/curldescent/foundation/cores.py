"""How many processor cores this process may use."""

import os


def available_cores() -> int:
    """The cores that this process may use, which a batch system or a container may have limited."""
    # Not psutil, which has no affinities on macOS and takes 10 ms to import for the same number elsewhere.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
