"""Learning in two numbers per hidden neuron: a student's excess nonlinearity, without its linear part and directions.

The linear part of the error goes first. What descent removes late is ½ Σ_i w_i² μ*²(q_i), the nonlinear part that every
hidden neuron makes by itself at its drive of variance q_i. `docs/excess_nonlinearity.md` derives the equations and
says how far they hold.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.version import __version__
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.theory._excess_student import ExcessStudent, nonlinear_variance
from curldescent.theory._following import (
    MOST_EVALUATIONS,
    followed,
    labelled,
    named_rules,
    recorded_epochs,
    require_norms,
    require_two_layers,
)

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def excess_nonlinearity(
    problem: Problem,
    rule: Plasticity | Mapping[str, Plasticity],
    *,
    epochs: float,
    learning_rate: float = 0.1,
    preserve_norms: bool = False,
    record: int | ArrayLike = 100,
    stop_below: float | None = None,
    input_variance: float = 0.5,
    rtol: float = 1e-6,
    max_evaluations: int = MOST_EVALUATIONS,
) -> "xr.Dataset":
    """Follow a student's excess nonlinearity by two numbers per hidden neuron, its readout w_i and drive variance q_i.

    It is the flow of ½ Σ_i w_i² μ*²(q_i), with the strengths and norms of the rule: what `macroscopic` says of the
    student if its input vectors were orthogonal, to each other and to the teacher's, and the linear part of the error
    cost neither time nor weights. Nothing in it was fitted. An estimate of the epochs to a threshold, not of the early
    part of an error curve; do not confuse it with `macroscopic`, which follows all overlaps and has no such limits.

    Args:
        problem: two layers, a teacher, squared error, a linear output, hidden neurons that are not linear. Only norms
            of weights are used: ‖W1_i‖, the readout, and the teacher's, whose nonlinear part is never learned here.
        rule: a `Plasticity` that backpropagates, or several by name; hidden strengths per neuron, not per input.
        epochs: how long; with `learning_rate` they make the time of `flow`.
        learning_rate: η, the total step of one epoch.
        preserve_norms: keep both layers on their spheres.
        record: how many epochs are recorded, log-spaced from 1 on behind epoch 0, or the epochs themselves.
        stop_below: end a student when its error falls to this value, at the very epoch it does.
        input_variance: τ of every input; q_i = τ‖W1_i‖².
        rtol: relative error per step of the integration.
        max_evaluations: of the velocity, for one student; where the equations are too fast to be followed so far, the
            student is given up and NaN.

    Returns:
        An `xarray.Dataset` with dimensions ([rule,] trial, epoch): `error`, the nonlinear part of student and teacher;
        `hidden_norm` (…, hidden), ‖W1_i‖; `readout_weights` (…, output, hidden); `stopped_at` and `diverged_at`,
        epochs, NaN for none; `status`, in words; `evaluations` of the velocity.

    Raises:
        InputError: an argument out of range, a problem without a teacher, of another depth, loss or output, linear
            neurons, hidden neurons without weights, a readout of zeros
            that is to keep its norm, a plasticity with feedback or strengths that differ by input.

    On the paper's networks its epochs to 10⁻³ are 0.9 to 1.2 times those of `macroscopic`, in the mean of ten, for one
    flipped neuron of strength −1 at student scales 2 to 4 and for gradient descent at 1.5 and 2. It is up to five times
    too slow for strong flips of small students, and two to three times too fast for gradient descent and weak flips of
    large ones, where neurons cancel each other. docs/excess_nonlinearity.md has the comparison.

    Source: docs/excess_nonlinearity.md.

    Performance: ten hidden neurons to 2000 epochs take some hundredths of a second, after some tenths for the averages
    of an activation.

    >>> import curldescent as cd
    >>> problem = cd.student_teacher(
    ...     n_inputs=100, n_hidden=10, activation="erf", output_activation="linear", n_train=1, student_scale=3
    ... )
    >>> rules = {name: cd.Plasticity(readout=[d, *[1] * 9]) for name, d in {"GD": 1, "CD": -1, "CD, −2": -2}.items()}
    >>> found = excess_nonlinearity(problem, rules, epochs=5000, preserve_norms=True, stop_below=1e-3)
    >>> needed = found.stopped_at[:, 0]
    >>> bool(needed[2] < needed[1] < needed[0])
    True
    """
    if not isinstance(problem, Problem):
        raise InputError(f"problem must be a cd.Problem, got {type(problem).__name__}")
    end = validation.positive("epochs", epochs)
    rate = validation.positive("learning_rate", learning_rate)
    preserve = validation.boolean("preserve_norms", preserve_norms)
    threshold = None if stop_below is None else validation.positive("stop_below", stop_below)
    times = recorded_epochs(record, end)
    rules, several = named_rules(rule)
    variance = validation.positive("input_variance", input_variance)
    tolerance = validation.positive("rtol", rtol)
    max_evaluations = validation.integer("max_evaluations", max_evaluations, minimum=1)
    _refuse(problem)
    citations.use("virtanen2020", "hairer1993")
    found = []
    for plasticity in rules.values():
        for trial in range(problem.trials):
            student = excess_student(problem, plasticity, trial, variance, preserve_norms=preserve)
            path, out = followed(
                student.velocity, student.error, student.start, times, end, rate, threshold, tolerance, max_evaluations
            )
            found.append(out | _observed(student, path))
    settings = {
        "curldescent_version": __version__,
        "problem": repr(problem),
        "rule": "; ".join(repr(item) for item in rules.values()),
        "epochs": end,
        "learning_rate": rate,
        "preserve_norms": int(preserve),
        "input_variance": variance,
        "rtol": tolerance,
        **({} if threshold is None else {"stop_below": threshold}),
    }
    return labelled(
        found, times, list(rules) if several else None, problem.trials, _DIMS, settings, "excess_nonlinearity"
    )


def excess_student(
    problem: Problem, plasticity: Plasticity, trial: int, variance: float, *, preserve_norms: bool
) -> ExcessStudent:
    """One student's vector field.

    Args:
        problem: as in `excess_nonlinearity`.
        plasticity: as there.
        trial: which student.
        variance: of the inputs.
        preserve_norms: as there.

    Returns:
        The student at its initial weights.

    Raises:
        InputError: hidden strengths that differ by input, or a hidden neuron without input weights.
    """
    assert problem.teacher is not None
    student, teacher = (w.trial(trial) if w.trials else w for w in (problem.student, problem.teacher))
    strengths = plasticity.strengths(problem.student.sizes)
    if (np.ptp(strengths.hidden, axis=1) > 0).any():
        raise InputError("hidden strengths must not differ from input to input here; use theory.macroscopic instead")
    norms = np.sqrt((student.hidden**2).sum(1))
    if not norms.all():
        raise InputError("every hidden neuron must have input weights that are not all zero")
    if preserve_norms:
        require_norms(student.readout)
    drives = variance * (teacher.hidden**2).sum(1)
    # A teacher's neuron without input weights is silent.
    spline, heard = nonlinear_variance(problem.activation), drives > 0
    theirs = float(0.5 * ((teacher.readout**2).sum(0)[heard] * np.exp(spline(np.log(drives[heard])))).sum())
    return ExcessStudent(
        norms=norms,
        readout=student.readout,
        hidden_strengths=strengths.hidden[:, 0],
        readout_strengths=strengths.readout,
        activation=problem.activation,
        variance=variance,
        teacher_error=theirs,
        preserve_norms=preserve_norms,
    )


def _refuse(problem: Problem) -> None:
    require_two_layers(problem, "its nonlinear part is left at the end")
    if problem.output_activation != "linear":
        raise InputError(f"the output must be linear, got output_activation {problem.output_activation}")
    if problem.activation == "linear":
        raise InputError("hidden neurons must not be linear: they have no excess nonlinearity")


def _observed(student: ExcessStudent, path: Array) -> dict[str, Array]:
    """What is recorded, from states (epochs, numbers)."""
    n = len(student.norms)
    error = [student.error(flat) if np.isfinite(flat).all() else np.nan for flat in path]
    readout = path[:, n:].reshape(len(path), *student.readout.shape)
    return {"error": np.array(error), "hidden_norm": path[:, :n], "readout_weights": readout}


_DIMS = {
    "error": ("epoch",),
    "hidden_norm": ("epoch", "hidden"),
    "readout_weights": ("epoch", "output", "hidden"),
}
