"""What of a cell's history is kept, and the shape it has in the dataset."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.learning.censoring import NEVER


@dataclass(frozen=True)
class Keep:
    """Which results of a cell go into the store. Everything is per trial; `trial` is a dimension of the dataset.

    Args:
        final_errors: training and test error after the last epoch.
        error_curves: both errors at every recorded epoch.
        epochs_to: thresholds; the first recorded epoch below each.
        never: what stands for "not within the run": "nan", or "last", the last epoch, as in the paper. Stores of
            earlier versions hold "last" and are continued with it.
        maximum_error: the largest error over the recorded epochs (the paper's figure 4).
        order_parameter: q over that many last epochs; see `curldescent.analysis.order_parameter_of`. 0 for none; the
            paper takes 1000.
        lambda_min: the lowest eigenvalue of the stability matrix K that the theory predicts for the cell's sizes and
            flips, of large linear networks, at its teacher.
        weights: final weights of the student, padded with NaN to the largest network of the grid.

    Raises:
        InputError: a value of the wrong type, or nothing kept at all.

    Example:
        >>> Keep(epochs_to=[1e-3]).names
        ('final_train_error', 'final_test_error', 'epochs_to_train', 'epochs_to_test')
    """

    _: KW_ONLY
    final_errors: bool = True
    error_curves: bool = False
    epochs_to: Sequence[float] = ()
    never: str = "nan"
    maximum_error: bool = False
    order_parameter: int = 0
    lambda_min: bool = False
    weights: bool = False

    def __post_init__(self) -> None:
        for name in ("final_errors", "error_curves", "maximum_error", "lambda_min", "weights"):
            object.__setattr__(self, name, validation.boolean(f"keep.{name}", getattr(self, name)))
        given: object = self.epochs_to
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise InputError(f"keep.epochs_to must be a list of thresholds, got {validation.shown(given)}")
        thresholds = tuple(validation.positive("a threshold of keep.epochs_to", value) for value in given)
        if len(set(thresholds)) < len(thresholds):
            raise InputError(f"keep.epochs_to has a threshold twice, got {validation.shown(list(given))}")
        object.__setattr__(self, "epochs_to", thresholds)
        validation.choice("keep.never", self.never, NEVER)
        window = validation.integer("keep.order_parameter", self.order_parameter, minimum=0, maximum=100_000)
        if window == 1:
            raise InputError("keep.order_parameter needs at least 2 epochs (or 0 for none), got 1")
        object.__setattr__(self, "order_parameter", window)
        if not self.names:
            raise InputError("keep must keep something; every entry is off")

    @property
    def names(self) -> tuple[str, ...]:
        """The dataset's variables, besides `diverged_at` and `stopped_at`, which are always kept."""
        pairs = {
            "final_{}_error": self.final_errors,
            "{}_error": self.error_curves,
            "epochs_to_{}": bool(self.epochs_to),
            "maximum_{}_error": self.maximum_error,
        }
        names = [name.format(part) for name, kept in pairs.items() if kept for part in ("train", "test")]
        names += ["q", "q_hidden", "q_readout"] if self.order_parameter else []
        names += ["predicted_lambda_min"] if self.lambda_min else []
        names += ["student_hidden", "student_readout"] if self.weights else []
        return tuple(names)

    def as_json(self) -> dict[str, Any]:
        """Plain data for the plan."""
        plain = {**asdict(self), "epochs_to": list(self.epochs_to)}
        # Plans of earlier versions do not have the word: they mean "last", and nothing where nothing is counted.
        if self.never == "last" or not self.epochs_to:
            del plain["never"]
        return plain

    def description(self, name: str) -> str:
        """What a variable is."""
        described = VARIABLES[name][1]
        if name.startswith("epochs_to_"):
            described += ", NaN if never" if self.never == "nan" else ", the last epoch if never"
        return described


ALWAYS = ("diverged_at", "stopped_at")

# variable → its dimensions after the grid's axes, and what it is
VARIABLES: dict[str, tuple[tuple[str, ...], str]] = {
    "final_train_error": (("trial",), "training error ½⟨‖ŷ − y‖²⟩ after the last epoch"),
    "final_test_error": (("trial",), "test error ½⟨‖ŷ − y‖²⟩ after the last epoch"),
    "train_error": (("trial", "epoch"), "training error ½⟨‖ŷ − y‖²⟩"),
    "test_error": (("trial", "epoch"), "test error ½⟨‖ŷ − y‖²⟩"),
    "epochs_to_train": (("trial", "threshold"), "first recorded epoch with a training error below the threshold"),
    "epochs_to_test": (("trial", "threshold"), "first recorded epoch with a test error below the threshold"),
    "maximum_train_error": (("trial",), "largest recorded training error"),
    "maximum_test_error": (("trial",), "largest recorded test error"),
    "q": (("trial",), "order parameter over all weights"),
    "q_hidden": (("trial",), "order parameter over the hidden weights"),
    "q_readout": (("trial",), "order parameter over the readout weights"),
    "predicted_lambda_min": ((), "predicted lowest eigenvalue of K"),
    "student_hidden": (("trial", "hidden_neuron", "input_neuron"), "final hidden weights W1"),
    "student_readout": (("trial", "output_neuron", "hidden_neuron"), "final readout weights W2"),
    "diverged_at": (("trial",), "epoch of divergence, −1 for none"),
    "stopped_at": (("trial",), "epoch at which the trial was stopped early, −1 for none"),
}
