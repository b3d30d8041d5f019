"""Macroscopic learning: what a student does in the limit of many samples, from its order parameters alone.

With infinitely many Gaussian samples and small steps, a two-layer student and its teacher enter the dynamics through
the Gram matrix of their input vectors (Q, R and T of Saad & Solla) and their readouts: for ten hidden neurons some two
hundred numbers, whatever the number of inputs. `docs/why_faster.md` derives the equations.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, memory, validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.version import __version__
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.theory._following import (
    MOST_EVALUATIONS,
    followed,
    labelled,
    named_rules,
    recorded_epochs,
    require_norms,
    require_two_layers,
)
from curldescent.theory._macroscopic_student import MacroscopicStudent, reduced, sampled_fields
from curldescent.theory._online_student import online_student
from curldescent.theory._pair_averages import TERMS, require_accuracy

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

# Inputs whose synapses learn alike make a group, with a Gram matrix of its own; more groups are no reduction.
MOST_GROUPS = 8
# Samples an epoch beyond which the noise of single ones is rounded away.
MOST_SAMPLES = 10**15
CONVENTIONS = ("delta", "mse")


def macroscopic(
    problem: Problem,
    rule: Plasticity | Mapping[str, Plasticity],
    *,
    epochs: float,
    learning_rate: float = 0.1,
    preserve_norms: bool = False,
    record: int | ArrayLike = 100,
    output_error: str = "delta",
    stop_below: float | None = None,
    input_variance: ArrayLike = 0.5,
    samples_per_epoch: int | None = None,
    terms: int = TERMS,
    samples: int = 4096,
    rtol: float = 1e-6,
    seed: int = 0,
    max_evaluations: int = MOST_EVALUATIONS,
) -> "xr.Dataset":
    """Follow students in the limit of infinitely many samples and small steps, without drawing a sample.

    It is what `train` does with P → ∞ samples and small steps per update, and `flow` in that limit. Only the problem's
    weights and activations are used: inputs are taken to be normal, independent, of mean 0. Do not confuse these order
    parameters with those of linear students of finite samples (`train(engine="order-parameters")`, exact for every P
    and step), nor with figure 3b's q, a measure of how much weights fluctuate.

    Args:
        problem: two layers, a teacher, squared error.
        rule: a `Plasticity` that backpropagates, or several by name. Strengths may differ from hidden neuron to hidden
            neuron in both layers as they like, from input to input only by groups, of which there may be 8.
        epochs: how long; with `learning_rate` they make the time of `flow`.
        learning_rate: η, the total step of one epoch.
        preserve_norms: keep both layers on their spheres: the flow along them.
        record: how many epochs are recorded, log-spaced from 1 on behind epoch 0, or the epochs themselves, increasing,
            whole or not.
        output_error: "delta" or "mse" as in `train`; they differ behind an output nonlinearity alone.
        stop_below: end a student when its error falls to this value, at the very epoch it does.
        input_variance: of every input, or one per input, (M,), of at most 8 different groups.
        samples_per_epoch: P of a student that learns online, every sample new and used once, with a finite step: the
            noise of single samples then adds to the Gram matrix of its input vectors. Batches do not matter as long as
            they are small. None for steps so small that it does not show.
        terms: of the series in Hermite polynomials that averages of two drives are; linear, relu and erf units have
            closed forms instead.
        samples: S, fields that stand for the average where the output is not linear: a scrambled Sobol sequence, since
            averages over all fields at once have no closed form. What is followed is then a student of these S samples
            in reduced coordinates; another `seed` tells how much that matters.
        rtol: relative error per step of the integration.
        seed: of the scrambling.
        max_evaluations: of the velocity, for one student; where the equations are too fast to be followed so far, the
            student is given up and NaN.

    Returns:
        An `xarray.Dataset` with dimensions ([rule,] trial, epoch): `error`, ½⟨‖ŷ − y‖²⟩ over all inputs; `hidden_norm`
        (…, hidden), ‖W1_i‖ of every hidden neuron; `readout_weights` (…, output, hidden); `student_overlap`, Q (…,
        hidden, other) and `teacher_overlap`, R (…, hidden, teacher), covariances of drives; `stopped_at` and
        `diverged_at`, epochs, NaN for none; `status`, in words; `evaluations` of the velocity. A student keeps its last
        values after it stopped and is NaN after it diverged.

    Raises:
        InputError: an argument out of range, a problem without a teacher, of another depth or loss, a plasticity with
            feedback or too many groups, averages whose series does not settle, a layer of zeros that is to keep its
            norm.

    In the paper's protocol, with updates of 5e-4, the noise of single samples is some thousandths of the drift. Other
    terms of second order lack the factor M that it has, and are left out.

    Source: Saad & Solla, Phys. Rev. E 52 (1995) 4225; Goldt et al., NeurIPS 2019, for learned readouts; strengths,
    norms and the output nonlinearity are derived in docs/why_faster.md.

    Performance: ten hidden neurons to 2000 epochs take a tenth of a second of processor time with erf units and a
    linear output, some tenths with tanh units or a nonlinear output.

    >>> import curldescent as cd
    >>> problem = cd.student_teacher(
    ...     n_inputs=50, n_hidden=3, activation="erf", output_activation="linear", n_train=1, student_scale=2
    ... )
    >>> rules = {"GD": cd.Plasticity(), "CD": cd.Plasticity(readout=[True, False, False])}
    >>> history = macroscopic(problem, rules, epochs=300, preserve_norms=True)
    >>> dict(history.error.sizes)
    {'rule': 2, 'trial': 1, 'epoch': 101}
    >>> bool((history.error[..., -1] < 0.2 * history.error[..., 0]).all())
    True
    """
    if not isinstance(problem, Problem):
        raise InputError(f"problem must be a cd.Problem, got {type(problem).__name__}")
    end = validation.positive("epochs", epochs)
    rate = validation.positive("learning_rate", learning_rate)
    validation.boolean("preserve_norms", preserve_norms)
    validation.choice("output_error", output_error, CONVENTIONS)
    threshold = None if stop_below is None else validation.positive("stop_below", stop_below)
    times = recorded_epochs(record, end)
    rules, several = named_rules(rule)
    count = validation.integer("samples", samples, minimum=64)
    online = samples_per_epoch is not None
    noise = None
    if online:
        noise = rate / validation.integer("samples_per_epoch", samples_per_epoch, minimum=1, maximum=MOST_SAMPLES)
    _refuse(problem, rules, count, sampled=online or problem.output_activation != "linear")
    options: dict[str, Any] = {
        "output_error": output_error,
        "preserve_norms": bool(preserve_norms),
        "terms": validation.integer("terms", terms, minimum=8, maximum=1000),
    }
    seed = validation.integer("seed", seed, minimum=0)
    tolerance = validation.positive("rtol", rtol)
    max_evaluations = validation.integer("max_evaluations", max_evaluations, minimum=1)
    variance = _variances(input_variance, problem.student.n_inputs)
    citations.use("saad1995", "goldt2019", "virtanen2020", "hairer1993")
    found = []
    for plasticity in rules.values():
        for trial in range(problem.trials):
            student = macroscopic_student(problem, plasticity, trial, variance, count, seed, noise=noise, **options)
            if student.fields is None:
                require_accuracy(problem.activation, student.overlaps(student.hidden), options["terms"])
            found.append(_follow(student, times, end, rate, threshold, tolerance, max_evaluations))
    settings = {
        "curldescent_version": __version__,
        "problem": repr(problem),
        "rule": "; ".join(repr(item) for item in rules.values()),
        "epochs": end,
        "learning_rate": rate,
        **{name: int(value) if isinstance(value, bool) else value for name, value in options.items()},
        "rtol": tolerance,
        **({} if problem.output_activation == "linear" and not online else {"samples": count, "seed": seed}),
        **({"samples_per_epoch": samples_per_epoch} if online else {}),
        **({} if threshold is None else {"stop_below": threshold}),
    }
    return labelled(found, times, list(rules) if several else None, problem.trials, _DIMS, settings, "macroscopic")


def macroscopic_student(
    problem: Problem,
    plasticity: Plasticity,
    trial: int,
    variance: Array,
    samples: int = 4096,
    seed: int = 0,
    *,
    output_error: str = "delta",
    preserve_norms: bool = False,
    terms: int = TERMS,
    noise: float | None = None,
) -> MacroscopicStudent:
    """One student's vector field.

    Args:
        problem: as in `macroscopic`.
        plasticity: as there.
        trial: which student.
        variance: of every input, (M,).
        samples: of the fields behind an output that is not linear.
        seed: of these.
        output_error: as there.
        preserve_norms: as there.
        terms: as there.
        noise: η/P of a student that learns online, None of one whose steps are small.

    Returns:
        The student at its initial weights.

    Raises:
        InputError: too many groups of inputs, more than one of a student that learns online, or a layer of zeros that
            is to keep its norm.
    """
    teacher = problem.teacher
    assert teacher is not None
    student, teacher = (w.trial(trial) if w.trials else w for w in (problem.student, teacher))
    if preserve_norms:
        require_norms(student.hidden, student.readout)
    strengths = plasticity.strengths(problem.student.sizes)
    # Inputs are alike where all that acts on them is: variance and strengths.
    kinds, kind = np.unique(np.vstack([variance, strengths.hidden]), axis=1, return_inverse=True)
    if kinds.shape[1] > MOST_GROUPS:
        raise InputError(
            f"inputs may have at most {MOST_GROUPS} different combinations of variance and strengths, got "
            f"{kinds.shape[1]}; train a student of that many samples instead"
        )
    groups = [np.flatnonzero(kind.ravel() == k) for k in range(kinds.shape[1])]
    hidden, theirs, group = reduced(student.hidden, teacher.hidden, groups)
    shared: dict[str, Any] = {
        "readout": student.readout,
        "teacher_readout": teacher.readout,
        "readout_strengths": strengths.readout,
        "activation": problem.activation,
        "output_activation": problem.output_activation,
        "output_error": output_error,
        "preserve_norms": preserve_norms,
        "terms": terms,
    }
    if noise is not None:
        if len(groups) > 1:
            raise InputError(
                f"samples_per_epoch needs inputs that are alike, with one variance and one strength a neuron, got "
                f"{len(groups)} groups of them"
            )
        return online_student(hidden, theirs, kinds[0, 0], kinds[1:, 0], noise * len(variance), samples, seed, **shared)
    return MacroscopicStudent(
        hidden=hidden,
        teacher_hidden=theirs,
        variances=kinds[0, group],
        hidden_strengths=kinds[1:, group],
        fields=None if problem.output_activation == "linear" else sampled_fields(samples, hidden.shape[1], seed),
        **shared,
    )


def _refuse(problem: Problem, rules: Mapping[str, Plasticity], samples: int, *, sampled: bool) -> None:
    require_two_layers(problem, "the macroscopic equations average over its inputs")
    assert problem.teacher is not None
    drives = problem.student.n_hidden + problem.teacher.n_hidden
    averages = TERMS * problem.student.n_hidden
    fields = 3 * samples if sampled else 0
    memory.require(f"averages over {drives} neurons", 4 * 8 * drives * (averages + fields) * len(rules))


def _variances(given: ArrayLike, inputs: int) -> Array:
    variance = validation.finite_array("input_variance", given, ndim=(0, 1))
    if variance.ndim:
        validation.shape("input_variance", variance, (inputs,), "one per input")
    if (variance <= 0).any():
        raise InputError(f"input_variance must be positive, got {variance.min():g}")
    return np.broadcast_to(variance, (inputs,))


def _follow(
    student: MacroscopicStudent,
    epochs: Array,
    end: float,
    rate: float,
    threshold: float | None,
    rtol: float,
    max_evaluations: int,
) -> dict[str, Any]:
    """Integrate one student to the end."""
    path, out = followed(
        student.velocity, student.error, student.start, epochs, end, rate, threshold, rtol, max_evaluations
    )
    there = path[np.isfinite(path).all(1)]
    if student.fields is None and len(there):
        # Drives may have become steeper on the way.
        require_accuracy(student.activation, student.overlaps(student.layers(there[-1])[0]), student.terms)
    return out | _observed(student, path)


def _observed(student: MacroscopicStudent, path: Array) -> dict[str, Array]:
    """What is recorded, from states (epochs, weights)."""
    n, k = len(student.hidden), len(student.teacher_hidden)
    out = {
        "error": np.full(len(path), np.nan),
        "hidden_norm": np.full((len(path), n), np.nan),
        "readout_weights": np.full((len(path), *student.readout.shape), np.nan),
        "student_overlap": np.full((len(path), n, n), np.nan),
        "teacher_overlap": np.full((len(path), n, k), np.nan),
    }
    for number, flat in enumerate(path):
        if not np.isfinite(flat).all():
            continue
        hidden, readout = student.layers(flat)
        overlaps = student.overlaps(hidden)[:n]
        out["error"][number] = student.error(flat)
        out["hidden_norm"][number] = np.sqrt((hidden**2).sum(1))
        out["readout_weights"][number] = readout
        out["student_overlap"][number], out["teacher_overlap"][number] = overlaps[:, :n], overlaps[:, n:]
    return out


_DIMS: Mapping[str, Sequence[str]] = {
    "error": ("epoch",),
    "hidden_norm": ("epoch", "hidden"),
    "readout_weights": ("epoch", "output", "hidden"),
    "student_overlap": ("epoch", "hidden", "other"),
    "teacher_overlap": ("epoch", "hidden", "teacher"),
}
