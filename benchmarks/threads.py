"""What do two threads give, and where does the rest go? Run ``python benchmarks/threads.py`` on an idle machine.

Per setting, medians of nine repetitions of half a second, sixteen students: how many times faster two threads are than
one; the share of the two cores' time in which they computed (1: neither ever waited); and how much processor time the
same updates took on two threads, relative to one. Losses of the program show in the second number. The third one shows
what the machine does: cores that share a physical core, or a memory, with each other or with a neighbour.
"""

import statistics
import time

from curldescent.apps.bench import table
from curldescent.apps.bench.settings import SETTINGS
from curldescent.learning.engines.fused import FusedEngine

STRETCH = 0.5
REPEATS = 9


def timed(engine: FusedEngine, epochs: int) -> tuple[float, float]:
    """Seconds by the clock and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    engine.advance(epochs)
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    """Measure every setting of the table and print."""
    print(f"{'median (shortest to longest)':38s} {'speed-up':22s} {'busy':22s} processor time")
    for setting in SETTINGS:
        one, two = (FusedEngine(table.setup(setting, trials=16), threads=threads) for threads in (1, 2))
        for engine in (one, two):
            engine.advance(2)
        epochs = max(1, int(4 * STRETCH / timed(one, 4)[0]))
        found: dict[str, list[float]] = {"speed-up": [], "busy": [], "processor time": []}
        for _ in range(REPEATS):
            (clock, processor), (clock2, processor2) = timed(one, epochs), timed(two, epochs)
            found["speed-up"].append(clock / clock2)
            found["busy"].append(processor2 / (2 * clock2))
            found["processor time"].append(processor2 / processor)
        columns = (f"{statistics.median(v):.2f} ({min(v):.2f} to {max(v):.2f})" for v in found.values())
        print(f"{setting.label:38s} " + " ".join(f"{column:22s}" for column in columns), flush=True)


if __name__ == "__main__":
    main()
