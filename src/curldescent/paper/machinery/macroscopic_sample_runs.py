"""Runs behind the figure of finite samples: students that fit few samples, and when the equations say they do.

The prediction needs the population's error E(t) by the macroscopic equations and the eigenvalues κ of the tangent
kernel on the samples at the start, nothing of the training. What is left of the error late is no part of what the
tangent directions make, and looks like noise to them; on P samples they fit it all the same, so that its square falls
by s2(t) = ⟨exp(−2ηκt)⟩ and its part along itself, which drives all further learning, by s1(t) = ⟨exp(−ηκt)⟩, averages
over the P eigenvalues (0 where samples are more than weights). So training errors are E(σ(t)) s2(t) with a clock that
runs slower and slower, dσ/dt = s1(t).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.model import activations
from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.paper.machinery import speedup_protocol, to_threshold
from curldescent.theory import macroscopic
from curldescent.theory.onset import nonlinear_part

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem

Array = NDArray[np.float64]

# Input sets that no other figure has.
FIRST_SEED = 870
TESTED = 1000
# The equations' error is recorded every so many epochs.
EVERY = 10
FIELDS = 2048
RULES = ("GD", "CD")


def rules_of(hidden: int) -> dict[str, Plasticity]:
    """Gradient descent, and one readout neuron in ten flipped."""
    flipped = hidden // 10
    return {"GD": Plasticity(), "CD": Plasticity(readout=[-1.0] * flipped + [1.0] * (hidden - flipped))}


def samples_of(hidden: int, share: float) -> int:
    """P, a multiple of the batch, of a share of the weights, N (M + 1)."""
    return speedup_protocol.BATCH * round(share * weights_of(hidden) / speedup_protocol.BATCH)


def weights_of(hidden: int) -> int:
    """N (M + 1), all weights of a student."""
    return hidden * (speedup_protocol.INPUTS + 1)


def problem_of(hidden: int, share: float, seed: int) -> "Problem":
    """Student, teacher and samples.

    Args:
        hidden: N.
        share: samples per weight.
        seed: which input set, from 0.
    """
    return student_teacher(
        n_inputs=speedup_protocol.INPUTS,
        n_hidden=hidden,
        activation="tanh",
        n_train=samples_of(hidden, share),
        n_test=TESTED,
        student_scale=speedup_protocol.SCALE,
        seed=FIRST_SEED + seed,
    )


def measured(neurons: Sequence[int], shares: Sequence[float], sets: int, epochs: int) -> "xr.Dataset":
    """Students that learn few samples to the threshold.

    Args:
        neurons: N, of the hidden layer.
        shares: samples per weight.
        sets: input sets, one student each.
        epochs: the most of any run.

    Returns:
        Over (rule, size, share, set): `epochs` to the threshold of training error; `test_error` and `nonlinear`, the
        error that the nonlinear part of the student's drive of the output makes, when it is reached.
    """
    shape = (len(RULES), len(neurons), len(shares), sets)
    found = {name: np.empty(shape) for name in ("epochs", "test_error", "nonlinear")}
    for n, size in enumerate(neurons):
        for s, share in enumerate(shares):
            for seed in range(sets):
                run = to_threshold.trained(problem_of(size, share, seed), rules_of(size), epochs).isel(trial=0)
                found["epochs"][:, n, s, seed] = run.needed.values
                for r, rule in enumerate(RULES):
                    one = run.sel(rule=rule)
                    found["test_error"][r, n, s, seed] = float(one.test_error.sel(epoch=one.needed.item()))
                    found["nonlinear"][r, n, s, seed] = nonlinear_part(
                        one.student_hidden.values, one.student_readout.values
                    )
    return _dataset(found, neurons, shares)


def told(neurons: Sequence[int], shares: Sequence[float], sets: int, epochs: int) -> "xr.Dataset":
    """The same by the equations and the kernel at the start.

    Args:
        neurons: as in `measured`.
        shares: as there.
        sets: as there.
        epochs: as there.

    Returns:
        Over (rule, size, share, set): `epochs` and `nonlinear`; over (size, set) `nonlinear_at_start`.
    """
    shape = (len(RULES), len(neurons), len(shares), sets)
    found = {name: np.empty(shape) for name in ("epochs", "nonlinear")}
    start = np.empty((len(neurons), sets))
    time = np.arange(0.0, epochs + 1, EVERY)
    for n, size in enumerate(neurons):
        for seed in range(sets):
            problem = problem_of(size, shares[0], seed)
            start[n, seed] = nonlinear_part(*_layers(problem))
            limit = macroscopic(
                problem,
                rules_of(size),
                epochs=epochs,
                learning_rate=speedup_protocol.LEARNING_RATE,
                preserve_norms=True,
                samples=FIELDS,
                record=time,
            ).isel(trial=0)
            for s, share in enumerate(shares):
                kernel = tangent_eigenvalues(problem_of(size, share, seed))
                for r, rule in enumerate(RULES):
                    one = limit.sel(rule=rule)
                    needed, clock = fitted(time, one.error.values, kernel)
                    found["epochs"][r, n, s, seed] = needed
                    there = one.sel(epoch=clock, method="nearest")
                    # Vectors with the student's Gram matrix, for inputs of variance 1.
                    vectors = np.linalg.cholesky(there.student_overlap.values + 1e-12 * np.eye(size))
                    found["nonlinear"][r, n, s, seed] = nonlinear_part(
                        vectors, there.readout_weights.values, input_variance=1.0
                    )
    data = _dataset(found, neurons, shares)
    return data.assign(nonlinear_at_start=(("size", "set"), start))


def fitted(time: Array, error: Array, kernel: Array) -> tuple[float, float]:
    """When training errors come to the threshold, and the time of the population's error there.

    Args:
        time: epochs, (n,).
        error: of infinitely many samples, (n,).
        kernel: eigenvalues on the samples, (P,).

    Returns:
        t and σ(t), the last of `time` where the threshold is not reached.
    """
    decay = speedup_protocol.LEARNING_RATE * np.outer(time, np.maximum(kernel, 0.0))
    along, square = np.exp(-decay).mean(1), np.exp(-2 * decay).mean(1)
    clock = np.concatenate([[0.0], np.cumsum(np.diff(time) * (along[1:] + along[:-1]) / 2)])
    left = np.exp(np.interp(clock, time, np.log(error))) * square
    reached = np.flatnonzero(left < speedup_protocol.THRESHOLD)
    at = int(reached[0]) if reached.size else len(time) - 1
    return float(time[at]), float(clock[at])


def tangent_eigenvalues(problem: "Problem") -> Array:
    """Eigenvalues of the tangent kernel of the first student on its samples, J Jᵀ/P, with zeros to P of them.

    J are derivatives of what drives the output; the slope of the output, which the error does not pass backwards
    through (the protocol's convention), is shared between both sides, which keeps eigenvalues.
    """
    hidden, readout = _layers(problem)
    inputs, weights = problem.inputs, readout[0]
    drives = inputs @ hidden.T
    activity = np.tanh(drives)
    slope = (1 - activity**2) * weights
    out = activity @ weights
    last = activations.of(problem.output_activation)
    root = np.sqrt(np.asarray(last.slope(out, np.asarray(last.value(out, np)), np)))
    kernel = ((slope @ slope.T) * (inputs @ inputs.T) + activity @ activity.T) * np.outer(root, root)
    return np.asarray(np.linalg.eigvalsh(kernel / len(inputs)))


def _layers(problem: "Problem") -> tuple[Array, Array]:
    student = problem.student.trial(0) if problem.student.trials else problem.student
    return np.asarray(student.hidden), np.asarray(student.readout)


def _dataset(found: "dict[str, Array]", hidden: Sequence[int], shares: Sequence[float]) -> "xr.Dataset":
    import xarray as xr

    return xr.Dataset(
        {name: (("rule", "size", "share", "set"), values) for name, values in found.items()},
        coords={"rule": list(RULES), "size": list(hidden), "share": list(shares)},
    )
