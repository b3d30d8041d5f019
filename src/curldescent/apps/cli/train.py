"""`curldescent train`: a user's own experiment, from a file or from a table of data."""

import csv
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from curldescent.apps.cli.arguments import Whole
from curldescent.apps.cli.output import print_json, print_table, say
from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    from curldescent.model.problem import Problem
    from curldescent.plots.report import Section

EXAMPLES = """Examples:

    curldescent train examples/experiment.toml

    curldescent train --data measurements.csv --targets speed,angle --flip-readout 0.2 --epochs 2000

    curldescent train --data flowers.csv --exclude id --targets species --missing drop

    curldescent train --data digits --n-hidden 30 --output-activation sigmoid --learning-rate 1 --batch-size 10
"""

QUOTING = "A name with commas goes alone into an option, or in double quotes."
_COLUMNS = ("inputs", "targets", "exclude", "keep")


@Parameter(name="*")
@dataclass(frozen=True)
class DataOptions:
    """The problem that `--data` makes; the options are those of `curldescent.from_data`."""

    data: Annotated[
        str | None, Parameter(help="A .csv, .tsv, .tab, .txt, .dat, .npz or .parquet file, or 'digits'.")
    ] = None
    inputs: Annotated[
        list[str] | None,
        Parameter(help="Input columns, separated by commas or in several --inputs; default: all others. " + QUOTING),
    ] = None
    targets: Annotated[
        list[str] | None, Parameter(help="Target columns, given in the same way; default: the last.")
    ] = None
    exclude: Annotated[list[str] | None, Parameter(help="Columns to leave out, given in the same way.")] = None
    keep: Annotated[
        list[str] | None, Parameter(help="Inputs although they look like an index or ids, given in the same way.")
    ] = None
    one_hot: Annotated[
        bool | None, Parameter(help="The target column holds class labels; default: where it holds text.")
    ] = None
    missing: Annotated[str, Parameter(help="Missing values: refuse, drop (their rows) or impute (the mean).")] = (
        "refuse"
    )
    missing_marks: Annotated[
        list[str] | None, Parameter(help="An entry that stands for a missing value, such as '?'; may be repeated.")
    ] = None
    separator: Annotated[
        str | None, Parameter(help="Of columns: ',' ';' '|' tab whitespace; default: as the file shows.")
    ] = None
    decimal: Annotated[str | None, Parameter(help="Decimal mark, '.' or ','; default: as the file shows.")] = None
    encoding: Annotated[str | None, Parameter(help="Of the text, such as latin-1; default: as the file shows.")] = None
    comment: Annotated[str | None, Parameter(help="What comment lines begin with; '' for none.")] = None
    standardise: Annotated[bool, Parameter(help="Inputs to zero mean and unit variance.")] = True
    standardise_targets: Annotated[
        bool | None, Parameter(help="The same for targets; default: where their scale asks for it.")
    ] = None
    n_hidden: Annotated[Whole, Parameter(help="Hidden neurons N.")] = 20
    activation: Annotated[str, Parameter(help="linear, tanh, relu or sigmoid.")] = "tanh"
    output_activation: Annotated[
        str | None, Parameter(help="The same, at the output; default: linear, for classes softmax.")
    ] = None
    loss: Annotated[
        str | None, Parameter(help="squared or cross_entropy; default: cross_entropy for classes at softmax outputs.")
    ] = None
    test_fraction: Annotated[float, Parameter(help="Share of the samples kept for testing.")] = 0.2
    trials: Annotated[Whole, Parameter(help="Students, each with its own initial weights.")] = 5
    student_scale: Annotated[float, Parameter(help="Scale of the initial weights.")] = 1.0


@Parameter(name="*")
@dataclass(frozen=True)
class TrainingOptions:
    """How `--data` is learned; the options are those of `curldescent.Plasticity` and `curldescent.train`."""

    flip_hidden: Annotated[float, Parameter(help="Fraction of inputs whose rule is flipped.")] = 0.0
    flip_readout: Annotated[float, Parameter(help="Fraction of hidden neurons whose rule is flipped.")] = 0.1
    feedback_alignment: Annotated[bool, Parameter(negative="", help="Carry errors back by random weights.")] = False
    epochs: Annotated[Whole, Parameter(help="Passes over the training samples.")] = 1000
    learning_rate: Annotated[float, Parameter(help="Total step of one epoch.")] = 0.1
    batch_size: Annotated[Whole | None, Parameter(help="Samples per update; default: all.")] = None
    preserve_norms: Annotated[bool, Parameter(negative="", help="Keep both layers' norms.")] = False
    output_error: Annotated[str, Parameter(help="delta (the paper's) or mse (exact gradient).")] = "delta"
    stop_below: Annotated[float | None, Parameter(help="Stop a trial below this training error.")] = None
    seed: Annotated[Whole, Parameter(help="Of everything random.")] = 0


def train(
    experiment: Annotated[Path | None, Parameter(help="A TOML file describing problem, rules and training.")] = None,
    /,
    *,
    data: DataOptions | None = None,
    training: TrainingOptions | None = None,
    out: Annotated[Path, Parameter(help="Folder for figures, report, numbers and history.")] = Path("results/train"),
    json: Annotated[bool, Parameter(negative="", help="Print the numbers as JSON instead of a table.")] = False,
) -> None:
    """Train students on your own problem under gradient descent and curl descent.

    Writes learning curves (PNG, PDF), report.html, numbers.json and history.nc (NetCDF, opens with xarray). Give an
    experiment file, or `--data` with options; gradient descent is always run beside the flipped rule. Ctrl-C (or
    SIGTERM) ends the training there and writes what was recorded, to OUT-interrupted where OUT holds the results of a
    finished run; a second one leaves at once.
    """
    import curldescent as cd
    from curldescent.apps.cli.train_results import write_results
    from curldescent.foundation import interruption
    from curldescent.foundation.writing import results_folder
    from curldescent.learning.experiment_file import ExperimentFile, read_experiment

    data, training = data or DataOptions(), training or TrainingOptions()
    if (experiment is None) == (data.data is None):
        raise InputError(
            "train needs either an experiment file or --data, " + ("not both" if experiment else "got neither")
        )
    if experiment is not None:
        if data != DataOptions() or training != TrainingOptions():
            raise InputError("an experiment file holds every option itself; only --out and --json go with it")
        described = read_experiment(experiment)
        title = experiment.stem
    else:
        problem = _problem(data, training.seed)
        feedback = "random" if training.feedback_alignment else None
        base = cd.Plasticity(feedback=feedback)
        flipped = cd.Plasticity(training.flip_hidden, training.flip_readout, feedback=feedback)
        rules = {rule.realised_label(problem.student.sizes): rule for rule in (base, flipped)}
        names = ("flip_hidden", "flip_readout", "feedback_alignment")
        described = ExperimentFile(
            problem, rules, {name: value for name, value in training.__dict__.items() if name not in names}
        )
        title = Path(str(data.data)).stem
    results_folder(out)

    def show(section: "Section") -> None:
        if json:
            found = described.problem.data
            print_json("train", section.numbers, notes=() if found is None else found.notes)
        else:
            print_table(section.columns, section.rows, title=section.title)
            if described.problem.data is not None:
                print("\n" + in_options("\n".join(described.problem.data.lines())))

    interruption.say_on_leaving("earlier results are as they were")
    with interruption.wishes(say, "stopping the training; once more to leave at once, without its results") as wish:
        try:
            _, written = write_results(described, out, title=title, stopping=wish, show=show)
        except InputError as fault:
            if wish.number is None:
                raise
            say(f"interrupted; {fault}")
            sys.exit(interruption.exit_code(wish.number))
    if not json:
        print(f"\nReport: {written / 'report.html'}; history: {written / 'history.nc'}")
    if wish.number is not None:
        say(f"interrupted; what was recorded is in {written}")
        sys.exit(interruption.exit_code(wish.number))


def _problem(data: DataOptions, seed: int) -> "Problem":
    """The problem of a table; what its refusal advises is in the spelling of the command line."""
    try:
        return _read(data, seed)
    except InputError as fault:
        raise InputError(in_options(str(fault))) from None


def _read(data: DataOptions, seed: int) -> "Problem":
    """The problem of a table, read once to know the names of its columns."""
    import curldescent as cd
    from curldescent.model.tables import read_table
    from curldescent.model.tables.text_options import TextOptions

    options = {name: value for name, value in data.__dict__.items() if name not in ("data", *_COLUMNS)}
    options["missing_marks"] = tuple(data.missing_marks or ())
    source: Any = data.data
    if source == "digits":
        known: Collection[str] = ()
    else:
        text = ("separator", "decimal", "encoding", "comment", "missing_marks")
        source = read_table(source, TextOptions(**{name: options.pop(name) for name in text}))
        known = source.columns
    chosen: dict[str, Any] = {name: _columns(f"--{name}", getattr(data, name), known) for name in _COLUMNS}
    return cd.from_data(source, seed=seed, **chosen, **options)


def in_options(sentence: str) -> str:
    """Advice in the spelling of the command line: `exclude='a b'` becomes `--exclude 'a b'`, `x=False` `--no-x`."""
    names = "|".join(DataOptions.__dataclass_fields__)

    def spelled(found: re.Match[str]) -> str:
        option, value = found[1].replace("_", "-"), found[2]
        if value in ("True", "False"):
            return f"--{option}" if value == "True" else f"--no-{option}"
        return f"--{option} {value}".rstrip()

    return re.sub(rf"(?<![\w-])({names})=('[^']*'|\"[^\"]*\"|\w*)", spelled, sentence)


def _columns(option: str, given: list[str] | None, known: Collection[str]) -> list[str] | None:
    """Names, each alone in an option or separated by commas; one of several that has a comma is in double quotes."""
    if given is None:
        return None
    names = []
    for listed in given:
        if listed in known:
            names.append(listed)
            continue
        try:
            found = next(csv.reader([listed], skipinitialspace=True, strict=True), [])
        except csv.Error as fault:
            raise InputError(
                f"{option} must be names separated by commas, those with commas in quotes: {fault}"
            ) from None
        names += [name.strip() for name in found if name.strip()]
    return names
