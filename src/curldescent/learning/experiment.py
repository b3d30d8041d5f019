"""An experiment with every choice resolved to arrays: what an engine needs and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.number_range import frobenius
from curldescent.model.activations import BUILT_IN, Activation, of
from curldescent.model.losses import CONVENTIONS, SQUARED, Loss
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.model.realised import warn_unrealised
from curldescent.model.signatures import Signature

Array = NDArray[np.float64]

# A weight beyond this is a diverged trial. It leaves room for the error, which holds the fourth power of weights,
# to stay a finite number: a run is called diverged before its error overflows.
DIVERGENCE_BOUND = {"float64": 1e50, "float32": 1e9}

if TYPE_CHECKING:
    from curldescent.learning.rules.contract import LearningRule

    Rule = Plasticity | LearningRule


@dataclass(frozen=True, eq=False)
class Experiment:
    """Problem, rules and update settings as plain arrays; R rules, T trials, any number of layers.

    Attributes:
        inputs: (P, M).
        targets: (T, P, O) or (1, P, O).
        test_inputs: (P_test, M), or None.
        test_targets: (T, P_test, O) or (1, P_test, O), or None.
        layers: initial weights, each (T, post, pre).
        strengths: S of every layer, each (R, post, pre).
        feedback: B of every layer but the first, each (R, T, pre, post); zeros for rules that backpropagate.
        aligned: which rules use B, (R,).
        activation, output_activation, output_error, preserve_norms, loss: the static choices of
            `rules.signed_gradient.Convention`.
        batch: b.
        learning_rate: η, the total step of an epoch.
        seed: of the sample orders (and of a sampled B).
        kinds: of every rule, the `LearningRule` that it is; None for a `Plasticity`, a signed gradient.
        transform: an optax transformation of the updates, or a function of the trial's number that returns one.
        first_trial: what number the first of these trials has in the run they are part of.
    """

    inputs: Array
    targets: Array
    test_inputs: Array | None
    test_targets: Array | None
    layers: tuple[Array, ...]
    strengths: tuple[Array, ...]
    feedback: tuple[Array, ...]
    aligned: NDArray[np.bool_]
    activation: str | Activation
    output_activation: str | Activation
    output_error: str
    preserve_norms: bool
    batch: int
    learning_rate: float
    seed: int
    loss: Loss = SQUARED
    kinds: "tuple[LearningRule | None, ...]" = ()
    transform: Any = None
    first_trial: int = 0

    def part(self, start: int, stop: int) -> "Experiment":
        """The same experiment with only the trials from `start` to before `stop`; each learns as in the whole."""
        tests = self.test_targets
        return replace(
            self,
            targets=self.targets if len(self.targets) == 1 else self.targets[start:stop],
            test_targets=tests if tests is None or len(tests) == 1 else tests[start:stop],
            layers=tuple(layer[start:stop] for layer in self.layers),
            feedback=tuple(b[:, start:stop] for b in self.feedback),
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
            strengths=tuple(s[which] for s in self.strengths),
            feedback=tuple(b[which] for b in self.feedback),
            aligned=self.aligned[which],
            kinds=tuple(self.kinds[rule] for rule in listed),
        )

    def targets_of(self, trial: int, *, test: bool = False) -> Array:
        """The targets of one trial, (P, O)."""
        given = self.test_targets if test else self.targets
        assert given is not None
        return given[trial % len(given)]

    @property
    def hidden(self) -> Array:
        """Initial W1 of two-layer students, (T, N, M)."""
        return self._two(self.layers)[0]

    @property
    def readout(self) -> Array:
        """Initial W2 of two-layer students, (T, O, N)."""
        return self._two(self.layers)[1]

    @property
    def hidden_strengths(self) -> Array:
        """S of W1, (R, N, M)."""
        return self._two(self.strengths)[0]

    @property
    def readout_strengths(self) -> Array:
        """S of W2, (R, O, N)."""
        return self._two(self.strengths)[1]

    def _two(self, values: tuple[Array, ...]) -> tuple[Array, ...]:
        assert len(values) == 2, "only two-layer students have a hidden layer and a readout"
        return values

    @cached_property
    def norms(self) -> Array:
        """The layers' Frobenius norms at the start, (T, layers)."""
        return np.stack([frobenius(layer) for layer in self.layers], axis=1)

    @property
    def sizes(self) -> tuple[int, ...]:
        """M, the sizes of the hidden layers, O."""
        return (self.inputs.shape[1], *(layer.shape[1] for layer in self.layers))

    @property
    def synapses(self) -> int:
        """Weights of one student."""
        return sum(layer[0].size for layer in self.layers)

    @property
    def outputs(self) -> int:
        """O."""
        return self.layers[-1].shape[1]

    @property
    def own_functions(self) -> bool:
        """Whether a function of the user's is part of what is computed: what it closes over may change between runs."""
        activations = [of(self.activation), of(self.output_activation)]
        update = getattr(self.transform, "update", self.transform)
        return (
            self.loss.function is not None
            or any(BUILT_IN.get(activation.name) is not activation for activation in activations)
            or any(kind is not None and not kind.built_in for kind in self.kinds)
            or (update is not None and not str(getattr(update, "__module__", "")).startswith("optax."))
        )

    @property
    def rules(self) -> int:
        """R."""
        return len(self.aligned)

    @property
    def trials(self) -> int:
        """T."""
        return len(self.layers[0])

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
    rules: "Sequence[Rule]",
    *,
    learning_rate: float,
    batch_size: int | None,
    preserve_norms: bool,
    output_error: str,
    seed: int,
    transform: Any = None,
) -> Experiment:
    """Resolve and check everything an engine needs.

    Args:
        problem: student, targets, inputs.
        rules: one or more plasticities or other learning rules.
        learning_rate: η.
        batch_size: b; None for the full batch.
        preserve_norms: whether all layers keep their initial Frobenius norms.
        output_error: "delta" or "mse".
        seed: of sample orders and sampled feedback.
        transform: an optax transformation of the updates, or a function of the trial's number that returns one.

    Returns:
        The `Experiment`.

    Raises:
        InputError: a value out of range, or a rule that does not fit the problem.
    """
    student, trials = problem.student, problem.trials
    plasticities = [plasticity_of(rule) for rule in rules]
    kinds = tuple(None if isinstance(rule, Plasticity) else rule for rule in rules)
    for kind in kinds:
        if kind is not None:
            kind.check(student.depth, problem.loss.name)
    strengths = [plasticity.resolved(student.sizes) for plasticity in plasticities]
    seed = validation.integer("seed", seed, minimum=0)
    feedback = [rule.feedback_matrices(student.sizes, trials=trials, seed=seed) for rule in plasticities]
    unused = tuple(np.zeros((trials, layer.shape[-1], layer.shape[-2])) for layer in student.layers[1:])
    validation.boolean("preserve_norms", preserve_norms)
    if transform is not None:
        from curldescent.learning.transforms import check

        check(transform, tuple(layer.shape[-2:] for layer in student.layers))
    return Experiment(
        inputs=problem.inputs,
        targets=problem.train_outputs(),
        test_inputs=problem.test_inputs,
        test_targets=problem.test_outputs(),
        layers=tuple(np.broadcast_to(layer, (trials, *layer.shape[-2:])) for layer in student.layers),
        strengths=tuple(np.stack(layer) for layer in zip(*strengths, strict=True)),
        feedback=tuple(np.stack(layer) for layer in zip(*(unused if b is None else b for b in feedback), strict=True)),
        aligned=np.array([b is not None for b in feedback]),
        activation=problem.activation,
        output_activation=problem.output_activation,
        output_error=validation.choice("output_error", output_error, CONVENTIONS),
        preserve_norms=bool(preserve_norms),
        batch=_batch(batch_size, problem.n_train),
        learning_rate=validation.positive("learning_rate", learning_rate),
        seed=seed,
        loss=problem.loss,
        kinds=kinds,
        transform=transform,
    )


def _batch(batch_size: int | None, samples: int) -> int:
    if batch_size is None:
        return samples
    batch = validation.integer("batch_size", batch_size, minimum=1)
    if batch > samples:
        raise InputError(f"batch_size must be at most the {samples} training samples, got {batch}; None is full batch")
    return batch


def plasticity_of(rule: "Rule") -> Plasticity:
    """The strengths of a rule: itself where it is a `Plasticity`, or those that multiply another rule's changes."""
    return rule if isinstance(rule, Plasticity) else rule.plasticity


def named_rules(rule: object, problem: Problem) -> "tuple[dict[str, Rule], bool]":
    """Rules by name, and whether several were asked for (so that the history gets a rule axis).

    Accepts one rule, a mapping from names to them, or a sequence of them, named by their labels: what they come to in
    the problem's students. A function is a rule of one's own. Warns of fractions that come to no flip.
    """
    several = True
    named: dict[str, Any]
    if isinstance(rule, Mapping):
        named = {str(name): _rule(item) for name, item in rule.items()}
    elif isinstance(rule, Sequence) and not isinstance(rule, str):
        named = {}
        for item in map(_rule, rule):
            named[_unused_name(realised_label(item, problem), named)] = item
    else:
        given = _rule(rule)
        named, several = {given.label: given}, False
    if not named:
        raise InputError("rule must be a cd.Plasticity, or several; got none")
    for name, item in named.items():
        layers = plasticity_of(item).realised(problem.student.sizes).layers
        warn_unrealised(layers, of=f" plasticity of {name!r}" if several else " plasticity")
    return named, several


def _rule(given: Any) -> "Rule":
    """One rule as a user gives it. Only what is no `Plasticity` needs the module of the others, which imports JAX."""
    if isinstance(given, Plasticity):
        return given
    if not isinstance(given, type) and (callable(given) or hasattr(given, "plasticity")):
        from curldescent.learning.rules.contract import LearningRule, rule_of

        found = rule_of(given)
        if isinstance(found, LearningRule):
            return found
    got = f"the class {given.__name__}, not one of it" if isinstance(given, type) else type(given).__name__
    if isinstance(given, Signature):
        got = "a cd.Signature, of which cd.Plasticity.of(signature, problem.student.sizes) makes one"
    raise InputError(
        "rule must be a cd.Plasticity, a rule of cd.rules or a function of what a synapse sees, or several as a list "
        f"or dict; got {got}"
    )


def realised_label(rule: "Rule", problem: Problem) -> str:
    """A rule's label with what it comes to in the problem's students."""
    return rule.realised_label(problem.student.sizes) if isinstance(rule, Plasticity) else rule.label


def realised_text(rules: "Mapping[str, Rule]", problem: Problem, *, several: bool) -> str:
    """What every rule comes to in the problem's students, in words: what a history says of it."""
    found = {name: str(plasticity_of(rule).realised(problem.student.sizes)) for name, rule in rules.items()}
    return " | ".join(f"{name}: {text}" if several else text for name, text in found.items())


def _unused_name(label: str, taken: Mapping[str, object]) -> str:
    name, count = label, 1
    while name in taken:
        count += 1
        name = f"{label} #{count}"
    return name
