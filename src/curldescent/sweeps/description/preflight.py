"""What can be known to be wrong with a sweep before any of it runs."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

from curldescent.foundation.errors import InputError
from curldescent.foundation.memory import memory_of_machine
from curldescent.learning.recording import stopping_errors
from curldescent.sweeps.description.arithmetic_work import memory_bytes
from curldescent.sweeps.description.cell_settings import Resolved
from curldescent.sweeps.description.derived_parameters import DERIVED
from curldescent.sweeps.description.realised_flips import warn_of_none
from curldescent.sweeps.description.sweep import Sweep
from curldescent.sweeps.execution.cell import predicted_lambda_min

_SIZES = {"n_inputs", "n_hidden", "n_outputs", "n_train", "batch_size", *DERIVED}
# Sizes are tried in every combination up to this many, then only one axis at a time.
_COMBINATIONS = 20_000


def check(sweep: Sweep) -> None:
    """Refuse a sweep whose cells cannot all run.

    Sizes are derived for every combination; every text and the ends of every range are tried in a real problem and a
    real engine, one axis at a time. What only a combination of other values could break is found when its cell runs,
    and recorded there.

    Args:
        sweep: what is to be run.

    Raises:
        InputError: the first thing found.

    Warns:
        PlasticityWarning: fractions that come to no flip.
    """
    grid, recipe = sweep.grid, sweep.recipe
    sized = [axis for axis in grid.axes if _SIZES & set(axis.columns) or axis.name == "rule"]
    if _product(len(axis) for axis in sized) <= _COMBINATIONS:
        positions = [range(len(axis)) if axis in sized else range(1) for axis in grid.axes]
        for index in itertools.product(*positions):
            recipe.resolved(grid.cell(index))
    for index in _probes(sweep):
        _try(sweep, index)
    warn_of_none(sweep)


def _product(lengths: Iterator[int]) -> int:
    total = 1
    for length in lengths:
        total *= length
    return total


def _probes(sweep: Sweep) -> Iterator[tuple[int, ...]]:
    """The first cell, and cells that differ from it along one axis."""
    zero = [0] * len(sweep.grid.axes)
    yield tuple(zero)
    for number, axis in enumerate(sweep.grid.axes):
        plain_numbers = len(axis.columns) == 1 and all(isinstance(v, int | float) for v in _first_column(axis.columns))
        if plain_numbers:
            values = _first_column(axis.columns)
            positions = {values.index(min(values)), values.index(max(values))}
        else:
            positions = set(range(min(len(axis), 100)))
        for position in sorted(positions - {0}):
            yield (*zero[:number], position, *zero[number + 1 :])


def _first_column(columns: Any) -> tuple[Any, ...]:
    return next(iter(columns.values()))


def _try(sweep: Sweep, index: tuple[int, ...]) -> None:
    """Build everything a cell needs, with one trial, and take no step."""
    from dataclasses import replace

    recipe = sweep.recipe
    resolved = recipe.resolved(sweep.grid.cell(index))
    need, there = memory_bytes(recipe, resolved), memory_of_machine()
    if need > there:
        raise InputError(
            f"a cell with n_inputs = {resolved.student_teacher['n_inputs']}, n_hidden = "
            f"{resolved.student_teacher['n_hidden']}, n_train = {resolved.student_teacher['n_train']} and "
            f"{resolved.student_teacher['trials']} trials needs about {need / 2**30:.0f} GiB, this machine has "
            f"{there / 2**30:.0f}"
        )
    single = replace(resolved, student_teacher={**resolved.student_teacher, "trials": 1})
    engine_for(sweep, single, index)
    recipe.recorded(resolved)
    _, test_error = stopping_errors(resolved.training["stop_below"])
    if math.isfinite(test_error) and not resolved.student_teacher["n_test"]:
        raise InputError("stop_below names a test error, but n_test is 0")
    if recipe.keep.order_parameter > resolved.training["epochs"]:
        raise InputError(
            f"keep.order_parameter looks at {recipe.keep.order_parameter} epochs, the run has only "
            f"{resolved.training['epochs']}"
        )
    if recipe.keep.lambda_min:
        predicted_lambda_min(resolved)


def engine_for(sweep: Sweep, resolved: Resolved, index: tuple[int, ...]) -> Any:
    """The engine that would run a cell, at its first epoch.

    Args:
        sweep: the sweep.
        resolved: the cell's arguments, possibly with fewer trials.
        index: of the cell.

    Returns:
        A stepper of `curldescent.learning`.

    Raises:
        InputError: an argument that the library refuses.
    """
    from curldescent.foundation import validation
    from curldescent.learning.engines.registry import build_engine
    from curldescent.learning.experiment import experiment
    from curldescent.learning.train import DTYPES

    seed_text = sweep.seed_text(index)
    training = resolved.training
    validation.choice("dtype", training["dtype"], DTYPES)
    setup = experiment(
        sweep.recipe.problem(resolved, seed_text),
        [sweep.recipe.rule(resolved)],
        seed=sweep.recipe.seed_for("training", seed_text),
        **{name: training[name] for name in ("learning_rate", "batch_size", "preserve_norms", "output_error")},
    )
    return build_engine(setup, engine=training["engine"], dtype=training["dtype"], threads=1, epochs=training["epochs"])
