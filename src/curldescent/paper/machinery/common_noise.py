"""Learning on mini-batches as a random map, and how fast two copies separate that see the same batches."""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
import xarray as xr

from curldescent.analysis._dynamics.tangent import summarised
from curldescent.foundation.arithmetic import arithmetic
from curldescent.learning.fields.function_field import FunctionField
from curldescent.learning.fields.problem_velocity import Facts, ProblemVelocity, problem_velocity
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.paper.machinery.size_of_chaos_runs import students

BLOCKS = 20


def batched(total: int, ratio: float, hidden: float, sets: int, time: float, batch: int, step: float) -> xr.Dataset:
    """Figure 3b's students, one an input set, on mini-batches.

    Args:
        total: M + N.
        ratio: c = M/N.
        hidden: flipped fraction of the inputs.
        sets: input sets.
        time: length of a run, in units of total step.
        batch: samples of a batch, drawn anew for every update without replacement.
        step: total step of an update.

    Returns:
        Over set: `exponent`, the leading one of copies that see the same batches, over the second half of the run;
        `loss`, over all samples, the median of that half.
    """
    exponent, loss = np.full(sets, np.nan), np.full(sets, np.nan)
    for number in range(sets):
        problem, rule = students(total, ratio, number, 1), Plasticity(hidden=hidden)
        exponent[number], loss[number] = common_noise(problem, rule, batch=batch, step=step, time=time, seed=number)
    return xr.Dataset({"exponent": ("set", exponent), "loss": ("set", loss)}, attrs={"time": time})


def common_noise(
    problem: Problem, rule: Plasticity, *, batch: int, step: float, time: float, seed: int
) -> tuple[float, float]:
    """The leading exponent over the second half of a run on random batches, both layers' norms kept.

    Args:
        problem: its first trial.
        rule: the plasticity.
        batch: samples of a batch; all of them make it the full-batch run.
        step: total step of an update.
        time: length of the run, in units of total step.
        seed: of batches and tangent vector.

    Returns:
        The exponent per unit of total step and the median loss over all samples; NaN where the run diverged.

    Source: the exponent of a random dynamical system: Arnold, Random Dynamical Systems (1998), chapter 3.
    """
    field, _ = problem_velocity(problem, rule, preserve_norms=True)
    velocity, facts = on_samples(problem, field)
    updates = max(1, round(time / (2 * BLOCKS) / step))
    rng = np.random.default_rng(seed)
    tangent = rng.standard_normal(field.n_params)
    with arithmetic():
        carried = (field.theta, tangent / np.linalg.norm(tangent), jax.random.key(seed))
        rates, losses = [], []
        for _ in range(2 * BLOCKS):
            carried, growth, level = advanced(velocity, facts, carried, step, batch, updates)
            rates.append(float(growth) / (updates * step))
            losses.append(float(level))
        state = np.asarray(carried[0])
    late = np.array(rates[BLOCKS:])[:, None]
    found = summarised(late, late, np.arange(1.0, BLOCKS + 1), step, state)
    return float(found.values[0]), float(np.median(losses[BLOCKS:])) if np.isfinite(state).all() else float("nan")


def on_samples(problem: Problem, field: FunctionField) -> tuple[ProblemVelocity, Facts]:
    """The velocity of a linear student that sees samples in place of their covariance, and what it depends on."""
    velocity, facts = field.traced()
    assert isinstance(velocity, ProblemVelocity)
    facts = facts._replace(inputs=problem.inputs, targets=_targets(problem), floor=np.float64(0))
    return replace(velocity, linear=False), facts


def _targets(problem: Problem) -> Any:
    assert problem.teacher is not None
    hidden, readout = (layer[0] if layer.ndim == 3 else layer for layer in problem.teacher.layers)
    return problem.inputs @ hidden.T @ readout.T


@partial(jax.jit, static_argnames=("velocity", "batch", "updates"))
def advanced(velocity: ProblemVelocity, facts: Facts, carried: Any, step: Any, batch: int, updates: int) -> Any:
    """Updates on random batches.

    Args:
        velocity: from `on_samples`.
        facts: from there.
        carried: state, unit tangent vector, key of the batches.
        step: total step of an update.
        batch: samples of a batch.
        updates: how many.

    Returns:
        What is carried on, the tangent vector's logarithmic growth, and the loss over all samples at the end.
    """
    samples = facts.inputs.shape[0]

    def update(at: Any, _: None) -> Any:
        state, tangent, key = at
        key, now = jax.random.split(key)
        chosen = jax.random.choice(now, samples, (batch,), replace=False)
        seen = facts._replace(inputs=facts.inputs[chosen], targets=facts.targets[chosen])
        state, tangent = jax.jvp(lambda s: velocity.updated(s, seen, step), (state,), (tangent,))
        length = jax.numpy.linalg.norm(tangent)
        return (state, tangent / length, key), jax.numpy.log(length)

    carried, growth = jax.lax.scan(update, carried, None, length=updates)
    return carried, growth.sum(), velocity.loss(carried[0], facts)
