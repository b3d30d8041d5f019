"""What the machine is and what it can do at best, measured in the same process as everything else."""

import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def processor() -> str:
    """The processor's name, with family and model where the system tells, and the number of cores it may use."""
    from curldescent.foundation.cores import available_cores

    name = platform.processor() or platform.machine()
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        pairs = [line.partition(":") for line in listing.read_text().splitlines() if ":" in line]
        facts = {key.strip(): value.strip() for key, _, value in reversed(pairs)}
        if "model name" in facts:
            name = f"{facts['model name']}, family {facts.get('cpu family', '?')} model {facts.get('model', '?')}"
    return f"{name}, {available_cores()} cores"


def best_time(work: Callable[[], object], repeats: int = 7) -> float:
    """The shortest of several runs, in seconds of core time: for peaks, where interruptions only ever add."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def peak_gigaflops(size: int = 768) -> float:
    """Double-precision matrix product, one thread, GF/s."""
    a = np.random.default_rng(0).standard_normal((size, size))
    return 2 * size**3 / best_time(lambda: a @ a) / 1e9


def stream_gigabytes(doubles: int = 16_000_000) -> float:
    """Copy between arrays that no cache holds, one thread, GB/s read plus written."""
    a = np.ones(doubles)
    b = np.empty_like(a)
    return 16 * doubles / best_time(lambda: np.copyto(b, a)) / 1e9
