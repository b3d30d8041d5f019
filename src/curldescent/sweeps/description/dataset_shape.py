"""The shape of a sweep's dataset, known from the plan alone: no cell has to be read for it."""

import itertools
from typing import Any

import numpy as np

from curldescent.foundation import quantities
from curldescent.sweeps.description.grid import Axis
from curldescent.sweeps.description.keep import ALWAYS, VARIABLES
from curldescent.sweeps.description.sweep import Sweep


def variables(sweep: Sweep) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    """Variable → (dimensions after the grid's axes, attributes: what it is, and its unit)."""
    problem = sweep.settings.student_teacher
    names = [*sweep.settings.keep.names, *ALWAYS]
    if problem.get("n_test") == 0:
        names = [name for name in names if "test" not in name]
    # Where losses are an axis, errors are means of different ones.
    loss = problem.get("loss", "one for each cell")
    return {name: (VARIABLES[name], sweep.settings.keep.attributes(name, loss=loss)) for name in names}


def dimensions(sweep: Sweep) -> dict[str, int]:
    """Length of every dimension that comes after the grid's axes; networks count with their largest size."""
    settings = sweep.settings
    first = settings.resolved(sweep.grid.cell([0] * len(sweep.grid.axes)))
    sizes = {"trial": first.student_teacher["trials"], "threshold": len(settings.keep.epochs_to)}
    if settings.keep.error_curves:
        sizes["epoch"] = len(first.recorded)
    if settings.keep.weights:
        sizes |= _largest(sweep)
    return sizes


def _largest(sweep: Sweep) -> dict[str, int]:
    """Sizes of the largest layers on the grid; only the axes that sizes depend on are walked."""
    names = {"n_inputs", "n_hidden", "n_outputs", "total", "ratio"}
    walked = [range(len(axis)) if names & set(axis.columns) else range(1) for axis in sweep.grid.axes]
    found = [sweep.settings.resolved(sweep.grid.cell(index)).student_teacher for index in itertools.product(*walked)]
    return {
        dimension: max(problem[size] for problem in found)
        for dimension, size in (
            ("hidden_neuron", "n_hidden"),
            ("input_neuron", "n_inputs"),
            ("output_neuron", "n_outputs"),
        )
    }


def coordinates(sweep: Sweep) -> dict[str, Any]:
    """The coordinates: values of plain axes, labels or positions of zipped ones, derived sizes beside them."""
    out: dict[str, Any] = {}
    for axis in sweep.grid.axes:
        out |= _axis_coordinates(axis)
    settings = sweep.settings
    sizes = dimensions(sweep)
    out["trial"] = _described("trial", "trial", np.arange(sizes["trial"]))
    if "epoch" in sizes:
        first = settings.resolved(sweep.grid.cell([0] * len(sweep.grid.axes)))
        out["epoch"] = _described("epoch", "epoch", first.recorded)
    if sizes["threshold"]:
        out["threshold"] = _described("threshold", "threshold", np.array(settings.keep.epochs_to))
    return out | _derived_sizes(sweep)


def _described(name: str, dims: str | tuple[str, ...], values: Any) -> tuple[Any, Any, dict[str, str]]:
    """A coordinate with what it is."""
    return dims, values, quantities.attributes(name)


def _axis_coordinates(axis: Axis) -> dict[str, Any]:
    places = np.array(axis.coordinate)
    if axis.plain or axis.name in axis.columns:
        out: dict[str, Any] = {axis.name: _described(axis.name, axis.name, places)}
    else:  # positions or labels, under a name of the user's own
        out = {axis.name: (axis.name, places, {"long_name": f"place on the axis {axis.name}", "units": "1"})}
    if axis.plain:
        return out
    for parameter, values in axis.columns.items():
        if parameter not in ("rule", axis.name):
            out[parameter] = _described(parameter, axis.name, np.array(values))
    return out


def _derived_sizes(sweep: Sweep) -> dict[str, Any]:
    """n_inputs and n_hidden where they follow from a ratio that is one of the axes."""
    axes = [(i, axis) for i, axis in enumerate(sweep.grid.axes) if {"ratio", "total"} & set(axis.columns)]
    if not axes:
        return {}
    others = {name for axis in sweep.grid.axes for name in axis.columns}
    shape = [len(axis) for _, axis in axes]
    values = {name: np.zeros(shape, dtype=np.int64) for name in ("n_inputs", "n_hidden") if name not in others}
    index = [0] * len(sweep.grid.axes)
    for position in np.ndindex(*shape):
        for (i, _), at in zip(axes, position, strict=True):
            index[i] = at
        problem = sweep.settings.resolved(sweep.grid.cell(index)).student_teacher
        for name, array in values.items():
            array[position] = problem[name]
    # A size that another axis varies is not a function of these axes alone.
    fixed = not {"n_inputs", "n_hidden"} & others
    dims = tuple(axis.name for _, axis in axes)
    return {name: _described(name, dims, array) for name, array in values.items()} if fixed else {}
