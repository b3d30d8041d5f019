"""What can be known to be wrong with a sweep before any of it runs."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError
from curldescent.learning.recording import stopping_errors
from curldescent.sweeps.description.cell_cost import memory_bytes
from curldescent.sweeps.description.derived_parameters import DERIVED
from curldescent.sweeps.description.predicted_eigenvalue import predicted_lambda_min
from curldescent.sweeps.description.realised_flips import warn_of_none
from curldescent.sweeps.description.settings import CellArguments
from curldescent.sweeps.description.sweep import Sweep

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
    grid, settings = sweep.grid, sweep.settings
    sized = [axis for axis in grid.axes if _SIZES & set(axis.columns) or axis.name == "rule"]
    if math.prod(len(axis) for axis in sized) <= _COMBINATIONS:
        positions = [range(len(axis)) if axis in sized else range(1) for axis in grid.axes]
        for index in itertools.product(*positions):
            settings.resolved(grid.cell(index))
    for index in _probes(sweep):
        _try(sweep, index)
    warn_of_none(sweep)


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
    settings = sweep.settings
    resolved = settings.resolved(sweep.grid.cell(index))
    sizes = resolved.student_teacher
    memory.require(
        f"a cell with n_inputs = {sizes['n_inputs']}, n_hidden = {sizes['n_hidden']}, n_train = {sizes['n_train']} and "
        f"{sizes['trials']} trials",
        memory_bytes(settings, resolved),
    )
    single = replace(resolved, student_teacher={**resolved.student_teacher, "trials": 1})
    engine_for(sweep, single, index)
    _ = resolved.recorded
    _, test_error = stopping_errors(resolved.training["stop_below"])
    if math.isfinite(test_error) and not resolved.student_teacher["n_test"]:
        raise InputError("stop_below names a test error, but n_test is 0")
    if settings.keep.order_parameter > resolved.training["epochs"]:
        raise InputError(
            f"keep.order_parameter looks at {settings.keep.order_parameter} epochs, the run has only "
            f"{resolved.training['epochs']}"
        )
    if settings.keep.lambda_min:
        predicted_lambda_min(resolved)


def engine_for(sweep: Sweep, resolved: CellArguments, index: tuple[int, ...]) -> Any:
    """The engine that would run a cell, at its first epoch.

    Args:
        sweep: the sweep.
        resolved: the cell's arguments, possibly with fewer trials.
        index: of the cell.

    Returns:
        An `Engine`, not yet advanced.

    Raises:
        InputError: an argument that the library refuses.
    """
    from curldescent.learning.engines.registry import build_engine
    from curldescent.learning.experiment import experiment
    from curldescent.learning.train import DTYPES

    seed_text = sweep.seed_text(index)
    training = resolved.training
    validation.choice("dtype", training["dtype"], DTYPES)
    setup = experiment(
        sweep.settings.problem(resolved, seed_text),
        [resolved.learning_rule],
        seed=sweep.settings.seed_for("training", seed_text),
        **{name: training[name] for name in ("learning_rate", "batch_size", "preserve_norms", "output_error")},
    )
    return build_engine(setup, engine=training["engine"], dtype=training["dtype"], threads=1, epochs=training["epochs"])
