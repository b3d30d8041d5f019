"""One trial of a problem under a rule as a field: a `Network` where the rule is a signed gradient."""

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.jax_network import JaxNetwork
from curldescent.learning.fields.problem_velocity import problem_velocity
from curldescent.learning.rules.contract import LearningRule
from curldescent.model import forward
from curldescent.model.activations import of
from curldescent.model.losses import CONVENTIONS, CROSS_ENTROPY, SQUARED
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem


def problem_field(
    problem: Problem,
    rule: Plasticity | LearningRule,
    trial: int = 0,
    *,
    output_error: str = "delta",
    preserve_norms: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
) -> Field:
    """See `curldescent.field`: a `Network`, or where the rule is no signed gradient the velocity of the layers."""
    validation.choice("output_error", output_error, CONVENTIONS)
    validation.integer("trial", trial, minimum=0, maximum=problem.trials - 1)
    norms = validation.boolean("preserve_norms", preserve_norms)
    if batch_size is not None:
        validation.integer("batch_size", batch_size, minimum=1)
    if isinstance(rule, Plasticity) and rule.feedback is None and not norms and _has_potential(problem, output_error):
        return problem_network(problem, rule, trial, output_error=output_error, batch_size=batch_size)
    if batch_size is not None:
        raise InputError(
            "batch_size is for fields that are a signed gradient of a loss; this one takes all samples at once, as "
            f"rules with feedback and preserved norms do, got {validation.shown(batch_size)}"
        )
    options: dict[str, Any] = {"output_error": output_error, "preserve_norms": preserve_norms, "seed": seed}
    return problem_velocity(problem, rule, trial, **options)[0]


def problem_network(
    problem: Problem, rule: Plasticity, trial: int, *, output_error: str, batch_size: int | None = None
) -> JaxNetwork:
    """The student of one trial with the loss that its rule descends, with signs.

    With the delta rule that is the matching loss, ∫φ_out(z) dz − y z of the drive z of each output; outputs are then
    the drives. docs/analysis.md.
    """
    drives = output_error == "delta" or problem.loss == CROSS_ENTROPY
    names = problem.student.names

    def model(weights: Any, x: Any) -> Any:
        last = "linear" if drives else problem.output_activation
        return forward.outputs(x, [weights[name] for name in names], problem.activation, last, jnp)

    made = JaxNetwork(
        model,
        _student(problem, trial),
        problem.inputs,
        _of_trial(problem.train_outputs(), trial),
        strengths=dict(zip(names, rule.strengths(problem.student.sizes), strict=True)),
        loss=_loss(problem, output_error),
        batch_size=batch_size,
        dtype="float64",
    )
    made.axes = dict.fromkeys(names, 1)  # layers are (post, pre)
    return made


def _has_potential(problem: Problem, output_error: str) -> bool:
    """Whether the error signal is the gradient of a loss that is known."""
    if output_error != "delta" or problem.output_activation == "linear" or problem.loss == CROSS_ENTROPY:
        return True
    return problem.loss == SQUARED and of(problem.output_activation).integral is not None


def _loss(problem: Problem, output_error: str) -> Any:
    """The loss of what the network returns: of drives for the delta rule and the cross-entropy, of outputs else."""
    loss, output = problem.loss, problem.output_activation
    if loss == CROSS_ENTROPY:
        return lambda z, y: loss.of_samples(z, y, output, jnp)
    if output_error == "delta" and output != "linear":
        return lambda z, y: of(output).matching(z, y, jnp)
    return "squared" if loss == SQUARED else loss.function


def trial_fields(problem: Problem, rule: Plasticity | LearningRule, **options: Any) -> Iterator[Field]:
    """Every trial's field in turn; they share what is compiled. Options as in `problem_field`."""
    first = problem_field(problem, rule, **options)
    if not isinstance(first, JaxNetwork):
        yield from (problem_field(problem, rule, trial, **options) for trial in range(problem.trials))
        return
    targets = problem.train_outputs()
    for trial in range(problem.trials):
        yield first.at(_student(problem, trial)).with_targets(_of_trial(targets, trial))


def _student(problem: Problem, trial: int) -> dict[str, NDArray[np.float64]]:
    student = problem.student
    return {
        name: layer if student.trials is None else layer[trial]
        for name, layer in zip(student.names, student.layers, strict=True)
    }


def _of_trial(targets: NDArray[np.float64], trial: int) -> NDArray[np.float64]:
    return np.asarray(targets[trial % len(targets)])
