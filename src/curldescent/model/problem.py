"""What is to be learned: a student, its targets, and the inputs they share."""

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import representation, validation
from curldescent.foundation.errors import InputError
from curldescent.model import forward
from curldescent.model.data_used import DataUsed

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of a two-layer network, for one trial or for several.

    Args:
        hidden: W1, (N, M): row i holds the synapses from the M inputs onto hidden neuron i. With a leading trial
            axis (T, N, M).
        readout: W2, (O, N), or (T, O, N): row k holds the synapses from the N hidden neurons onto output k.

    Raises:
        InputError: not numeric, not finite, or the two layers do not fit each other.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> cd.Weights(hidden=np.ones((3, 5)), readout=np.ones((1, 3)))
        Weights(inputs=5, hidden=3, outputs=1)
    """

    hidden: Array
    readout: Array

    def __init__(self, hidden: ArrayLike, readout: ArrayLike) -> None:
        object.__setattr__(self, "hidden", validation.finite_array("hidden weights", hidden, ndim=(2, 3)))
        object.__setattr__(self, "readout", validation.finite_array("readout weights", readout, ndim=(2, 3)))
        if self.hidden.ndim != self.readout.ndim or self.hidden.shape[:-2] != self.readout.shape[:-2]:
            raise InputError(
                "hidden and readout weights must both have the same trial axis or both have none, "
                f"got shapes {self.hidden.shape} and {self.readout.shape}"
            )
        if self.readout.shape[-1] != self.n_hidden:
            raise InputError(
                f"readout weights must have one column per hidden neuron, (O, {self.n_hidden}), "
                f"got shape {self.readout.shape}"
            )

    @property
    def n_inputs(self) -> int:
        """M."""
        return self.hidden.shape[-1]

    @property
    def n_hidden(self) -> int:
        """N."""
        return self.hidden.shape[-2]

    @property
    def n_outputs(self) -> int:
        """O."""
        return self.readout.shape[-2]

    @property
    def trials(self) -> int | None:
        """Length of the trial axis, or None where there is none."""
        return self.hidden.shape[0] if self.hidden.ndim == 3 else None

    def __repr__(self) -> str:
        trials = "" if self.trials is None else f"trials={self.trials}, "
        return f"Weights({trials}inputs={self.n_inputs}, hidden={self.n_hidden}, outputs={self.n_outputs})"


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A student, what it should learn, and the inputs, with shapes checked once here.

    The student computes ŷ = φ_out(W2 φ(W1 x)). Targets are either a teacher's outputs (same φ and φ_out) or given.
    Inputs are shared by all trials; weights and targets may have a trial axis, and what has none is the same in
    every trial.

    Args:
        inputs: training inputs, (P, M), one sample a row.
        student: initial `Weights`.
        teacher: `Weights` of the network that makes the targets; its hidden layer may differ in size.
        targets: training targets in place of a teacher, (P, O) or (T, P, O).
        test_inputs: (P_test, M), or None for no test error.
        test_targets: (P_test, O) or (T, P_test, O), where `targets` are given.
        activation: φ, "linear", "tanh", "relu" or "sigmoid".
        output_activation: φ_out, the same choices; by default φ, as in the paper's simulations.
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
    activation: str = "linear"
    output_activation: str = field(default=cast(str, None))
    data: DataUsed | None = None

    def __post_init__(self) -> None:
        validation.choice("activation", self.activation, forward.ACTIVATIONS)
        self._set("output_activation", self.activation if self.output_activation is None else self.output_activation)
        validation.choice("output_activation", self.output_activation, forward.ACTIVATIONS)
        for name in ("student", "teacher"):
            value = getattr(self, name)
            if not isinstance(value, Weights) and not (name == "teacher" and value is None):
                raise InputError(f"{name} must be cd.Weights(hidden=…, readout=…), got {type(value).__name__}")
        if self.data is not None and not isinstance(self.data, DataUsed):
            raise InputError(f"data must be what from_data says of its table, got {type(self.data).__name__}")
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
            _, given = forward.outputs(
                inputs, self.teacher.hidden, self.teacher.readout, self.activation, self.output_activation
            )
        assert given is not None
        return given if given.ndim == 3 else given[None]

    def starting_at_teacher(self, *, hidden_noise: float = 0.0, readout_noise: float = 0.0, seed: int = 0) -> "Problem":
        """The same problem with the student placed at its teacher, a zero-error solution, or a small step away.

        Args:
            hidden_noise: standard deviation of Gaussian noise added to every hidden weight.
            readout_noise: the same for the readout weights.
            seed: of that noise.

        Returns:
            A new `Problem`; the inputs and the teacher are this one's.

        Raises:
            InputError: there is no teacher.

        Source: the starting points of the paper's figures 3b and 4.
        """
        if self.teacher is None:
            raise InputError("starting_at_teacher needs a problem with a teacher; this one has targets")
        rng = np.random.default_rng(validation.integer("seed", seed, minimum=0))
        layers = []
        for layer, name, noise in (
            (self.teacher.hidden, "hidden_noise", hidden_noise),
            (self.teacher.readout, "readout_noise", readout_noise),
        ):
            layers.append(layer + validation.positive(name, noise, zero=True) * rng.standard_normal(layer.shape))
        return replace(self, student=Weights(*layers))

    def __repr__(self) -> str:
        s = self.student
        n_test = 0 if self.test_inputs is None else len(self.test_inputs)
        taught = "targets given" if self.teacher is None else "teacher"
        if self.data is not None:
            names = (validation.listed(columns, 3) for columns in (self.data.targets, self.data.inputs))
            taught = "targets {} from {}".format(*names)
        return (
            f"Problem({self.activation} → {self.output_activation}, inputs={s.n_inputs}, hidden={s.n_hidden}, "
            f"outputs={s.n_outputs}, train={self.n_train}, test={n_test}, trials={self.trials}, "
            f"{taught})"
        )

    def _repr_html_(self) -> str:
        s = self.student
        n_test = 0 if self.test_inputs is None else len(self.test_inputs)
        taught = "" if self.teacher is None else f"of a teacher with {self.teacher.n_hidden} hidden neurons"
        rows = [
            ("student", f"ŷ = φ_out(W2 φ(W1 x)), φ {self.activation}, φ_out {self.output_activation}"),
            ("neurons", f"M = {s.n_inputs} inputs, N = {s.n_hidden} hidden, O = {s.n_outputs} output"),
            ("compression ratio", f"c = M/N = {s.n_inputs / s.n_hidden:.3g}"),
            ("samples", f"P = {self.n_train} for training, {n_test} for testing"),
            ("targets", taught or "given"),
            ("trials", str(self.trials)),
            *(() if self.data is None else self.data.rows()),
        ]
        return representation.html_table("Problem", rows)
