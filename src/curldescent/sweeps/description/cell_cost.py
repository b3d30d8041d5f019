"""How much arithmetic and memory a cell takes: enough to order cells and to refuse the largest, no measure of time."""

from collections.abc import Mapping, Sequence
from typing import Any

from curldescent.foundation.errors import InputError
from curldescent.sweeps.description.settings import CellArguments, Settings


def operations(resolved: CellArguments) -> float:
    """Multiplications of a cell's training, to within a factor: updates × samples × synapses × trials.

    Args:
        resolved: the cell's arguments.

    Returns:
        The number, with a constant per update so that small networks are not free.
    """
    problem, training = resolved.student_teacher, resolved.training
    batch = training["batch_size"] or problem["n_train"]
    synapses = problem["n_hidden"] * (problem["n_inputs"] + problem["n_outputs"])
    return float(resolved.updates) * problem["trials"] * (batch * synapses + 1000)


def work_estimate(settings: Settings, cell: Mapping[str, Any]) -> float:
    """The multiplications of a cell with these values; 1 for a cell that will fail."""
    try:
        return operations(settings.resolved(cell))
    except InputError:
        return 1.0


def recorded_epochs(resolved: CellArguments) -> int:
    """How many epochs are recorded at most, without listing them."""
    record = resolved.training["record"]
    if record is None:
        return 100
    return record if isinstance(record, int) else len(record) if isinstance(record, Sequence) else 1


def memory_bytes(settings: Settings, resolved: CellArguments) -> int:
    """Bytes that computing a cell takes at most, to within a factor: weights, samples, histories.

    Args:
        settings: what all cells share.
        resolved: the cell's arguments.

    Returns:
        The estimate.
    """
    p = resolved.student_teacher
    synapses = p["n_hidden"] * (p["n_inputs"] + p["n_outputs"])
    samples = (p["n_train"] + p["n_test"]) * (p["n_inputs"] + p["n_outputs"] * p["trials"])
    # Teacher, student, the engine's copies, running statistics; targets of hidden layers while they are sampled.
    copies = 16 if settings.keep.order_parameter else 8
    hidden = p["trials"] * (p["n_train"] + p["n_test"]) * p["n_hidden"]
    # Curves of both errors, in the history and in what is kept of it; final weights likewise.
    curves = 6 * p["trials"] * recorded_epochs(resolved)
    covariance = 3 * p["n_inputs"] ** 2 if isinstance(p["covariance"], list) else 0
    return 8 * (copies * p["trials"] * synapses + 3 * samples + hidden + curves + covariance)
