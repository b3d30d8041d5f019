"""Problems from measured data: files, tables in memory, scikit-learn's digits."""

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, memory, optional, validation
from curldescent.foundation.errors import InputError
from curldescent.model.activations import Activation
from curldescent.model.data_used import DataUsed
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import layer_weights, stack, weights_size
from curldescent.model.tables import Table, columns, read_table

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def from_data(
    source: "str | Path | Mapping[str, ArrayLike] | NDArray | pd.DataFrame | Table",
    *,
    inputs: str | Sequence[str] | None = None,
    targets: str | Sequence[str] | None = None,
    n_hidden: int,
    activation: str | Activation = "tanh",
    output_activation: str | Activation = "linear",
    one_hot: bool = False,
    standardise: bool = True,
    standardise_targets: bool = False,
    test_fraction: float = 0.2,
    student_scale: float = 1.0,
    distribution: str = "uniform",
    trials: int = 1,
    seed: int = 0,
) -> Problem:
    """A problem whose inputs and targets are measured: all trials share the data and start from their own weights.

    Args:
        source: a .csv, .tsv, .npz or .parquet file; a mapping from names to arrays, a structured array, or a frame of
            pandas, Polars or pyarrow; or "digits", scikit-learn's 1797 handwritten digits of 8×8 pixels with one output
            per class (columns "pixels" and "digit"). Text files need a header.
        inputs: column names. By default every column that is not a target; columns without a name and an index are
            never inputs. An array of shape (samples, k) counts as one column of width k.
        targets: column names; needed except for "digits".
        n_hidden: N of the student.
        activation: φ, "linear", "tanh", "relu" or "sigmoid".
        output_activation: φ_out.
        one_hot: the one target column holds class labels: one output per class, 1 for the sample's own and 0 for the
            others. Always so for "digits".
        standardise: give every input zero mean and unit variance over the training samples; a constant input
            becomes zero.
        standardise_targets: the same for the targets.
        test_fraction: share of the samples, chosen at random, that is kept for the test error; in [0, 1).
        student_scale: s of the initial weights.
        distribution: "uniform", U(±s/√fan-in), or "normal", N(0, s²/fan-in).
        trials: T students.
        seed: of the split and the students.

    Returns:
        A `Problem` with given targets and a trial axis on the student's weights. Its `data` says which columns are
        used, which are not, and how the table was read.

    Raises:
        InputError: a file or column that does not exist, a table that can be read in more than one way, a column that
            is not numeric or has missing values, an argument out of range, more than fits into memory, or a missing
            optional package.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> table = {"x": np.arange(10.0) / 9, "y": np.arange(10.0) ** 2, "age": np.arange(10.0) ** 3}
        >>> problem = cd.from_data(table, targets="age", n_hidden=4, trials=2)
        >>> problem
        Problem(tanh → linear, inputs=2, hidden=4, outputs=1, train=8, test=2, trials=2, targets 'age' from 'x', 'y')
        >>> print(problem.data)
        a dict; inputs: 'x', 'y'; targets: 'age'
    """
    for name, flag in (
        ("one_hot", one_hot),
        ("standardise", standardise),
        ("standardise_targets", standardise_targets),
    ):
        validation.boolean(name, flag)
    if isinstance(source, str) and source == "digits":
        table, one_hot = _digits(), True
        targets = "digit" if targets is None else targets
    else:
        table = read_table(source)
    chosen_inputs, chosen_targets = choose(table, inputs=inputs, targets=targets)
    try:
        x, odd_inputs = columns.matrix(table, chosen_inputs)
    except InputError as refusal:
        raise InputError(str(refusal) + ("; name the inputs to leave columns out" if inputs is None else "")) from None
    y, odd_targets = (columns.one_hot if one_hot else columns.matrix)(table, chosen_targets)
    if len(x) != len(y):
        raise InputError(f"inputs and targets must have as many samples, got {len(x)} and {len(y)}")

    n_hidden = validation.integer("n_hidden", n_hidden, minimum=1)
    trials = validation.integer("trials", trials, minimum=1)
    student_scale = validation.positive("student_scale", student_scale, zero=True)
    sizes = (x.shape[1], n_hidden, y.shape[1])
    memory.require(
        f"{validation.shown(trials)} students of {validation.shown(n_hidden)} hidden neurons",
        weights_size(sizes, trials),
    )
    split, *streams = np.random.SeedSequence(validation.integer("seed", seed, minimum=0)).spawn(1 + trials)
    train, test = _split(len(x), test_fraction, np.random.default_rng(split))
    if standardise:
        x = _standardised(x, train)
    if standardise_targets:
        y = _standardised(y, train)
    students = [layer_weights(np.random.default_rng(s), sizes, student_scale, distribution) for s in streams]
    return Problem(
        inputs=x[train],
        targets=y[train],
        test_inputs=x[test] if len(test) else None,
        test_targets=y[test] if len(test) else None,
        student=stack(students),
        activation=activation,
        output_activation=output_activation,
        data=DataUsed(
            source=table.source,
            inputs=tuple(chosen_inputs),
            targets=tuple(chosen_targets),
            left_out={**table.left_out, **_not_named(table, {*chosen_inputs, *chosen_targets})},
            notes=(*table.notes, *odd_inputs, *odd_targets),
        ),
    )


def choose(
    table: Table, *, inputs: str | Sequence[str] | None, targets: str | Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Which columns are inputs and which are targets.

    Args:
        table: of the columns.
        inputs: as in `from_data`.
        targets: as in `from_data`.

    Returns:
        Names of the inputs and of the targets.

    Raises:
        InputError: no target, no input, a column that is not there or is named twice.
    """
    chosen_targets = _names("targets", targets, table)
    if not chosen_targets:
        raise InputError(f"targets must name at least one column; {_present(table)}")
    taken = set(chosen_targets)
    chosen_inputs = (
        [name for name in table.columns if name not in taken] if inputs is None else _names("inputs", inputs, table)
    )
    if not chosen_inputs:
        other = "; ".join(f"{what} is left out, {why}" for what, why in islice(table.left_out.items(), 3))
        raise InputError("inputs must name at least one column besides the targets" + (f"; {other}" if other else ""))
    if both := set(chosen_inputs) & taken:
        raise InputError(f"column {validation.shown(min(both))} is named both as input and as target")
    return chosen_inputs, chosen_targets


def _digits() -> Table:
    optional.require("sklearn", purpose="a task on the handwritten digits")
    from sklearn.datasets import load_digits

    citations.use("alpaydin1998", "pedregosa2011")
    pixels, labels = load_digits(return_X_y=True)
    return Table("scikit-learn's digits", {"pixels": pixels, "digit": labels})


def _names(argument: str, wanted: object, table: Table) -> list[str]:
    # A set has no order, and numbers depend on the order of columns.
    if isinstance(wanted, str | bytes | Mapping | Set) or not isinstance(wanted, Iterable | None):
        given = [wanted]
    else:
        given = [] if wanted is None else list(wanted)
    names = [str(name) for name in given if isinstance(name, str)]
    if len(names) < len(given):
        strange = next(name for name in given if not isinstance(name, str))
        raise InputError(f"{argument} must be a column's name or a list of names, got {validation.shown(strange)}")
    for name in names:
        if name not in table.columns:
            there = f"{validation.nearest(name, table.columns)}; {_present(table)}"
            for what, why in table.left_out.items():
                if what.endswith(repr(name)):
                    there = f": {what} is left out, {why}"
            raise InputError(f"{argument}: there is no column {validation.shown(name)}{there}")
    if len(set(names)) < len(names):
        raise InputError(f"{argument} name a column twice: {validation.listed(names)}")
    return names


def _present(table: Table) -> str:
    return f"there are {validation.listed(table.columns)}" if len(table.columns) else "there are none"


def _not_named(table: Table, used: set[str]) -> dict[str, str]:
    return {validation.shown(name): "not chosen" for name in table.columns if name not in used}


def _split(samples: int, test_fraction: float, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    share = validation.real("test_fraction", test_fraction)
    if not 0 <= share < 1:
        raise InputError(f"test_fraction must be at least 0 and below 1, got {share:g}")
    order = rng.permutation(samples)
    held_out = round(share * samples)
    if held_out == samples:
        raise InputError(f"test_fraction {share:g} leaves no training sample of {samples}")
    return order[held_out:], order[:held_out]


def _standardised(values: Array, train: NDArray[np.intp]) -> Array:
    known = values[train]
    # The mean of equal numbers may differ from them in the last bit, and so may their spread from zero.
    constant = np.ptp(known, axis=0) == 0
    centre = np.where(constant, known[0], known.mean(axis=0))
    return (values - centre) / np.where(constant, 1.0, known.std(axis=0))
