"""Problems from measured data: files, tables in memory, scikit-learn's digits."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent import citations, network, validation
from curldescent.errors import InputError
from curldescent.problems import Problem
from curldescent.sampling import layer_weights, stack

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Columns = Mapping[str, Any]


def from_data(
    source: "str | Path | Mapping[str, ArrayLike] | pd.DataFrame",
    *,
    inputs: str | Sequence[str] | None = None,
    targets: str | Sequence[str] | None = None,
    n_hidden: int,
    activation: str = "tanh",
    output_activation: str = "linear",
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
        source: a .csv, .npz or .parquet file; a mapping from names to arrays, or a pandas DataFrame; or "digits",
            scikit-learn's 1797 handwritten digits of 8×8 pixels with one output per class (columns "pixels" and
            "digit").
        inputs: column names. By default every column that is not a target. An array of shape (samples, k) counts as
            one column of width k.
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
        A `Problem` with given targets and a trial axis on the student's weights.

    Raises:
        InputError: a file or column that does not exist, a column that is not numeric or has missing values, an
            argument out of range, or a missing optional package.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> table = {"height": np.arange(10.0), "weight": np.arange(10.0) ** 2, "age": np.ones(10)}
        >>> cd.from_data(table, targets="age", n_hidden=4, trials=2)
        Problem(tanh → linear, inputs=2, hidden=4, outputs=1, train=8, test=2, trials=2, targets given)
    """
    if isinstance(source, str) and source == "digits":
        columns, one_hot = _digits(), True
        targets = "digit" if targets is None else targets
    else:
        columns = read_columns(source)
    chosen_targets = _names("targets", targets, columns)
    if not chosen_targets:
        raise InputError(f"targets must name at least one column; there are {_listed(columns)}")
    chosen_inputs = (
        [name for name in columns if name not in chosen_targets]
        if inputs is None
        else _names("inputs", inputs, columns)
    )
    if not chosen_inputs:
        raise InputError("inputs must name at least one column besides the targets")
    if both := set(chosen_inputs) & set(chosen_targets):
        raise InputError(f"column {sorted(both)[0]!r} is named both as input and as target")
    x = _matrix(columns, chosen_inputs)
    y = _one_hot(columns, chosen_targets) if one_hot else _matrix(columns, chosen_targets)
    if len(x) != len(y):
        raise InputError(f"inputs and targets must have as many samples, got {len(x)} and {len(y)}")

    n_hidden = validation.integer("n_hidden", n_hidden, minimum=1)
    trials = validation.integer("trials", trials, minimum=1)
    student_scale = validation.positive("student_scale", student_scale, zero=True)
    split, *streams = np.random.SeedSequence(validation.integer("seed", seed, minimum=0)).spawn(1 + trials)
    train, test = _split(len(x), test_fraction, np.random.default_rng(split))
    if standardise:
        x = _standardised(x, train)
    if standardise_targets:
        y = _standardised(y, train)
    sizes = (x.shape[1], n_hidden, y.shape[1])
    students = [layer_weights(np.random.default_rng(s), sizes, student_scale, distribution) for s in streams]
    return Problem(
        inputs=x[train],
        targets=y[train],
        test_inputs=x[test] if len(test) else None,
        test_targets=y[test] if len(test) else None,
        student=stack(students),
        activation=validation.choice("activation", activation, network.ACTIVATIONS),
        output_activation=validation.choice("output_activation", output_activation, network.ACTIVATIONS),
    )


def read_columns(source: object) -> Columns:
    """Named columns from a file or a table in memory, whatever their type.

    Args:
        source: as in `from_data`.

    Returns:
        Column names to arrays.

    Raises:
        InputError: the file is missing, of an unknown kind, or cannot be read as that kind.
    """
    if isinstance(source, Mapping):
        return {str(name): np.asarray(values) for name, values in source.items()}
    if hasattr(source, "columns"):
        return {str(name): source[name].to_numpy() for name in source.columns}  # type: ignore[index]
    if not isinstance(source, str | Path):
        raise InputError(f"data must be a file, a mapping of columns or 'digits', got {type(source).__name__}")
    path = Path(source)
    if path.suffix.lower() not in _READERS:
        raise InputError(f"data must be 'digits' or a file ending in {', '.join(_READERS)}, got {str(source)!r}")
    if not path.is_file():
        raise InputError(f"data file {str(path)!r} does not exist")
    return _READERS[path.suffix.lower()](path)


def _read_csv(path: Path) -> Columns:
    import pandas as pd

    try:
        return read_columns(pd.read_csv(path))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as problem:
        raise InputError(f"data file {str(path)!r} cannot be read as CSV: {str(problem).strip()}") from None


def _read_npz(path: Path) -> Columns:
    if not zipfile.is_zipfile(path):
        raise InputError(f"data file {str(path)!r} cannot be read as NPZ: it is not a zip archive of arrays")
    try:
        # Without pickle a file from a stranger can hold numbers and nothing that runs.
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as problem:
        raise InputError(f"data file {str(path)!r} cannot be read as NPZ: {problem}") from None


def _read_parquet(path: Path) -> Columns:
    import pandas as pd

    try:
        return read_columns(pd.read_parquet(path))
    except ImportError:
        raise InputError("reading Parquet needs pyarrow: pip install 'curldescent[data]'") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"data file {str(path)!r} cannot be read as Parquet: {problem}") from None


_READERS = {".csv": _read_csv, ".npz": _read_npz, ".parquet": _read_parquet}


def _digits() -> Columns:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise InputError("the digits come with scikit-learn: pip install 'curldescent[data]'") from None
    citations.use("alpaydin1998", "pedregosa2011")
    pixels, labels = load_digits(return_X_y=True)
    return {"pixels": pixels, "digit": labels}


def _names(argument: str, wanted: str | Sequence[str] | None, columns: Columns) -> list[str]:
    names = [] if wanted is None else [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in columns:
            hint = validation.nearest(name, columns)
            raise InputError(f"{argument}: there is no column {name!r}{hint}; there are {_listed(columns)}")
    if len(set(names)) < len(names):
        raise InputError(f"{argument} name a column twice: {', '.join(map(repr, names))}")
    return names


def _listed(columns: Columns, most: int = 12) -> str:
    names = list(columns)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


def _matrix(columns: Columns, names: Sequence[str]) -> Array:
    """The chosen columns side by side, (samples, total width)."""
    blocks = []
    for name in names:
        values = np.asarray(columns[name])
        if values.dtype.kind not in "biuf":
            raise InputError(f"column {name!r} must be numeric, got {_first_text(values)}")
        if values.ndim not in (1, 2) or values.size == 0:
            raise InputError(f"column {name!r} must have shape (samples,) or (samples, width), got {values.shape}")
        block = values.reshape(len(values), -1).astype(np.float64)
        bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
        if bad.size:
            raise InputError(
                f"column {name!r} must be finite and complete, got a missing or infinite value in row {bad[0] + 1} "
                f"({bad.size} such rows in all)"
            )
        blocks.append(block)
    lengths = {name: len(block) for name, block in zip(names, blocks, strict=True)}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r}: {length}" for name, length in lengths.items())
        raise InputError(f"columns must have as many samples each, got {listed}")
    return np.concatenate(blocks, axis=1)


def _first_text(values: NDArray) -> str:
    for row, value in enumerate(values.ravel()):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"{value!r} in row {row + 1}"
    return f"values of type {values.dtype}"


def _one_hot(columns: Columns, names: Sequence[str]) -> Array:
    labels = np.asarray(columns[names[0]])
    if len(names) != 1 or labels.ndim != 1:
        raise InputError(f"one_hot needs exactly one target column of class labels, got {', '.join(map(repr, names))}")
    missing = np.array([value is None or value != value for value in labels.tolist()])
    if missing.any():
        raise InputError(f"column {names[0]!r} must have no missing label, got one in row {missing.argmax() + 1}")
    try:
        classes = np.unique(labels)
    except TypeError:
        raise InputError(f"column {names[0]!r} must hold labels of one type, got text and numbers mixed") from None
    if len(classes) < 2 or 2 * len(classes) > len(labels):
        raise InputError(
            f"one_hot needs at least 2 classes with 2 samples each on average, but column {names[0]!r} has "
            f"{len(classes)} different values in {len(labels)} samples"
        )
    return (labels[:, None] == classes).astype(np.float64)


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
    spread = values[train].std(axis=0)
    return (values - values[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
