"""`train`: the easy call. Checks, chooses an engine, runs it in pieces that fit into memory, labels the record."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress, Silent
from curldescent.foundation.version import __version__
from curldescent.learning.engines.registry import built, chosen
from curldescent.learning.experiment import DIVERGENCE_BOUND, experiment, named_rules, realised_text
from curldescent.learning.history import labelled_history
from curldescent.learning.number_range import error_may_overflow, refuse_unrepresentable
from curldescent.learning.recording import Record, collected, record_run, stopping_errors
from curldescent.learning.run_memory import pieces_that_fit, refuse_set_up
from curldescent.learning.schedule import MOST_EPOCHS, recording_epochs
from curldescent.learning.transforms import described
from curldescent.model.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.learning.engines.contract import Engine
    from curldescent.learning.experiment import Rule

DTYPES = ("float64", "float32")


def train(
    problem: Problem,
    rule: "Rule | Callable[..., Any] | Mapping[str, Any] | Sequence[Any]",
    *,
    epochs: int,
    learning_rate: float = 0.1,
    batch_size: int | None = None,
    preserve_norms: bool = False,
    record: int | Sequence[int] | None = None,
    output_error: str = "delta",
    transform: Any = None,
    stop_below: float | Sequence[float] | None = None,
    record_weights: bool = False,
    seed: int = 0,
    dtype: str = "float64",
    engine: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
    observe: "Callable[[Engine], object] | None" = None,
    stopping: Callable[[], bool] | None = None,
) -> "xr.Dataset":
    """Train every trial of a problem under one or several plasticity rules and return the labelled history.

    One update takes the batch mean of the error signals times learning_rate·b/P, so that an epoch has a total step of
    `learning_rate` whatever the batch; a smaller last batch takes its share. Trials and rules run together; the
    sample orders of a trial are the same under every rule, so that rules can be compared in pairs. A rule's and a
    trial's numbers are the same to the bit whatever else is in the call (on accelerators, up to last bits).

    Args:
        problem: student, targets and inputs.
        rule: a `Plasticity`, another rule from `cd.rules`, or a function of what a synapse sees (`cd.rules.Sight`); or
            several, as a dict from names or a list, for a history with a `rule` dimension.
        epochs: how many passes over the training samples, at least 1.
        learning_rate: η, the total step of one epoch.
        batch_size: b; a fresh random order every epoch. None: the full batch.
        preserve_norms: rescale all layers to their initial Frobenius norms after every update (the paper's
            "normalised" runs).
        record: the epochs to record at, increasing, 0 being the initial state; or how many log-spaced points; None
            for about 100 of them. The first and last are as listed.
        output_error: "delta": the output error signal is e = ŷ − y even behind an output nonlinearity, the paper's
            convention. "mse": e = (ŷ − y)·φ'_out, so that without flips the update is the exact gradient of the
            recorded error. The two coincide for a linear output.
        transform: an optax transformation that every update S ∘ signal goes through before its step is taken (momentum,
            noise, clipping, schedules over updates), or a function of `trial`, its number, that returns one. Not a
            whole optimizer, which carries its own −learning rate. The reference engine runs it.
        stop_below: stop a trial at the first recorded epoch whose training error is below this; or, given two numbers,
            whose training error is below the first and test error below the second, so that the epochs to both
            thresholds are those of the whole run. Its later errors are those of the weights it stopped with. Nothing is
            computed once no trial is left.
        record_weights: also keep all weights at the recorded epochs.
        seed: of the sample orders and of sampled feedback. The same seed gives the same history to the bit on one
            machine.
        dtype: "float64" or "float32".
        engine: "auto" takes the fastest that can run the experiment, and never changes what is computed: "fused",
            compiled CPU kernels; "order-parameters", the same in the few coordinates that a wide linear student can
            move in; "jax", the reference, which runs on a GPU where JAX has one. It is the only one for float32, for
            other than two layers, other losses, rules and transformations, and activations without a kernel.
        threads: CPU threads of the compiled kernels; None for all cores. The history does not depend on it.
        progress: told how far the run is; see `curldescent.foundation.progress`.
        observe: called with the engine at every recorded epoch, for statistics of weights that are too many to keep; it
            reads `epoch`, `active` and `weights()` and changes nothing.
        stopping: asked about twice a second; once it says yes the run ends there, and the history with it: it has the
            epochs recorded by then, the weights of that moment, and the attribute `interrupted_at`, the epoch that
            every trial has finished.

    Returns:
        An `xarray.Dataset`. `train_error` and `test_error` (trial, epoch): ½⟨‖ŷ − y‖²⟩, where `epoch` counts finished
        epochs; the mean of another loss where the problem has one; no `test_error` without test inputs.
        `student_hidden` (trial, hidden, input) and `student_readout` (trial, output, hidden): final weights;
        `student_layer1`, `student_layer2`, … in networks of another depth. `diverged`, `diverged_at` (trial): a trial
        diverges at the first epoch that ends with a weight that is not finite or beyond 1e50 (1e9 in float32); its
        errors and weights are NaN from then on. `stopped_at` (trial). What a rule remembers at the end (traces,
        averages) is `state_hidden`, `state_readout`, … (trial, …), or `state_hidden_trace` where it is called "trace"
        there; NaN under rules that remember no such thing; rules that remember things of one name in different shapes
        have "_rule0", "_rule2", …, their places, behind it. With `record_weights`, `hidden_history` (trial,
        epoch, hidden, input) and `readout_history`, or `layer1_history` and so on. Several rules put a `rule` dimension
        in front. Every recording epoch is there, whether or not the run ended early.

    Raises:
        InputError: an argument out of range, or a plasticity that does not fit the problem.

    Source: docs/theory.md, setting and simulation protocol.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=10, n_hidden=20, n_train=50, trials=3)
        >>> history = cd.train(problem, cd.Plasticity(readout=0.1), epochs=200, batch_size=10)
        >>> dict(history.train_error.sizes)
        {'trial': 3, 'epoch': 64}
        >>> bool((history.train_error[:, -1] < history.train_error[:, 0]).all())
        True
    """
    if not isinstance(problem, Problem):
        raise InputError(f"problem must be a cd.Problem, got {type(problem).__name__}")
    epochs = validation.integer("epochs", epochs, minimum=1, maximum=MOST_EPOCHS)
    times = recording_epochs(record, epochs)
    rules, several = named_rules(rule, problem)
    refuse_set_up(problem, len(rules))
    setup = experiment(
        problem,
        list(rules.values()),
        learning_rate=learning_rate,
        batch_size=batch_size,
        preserve_norms=preserve_norms,
        output_error=output_error,
        seed=seed,
        transform=transform,
    )
    stop = stopping_errors(stop_below)
    if math.isfinite(stop[1]) and problem.test_inputs is None:
        raise InputError("stop_below names a test error, but the problem has no test samples")
    validation.choice("dtype", dtype, DTYPES)
    refuse_unrepresentable(setup, dtype)
    record_weights = validation.boolean("record_weights", record_weights)
    progress = Silent() if progress is None else progress

    recordings = len(times) if record_weights else 0
    names = chosen(setup, engine=engine, dtype=dtype, epochs=epochs)
    pieces = pieces_that_fit(setup, jax="jax" in names, snapshots=recordings, points=len(times))
    if observe is not None and len(pieces) > 1:
        raise InputError("observe needs all trials at once, and they do not fit into memory; train fewer at a time")
    ran_on: dict[str, object] = {}

    def records() -> Iterator[Record]:
        for index, piece in enumerate(pieces):
            stepper = built(piece, names, dtype=dtype, threads=threads)
            ran_on.update(engine=stepper.name, device=stepper.device)
            yield record_run(
                stepper,
                epochs=epochs,
                times=times,
                stop_below=stop,
                record_weights=record_weights,
                observe=observe,
                progress=progress,
                done_before=index * epochs,
                stopping=stopping,
                every_epoch=error_may_overflow(piece, DIVERGENCE_BOUND[dtype]),
            )

    progress.start(epochs * len(pieces), "epochs")
    record_of_all = collected(records(), setup.trials)
    finished = int(record_of_all.finished.min())
    if finished < epochs:
        progress.finish(f"stopped after {finished} of {epochs} epochs")
    else:
        progress.finish()
    history = labelled_history(
        epochs=times,
        record=record_of_all,
        rule_names=list(rules) if several else None,
        loss=problem.loss.name,
        settings={
            **({"interrupted_at": finished} if finished < epochs else {}),
            "curldescent_version": __version__,
            **ran_on,
            "problem": repr(problem),
            **({} if problem.data is None else {"data": str(problem.data)}),
            "rule": "; ".join(repr(item) for item in rules.values()),
            "realised": realised_text(rules, problem, several=several),
            "epochs": epochs,
            "learning_rate": setup.learning_rate,
            "batch_size": setup.batch,
            "preserve_norms": int(setup.preserve_norms),
            "output_error": setup.output_error,
            **({} if problem.loss.name == "squared" else {"loss": problem.loss.name}),
            **({} if transform is None else {"transform": described(transform)}),
            "seed": setup.seed,
            "dtype": dtype,
        },
    )
    if stop_below is not None:
        # What a stopped trial would have reached later nobody knows: `epochs_to_threshold` and its summary need this.
        for name, level in zip(("train_error", "test_error"), stop, strict=True):
            if name in history:
                history[name].attrs["stop_below"] = level
    if finished == epochs:
        return history
    # Some trials may be further where they do not all fit into memory at once.
    return history.sel(epoch=history.epoch <= int(record_of_all.finished.max()))
