"""How long does the theory take to answer? One core; run ``python benchmarks/theory.py [results.json]``.

Goals: a 500 x 500 diagram of either layer in 20 ms, of both layers at one ratio in 2 s, a density at 1000 points in
20 ms, importing the layer in 0.5 s.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

# Before NumPy loads its linear algebra: times are of one core.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402

import curldescent as cd  # noqa: E402

GRADED = {1: 0.5, 0.3: 0.3, -0.5: 0.2}


def best_of(call: Callable[[], object], repeats: int = 7) -> float:
    """Shortest of several runs, in seconds, after one that pays for imports."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def import_time() -> float:
    """Seconds to import the layer in a fresh interpreter, NumPy included."""
    code = "import time; t = time.perf_counter(); import curldescent.theory; print(time.perf_counter() - t)"
    return min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout) for _ in range(3)
    )


def density(law: cd.theory.Spectrum) -> None:
    """1000 points over the whole spectrum, edges included in the time."""
    fresh = cd.theory.Spectrum(law.ratio, law.hidden, law.readout)
    fresh.density(np.linspace(fresh.lambda_min, fresh.lambda_max, 1000))


def main() -> None:
    theory = cd.theory
    both = theory.Spectrum(0.5, 0.3, 0.1)
    graded = theory.Spectrum(2.0, GRADED, {1: 0.6, 0: 0.2, -0.7: 0.2})
    seconds = {
        "import curldescent.theory": (import_time(), 0.5),
        "phase_diagram('hidden', resolution=500)": (
            best_of(lambda: theory.phase_diagram("hidden", resolution=500)),
            0.02,
        ),
        "phase_diagram('readout', resolution=500)": (
            best_of(lambda: theory.phase_diagram("readout", resolution=500)),
            0.02,
        ),
        "phase_diagram('joint', resolution=500, ratio=0.2)": (
            best_of(lambda: theory.phase_diagram("joint", resolution=500, ratio=0.2)),
            2.0,
        ),
        "density at 1000 points": (best_of(lambda: density(both)), 0.02),
        "density at 1000 points, graded": (best_of(lambda: density(graded)), 0.02),
        "critical_ratio(hidden=0.3)": (best_of(lambda: theory.critical_ratio(hidden=0.3)), None),
        "critical_ratio(hidden=0.3, readout=0.1)": (best_of(lambda: theory.critical_ratio(0.3, 0.1)), None),
        "Spectrum(0.5, 0.3, 0.1).edges": (best_of(lambda: theory.Spectrum(0.5, 0.3, 0.1).edges), None),
    }
    for name, (time_taken, goal) in seconds.items():
        note = "" if goal is None else f"   goal {1e3 * goal:g} ms{'' if time_taken < goal else '  MISSED'}"
        print(f"{name:42s} {1e3 * time_taken:9.3f} ms{note}")
    if len(sys.argv) > 1:
        content = {
            "seconds": {name: t for name, (t, _) in seconds.items()},
            "environment": {
                "python": platform.python_version(),
                "numpy": np.__version__,
                "machine": platform.machine(),
                "curldescent": cd.__version__,
            },
        }
        Path(sys.argv[1]).write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
