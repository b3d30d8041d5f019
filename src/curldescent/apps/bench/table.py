"""The table: microseconds per update of one student, and what they are relative to lean NumPy and to the machine."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from curldescent.apps.bench.machine import peak_gigaflops, processor, stream_gigabytes
from curldescent.apps.bench.measure import Stepper, side_by_side
from curldescent.apps.bench.settings import SETTINGS, Setting
from curldescent.apps.bench.textbook import TextbookStudent, TunedStudent
from curldescent.foundation import optional
from curldescent.learning.experiment import Experiment, experiment
from curldescent.model.plasticity import Plasticity

if TYPE_CHECKING:
    from curldescent.learning.engines.reference import JaxEngine

# Of the paper's flips, so that no kernel profits from plain gradient descent.
RULE = Plasticity(hidden=0.1, readout=0.1)
# Students per thread when threads are compared: enough that none waits long for the last.
STUDENTS_PER_THREAD = 8


@dataclass(frozen=True)
class Row:
    """Times in microseconds per update of one student, one thread; None where it does not apply."""

    setting: str
    numpy: float
    tuned: float
    """NumPy without avoidable temporaries."""
    fused: float
    order_parameters: float | None
    jax: float
    torch: float | None
    ratio: float
    """Lean NumPy's time over that of the engine `train` takes."""
    goal: float | None
    tuned_ratio: float
    """The same against tuned NumPy."""
    threads: float
    """One thread's time over that of all cores, for many students."""
    peak_share: float
    """Of the measured matrix-product rate."""


def setup(setting: Setting, trials: int = 1) -> Experiment:
    """The experiment that a setting times."""
    return experiment(
        setting.problem(trials),
        [RULE],
        learning_rate=0.1,
        batch_size=setting.batch,
        preserve_norms=setting.preserve_norms,
        output_error="delta",
        seed=0,
    )


class Waiting:
    """An engine whose `advance` returns when the work is done; JAX's returns when it is queued."""

    def __init__(self, engine: "JaxEngine") -> None:
        self._engine = engine

    def advance(self, epochs: int) -> None:
        """Learn, and wait for it."""
        self._engine.advance(epochs)
        self._engine.weights()


def contenders(setting: Setting) -> dict[str, Stepper]:
    """Everything that can run a setting, one thread each, by name."""
    from curldescent.learning.engines.reference import JaxEngine
    from curldescent.learning.engines.registry import build_engine

    one = setup(setting)
    steppers: dict[str, Stepper] = {"numpy": TextbookStudent(one), "tuned": TunedStudent(one)}
    for name in ("fused", "order-parameters") if setting.activation == "linear" else ("fused",):
        steppers[name] = build_engine(one, engine=name, dtype="float64", threads=1, epochs=1000)
    chosen = build_engine(one, engine="auto", dtype="float64", threads=1, epochs=1000).name
    if chosen == "fused":
        steppers.pop("order-parameters", None)
    steppers["jax"] = Waiting(JaxEngine(one))
    if not optional.lacking("torch"):
        from curldescent.apps.bench.torch_student import TorchStudent

        steppers["torch"] = TorchStudent(one)
    return steppers


def row(setting: Setting, peak: float, *, rounds: int, sample: float) -> Row:
    """Measure one line of the table."""
    from curldescent.foundation.cores import available_cores
    from curldescent.learning.engines.registry import build_engine

    def micro(per_epoch: float) -> float:
        return per_epoch / setting.updates * 1e6

    times = {k: micro(v) for k, v in side_by_side(contenders(setting), rounds=rounds, sample=sample).items()}
    cores = available_cores()
    many = setup(setting, trials=cores * STUDENTS_PER_THREAD)
    parallel = side_by_side(
        {
            str(threads): build_engine(many, engine="auto", dtype="float64", threads=threads, epochs=1000)
            for threads in (1, cores)
        },
        rounds=rounds,
        # Schedulers take a while to spread threads out.
        sample=4 * sample,
        clock=time.perf_counter,
    )
    best = times.get("order-parameters", times["fused"])
    return Row(
        setting=setting.label,
        numpy=times["numpy"],
        tuned=times["tuned"],
        fused=times["fused"],
        order_parameters=times.get("order-parameters"),
        jax=times["jax"],
        torch=times.get("torch"),
        ratio=times["numpy"] / best,
        goal=setting.goal,
        tuned_ratio=times["tuned"] / best,
        threads=parallel["1"] / parallel[str(cores)],
        peak_share=setting.flops / times["fused"] / 1e3 / peak,
    )


def measure(
    settings: Sequence[Setting] = SETTINGS,
    *,
    rounds: int = 7,
    sample: float = 0.05,
    tell: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """The whole benchmark, in this process and with as many threads as its libraries were told to use.

    Args:
        settings: the lines of the table.
        rounds: measurements of each contender.
        sample: seconds of one measurement.
        tell: called with the number of finished lines.

    Returns:
        `machine`, `cores`, `dgemm_gflops`, `stream_gbytes`, `compile_seconds` and `rows`, ready for JSON.
    """
    from curldescent.foundation.cores import available_cores

    peak = peak_gigaflops()
    rows = []
    for done, setting in enumerate(settings, start=1):
        rows.append(asdict(row(setting, peak, rounds=rounds, sample=sample)))
        tell(done)
    return {
        "machine": processor(),
        "cores": available_cores(),
        "dgemm_gflops": peak,
        "stream_gbytes": stream_gigabytes(),
        "compile_seconds": compile_seconds(),
        "rows": rows,
    }


_FIRST_CALLS = """
import time
from curldescent.apps.bench import settings, table
from curldescent.learning.engines.fused import FusedEngine
for label, setting in (("linear", settings.SETTINGS[0]), ("tanh", settings.SETTINGS[3])):
    engine = FusedEngine(table.setup(setting), threads=1)
    began = time.perf_counter()
    engine.advance(1)
    print(label, time.perf_counter() - began)
"""


def compile_seconds() -> dict[str, dict[str, float]]:
    """Seconds until the first update of a kernel is done, with nothing cached and in the next process."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as cache:
        for when in ("first", "cached"):
            ran = subprocess.run(
                [sys.executable, "-c", _FIRST_CALLS],
                env={**os.environ, "NUMBA_CACHE_DIR": cache},
                capture_output=True,
                text=True,
                check=True,
            )
            for line in ran.stdout.splitlines():
                label, took = line.split()
                found.setdefault(label, {})[when] = float(took)
    return found
