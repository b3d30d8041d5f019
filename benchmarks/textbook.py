"""How long does one update take in NumPy, as in a textbook and tuned? One core; run ``python benchmarks/textbook.py``.

The steps themselves are `curldescent.apps.bench.textbook`, where ``curldescent bench`` finds them.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

from curldescent.apps.bench.measure import side_by_side  # noqa: E402
from curldescent.apps.bench.settings import SETTINGS  # noqa: E402
from curldescent.apps.bench.table import setup  # noqa: E402
from curldescent.apps.bench.textbook import TextbookStudent, TunedStudent  # noqa: E402

if __name__ == "__main__":
    for setting in SETTINGS:
        experiment = setup(setting)
        times = side_by_side(
            {"textbook": TextbookStudent(experiment), "tuned": TunedStudent(experiment)}, rounds=7, sample=0.05
        )
        listed = ", ".join(f"{name} {took / setting.updates * 1e6:.1f} µs" for name, took in times.items())
        print(f"{setting.label}: {listed}")
