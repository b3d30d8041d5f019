"""What is to be learned: a student, its targets, and the inputs they share."""

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import representation, validation
from curldescent.foundation.errors import InputError
from curldescent.model import activations, forward, losses
from curldescent.model.activations import Activation
from curldescent.model.data_used import DataUsed
from curldescent.model.losses import Loss
from curldescent.model.weights import Weights

Array = NDArray[np.float64]

# What a student may be moved away from its teacher by.
NOISES = ("gaussian", "constant")


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A student, what it should learn, and the inputs, with shapes checked once here.

    The student computes ŷ = φ_out(W2 φ(W1 x)), or with as many layers as its weights have; φ follows every layer but
    the last. Targets are either a teacher's outputs (same φ and φ_out, any number of layers) or given. Inputs are
    shared by all trials; weights and targets may have a trial axis, and what has none is the same in every trial.

    Args:
        inputs: training inputs, (P, M), one sample a row.
        student: initial `Weights`.
        teacher: `Weights` of the network that makes the targets; its hidden layers may differ in size and number.
        targets: training targets in place of a teacher, (P, O) or (T, P, O).
        test_inputs: (P_test, M), or None for no test error.
        test_targets: (P_test, O) or (T, P_test, O), where `targets` are given.
        activation: φ, one of "linear", "tanh", "relu", "sigmoid", "erf", "gelu", "softplus", or an activation of one's
            own, from `curldescent.activation`.
        output_activation: φ_out, the same choices and "softmax"; by default φ, as in the paper's simulations.
        loss: what `train` records and the rules descend: "squared", ½‖ŷ − y‖²; "cross_entropy", of softmax, linear
            (taken as logits) or sigmoid outputs; or a function of JAX, (output (O,), target (O,)) → scalar.
        data: which columns of a table the inputs and targets are, where `from_data` made them; it changes no number.

    Raises:
        InputError: shapes that do not fit, NaN or infinite values, an unknown activation, both or neither of
            teacher and targets.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> rng = np.random.default_rng(0)
        >>> student = cd.Weights(hidden=rng.normal(size=(4, 3)), readout=rng.normal(size=(1, 4)))
        >>> x = rng.normal(size=(20, 3))
        >>> cd.Problem(inputs=x, targets=x[:, :1] * x[:, 1:2], student=student, activation="tanh")
        Problem(tanh → tanh, inputs=3, hidden=4, outputs=1, train=20, test=0, trials=1, targets given)
    """

    _: KW_ONLY
    inputs: Array
    student: Weights
    teacher: Weights | None = None
    targets: Array | None = None
    test_inputs: Array | None = None
    test_targets: Array | None = None
    activation: str | Activation = "linear"
    output_activation: str | Activation = field(default=cast(str, None))
    loss: Loss = field(default=cast(Loss, "squared"))
    data: DataUsed | None = None

    def __post_init__(self) -> None:
        self._set("activation", activations.checked("activation", self.activation))
        self._set("output_activation", self.activation if self.output_activation is None else self.output_activation)
        self._set("output_activation", activations.checked("output_activation", self.output_activation, output=True))
        self._set("loss", losses.checked("loss", self.loss))
        for name in ("student", "teacher"):
            value = getattr(self, name)
            if not isinstance(value, Weights) and not (name == "teacher" and value is None):
                raise InputError(f"{name} must be cd.Weights(hidden=…, readout=…), got {type(value).__name__}")
        if self.data is not None and not isinstance(self.data, DataUsed):
            raise InputError(f"data must be what from_data says of its table, got {type(self.data).__name__}")
        self.loss.check(self.output_activation, self.student.n_outputs)
        self._check_inputs("inputs")
        if self.test_inputs is not None:
            self._check_inputs("test_inputs")
        if (self.teacher is None) == (self.targets is None):
            raise InputError(
                "give either teacher or targets, " + ("got neither" if self.teacher is None else "got both")
            )
        if self.teacher is None:
            self._check_targets("targets", self.inputs)
            if (self.test_inputs is None) != (self.test_targets is None):
                raise InputError(
                    "test_inputs and test_targets go together where targets are given, got only one of them"
                )
            if self.test_inputs is not None:
                self._check_targets("test_targets", self.test_inputs)
        else:
            if self.test_targets is not None:
                raise InputError("test_targets go with targets; with a teacher they follow from test_inputs")
            theirs = (self.teacher.n_inputs, self.teacher.n_outputs)
            ours = (self.student.n_inputs, self.student.n_outputs)
            if theirs != ours:
                raise InputError(f"teacher must have the student's inputs and outputs, (M, O) = {ours}, got {theirs}")
        counts = {name: count for name, count in self._trial_axes().items() if count is not None}
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
            raise InputError(f"every trial axis must have the same length, got {listed}")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_inputs(self, name: str) -> None:
        array = validation.finite_array(name, getattr(self, name), ndim=2)
        validation.shape(name, array, (len(array), self.student.n_inputs), "(samples, the student's inputs)")
        self._set(name, array)

    def _check_targets(self, name: str, inputs: Array) -> None:
        array = validation.finite_array(name, getattr(self, name), ndim=(2, 3))
        expected = (*array.shape[:-2], len(inputs), self.student.n_outputs)
        validation.shape(name, array, expected, "(samples, the student's outputs)")
        self._set(name, array)

    def _trial_axes(self) -> dict[str, int | None]:
        def leading(array: Array | None) -> int | None:
            return None if array is None or array.ndim == 2 else array.shape[0]

        return {
            "student": self.student.trials,
            "teacher": None if self.teacher is None else self.teacher.trials,
            "targets": leading(self.targets),
            "test_targets": leading(self.test_targets),
        }

    @property
    def trials(self) -> int:
        """T, the number of trials; 1 where nothing has a trial axis."""
        return next((count for count in self._trial_axes().values() if count is not None), 1)

    @property
    def n_train(self) -> int:
        """P, the number of training samples."""
        return len(self.inputs)

    def train_outputs(self) -> Array:
        """The targets of the training samples, (T, P, O) or (1, P, O) where all trials share them."""
        return self._outputs(self.inputs, self.targets)

    def test_outputs(self) -> Array | None:
        """The targets of the test samples, (T, P_test, O) or (1, P_test, O); None without test inputs."""
        return None if self.test_inputs is None else self._outputs(self.test_inputs, self.test_targets)

    def _outputs(self, inputs: Array, given: Array | None) -> Array:
        if self.teacher is not None:
            given = forward.outputs(inputs, self.teacher.layers, self.activation, self.output_activation)
        assert given is not None
        return given if given.ndim == 3 else given[None]

    def starting_at_teacher(
        self, *, hidden_noise: float = 0.0, readout_noise: float = 0.0, noise: str = "gaussian", seed: int = 0
    ) -> "Problem":
        """The same problem with the student placed at its teacher, a zero-error solution, or a small step away.

        Args:
            hidden_noise: size of the noise added to every weight but those of the last layer.
            readout_noise: the same for the last layer.
            noise: "gaussian", whose standard deviation the size is, or "constant": the size itself is added to every
                weight, the paper's way.
            seed: of Gaussian noise.

        Returns:
            A new `Problem`; the inputs and the teacher are this one's.

        Raises:
            InputError: there is no teacher, or an unknown kind of noise.

        Source: the starting points of the paper's figures 3b and 4.
        """
        if self.teacher is None:
            raise InputError("starting_at_teacher needs a problem with a teacher; this one has targets")
        validation.choice("noise", noise, NOISES)
        rng = np.random.default_rng(validation.integer("seed", seed, minimum=0))
        last = self.teacher.depth - 1
        noises = {
            name: validation.positive(name, noise, zero=True)
            for name, noise in (("hidden_noise", hidden_noise), ("readout_noise", readout_noise))
        }
        return self.with_student(
            Weights(
                [
                    layer
                    + noises["readout_noise" if number == last else "hidden_noise"]
                    * (1.0 if noise == "constant" else rng.standard_normal(layer.shape))
                    for number, layer in enumerate(self.teacher.layers)
                ]
            )
        )

    def with_student(self, student: Weights) -> "Problem":
        """The same problem with another student.

        Args:
            student: its initial weights, of any depth, with this problem's inputs and outputs.

        Returns:
            A new `Problem`.

        Raises:
            InputError: weights that do not fit.

        Example:
            >>> import curldescent as cd
            >>> problem = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=10)
            >>> problem.with_student(problem.teacher.trial(0)).student
            Weights(inputs=3, hidden=4, outputs=1)
        """
        return replace(self, student=student)

    def trial(self, number: int) -> "Problem":
        """One trial of the problem, as a problem without a trial axis.

        Args:
            number: which.

        Returns:
            A new `Problem`. Its sample orders are those of a first trial, not of this one.

        Raises:
            InputError: a trial that does not exist.
        """
        number = validation.integer("trial", number, minimum=0, maximum=self.trials - 1)

        def own(weights: Weights | None) -> Weights | None:
            return weights if weights is None or weights.trials is None else weights.trial(number)

        def given(array: Array | None) -> Array | None:
            return array if array is None or array.ndim == 2 else array[number]

        student = own(self.student)
        assert student is not None
        return replace(
            self,
            student=student,
            teacher=own(self.teacher),
            targets=given(self.targets),
            test_targets=given(self.test_targets),
        )

    def __repr__(self) -> str:
        s = self.student
        hidden = "–".join(map(str, s.sizes[1:-1]))
        between = f"hidden={hidden}, " if hidden else ""
        loss = "" if self.loss == losses.SQUARED else f"loss={self.loss}, "
        n_test = 0 if self.test_inputs is None else len(self.test_inputs)
        taught = "targets given" if self.teacher is None else "teacher"
        if self.data is not None:
            names = (validation.listed(columns, 3) for columns in (self.data.targets, self.data.inputs))
            taught = "targets {} from {}".format(*names)
        return (
            f"Problem({self.activation} → {self.output_activation}, inputs={s.n_inputs}, {between}"
            f"outputs={s.n_outputs}, {loss}train={self.n_train}, test={n_test}, trials={self.trials}, "
            f"{taught})"
        )

    def _repr_html_(self) -> str:
        s = self.student
        n_test = 0 if self.test_inputs is None else len(self.test_inputs)
        inner = "x"
        for number in range(1, s.depth + 1):
            inner = f"W{number} {inner}" if number == 1 else f"W{number} φ({inner})"
        neurons = " → ".join(map(str, s.sizes))
        if s.depth == 2:
            neurons = f"M = {s.n_inputs} inputs, N = {s.n_hidden} hidden, O = {s.n_outputs} output"
        taught = "" if self.teacher is None else f"of a teacher with {self.teacher.n_hidden} hidden neurons"
        rows = [
            ("student", f"ŷ = φ_out({inner}), φ {self.activation}, φ_out {self.output_activation}"),
            ("neurons", neurons),
            *((("compression ratio", f"c = M/N = {s.n_inputs / s.n_hidden:.3g}"),) if s.depth == 2 else ()),
            *((("loss", str(self.loss)),) if self.loss != losses.SQUARED else ()),
            ("samples", f"P = {self.n_train} for training, {n_test} for testing"),
            ("targets", taught or "given"),
            ("trials", str(self.trials)),
            *(() if self.data is None else self.data.rows()),
        ]
        return representation.html_table("Problem", rows)
