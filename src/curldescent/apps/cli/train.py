"""`curldescent train`: a user's own experiment, from a file or from a table of data."""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from curldescent.apps.cli.arguments import Whole
from curldescent.apps.cli.output import print_json, print_table, say
from curldescent.foundation.errors import InputError

if TYPE_CHECKING:
    from curldescent.plots.report import Section

EXAMPLES = """Examples:

    curldescent train examples/experiment.toml

    curldescent train --data measurements.csv --targets speed,angle --flip-readout 0.2 --epochs 2000

    curldescent train --data digits --n-hidden 30 --output-activation sigmoid --learning-rate 1 --batch-size 10
"""


@Parameter(name="*")
@dataclass(frozen=True)
class DataOptions:
    """The problem that `--data` makes; the options are those of `curldescent.from_data`."""

    data: Annotated[str | None, Parameter(help="A .csv, .tsv, .npz or .parquet file, or 'digits'.")] = None
    inputs: Annotated[
        str | None, Parameter(help="Input columns, separated by commas; default: all others. Quote names with commas.")
    ] = None
    targets: Annotated[str | None, Parameter(help="Target columns, separated by commas.")] = None
    one_hot: Annotated[bool, Parameter(negative="", help="The target column holds class labels.")] = False
    n_hidden: Annotated[Whole, Parameter(help="Hidden neurons N.")] = 20
    activation: Annotated[str, Parameter(help="linear, tanh, relu or sigmoid.")] = "tanh"
    output_activation: Annotated[str, Parameter(help="The same, at the output.")] = "linear"
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
        assert data.data is not None
        options = {name: value for name, value in data.__dict__.items() if name not in ("data", "inputs", "targets")}
        problem = cd.from_data(
            data.data,
            inputs=_columns("--inputs", data.inputs),
            targets=_columns("--targets", data.targets),
            seed=training.seed,
            **options,
        )
        feedback = "random" if training.feedback_alignment else None
        base = cd.Plasticity(feedback=feedback)
        flipped = cd.Plasticity(training.flip_hidden, training.flip_readout, feedback=feedback)
        rules = {rule.realised_label(problem.student.sizes): rule for rule in (base, flipped)}
        names = ("flip_hidden", "flip_readout", "feedback_alignment")
        described = ExperimentFile(
            problem, rules, {name: value for name, value in training.__dict__.items() if name not in names}
        )
        title = Path(data.data).stem
    results_folder(out)

    def show(section: "Section") -> None:
        if json:
            print_json(section.numbers)
        else:
            print_table(section.columns, section.rows, title=section.title)
            if described.problem.data is not None:
                print("\n" + "\n".join(described.problem.data.lines()))

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


def _columns(option: str, listed: str | None) -> list[str] | None:
    """Names separated by commas; one that has a comma itself is in double quotes, as in the file."""
    if listed is None:
        return None
    try:
        names = next(csv.reader([listed], skipinitialspace=True, strict=True), [])
    except csv.Error as fault:
        raise InputError(f"{option} must be names separated by commas, those with commas in quotes: {fault}") from None
    return [name.strip() for name in names if name.strip()]
