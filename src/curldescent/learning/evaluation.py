"""What trained students say: their outputs and, for classes, how often they are right."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from curldescent.foundation import quantities, validation
from curldescent.foundation.errors import InputError
from curldescent.model import forward
from curldescent.model.problem import Problem

if TYPE_CHECKING:
    import xarray as xr


def predict(
    problem: Problem, history: "xr.Dataset", inputs: ArrayLike | None = None, *, units: str = "problem"
) -> "xr.DataArray":
    """The trained students' outputs ŷ.

    Args:
        problem: what was trained; gives the activations and the test inputs.
        history: what `curldescent.train` returned for it.
        inputs: samples as rows, (P, M); the problem's test inputs by default.
        units: "problem": inputs and outputs as the students see them, which may be standardised. "data": both in the
            units of the table that `curldescent.from_data` read; the inputs are then in the order of
            `problem.data.input_names`.

    Returns:
        Outputs with dimensions ([rule,] trial, sample, output); NaN for diverged trials. Of a problem from a table,
        `output` says which is which.

    Raises:
        InputError: no inputs given and none in the problem, or of the wrong width; no history with final weights; the
            units of a table for a problem without one.
    """
    import xarray as xr

    check(problem, history)
    validation.choice("units", units, ("problem", "data"))
    data = problem.data
    if units == "data" and data is None:
        raise InputError("units='data' needs a problem of from_data; this one has no table")
    given = inputs is not None
    if inputs is None:
        if problem.test_inputs is None:
            raise InputError("predict needs inputs: this problem has no test inputs")
        inputs = problem.test_inputs
    x = validation.finite_array("inputs", inputs, ndim=2)
    validation.shape("inputs", x, (len(x), problem.student.n_inputs), "(samples, the student's inputs)")
    if units == "data" and given and data is not None and data.input_scaling is not None:
        x = data.input_scaling.apply(x)
    layers = [history[f"student_{name}"] for name in problem.student.names]
    output = forward.outputs(x, [layer.values for layer in layers], problem.activation, problem.output_activation)
    lead = layers[0].dims[:-2]
    coordinates = {str(name): history[name] for name in lead}
    if data is not None and units == "data" and data.target_scaling is not None:
        output = data.target_scaling.undo(output)
    found = xr.DataArray(output, dims=(*lead, "sample", "output"), coords=coordinates)
    if data is not None:
        found = found.assign_coords(output=list(data.target_names))
    return quantities.labelled(found, quantity="outputs")


def check(problem: object, history: object) -> None:
    """Refuse what is no problem, or no history of its students."""
    problem = validation.instance("problem", problem, Problem, "a cd.Problem, from cd.student_teacher or cd.from_data")
    wanted = {f"student_{name}" for name in problem.student.names}
    if not hasattr(history, "data_vars") or not wanted <= set(history.data_vars):
        raise InputError(
            "history must be what cd.train returned, with the students' final weights, got "
            f"{type(history).__name__ if not hasattr(history, 'data_vars') else 'a Dataset without them'}"
        )


def accuracy(problem: Problem, history: "xr.Dataset") -> "xr.DataArray":
    """Share of test samples whose largest output is the right class.

    Args:
        problem: with one-hot targets, as `curldescent.from_data` makes them with `one_hot`.
        history: what `curldescent.train` returned for it.

    Returns:
        Accuracies in [0, 1] with dimensions ([rule,] trial); NaN for diverged trials.

    Raises:
        InputError: the problem has no test samples or its targets are not classes.
    """
    check(problem, history)
    targets = problem.test_outputs()
    if targets is None or not are_classes(problem):
        raise InputError("accuracy needs test samples with one-hot targets, at least two outputs")
    output = predict(problem, history)
    right = output.fillna(0).argmax("output") == targets.argmax(axis=-1)
    diverged = output.isnull().any(("sample", "output"))
    return quantities.labelled(right.mean("sample").where(~diverged), quantity="accuracy")


def are_classes(problem: Problem) -> bool:
    """Whether every target is one class out of several: 1 for its own output and 0 for the others."""
    if problem.student.n_outputs < 2:
        return False
    return all(
        bool(np.isin(targets, (0, 1)).all() and (targets.sum(axis=-1) == 1).all())
        for targets in (problem.train_outputs(), problem.test_outputs())
        if targets is not None
    )
