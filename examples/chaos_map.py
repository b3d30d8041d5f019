"""Is the motion beyond the stability boundary chaos? Figure 3b's setting over ratios c and flipped fractions.

Every trial starts 1e-10 from its teacher with layers of fixed norm, the whole training set as the batch, and is run
three times: with the paper's step 0.1, with 0.02, and in continuous time. Each run gets a label with its evidence, and
the order parameter q over the 100 units after its end; see docs/chaos.md. A seed stands for one set of inputs, which
its trials share, and for their teachers. Finished cells are kept in the JSON file and not computed again, so that the
program can be stopped at any time.

Run with ``python examples/chaos_map.py [--data FILE] [--figure STEM] [--quick] [--draw-only]``; the full map takes
about an hour on one core.
"""

import argparse
import json
import os
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import curldescent as cd
from curldescent.analysis import LearningDynamics, Regime, late_order_parameter, learning_dynamics, regime_of, watch
from curldescent.theory import stability_matrix

TOTAL_NEURONS, SAMPLES = 220, 250
RATIOS = (0.35, 0.5, 0.7, 1.0, 2.0)
FRACTIONS = (0.25, 0.5, 0.75, 1.0)
SEEDS = (0, 1)
# name -> (step, continuous); the flow comes first because the maps are judged against it
STEPS = {"flow": (0.05, True), "0.02": (0.02, False), "0.1": (0.1, False)}


def setting(ratio: float, *, trials: int, total: int = TOTAL_NEURONS, seed: int = 0) -> cd.Problem:
    """Figure 3b's problem: students next to teachers with ‖W1‖_F = √N and ‖W2‖ = 1."""
    hidden, inputs = int(total / (1 + ratio)), int(total / (1 + 1 / ratio))
    problem = cd.student_teacher(n_inputs=inputs, n_hidden=hidden, n_train=SAMPLES, n_test=0, trials=trials, seed=seed)
    assert problem.teacher is not None
    w1, w2 = problem.teacher.hidden, problem.teacher.readout
    w1 = w1 * np.sqrt(hidden) / np.linalg.norm(w1, axis=(1, 2), keepdims=True)
    w2 = w2 / np.linalg.norm(w2, axis=(1, 2), keepdims=True)
    return replace(problem, teacher=cd.Weights([w1, w2])).starting_at_teacher(readout_noise=1e-10, seed=seed)


def predicted(problem: cd.Problem, fraction: float, trial: int) -> tuple[float, int]:
    """Growth rate at the teacher (positive: unstable) and the number of unstable directions."""
    assert problem.teacher is not None
    d1 = np.where(np.arange(problem.student.n_inputs) < int(fraction * problem.student.n_inputs + 1e-9), -1.0, 1.0)
    k = stability_matrix(problem.teacher.hidden[trial], problem.teacher.readout[trial], d1, preserve_norms=True)
    rates = -np.linalg.eigvals(problem.inputs.T @ problem.inputs / len(problem.inputs) @ k).real
    return float(rates.max()), int((rates > 1e-10).sum())


def compact(regime: Regime) -> dict[str, object]:
    """The evidence, rounded, without the time series."""

    def short(value: object) -> object:
        if isinstance(value, float):
            return float(f"{value:.4g}")
        return [short(item) for item in value] if isinstance(value, list) else value

    return {name: short(value) for name, value in regime.evidence().items()}


def dynamics_of(cell: dict[str, Any], name: str, total: int) -> LearningDynamics:
    """One trial with one of the three steps."""
    problem = setting(cell["ratio"], trials=cell["trial"] + 1, total=total, seed=cell["seed"])
    rule = cd.Plasticity(hidden=cell["fraction"])
    step, continuous = STEPS[name]
    # Near the boundary W1 gathers its norm in few directions and the fastest rate comes to about 50.
    dt = step / 2 if continuous and cell["ratio"] < 0.4 else step
    return learning_dynamics(
        problem, rule, learning_rate=dt, continuous=continuous, preserve_norms=True, trial=cell["trial"]
    )


def run_cell(cell: dict[str, Any], *, time: float, total: int) -> None:
    """One trial, three steps; the results go into the cell."""
    problem = setting(cell["ratio"], trials=cell["trial"] + 1, total=total, seed=cell["seed"])
    cell["rate"], cell["unstable"] = predicted(problem, cell["fraction"], cell["trial"])
    reference = None
    for name in STEPS:
        dynamics = dynamics_of(cell, name, total)
        found = regime_of(watch(dynamics, time=time), refined=reference)
        reference = reference or found
        cell[name] = compact(found)
        if not found.record.diverged:
            cell[name]["q"] = float(f"{late_order_parameter(dynamics, state=found.record.state):.4g}")
        where = f"c = {cell['ratio']:g}, α_h = {cell['fraction']:g}, seed {cell['seed']}, trial {cell['trial']}"
        print(f"{where}, {name}: {found.label}: {found.reason}", flush=True)


def write(path: Path, stored: dict[str, Any]) -> None:
    """All or nothing: a stopped program leaves the file as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(stored, indent=None, separators=(",", ":")), encoding="utf-8")
    os.replace(part, path)


def main() -> None:
    """Compute what is missing, store it, draw it."""
    parser = argparse.ArgumentParser(description="Map of long-run regimes in figure 3b's setting.")
    parser.add_argument("--data", type=Path, default=Path("docs/data/chaos_map.json"))
    parser.add_argument("--figure", type=Path, default=Path("chaos_map"))
    parser.add_argument("--time", type=float, default=4000.0, help="units of total step; 1e4 is the paper's 1e5 epochs")
    parser.add_argument("--trials", type=int, default=2, help="per seed")
    parser.add_argument("--quick", action="store_true", help="small networks, short runs: a minute")
    parser.add_argument("--draw-only", action="store_true")
    options = parser.parse_args()
    total, time, trials = TOTAL_NEURONS, options.time, options.trials
    seeds, ratios, fractions = SEEDS, RATIOS, FRACTIONS
    if options.quick:
        total, time, trials, seeds, ratios, fractions = 24, 300.0, 1, (0,), (0.5, 1.0), (0.5, 1.0)
    stored: dict[str, Any] = {
        "total_neurons": total,
        "samples": SAMPLES,
        "time": time,
        "q_window": 100.0,
        "steps": STEPS,
        "cells": [],
    }
    if options.data.exists() and not options.quick:
        stored = json.loads(options.data.read_text(encoding="utf-8"))
    names = ("seed", "trial", "ratio", "fraction")
    done = {tuple(cell[name] for name in names) for cell in stored["cells"]}
    for place in product(seeds, range(trials), ratios, fractions):
        if options.draw_only or place in done:
            continue
        cell = dict(zip(names, place, strict=True))
        run_cell(cell, time=time, total=total)
        stored["cells"].append(cell)
        if not options.quick:
            write(options.data, stored)
    from curldescent.plots.chaos import regime_map
    from curldescent.plots.style import save

    for path in save(regime_map(stored["cells"]), options.figure):
        print(path)


if __name__ == "__main__":
    main()
