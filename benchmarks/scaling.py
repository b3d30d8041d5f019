"""How does the time of an update grow with N, M, P and trials? ``python benchmarks/scaling.py [figure stem]``.

One thread, norms preserved, the engine that `train` takes beside the fused kernel. Writes PNG and PDF.
"""

import os
import sys
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import matplotlib  # noqa: E402
import numpy as np  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from curldescent.apps.bench.measure import side_by_side  # noqa: E402
from curldescent.apps.bench.settings import Setting  # noqa: E402
from curldescent.apps.bench.table import setup  # noqa: E402
from curldescent.learning.engines.fused import FusedEngine  # noqa: E402
from curldescent.learning.engines.reduced import OrderParameterEngine  # noqa: E402
from curldescent.plots import legends, style  # noqa: E402
from curldescent.plots.panels import letter  # noqa: E402

SIZES = [8, 16, 32, 64, 128, 256, 512, 1024]


def micro(setting: Setting, engine: type[FusedEngine] = FusedEngine, trials: int = 1) -> float:
    """Microseconds per update (of all trials together)."""
    stepper = engine(setup(setting, trials), threads=1)
    per_epoch = side_by_side({"it": stepper}, rounds=5, sample=0.02)["it"]
    return 1e6 * per_epoch / setting.updates


def slope(x: list[int], y: list[float]) -> float:
    """Of the upper half, on logarithmic axes."""
    half = len(x) // 2
    return float(np.polyfit(np.log(x[half:]), np.log(y[half:]), 1)[0])


def panels() -> dict[str, dict[str, tuple[list[int], list[float]]]]:
    """Every curve: panel → label → (sizes, times)."""
    trials = [1, 2, 4, 8, 16, 32, 64]
    batches = [8, 16, 32, 64, 128, 256, 512, 1024]
    return {
        "hidden neurons N (M = 64)": {
            "linear": (SIZES, [micro(Setting("linear", 64, n, 250, 10)) for n in SIZES]),
            "linear, order par.": (
                SIZES,
                [micro(Setting("linear", 64, n, 250, 10), OrderParameterEngine) for n in SIZES],
            ),
            "tanh": (SIZES, [micro(Setting("tanh", 64, n, 250, 10)) for n in SIZES]),
        },
        "inputs M (N = 64)": {
            "linear": (SIZES, [micro(Setting("linear", m, 64, 250, 10)) for m in SIZES]),
            "tanh": (SIZES, [micro(Setting("tanh", m, 64, 250, 10)) for m in SIZES]),
        },
        "samples P, full batch (M = N = 64)": {
            "linear": (batches, [micro(Setting("linear", 64, 64, p, p)) for p in batches]),
            "tanh": (batches, [micro(Setting("tanh", 64, 64, p, p)) for p in batches]),
        },
        "trials (M = N = 64, batch 10)": {
            "linear": (trials, [micro(Setting("linear", 64, 64, 250, 10), trials=t) for t in trials]),
            "tanh": (trials, [micro(Setting("tanh", 64, 64, 250, 10), trials=t) for t in trials]),
        },
    }


def main(stem: Path) -> None:
    """Measure, draw, print the slopes."""
    colours = {
        "linear": style.CYCLE[0],
        "linear, order par.": style.CYCLE[2],
        "tanh": style.CYCLE[1],
    }
    with style.figure_style():
        figure, axes = plt.subplots(2, 2, figsize=(style.PAGE_INCHES, 4.6), sharey=True)
        for number, (axis, (title, curves)) in enumerate(zip(axes.flat, panels().items(), strict=True)):
            for label, (x, y) in curves.items():
                print(f"{title}: {label}: slope {slope(x, y):.2f}")
                axis.plot(x, y, "o-", markersize=3, color=colours[label], label=f"{label}, slope {slope(x, y):.2f}")
            axis.set(xscale="log", yscale="log", xlabel=title, ylabel="" if number % 2 else "time per update (µs)")
            legends.place(axis, prefer="upper left")
        letter(axes)
        style.save(figure, stem)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/figures/kernel_scaling"))
