"""What an analysis is asked about, as a field: a field as it is, or a problem under a rule."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.fields.field import Field
from curldescent.learning.fields.from_problem import problem_field, trial_fields
from curldescent.learning.fields.network import Network
from curldescent.learning.rules.contract import LearningRule, rule_of
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

# What is chosen when a problem becomes a field, and what it is where nobody says.
_CHOSEN: dict[str, object] = {"trial": 0, "output_error": "delta", "preserve_norms": False, "batch_size": None}


def subject_field(subject: object, rule: object = None, trial: object = 0, **options: Any) -> Field:
    """A field as it is, or one trial of a problem under a rule.

    Args:
        subject: a `Field` or a `Problem`.
        rule: the plasticity of a problem; a field has its own.
        trial: of a problem.
        **options: of a problem, as in `curldescent.field`.

    Returns:
        The `Field`.

    Raises:
        InputError: anything else, a problem without a rule or a field with one or with options, a trial that does not
            exist.
    """
    if isinstance(subject, Field):
        refuse_rule(rule)
        refuse_choices(trial=trial, **options)
        return subject
    problem, kind = with_rule(subject, rule)
    return problem_field(problem, kind, trial, **options)  # type: ignore[arg-type]


def subject_network(subject: object, rule: object = None, trial: object = 0, *, what: str) -> Network:
    """The same for an analysis that needs a signed gradient of a loss; `what` names it in the refusal."""
    return require_network(subject_field(subject, rule, trial), what)


def require_network(field: Field, what: str) -> Network:
    """A field that is a signed gradient of a loss.

    Args:
        field: any.
        what: the analysis that needs it, for the message.

    Returns:
        The field.

    Raises:
        InputError: another field.
    """
    if isinstance(field, Network):
        return field
    raise InputError(
        f"{what} needs a signed gradient of a loss: a cd.Problem with a cd.Plasticity that backpropagates "
        f"(feedback alignment does not), or a cd.analysis.network; got {field!r}"
    )


def subject_fields(subject: object, rule: object, trial: object, **options: Any) -> tuple[Iterator[Field], bool]:
    """The fields that are asked about, and whether they are several.

    Args:
        subject: a `Field` or a `Problem`.
        rule: the plasticity of a problem.
        trial: of a problem; None: every trial of a problem with a trial axis.
        **options: of a problem, as in `curldescent.field`.

    Returns:
        The fields, one a trial; and whether a sequence of results is wanted rather than one.

    Raises:
        InputError: as `subject_field`.
    """
    if isinstance(subject, Problem) and trial is None and has_trial_axis(subject):
        problem, kind = with_rule(subject, rule)
        return trial_fields(problem, kind, **options), True
    return iter([subject_field(subject, rule, 0 if trial is None else trial, **options)]), False


def refuse_rule(rule: object) -> None:
    """Refuse a rule beside a field, which has its own."""
    if rule is not None:
        raise InputError("a network or field has its own strengths and rule: leave rule out, or use with_strengths")


def refuse_choices(**options: object) -> None:
    """Refuse what only a problem leaves to choose beside a field, which is what it is: it would change nothing.

    Args:
        **options: as in `curldescent.field`, by name; those that are as they are by default are not noticed, nor is the
            seed, which analyses have a use of their own for.

    Raises:
        InputError: one that is not.
    """
    for name, default in _CHOSEN.items():
        value = options.get(name, default)
        same = value is default or (np.isscalar(value) and value == default)
        if not same and not (name == "trial" and value is None):
            raise InputError(
                f"{name} is for problems and would change nothing here, got {validation.shown(value)}: a field is made "
                f"already; leave {name} out, or make the field with it, cd.field(problem, rule, …)"
            )


def has_trial_axis(problem: Problem) -> bool:
    """Whether anything of the problem has a trial axis, so that results come one per trial."""
    given = problem.targets is not None and problem.targets.ndim == 3
    return given or any(weights is not None and weights.trials for weights in (problem.student, problem.teacher))


def with_rule(subject: object, rule: object) -> tuple[Problem, Plasticity | LearningRule]:
    """A problem and its rule; a function is a rule of one's own.

    Args:
        subject: a `Problem`.
        rule: a `Plasticity`, a rule of `curldescent.rules`, or a function of what a synapse sees.

    Returns:
        Both.

    Raises:
        InputError: anything else.
    """
    if not isinstance(subject, Problem):
        raise InputError(
            f"expected a cd.Problem with a rule, a cd.field or a cd.analysis.network, got {type(subject).__name__}; "
            "cd.field(function, theta0) and cd.analysis.network(model, params, inputs, targets) make one"
        )
    found = rule_of(rule)
    if not isinstance(found, Plasticity | LearningRule):
        got = "none" if rule is None else type(rule).__name__
        raise InputError(f"a problem needs a rule: a cd.Plasticity or one of cd.rules, got {got}; give rule=…")
    return subject, found
