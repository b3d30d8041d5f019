"""One trial of a problem under a rule as a `Network`."""

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.fields.network import Network, network
from curldescent.model import forward as layers
from curldescent.model.activations import of
from curldescent.model.losses import CONVENTIONS, CROSS_ENTROPY, SQUARED
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem


def problem_network(
    problem: Problem,
    rule: Plasticity,
    trial: int = 0,
    *,
    output_error: str = "delta",
    batch_size: int | None = None,
) -> Network:
    """The student of one trial, as the analyses take it.

    With the delta rule learning descends (with signs) the matching loss, ∫φ_out(z) dz − y z of the drive z of each
    output, and that is the loss of the network returned; outputs are then the drives. docs/analysis.md.

    Args:
        problem: the problem; its student's weights are the parameters, {"hidden": (N, M), "readout": (O, N)}.
        rule: the plasticity; must not use feedback alignment.
        trial: which one.
        output_error: "delta" or "mse", as in `train`.
        batch_size: as in `network`.

    Returns:
        A `Network`.

    Raises:
        InputError: a rule with feedback alignment or one that does not fit, or a trial that does not exist.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=10, n_hidden=20, n_train=50, trials=3)
        >>> cd.analysis.problem_network(problem, cd.Plasticity(readout=0.1), trial=2)
        Network(synapses=220, flipped=2, samples=50, outputs=1)
    """
    require_problem(problem, rule)
    validation.choice("output_error", output_error, CONVENTIONS)
    validation.integer("trial", trial, minimum=0, maximum=problem.trials - 1)
    drives = output_error == "delta" or problem.loss is CROSS_ENTROPY

    def model(weights: Any, x: Any) -> Any:
        last = "linear" if drives else problem.output_activation
        return layers.outputs(x, [weights[name] for name in names], problem.activation, last, jnp)

    student, targets = problem.student, problem.train_outputs()
    names = student.names
    strengths = rule.strengths(student.sizes)
    return network(
        model,
        {name: of_trial(layer, trial, 2) for name, layer in zip(names, student.layers, strict=True)},
        problem.inputs,
        of_trial(targets, trial, 2) if len(targets) > 1 else targets[0],
        strengths=dict(zip(names, strengths, strict=True)),
        loss=_loss(problem, output_error),
        batch_size=batch_size,
    )


def trial_networks(problem: Problem, rule: Plasticity, *, output_error: str = "delta") -> Iterator[Network]:
    """Every trial's network in turn; they share what is compiled.

    Args:
        problem: as in `problem_network`.
        rule: the same.
        output_error: the same.

    Yields:
        One `Network` per trial.

    Raises:
        InputError: as `problem_network`.
    """
    first = problem_network(problem, rule, output_error=output_error)
    targets = problem.train_outputs()
    for trial in range(problem.trials):
        own = zip(problem.student.names, problem.student.layers, strict=True)
        layers_of_trial = {name: of_trial(layer, trial, 2) for name, layer in own}
        yield first.at(layers_of_trial).with_targets(targets[trial] if len(targets) > 1 else targets[0])


def _loss(problem: Problem, output_error: str) -> Any:
    """The loss of what the network returns: of drives for the delta rule and the cross-entropy, of outputs else."""
    loss, output = problem.loss, problem.output_activation
    if loss is CROSS_ENTROPY:
        return lambda z, y: loss.of_samples(z, y, output, jnp)
    if output_error == "delta" and output != "linear":
        if loss is not SQUARED:
            raise InputError(
                f"the delta rule behind {output} outputs descends no loss that is known for the loss {loss}; use "
                "output_error='mse'"
            )
        return lambda z, y: of(output).matching(z, y, jnp)
    return "squared" if loss is SQUARED else loss.function


def require_problem(problem: object, rule: object) -> None:
    """Refuse what is not a problem with a rule whose field is a signed gradient."""
    if not isinstance(problem, Problem):
        raise InputError(
            "expected a cd.Problem or a cd.analysis.network, got "
            f"{type(problem).__name__}; cd.analysis.network(model, params, inputs, targets) makes one"
        )
    if not isinstance(rule, Plasticity):
        got = "none" if rule is None else type(rule).__name__
        raise InputError(f"a problem needs a rule: a cd.Plasticity, got {got}; give rule=cd.Plasticity(…)")
    if rule.feedback is not None:
        raise InputError(
            "the signed tangent kernel describes rules that backpropagate; this one uses feedback alignment, whose "
            "field is not a signed gradient"
        )


def subject_network(subject: object, rule: object = None, trial: object = 0) -> Network:
    """What an analysis of one network is given as a `Network`: one as it is, or a trial of a problem under a rule.

    Args:
        subject: a `Network` or a `Problem`.
        rule: the plasticity of a problem; a network has its own strengths.
        trial: of a problem.

    Returns:
        The `Network`.

    Raises:
        InputError: anything else, a problem without a rule or a network with one, a trial that does not exist.
    """
    if isinstance(subject, Network):
        if rule is not None:
            raise InputError("a network has its own strengths: leave rule out, or use network.with_strengths")
        return subject
    require_problem(subject, rule)
    return problem_network(subject, rule, trial)  # type: ignore[arg-type]


def of_trial(array: NDArray[np.float64], trial: int, ndim: int) -> NDArray[np.float64]:
    """Entry of a leading trial axis, where there is one."""
    return array[trial] if array.ndim > ndim else array
