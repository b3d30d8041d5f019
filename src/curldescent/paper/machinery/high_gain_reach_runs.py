"""Runs of how far the high-gain start carries: its parts, free norms, linear students, Adam, a second hidden layer."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.model.high_gain import HIDDEN_SHARE, READOUT_SHARE, high_gain_start
from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.model.weights import Weights
from curldescent.paper.machinery import controls, speedup_protocol, to_threshold
from curldescent.paper.machinery.high_gain_runs import GAIN, SAMPLES

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem

# Input sets that no other figure has.
FIRST_SEED = 720
RULES: Mapping[str, Plasticity] = {"GD": Plasticity(), "CD": Plasticity(readout=0.1)}


def _own_shares(weights: Weights) -> tuple[float, float]:
    """What the first neuron of a single student has of both layers' squared norms."""
    hidden, readout = weights.hidden[0] ** 2, weights.readout[0] ** 2
    return float(hidden[0].sum() / hidden.sum()), float(readout[:, 0].sum() / readout.sum())


def large_readout(weights: Weights) -> Weights:
    """The readout of the high-gain start, input weights as they are."""
    return high_gain_start(weights, hidden_share=_own_shares(weights)[0])


def small_inputs(weights: Weights) -> Weights:
    """The input weights of the high-gain start, the readout as it is."""
    return high_gain_start(weights, readout_share=_own_shares(weights)[1])


def mirrored(weights: Weights) -> Weights:
    """Shares swapped: large inputs, a small readout; of relu neurons the same function as at the high-gain start."""
    return high_gain_start(weights, hidden_share=READOUT_SHARE, readout_share=HIDDEN_SHARE)


def others_kept(weights: Weights) -> Weights:
    """The first neuron as at the high-gain start, the others as they are: the layers' norms are not."""
    there = high_gain_start(weights)
    hidden, readout = weights.hidden.copy(), weights.readout.copy()
    hidden[:, 0], readout[..., 0] = there.hidden[:, 0], there.readout[..., 0]
    return Weights([hidden, readout])


def smaller_output(weights: Weights) -> Weights:
    """All readouts smaller, so that Σ w_i²‖W_i‖², the size of the output, is that of the high-gain start."""
    there = high_gain_start(weights)

    def size(of: Weights) -> float:
        return float((of.readout[0] ** 2 * (of.hidden[0] ** 2).sum(1)).sum())

    return Weights([weights.hidden, weights.readout * np.sqrt(size(there) / size(weights))])


def chain(weights: Weights) -> Weights:
    """One high-gain neuron in every hidden layer, each fed by the one before."""
    layers = list(weights.layers)
    for depth in range(2, len(layers) + 1):
        layers[:depth] = high_gain_start(Weights(layers[:depth])).layers
    return Weights(layers)


# What follows a rule's name in the name of an arm, and the weights it starts from.
STARTS: Mapping[str, Callable[[Weights], Weights]] = {
    "": lambda weights: weights,
    GAIN: high_gain_start,
    ", large readout": large_readout,
    ", small inputs": small_inputs,
    ", mirrored": mirrored,
    ", others kept": others_kept,
    ", smaller output": smaller_output,
    " from a chain": chain,
}


def raced(
    *,
    sets: int,
    epochs: int,
    activation: str,
    output_activation: str,
    student_scale: float,
    threshold: float,
    preserve_norms: bool,
    rules: Sequence[str],
    starts: Sequence[str],
    adam: bool,
) -> "xr.Dataset":
    """Epochs to the threshold from several starts, on the protocol of the speed-up, one student an input set.

    Args:
        sets: how many.
        epochs: the most a run gets.
        activation: of hidden neurons.
        output_activation: of outputs.
        student_scale: s.
        threshold: the error that counts as learned.
        preserve_norms: rescale both layers after every update.
        rules: of `RULES`.
        starts: of `STARTS`.
        adam: Adam's direction in place of the gradient; the step is the protocol's, 5e-4 an update.

    Returns:
        Arms, a rule's name and a start's together, as `controls.arms_dataset`; trials are input sets.
    """
    problems = [
        student_teacher(
            n_inputs=speedup_protocol.INPUTS,
            n_hidden=speedup_protocol.HIDDEN,
            activation=activation,
            output_activation=output_activation,
            n_train=SAMPLES,
            n_test=0,
            student_scale=student_scale,
            seed=FIRST_SEED + seed,
        )
        for seed in range(sets)
    ]
    more: dict[str, Any] = {}
    if adam:
        import optax

        more["transform"] = optax.scale_by_adam()
    return started(
        problems, rules, starts, epochs, threshold, speedup_protocol.BATCH, preserve_norms=preserve_norms, **more
    )


def started(
    problems: "Sequence[Problem]",
    rules: Sequence[str],
    starts: Sequence[str],
    epochs: int,
    threshold: float,
    batch: int,
    **more: Any,
) -> "xr.Dataset":
    """Every rule from every start, on problems of one student each.

    Args:
        problems: one an input set.
        rules: of `RULES`.
        starts: of `STARTS`.
        epochs: the most a run gets.
        threshold: the error that counts as learned.
        batch: b.
        more: arguments of `train`.

    Returns:
        Arms, a rule's name and a start's together, as `controls.arms_dataset`; trials are problems.
    """
    found = {}
    for start in starts:
        needed, reached = [], []
        for problem in problems:
            there = problem.with_student(STARTS[start](problem.student))
            named = {rule: RULES[rule] for rule in rules}
            history = to_threshold.trained(there, named, epochs, threshold, batch_size=batch, **more).isel(trial=0)
            needed.append(history.needed.clip(min=1).values)
            reached.append(history.reached.values)
        for number, rule in enumerate(rules):
            found[rule + start] = ([n[number] for n in needed], [r[number] for r in reached])
    return controls.arms_dataset(found)
