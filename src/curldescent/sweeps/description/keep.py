"""What of a cell's history is kept, and the shape it has in the dataset."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any

from curldescent.foundation import quantities, validation
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

    def attributes(self, name: str, *, loss: str = "squared") -> dict[str, str]:
        """What a variable is, and its unit; errors are means of a loss."""
        if name in ("student_hidden", "student_readout"):
            layer = name.removeprefix("student_")
            return quantities.weights(layer, 1 if layer == "hidden" else 2, when="final")
        found = quantities.attributes(name, loss=loss)
        if name.startswith("epochs_to_"):
            found["long_name"] += ", NaN if never" if self.never == "nan" else ", the last epoch if never"
        return found


ALWAYS = ("diverged_at", "stopped_at")

# variable → its dimensions after the grid's axes
VARIABLES: dict[str, tuple[str, ...]] = {
    "final_train_error": ("trial",),
    "final_test_error": ("trial",),
    "train_error": ("trial", "epoch"),
    "test_error": ("trial", "epoch"),
    "epochs_to_train": ("trial", "threshold"),
    "epochs_to_test": ("trial", "threshold"),
    "maximum_train_error": ("trial",),
    "maximum_test_error": ("trial",),
    "q": ("trial",),
    "q_hidden": ("trial",),
    "q_readout": ("trial",),
    "predicted_lambda_min": (),
    "student_hidden": ("trial", "hidden_neuron", "input_neuron"),
    "student_readout": ("trial", "output_neuron", "hidden_neuron"),
    "diverged_at": ("trial",),
    "stopped_at": ("trial",),
}
