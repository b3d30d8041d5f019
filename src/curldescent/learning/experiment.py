"""An experiment with every choice resolved to arrays: what an engine needs and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.number_range import frobenius
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.realised import warn_unrealised

Array = NDArray[np.float64]

# A weight beyond this is a diverged trial. It leaves room for the error, which holds the fourth power of weights,
# to stay a finite number: a run is called diverged before its error overflows.
DIVERGENCE_BOUND = {"float64": 1e50, "float32": 1e9}

OUTPUT_ERRORS = ("delta", "mse")


@dataclass(frozen=True, eq=False)
class Experiment:
    """Problem, rules and update settings as plain arrays; R rules, T trials.

    Attributes:
        inputs: (P, M).
        targets: (T, P, O) or (1, P, O).
        test_inputs: (P_test, M), or None.
        test_targets: (T, P_test, O) or (1, P_test, O), or None.
        hidden: initial W1, (T, N, M).
        readout: initial W2, (T, O, N).
        hidden_strengths: S of W1, (R, N, M).
        readout_strengths: S of W2, (R, O, N).
        feedback: B, (R, T, N, O); zeros for rules that backpropagate.
        aligned: which rules use B, (R,).
        activation, output_activation, output_error, preserve_norms: the static choices of `rule.Convention`.
        batch: b.
        learning_rate: η, the total step of an epoch.
        seed: of the sample orders (and of a sampled B).
        first_trial: what number the first of these trials has in the run they are part of.
    """

    inputs: Array
    targets: Array
    test_inputs: Array | None
    test_targets: Array | None
    hidden: Array
    readout: Array
    hidden_strengths: Array
    readout_strengths: Array
    feedback: Array
    aligned: NDArray[np.bool_]
    activation: str
    output_activation: str
    output_error: str
    preserve_norms: bool
    batch: int
    learning_rate: float
    seed: int
    first_trial: int = 0

    def part(self, start: int, stop: int) -> "Experiment":
        """The same experiment with only the trials from `start` to before `stop`; each learns as in the whole."""
        tests = self.test_targets
        return replace(
            self,
            targets=self.targets if len(self.targets) == 1 else self.targets[start:stop],
            test_targets=tests if tests is None or len(tests) == 1 else tests[start:stop],
            hidden=self.hidden[start:stop],
            readout=self.readout[start:stop],
            feedback=self.feedback[:, start:stop],
            first_trial=self.first_trial + start,
        )

    def of_rules(self, rules: Sequence[int]) -> "Experiment":
        """The same experiment with only some of the rules, by number."""
        listed = list(rules)
        # Neighbours are a view: strengths may be large.
        whole = listed == list(range(listed[0], listed[-1] + 1))
        which = slice(listed[0], listed[-1] + 1) if whole else listed
        return replace(
            self,
            hidden_strengths=self.hidden_strengths[which],
            readout_strengths=self.readout_strengths[which],
            feedback=self.feedback[which],
            aligned=self.aligned[which],
        )

    @property
    def norms(self) -> Array:
        """The layers' Frobenius norms at the start, (T, 2)."""
        return np.stack([frobenius(self.hidden), frobenius(self.readout)], axis=1)

    @property
    def rules(self) -> int:
        """R."""
        return len(self.aligned)

    @property
    def trials(self) -> int:
        """T."""
        return len(self.hidden)

    @property
    def samples(self) -> int:
        """P."""
        return len(self.inputs)

    @property
    def full_batch(self) -> bool:
        """Whether one update sees every sample, so that their order is immaterial."""
        return self.batch == self.samples


def experiment(
    problem: Problem,
    rules: Sequence[Plasticity],
    *,
    learning_rate: float,
    batch_size: int | None,
    preserve_norms: bool,
    output_error: str,
    seed: int,
) -> Experiment:
    """Resolve and check everything an engine needs.

    Args:
        problem: student, targets, inputs.
        rules: one or more plasticities.
        learning_rate: η.
        batch_size: b; None for the full batch.
        preserve_norms: whether both layers keep their initial Frobenius norms.
        output_error: "delta" or "mse".
        seed: of sample orders and sampled feedback.

    Returns:
        The `Experiment`.

    Raises:
        InputError: a value out of range, or a plasticity that does not fit the problem.
    """
    student, trials = problem.student, problem.trials
    sizes = {"n_hidden": student.n_hidden, "n_outputs": student.n_outputs}
    strengths = [rule.resolved(n_inputs=student.n_inputs, **sizes) for rule in rules]
    seed = validation.integer("seed", seed, minimum=0)
    feedback = [rule.feedback_matrices(trials=trials, seed=seed, **sizes) for rule in rules]
    unused = np.zeros((trials, student.n_hidden, student.n_outputs))
    validation.boolean("preserve_norms", preserve_norms)
    return Experiment(
        inputs=problem.inputs,
        targets=problem.train_outputs(),
        test_inputs=problem.test_inputs,
        test_targets=problem.test_outputs(),
        hidden=np.broadcast_to(student.hidden, (trials, *student.hidden.shape[-2:])),
        readout=np.broadcast_to(student.readout, (trials, *student.readout.shape[-2:])),
        hidden_strengths=np.stack([s.hidden for s in strengths]),
        readout_strengths=np.stack([s.readout for s in strengths]),
        feedback=np.stack([unused if b is None else b for b in feedback]),
        aligned=np.array([b is not None for b in feedback]),
        activation=problem.activation,
        output_activation=problem.output_activation,
        output_error=validation.choice("output_error", output_error, OUTPUT_ERRORS),
        preserve_norms=bool(preserve_norms),
        batch=_batch(batch_size, problem.n_train),
        learning_rate=validation.positive("learning_rate", learning_rate),
        seed=seed,
    )


def _batch(batch_size: int | None, samples: int) -> int:
    if batch_size is None:
        return samples
    batch = validation.integer("batch_size", batch_size, minimum=1)
    if batch > samples:
        raise InputError(f"batch_size must be at most the {samples} training samples, got {batch}; None is full batch")
    return batch


def named_rules(rule: object, problem: Problem) -> tuple[dict[str, Plasticity], bool]:
    """Rules by name, and whether several were asked for (so that the history gets a rule axis).

    Accepts one `Plasticity`, a mapping from names to them, or a sequence of them, named by their labels: what they come
    to in the problem's students. Warns of fractions that come to no flip.
    """
    sizes, several = sizes_of(problem), True
    named: dict[str, Any]
    if isinstance(rule, Plasticity):
        named, several = {rule.label: rule}, False
    elif isinstance(rule, Mapping):
        named = {str(name): item for name, item in rule.items()}
    elif isinstance(rule, Sequence) and not isinstance(rule, str):
        named = {}
        for item in rule:
            label = item.realised_label(**sizes) if isinstance(item, Plasticity) else ""
            named[_unused_name(label, named)] = item
    else:
        named = {"": rule}
    if not named:
        raise InputError("rule must be a cd.Plasticity, or several; got none")
    for item in named.values():
        if not isinstance(item, Plasticity):
            raise InputError(f"rule must be a cd.Plasticity, or several as a list or dict; got {type(item).__name__}")
    for name, item in named.items():
        warn_unrealised(item.realised(**sizes).layers, of=f" plasticity of {name!r}" if several else " plasticity")
    return named, several


def sizes_of(problem: Problem) -> dict[str, int]:
    """The layers' sizes as `Plasticity` takes them."""
    student = problem.student
    return {"n_inputs": student.n_inputs, "n_hidden": student.n_hidden, "n_outputs": student.n_outputs}


def realised_text(rules: Mapping[str, Plasticity], problem: Problem, *, several: bool) -> str:
    """What every rule comes to in the problem's students, in words: what a history says of it."""
    found = {name: str(rule.realised(**sizes_of(problem))) for name, rule in rules.items()}
    return " | ".join(f"{name}: {text}" if several else text for name, text in found.items())


def _unused_name(label: str, taken: Mapping[str, object]) -> str:
    name, count = label, 1
    while name in taken:
        count += 1
        name = f"{label} #{count}"
    return name
