"""What the variables of labelled results are called and measured in: the one place that names them.

Dimensionless is "1". Time is learning rate × epochs, and rates are per unit of it. Words and flags count as "1".
"""

from typing import Any, TypeVar

TIME = "learning rate × epochs"
_ERROR = "error ½⟨‖ŷ − y‖²⟩"

# Name → what it is, and its unit.
_NAMES: dict[str, tuple[str, str]] = {
    # dimensions
    "trial": ("student, with its own teacher or targets", "1"),
    "rule": ("learning rule", "1"),
    "epoch": ("finished epochs", "epochs"),
    "time": ("time", TIME),
    "threshold": ("error that is to be reached", "1"),
    # runs
    "train_error": (f"training {_ERROR}", "1"),
    "test_error": (f"test {_ERROR}", "1"),
    "diverged": ("whether the trial diverged", "1"),
    "diverged_at": ("epoch of divergence, −1 for none", "epochs"),
    "stopped_at": ("epoch of early stopping, −1 for none", "epochs"),
    "outputs": ("outputs ŷ", "1"),
    "output": ("output neuron", "1"),
    "accuracy": ("share of test samples whose largest output is the right class", "1"),
    "final_train_error": (f"training {_ERROR} after the last epoch", "1"),
    "final_test_error": (f"test {_ERROR} after the last epoch", "1"),
    "maximum_train_error": ("largest recorded training error", "1"),
    "maximum_test_error": ("largest recorded test error", "1"),
    "epochs_to_train": ("first recorded epoch with a training error below the threshold", "epochs"),
    "epochs_to_test": ("first recorded epoch with a test error below the threshold", "epochs"),
    "q": ("order parameter over all weights", "1"),
    "q_hidden": ("order parameter over the hidden weights", "1"),
    "q_readout": ("order parameter over the readout weights", "1"),
    # theory
    "stable": ("whether nothing grows", "1"),
    "lambda_min": ("lowest eigenvalue of the stability matrix", "1"),
    "predicted_lambda_min": ("predicted lowest eigenvalue of K", "1"),
    "ratio": ("compression ratio M/N", "1"),
    "fraction": ("flipped fraction of the layer", "1"),
    "hidden_fraction": ("flipped fraction of the inputs' synapses", "1"),
    "readout_fraction": ("flipped fraction of the hidden neurons' synapses", "1"),
    "critical_ratio": ("ratio at which stability ends", "1"),
    "critical_fraction": ("flipped fraction of the hidden neurons' synapses at which stability ends", "1"),
    # axes of sweeps
    "status": ("whether the cell is finished", "1"),
    "n_inputs": ("inputs M", "1"),
    "n_hidden": ("hidden neurons N", "1"),
    "n_outputs": ("outputs O", "1"),
    "total": ("inputs and hidden neurons", "1"),
    "n_train": ("training samples", "1"),
    "n_test": ("test samples", "1"),
    "activation": ("activation of the hidden neurons", "1"),
    "output_activation": ("activation of the outputs", "1"),
    "loss": ("loss", "1"),
    "student_scale": ("scale of the students' weights", "1"),
    "teacher_scale": ("scale of the teachers' weights", "1"),
    "distribution": ("distribution of the weights", "1"),
    "at": ("where the students begin", "1"),
    "hidden_noise": ("noise on the hidden weights at the start", "1"),
    "readout_noise": ("noise on the readout weights at the start", "1"),
    "noise": ("kind of noise at the start", "1"),
    "normalise_teacher": ("whether the teachers are normalised", "1"),
    "hidden": ("flipped fraction of the inputs' synapses", "1"),
    "readout": ("flipped fraction of the hidden neurons' synapses", "1"),
    "layers": ("flips, layer by layer", "1"),
    "hidden_flips": ("flipped inputs", "1"),
    "readout_flips": ("flipped hidden neurons", "1"),
    "flips": ("which side the flipped neurons are on", "1"),
    "feedback": ("what carries the error back", "1"),
    "feedback_scale": ("scale of the sampled feedback", "1"),
    "epochs": ("epochs of training", "epochs"),
    "learning_rate": ("total step of one epoch", "1"),
    "batch_size": ("samples in a batch", "1"),
    "preserve_norms": ("whether every layer keeps its norm", "1"),
    "output_error": ("convention of the output's error signal", "1"),
    "stop_below": ("error below which a trial is stopped", "1"),
    "engine": ("engine", "1"),
    "seed": ("seed", "1"),
}
# What means something of its own in one kind of result.
_OF: dict[str, dict[str, tuple[str, str]]] = {
    "flow": {
        "diverged_at": ("time of divergence, NaN for none", TIME),
        "stopped_at": ("time of early stopping, NaN for none", TIME),
        "status": ("how the run ended", "1"),
        "evaluations": ("evaluations of the velocity", "1"),
        "invariant_drift": ("largest relative change of a conserved quantity", "1"),
    },
    "macroscopic": {
        "error": (f"{_ERROR} over all inputs", "1"),
        "epoch": ("epochs", "epochs"),
        "hidden_norm": ("norm of a hidden neuron's input weights", "1"),
        "readout_weights": ("readout weights W2", "1"),
        "student_overlap": ("covariance of drives of two hidden neurons, Q", "1"),
        "teacher_overlap": ("covariance of drives of a hidden neuron and one of the teacher, R", "1"),
        "stopped_at": ("epoch at which the error fell to the threshold, NaN for none", "epochs"),
        "diverged_at": ("epoch of divergence, NaN for none", "epochs"),
        "status": ("how the run ended", "1"),
        "evaluations": ("evaluations of the velocity", "1"),
    },
    "excess_nonlinearity": {
        "error": ("error of the nonlinear part, of student and teacher", "1"),
        "epoch": ("epochs", "epochs"),
        "hidden_norm": ("norm of a hidden neuron's input weights", "1"),
        "readout_weights": ("readout weights W2", "1"),
        "stopped_at": ("epoch at which the error fell to the threshold, NaN for none", "epochs"),
        "diverged_at": ("epoch of divergence, NaN for none", "epochs"),
        "status": ("how the run ended", "1"),
        "evaluations": ("evaluations of the velocity", "1"),
    },
    "scores": {
        "target": ("target", "1"),
        "error": ("loss of the students after the last epoch", "1"),
        "baseline_error": ("loss of the training targets' mean", "1"),
        "rmse": ("root mean square error", "units of the target"),
        "r2": ("R², share of the targets' variance that is explained", "1"),
        "baseline_rmse": ("root mean square error of the training targets' mean", "units of the target"),
        "accuracy": ("share of samples whose largest output is the right class", "1"),
        "baseline_accuracy": ("share of samples of the commonest class of the training targets", "1"),
    },
    "epochs": {
        "count": ("runs", "1"),
        "censored": ("runs that never got there", "1"),
        "restricted_mean": ("mean epochs needed up to the horizon", "epochs"),
        "standard_error": ("standard error of the restricted mean", "epochs"),
        "median": ("median epochs needed", "epochs"),
        "horizon": ("last epoch that any run was watched at", "epochs"),
    },
    "Stability": {
        "verdict": ("verdict on what grows around the parameters", "1"),
        "lambda_min": ("smallest eigenvalue of the signed tangent kernel", "1/time"),
        "lambda_max": ("largest eigenvalue of the signed tangent kernel", "1/time"),
        "margin": ("smallest eigenvalue over the kernel's scale", "1"),
        "n_unstable": ("growing directions", "1"),
        "residual": ("root mean square of ∂ℓ/∂f", "1"),
        "reason": ("why it is undecided", "1"),
    },
    "FlipMargins": {
        "present": ("smallest eigenvalue of the signed tangent kernel as it is", "1/time"),
        "error": ("what rounding may have moved the eigenvalues by", "1/time"),
        "lambda_min": ("smallest eigenvalue with the neuron's sign changed", "1/time"),
        "effect": ("change of the smallest eigenvalue", "1/time"),
        "first_order": ("the same to first order", "1/time"),
        "flipped": ("whether the neuron is flipped now", "1"),
    },
    "StableFlips": {
        "size": ("flipped neurons", "1"),
        "bound": ("neurons that no stable set is larger than", "1"),
        "gap": ("how many more a stable set might have", "1"),
        "candidates": ("neurons to choose from", "1"),
    },
    "JacobianSpectrum": {
        "growth": ("largest real part of the Jacobian's eigenvalues", "1/time"),
        "speed": ("‖F‖", "1/time"),
        "residual_share": ("share of the residual term in the Jacobian", "1"),
        "method": ("how the eigenvalues were found", "1"),
    },
    "Regime": {
        "label": ("regime", "1"),
        "onset": ("when the run had left its start", TIME),
        "time": ("length of the run", TIME),
        "reason": ("why it has the label", "1"),
    },
    "Exponents": {
        "status": ("how the run ended", "1"),
        "final_loss": ("loss where the run ended", "1"),
        "values": ("Lyapunov exponents", "1/time"),
        "low": ("lower end of the exponents' 95 % interval", "1/time"),
        "high": ("upper end of the exponents' 95 % interval", "1/time"),
        "blocks": ("exponents of consecutive blocks", "1/time"),
        "trace": ("running estimate of the exponents", "1/time"),
        "block_correlation": ("correlation of neighbouring blocks", "1"),
        "times": ("end of the block", TIME),
    },
    "followed": {
        "exponent": ("Lyapunov exponents", "1/time"),
        "low": ("lower end of the exponents' 95 % interval", "1/time"),
        "high": ("upper end of the exponents' 95 % interval", "1/time"),
        "state": ("where the run ended", "1"),
        "status": ("how the run ended", "1"),
        "value": ("value of the swept parameter", "1"),
    },
    "Circulation": {
        "verdict": ("verdict on curl", "1"),
        "value": ("circulation ∮ F·dθ", "1/time"),
        "error": ("numerical error of the circulation", "1/time"),
        "work": ("∮ |F·dθ|", "1/time"),
        "reason": ("what the verdict rests on", "1"),
    },
    "CurlShare": {
        "antisymmetric": ("antisymmetric share of the Jacobian ‖A‖²/‖J‖²", "1"),
        "low": ("lower end of the share's interval", "1"),
        "high": ("upper end of the share's interval", "1"),
        "norm": ("‖J‖ in the Frobenius norm", "1/time"),
    },
}

Labelled = TypeVar("Labelled")


def attributes(name: str, *, of: str = "", loss: str = "squared") -> dict[str, str]:
    """What a variable of this name is, and its unit, as attributes of xarray; empty for names that are the user's own.

    Args:
        name: of the variable.
        of: the kind of result, where the name means something of its own there.
        loss: whose mean the errors are.

    Example:
        >>> attributes("epoch")
        {'long_name': 'finished epochs', 'units': 'epochs'}
    """
    found = _OF.get(of, {}).get(name) or _NAMES.get(name)
    if found is None:
        return {}
    meaning = found[0] if loss == "squared" else found[0].replace(_ERROR, f"mean loss ({loss})")
    return {"long_name": meaning, "units": found[1]}


def weights(layer: str, number: int, *, when: str = "") -> dict[str, str]:
    """The same of a layer's weights.

    Example:
        >>> weights("hidden", 1, when="final")["long_name"], weights("layer3", 3)["long_name"]
        ('final hidden weights W1', 'layer 3 weights W3')
    """
    called = layer if layer in ("hidden", "readout") else f"layer {layer.removeprefix('layer')}"
    return {"long_name": " ".join(filter(None, (when, called, f"weights W{number}"))), "units": "1"}


def labelled(data: Labelled, *, of: str = "", quantity: str | None = None, loss: str = "squared") -> Labelled:
    """A dataset or an array whose variables and coordinates say what they are; what they say already stays.

    Args:
        data: an `xarray.Dataset` or `xarray.DataArray`, changed in place.
        of: the kind of result.
        quantity: what an array is; its name by default.
        loss: whose mean its errors are.

    Returns:
        The data itself.
    """
    given: Any = data
    own = given.data_vars if hasattr(given, "data_vars") else {quantity or given.name: given}
    for name, variable in (*own.items(), *given.coords.items()):
        variable.attrs = {**attributes(str(name), of=of, loss=loss), **variable.attrs}
    return data
