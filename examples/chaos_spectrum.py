"""More than the maximal exponent: leading exponents and covariant vectors of two learning runs of figure 3b's setting.

A chaotic and a quasi-periodic point of the map in docs/chaos.md, step 0.02, after the same 2000 units of time that are
left out: five exponents with intervals, and covariant Lyapunov vectors, of which it is said how much lies along the
rotations of equally plastic hidden neurons (exact symmetries, so neutral) and along the velocity.

Run with ``python examples/chaos_spectrum.py [--data FILE] [--figure STEM] [--quick] [--draw-only]``: some minutes.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
from chaos_map import SAMPLES, TOTAL_NEURONS, setting
from numpy.typing import NDArray

import curldescent as cd
from curldescent.analysis import LearningDynamics, covariant_vectors, learning_dynamics, lyapunov_exponents, watch

Array = NDArray[np.float64]
POINTS = {
    "chaotic": {"ratio": 1.0, "fraction": 0.5, "seed": 0, "trial": 0},
    "quasi-periodic": {"ratio": 0.5, "fraction": 0.75, "seed": 0, "trial": 1},
}
STEP, COUNT, BEFORE, TIME = 0.02, 5, 2000.0, 1000.0
# Before, during and after the piece of trajectory whose covariant vectors are looked at.
TRANSIENT, PIECE, SETTLE = 300.0, 40.0, 300.0


def along_rotations(dynamics: LearningDynamics, state: Array, vector: Array) -> float:
    """‖projection of the vector on {A X : A antisymmetric}‖², X = [W1, W2ᵀ]; the vector is of unit norm.

    With one sign of readout plasticity X → U X maps runs to runs for every rotation U. The nearest A X to V solves
    A XXᵀ + XXᵀ A = V Xᵀ − X Vᵀ, in the eigenbasis of XXᵀ entry by entry.
    """
    x, v = (np.concatenate([w1, w2.T], axis=1) for w1, w2 in (dynamics.weights(state), dynamics.weights(vector)))
    squares, basis = np.linalg.eigh(x @ x.T)
    right = basis.T @ (v @ x.T - x @ v.T) @ basis
    sums = np.add.outer(squares, squares)
    a = np.divide(right, sums, out=np.zeros_like(right), where=sums > 1e-12 * squares[-1])
    return float(np.linalg.norm(a @ (basis.T @ x)) ** 2)


def spectrum(point: dict[str, Any], *, total: int, shorter: float) -> dict[str, Any]:
    """Exponents and what the covariant vectors look like, of one trial."""
    problem = setting(point["ratio"], trials=point["trial"] + 1, total=total, seed=point["seed"])
    rule = cd.Plasticity(hidden=point["fraction"])
    dynamics = learning_dynamics(problem, rule, learning_rate=STEP, preserve_norms=True, trial=point["trial"])
    step, dt, facts = dynamics.step, dynamics.dt, dynamics.args
    begin = watch(dynamics, time=BEFORE / shorter).state
    found = lyapunov_exponents(
        step, begin, args=facts, dt=dt, time=TIME / shorter, transient=TRANSIENT / shorter, count=COUNT, every=25
    )
    pieces = {"time": PIECE / shorter, "transient": TRANSIENT / shorter, "settle": SETTLE / shorter}
    vectors = covariant_vectors(dynamics, start=found.state, count=COUNT, every=50, **pieces)
    looked = range(0, len(vectors.times), 10)
    rotation = [[along_rotations(dynamics, vectors.states[i], v) for v in vectors.vectors[i].T] for i in looked]
    with jax.enable_x64():
        velocity = [np.asarray(step(vectors.states[i], facts)) - vectors.states[i] for i in looked]
    motion = [(v @ vectors.vectors[i] / np.linalg.norm(v)) ** 2 for i, v in zip(looked, velocity, strict=True)]
    n, m = dynamics.field.shapes["hidden"]
    return {
        **point,
        "time": TIME / shorter,
        "dimension": len(begin),
        "rotations": n * (n - 1) // 2,
        "exponents": found.values.tolist(),
        "low": found.low.tolist(),
        "high": found.high.tolist(),
        "block_correlation": found.block_correlation.tolist(),
        "times": (found.times + BEFORE / shorter).tolist(),
        "trace": found.trace.tolist(),
        "covariant_exponents": vectors.exponents.tolist(),
        "rotation_share": np.mean(rotation, axis=0).tolist(),
        "velocity_share": np.mean(motion, axis=0).tolist(),
        "hidden_share": (vectors.vectors[:, : n * m] ** 2).sum(axis=1).mean(axis=0).tolist(),
        "participation": np.median(vectors.participation(), axis=0).tolist(),
        "angle_median": float(np.degrees(np.median(vectors.angles(0, 1)))),
        "angle_least": float(np.degrees(vectors.angles(0, 1).min())),
    }


def main() -> None:
    """Compute what is missing, store it, draw it."""
    parser = argparse.ArgumentParser(description="Leading exponents and covariant vectors of two learning runs.")
    parser.add_argument("--data", type=Path, default=Path("docs/data/chaos_spectrum.json"))
    parser.add_argument("--figure", type=Path, default=Path("chaos_spectrum"))
    parser.add_argument("--quick", action="store_true", help="small networks, a twentieth of the time")
    parser.add_argument("--draw-only", action="store_true")
    options = parser.parse_args()
    total, shorter = (24, 20.0) if options.quick else (TOTAL_NEURONS, 1.0)
    stored: dict[str, Any] = {"total_neurons": total, "samples": SAMPLES, "step": STEP, "left_out": BEFORE, "runs": {}}
    if options.data.exists() and not options.quick:
        stored = json.loads(options.data.read_text(encoding="utf-8"))
    for name, point in POINTS.items():
        if options.draw_only or name in stored["runs"]:
            continue
        stored["runs"][name] = run = spectrum(point, total=total, shorter=shorter)
        print(name, {key: value for key, value in run.items() if key not in ("trace", "times")}, flush=True)
        if not options.quick:
            options.data.write_text(json.dumps(stored, separators=(",", ":")), encoding="utf-8")
    from curldescent.plots.chaos import spectrum_trace
    from curldescent.plots.style import save

    for path in save(spectrum_trace(stored["runs"]), options.figure):
        print(path)


if __name__ == "__main__":
    main()
