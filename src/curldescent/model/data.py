"""Problems from measured data: files, tables in memory, scikit-learn's digits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import citations, memory, optional, validation
from curldescent.foundation.errors import InputError
from curldescent.model import data_samples as samples
from curldescent.model.activations import Activation
from curldescent.model.data_used import DataUsed
from curldescent.model.losses import Loss
from curldescent.model.problem import Problem
from curldescent.model.student_teacher import layer_weights, stack, weights_size
from curldescent.model.tables import Table, columns, kinds, read_table
from curldescent.model.tables.choice import Choice, choose
from curldescent.model.tables.text_options import TextOptions

if TYPE_CHECKING:
    import pandas as pd


def from_data(
    source: "str | Path | Mapping[str, ArrayLike] | NDArray | pd.DataFrame | Table",
    *,
    inputs: str | Sequence[str] | None = None,
    targets: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    keep: str | Sequence[str] | None = None,
    n_hidden: int,
    activation: str | Activation = "tanh",
    output_activation: str | Activation | None = None,
    loss: str | Loss | None = None,
    one_hot: bool | None = None,
    missing: str = "refuse",
    standardise: bool = True,
    standardise_targets: bool | None = None,
    test_fraction: float = 0.2,
    student_scale: float = 1.0,
    distribution: str = "uniform",
    trials: int = 1,
    seed: int = 0,
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    comment: str | None = None,
    missing_marks: str | Sequence[str] = (),
) -> Problem:
    """A problem whose inputs and targets are measured: all trials share the data and start from their own weights.

    Nothing about a table is guessed in silence: the problem's `data` says which columns are used, which are not and
    why, how the table was read and what was done to its numbers.

    Args:
        source: a text file (.csv, .tsv, .tab, .txt, .dat), a .npz or .parquet file; a mapping from names to arrays, a
            structured array, or a frame of pandas, Polars or pyarrow; or "digits", scikit-learn's 1797 handwritten
            digits of 8×8 pixels with one output per class (columns "pixels" and "digit"). Text files need a header.
        inputs: column names. By default every column that is not a target, but for those that number or name the rows
            (an index, ids, names). An array of shape (samples, k) counts as one column of width k. A column of text is
            one input for each of its classes; dates are refused.
        targets: column names; by default the last column.
        exclude: column names that are not used.
        keep: column names that are inputs although they look like an index or ids.
        n_hidden: N of the student.
        activation: φ, "linear", "tanh", "relu" or "sigmoid".
        output_activation: φ_out; by default "softmax" for classes that are learned with the cross-entropy, else
            "linear".
        loss: as in `Problem`; by default "cross_entropy" for classes at softmax outputs, else "squared".
        one_hot: the one target column holds class labels: one output per class, 1 for the sample's own and 0 for the
            others. By default where it holds text or truth values. Always so for "digits".
        missing: what to do with missing values: "refuse" them; "drop" the rows that miss something; "impute", take the
            mean of an input over the training samples (for a class, the shares of the classes). A row without its
            target is dropped by either.
        standardise: give every input zero mean and unit variance over the training samples; a constant input
            becomes zero.
        standardise_targets: the same for the targets. By default where they are numbers at linear outputs and the scale
            of one asks for it: a standard deviation outside of [1/3, 3], or a mean further from zero than one of
            those. `curldescent.scores` and `curldescent.predict` know the way back.
        test_fraction: share of the samples, chosen at random, that is kept for the test error; in [0, 1).
        student_scale: s of the initial weights.
        distribution: "uniform", U(±s/√fan-in), or "normal", N(0, s²/fan-in).
        trials: T students.
        seed: of the split and the students.
        separator: of the columns of a text file, "," ";" "|" "tab" or "whitespace"; by default the one that its first
            lines show.
        decimal: its decimal mark, "." or ","; by default "," only where columns are not separated by commas and
            nothing speaks against it.
        encoding: of its text; by default UTF-8, UTF-16 where the file says so itself, and Windows-1252 where it is
            neither.
        comment: what its comment lines begin with, "" for none; by default "#", "%" and "//".
        missing_marks: its entries that stand for a missing value besides the usual ones, such as "?".

    Returns:
        A `Problem` with given targets and a trial axis on the student's weights, and its `data`.

    Raises:
        InputError: a file or column that does not exist, a table that can be read in more than one way, a column that
            is not numeric or has missing values, an argument out of range, more than fits into memory, or a missing
            optional package.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> table = {"x": np.arange(10.0) / 9, "y": np.arange(10.0) ** 2, "age": np.arange(10.0) ** 3}
        >>> problem = cd.from_data(table, targets="age", n_hidden=4, trials=2, standardise_targets=False)
        >>> problem
        Problem(tanh → linear, inputs=2, hidden=4, outputs=1, train=8, test=2, trials=2, targets 'age' from 'x', 'y')
        >>> print(problem.data)
        a dict; inputs: 'x', 'y'; targets: 'age'
    """
    _check_flags(one_hot=one_hot, standardise=standardise, standardise_targets=standardise_targets)
    validation.choice("missing", missing, ("refuse", "drop", "impute"))
    options = TextOptions(separator, decimal, encoding, comment, missing_marks)  # type: ignore[arg-type]
    if isinstance(source, str) and source == "digits":
        table, one_hot = _digits(), True
        targets = "digit" if targets is None else targets
    else:
        table = read_table(source, options)
    choice = choose(table, inputs=inputs, targets=targets, exclude=exclude, keep=keep)
    try:
        x = columns.matrix(table, choice.inputs, categories=True)
    except InputError as refusal:
        advice = "; exclude= leaves columns out" if inputs is None and "exclude" not in str(refusal) else ""
        raise InputError(f"{refusal}{advice}") from None
    y = columns.one_hot(table, choice.targets) if _are_classes(table, choice, one_hot) else _numbers(table, choice)
    if len(x.values) != len(y.values):
        raise InputError(f"inputs and targets must have as many samples, got {len(x.values)} and {len(y.values)}")
    output_activation, loss = _output(classes=bool(y.classes), output_activation=output_activation, loss=loss)

    n_hidden = validation.integer("n_hidden", n_hidden, minimum=1)
    trials = validation.integer("trials", trials, minimum=1)
    student_scale = validation.positive("student_scale", student_scale, zero=True)
    sizes = (x.values.shape[1], n_hidden, y.values.shape[1])
    memory.require(
        f"{validation.shown(trials)} students of {validation.shown(n_hidden)} hidden neurons",
        weights_size(sizes, trials),
    )
    split, *streams = np.random.SeedSequence(validation.integer("seed", seed, minimum=0)).spawn(1 + trials)
    x, y, said = samples.complete(x, y, missing)
    train, test = samples.divided(len(x.values), test_fraction, np.random.default_rng(split))
    x, imputed = samples.imputed(x, train)
    inputs_made = samples.scaled(x.values, train, wanted=standardise)
    at_linear = output_activation == "linear" and not y.classes
    targets_made, scale_said = samples.scaled_targets(y, train, standardise_targets, possible=at_linear)
    students = [layer_weights(np.random.default_rng(s), sizes, student_scale, distribution) for s in streams]
    problem = Problem(
        inputs=inputs_made.values[train],
        targets=targets_made.values[train],
        test_inputs=inputs_made.values[test] if len(test) else None,
        test_targets=targets_made.values[test] if len(test) else None,
        student=stack(students),
        activation=activation,
        output_activation=output_activation,
        loss=loss,  # type: ignore[arg-type]
        data=DataUsed(
            source=table.source,
            inputs=tuple(choice.inputs),
            targets=tuple(choice.targets),
            left_out=choice.left_out,
            notes=(*table.notes, *choice.notes, *x.notes, *y.notes, *said, *imputed, *scale_said),
            input_names=x.labels,
            target_names=y.labels,
            classes=bool(y.classes),
            input_scaling=inputs_made.scaling,
            target_scaling=targets_made.scaling,
        ),
    )
    return _with_word_on_outputs(problem)


def _check_flags(**flags: bool | None) -> None:
    for name, flag in flags.items():
        if flag is not None or name == "standardise":
            validation.boolean(name, flag)


def _are_classes(table: Table, choice: Choice, said: bool | None) -> bool:  # noqa: FBT001
    if said is not None or len(choice.targets) != 1:
        return bool(said)
    values = table.columns[choice.targets[0]]
    if kinds.has_truth_values(values):
        return True
    if kinds.has_text(values):
        kinds.refuse_unreadable_text(choice.targets[0], values)
        return True
    return False


def _numbers(table: Table, choice: Choice) -> columns.Block:
    block = columns.matrix(table, choice.targets)
    for name in choice.targets:
        # Whole numbers may count something or stand for classes: which is meant, only the user knows.
        if 1 < (few := kinds.few_whole_numbers(table.columns[name])) <= 10 and len(choice.targets) == 1:
            note = f"target {validation.shown(name)} has {few} different whole numbers, learned as numbers"
            block.notes.append(f"{note}; one_hot makes classes of them")
    return block


def _output(
    *, classes: bool, output_activation: "str | Activation | None", loss: "str | Loss | None"
) -> "tuple[str | Activation, str | Loss]":
    if output_activation is None:
        output_activation = "softmax" if classes and loss in (None, "cross_entropy") else "linear"
    if loss is None:
        loss = "cross_entropy" if classes and output_activation == "softmax" else "squared"
    return output_activation, loss


def _with_word_on_outputs(problem: Problem) -> Problem:
    """What the outputs cannot reach, and which loss classes are learned with, are said."""
    data, notes = problem.data, []
    assert data is not None
    if data.classes:
        notes.append(f"classes are learned with {problem.output_activation} outputs and the {problem.loss} loss")
    low, high = {"tanh": (-1, 1), "sigmoid": (0, 1), "softmax": (0, 1), "relu": (0, np.inf)}.get(
        str(problem.output_activation), (-np.inf, np.inf)
    )
    least, most = float(problem.train_outputs().min()), float(problem.train_outputs().max())
    if least < low or most > high:
        notes.append(
            f"targets reach from {least:.3g} to {most:.3g}, beyond what {problem.output_activation} outputs do"
        )
    return replace(problem, data=replace(data, notes=(*data.notes, *notes))) if notes else problem


def _digits() -> Table:
    optional.require("sklearn", purpose="a task on the handwritten digits")
    from sklearn.datasets import load_digits

    citations.use("alpaydin1998", "pedregosa2011")
    pixels, labels = load_digits(return_X_y=True)
    return Table("scikit-learn's digits", {"pixels": pixels, "digit": labels})
