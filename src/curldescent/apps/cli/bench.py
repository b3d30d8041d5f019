"""`curldescent bench`: how fast learning is on this machine."""

import json as jsonlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from curldescent.apps.cli.output import print_json, print_table
from curldescent.foundation import interruption
from curldescent.foundation.writing import results_folder
from curldescent.plots.report import write_result

EXAMPLES = """Examples:

    curldescent bench

    curldescent bench --rounds 15 --json --out results/bench
"""

# One thread each, said before any of the libraries is loaded; that is why the measurement has its own process.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def bench(
    *,
    rounds: Annotated[int, Parameter(help="Measurements of each contender.", validator=validators.Number(gte=1))] = 7,
    sample: Annotated[
        float, Parameter(help="Seconds of one measurement.", validator=validators.Number(gt=0, lte=60))
    ] = 0.05,
    out: Annotated[Path | None, Parameter(help="Folder to write bench.json to.")] = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON instead of tables.")] = False,
) -> None:
    """Time one update of one student, side by side with lean NumPy and JAX, on one thread.

    Medians of interleaved measurements of core time: contenders take turns, so that whatever else the machine does
    slows all of them alike. Close other programs all the same: they share the caches. Takes about a minute.
    """
    if out is not None:
        results_folder(out)
    found = measured(rounds, sample)
    if out is not None:
        write_result(out, "bench", found)
    if json:
        print_json("bench", found)
    else:
        show(found)


def measured(rounds: int, sample: float) -> dict[str, Any]:
    """What the measurement's own process says.

    Args:
        rounds: measurements of each contender.
        sample: seconds of one.

    Returns:
        The mapping of `curldescent.apps.bench.table.measure`.

    Raises:
        OSError: the process came to a bad end; what it said stands on stderr.
    """
    command = [sys.executable, "-m", "curldescent.apps.bench", "--rounds", str(rounds), "--sample", str(sample)]
    # A Ctrl-C reaches this process alone, which ends the other.
    with interruption.held_back():
        process = subprocess.Popen(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True)
    with process, interruption.cleaning(process.kill):
        said, _ = process.communicate()
    if process.returncode:
        raise OSError(f"the measurement's process ended with exit code {process.returncode}")
    return dict(jsonlib.loads(said))


def show(found: dict[str, Any]) -> None:
    """Print what `curldescent.apps.bench.table.measure` found."""

    def micro(value: float | None) -> str:
        return "–" if value is None else f"{value:.3g}"

    torch = ["torch"] if any(row["torch"] is not None for row in found["rows"]) else []
    print_table(
        [
            "µs per update",
            "NumPy",
            "tuned",
            "JAX",
            *torch,
            "fused",
            "order",
            "× NumPy",
            "× tuned",
            "peak",
            "threads",
        ],
        [
            [
                row["setting"],
                *(micro(row[name]) for name in ("numpy", "tuned", "jax", *torch, "fused", "order_parameters")),
                f"{row['ratio']:.1f}" + ("" if row["goal"] is None else f" (≥ {row['goal']:g})"),
                f"{row['tuned_ratio']:.1f}",
                f"{100 * row['peak_share']:.0f} %",
                f"{row['threads']:.2f}",
            ]
            for row in found["rows"]
        ],
        title=found["machine"],
    )
    print(
        "\nOne thread each. tuned: NumPy without avoidable temporaries; order: order parameters; ×: NumPy's time over\n"
        "that of the engine that train takes (goal); peak: the fused kernel's share of the machine's matrix products,\n"
        f"{found['dgemm_gflops']:.0f} GF/s (copying memory: {found['stream_gbytes']:.0f} GB/s); "
        f"threads: speed-up of {found['cores']} threads over 1."
    )
    for kernel, took in found["compile_seconds"].items():
        print(f"first {kernel} update: {took['first']:.1f} s compiling, {took['cached']:.1f} s from the cache")
