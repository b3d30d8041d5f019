"""One trial of a problem under a rule as a field: a `Network` where the rule is a signed gradient."""

from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.learning.experiment import OUTPUT_ERRORS
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.jax_network import JaxNetwork
from curldescent.learning.fields.problem_velocity import problem_velocity
from curldescent.model import forward as layers
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

# Losses ℓ(z, y) with ∂ℓ/∂z = φ_out(z) − y: what the delta rule, e = ŷ − y, descends. Each is ∫φ_out − y z, and adding
# nothing else leaves the field as it is.
_INTEGRAL: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: 0.5 * z * z,
    "tanh": lambda z: jnp.logaddexp(z, -z),
    "relu": lambda z: 0.5 * jnp.maximum(z, 0) ** 2,
    "sigmoid": lambda z: jnp.logaddexp(z, 0.0),
}


def problem_field(
    problem: Problem,
    rule: Plasticity,
    trial: int = 0,
    *,
    output_error: str = "delta",
    preserve_norms: bool = False,
    batch_size: int | None = None,
    seed: int = 0,
) -> Field:
    """See `curldescent.field`: a `Network`, or where the rule is no signed gradient the velocity of the layers."""
    validation.choice("output_error", output_error, OUTPUT_ERRORS)
    validation.integer("trial", trial, minimum=0, maximum=problem.trials - 1)
    if rule.feedback is None and not validation.boolean("preserve_norms", preserve_norms):
        return problem_network(problem, rule, trial, output_error=output_error, batch_size=batch_size)
    options: dict[str, Any] = {"output_error": output_error, "preserve_norms": preserve_norms, "seed": seed}
    return problem_velocity(problem, rule, trial, **options)[0]


def problem_network(
    problem: Problem, rule: Plasticity, trial: int, *, output_error: str, batch_size: int | None = None
) -> JaxNetwork:
    """The student of one trial with the loss that its rule descends, with signs.

    With the delta rule that is the matching loss, ∫φ_out(z) dz − y z of the drive z of each output; outputs are then
    the drives. docs/analysis.md.
    """
    delta = output_error == "delta"
    integral = _INTEGRAL[problem.output_activation]

    def model(weights: Any, x: Any) -> Any:
        last = "linear" if delta else problem.output_activation
        return layers.outputs(x, weights["hidden"], weights["readout"], problem.activation, last, jnp)[1]

    student = problem.student
    strengths = rule.strengths(n_inputs=student.n_inputs, n_hidden=student.n_hidden, n_outputs=student.n_outputs)
    matching = delta and problem.output_activation != "linear"
    return JaxNetwork(
        model,
        _student(problem, trial),
        problem.inputs,
        _of_trial(problem.train_outputs(), trial),
        strengths={"hidden": strengths.hidden, "readout": strengths.readout},
        loss=(lambda z, y: jnp.sum(integral(z) - y * z)) if matching else "squared",
        batch_size=batch_size,
        dtype="float64",
    )


def trial_fields(problem: Problem, rule: Plasticity, **options: Any) -> Iterator[Field]:
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
    lead = () if student.trials is None else (trial,)
    return {"hidden": student.hidden[lead], "readout": student.readout[lead]}


def _of_trial(targets: NDArray[np.float64], trial: int) -> NDArray[np.float64]:
    return np.asarray(targets[trial if len(targets) > 1 else 0])
