"""Advance an engine from one recording epoch to the next and keep what is seen there."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress

if TYPE_CHECKING:
    from curldescent.learning.engines.contract import Engine

Array = NDArray[np.float64]

# Who asks a run to stop waits about this long.
_SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True, eq=False)
class Record:
    """What a run leaves; R rules, T trials, E recording epochs. None where it was not asked for or is not there.

    Attributes:
        train_error: (R, T, E).
        test_error: (R, T, E).
        layers: final weights, each (R, T, post, pre).
        snapshots: weights at the recording epochs, each (R, T, E, post, pre).
        states: what the rules remember at the end, by name, each (R, T, …).
        diverged_at: (R, T), −1 where a trial did not diverge.
        stopped_at: (R, T), −1 where a trial was not stopped early.
        finished: (R, T), how many epochs were run, those after an early stop included.
    """

    train_error: Array
    test_error: Array | None
    layers: tuple[Array, ...]
    snapshots: tuple[Array, ...] | None
    states: Mapping[str, Array]
    diverged_at: NDArray[np.int64]
    stopped_at: NDArray[np.int64]
    finished: NDArray[np.int64]


def stopping_errors(stop_below: object) -> tuple[float, float]:
    """The training and the test error that a trial must be below to be stopped.

    Args:
        stop_below: as `curldescent.train` takes it.

    Returns:
        Both: 0 as the training error where trials are never stopped, infinity as the test error that does not count.

    Raises:
        InputError: neither None, nor a positive number, nor two of them.

    Example:
        >>> stopping_errors(1e-3), stopping_errors([1e-3, 1e-2])
        ((0.001, inf), (0.001, 0.01))
    """
    if stop_below is None:
        return 0.0, math.inf
    if isinstance(stop_below, str) or not isinstance(stop_below, Sequence):
        return validation.positive("stop_below", stop_below), math.inf
    if len(stop_below) != 2:
        raise InputError(f"stop_below must be a training error, or a training and a test error, got {stop_below!r}")
    train, test = (validation.positive("stop_below", value) for value in stop_below)
    return train, test


def record_run(
    stepper: "Engine",
    *,
    epochs: int,
    times: NDArray[np.int64],
    stop_below: tuple[float, float],
    record_weights: bool,
    observe: "Callable[[Engine], object] | None",
    progress: Progress,
    done_before: int = 0,
    stopping: Callable[[], bool] | None = None,
    every_epoch: bool = False,
) -> Record:
    """Run an engine to the end of its epochs.

    Args:
        stepper: an engine, not yet advanced.
        epochs: how long.
        times: recording epochs, increasing.
        stop_below: of `stopping_errors`; a trial is stopped at the first recording epoch with both errors below.
        record_weights: keep all weights at the recording epochs.
        observe: called with the engine at every recording epoch.
        progress: told about epochs, counted from `done_before`.
        done_before: epochs of progress made by earlier pieces of the run.
        stopping: asked every second or so; once it says yes the run ends. Errors and weights at recording epochs that
            were not reached are NaN.
        every_epoch: look after every epoch whether the error has overflowed; see `number_range.error_may_overflow`.

    Returns:
        The `Record`.
    """
    seen: list[tuple[Array, Array | None]] = []
    snapshots: list[tuple[Array, ...]] = []
    stopped_at = np.full(stepper.active.shape, -1, dtype=np.int64)
    stride = 1 if every_epoch else progress_stride(epochs)
    if every_epoch:
        _finite_errors(stepper)
    # Who may be asked to stop begins with one epoch and finds out how many take half a second.
    stretch = stride if stopping is None else 1
    stopping = stopping or _never
    ended = epochs
    may_stop = stop_below[0] > 0
    # Epochs after the last recorded one still count: the final weights are those after `epochs`.
    for target in dict.fromkeys([*times.tolist(), epochs]):
        while stepper.epoch < target and stepper.active.any() and not stopping():
            began = time.monotonic()
            stepper.advance(min(target - stepper.epoch, stretch))
            if every_epoch:
                _finite_errors(stepper)
            slow = time.monotonic() - began > _SECONDS_BETWEEN_LOOKS
            stretch = stretch if stopping is _never else max(1, stretch // 2) if slow else min(stride, 2 * stretch)
            # Where students stop early, so may the run, and the epochs left are too many.
            if may_stop:
                learning = f"{int(stepper.active.sum())} of {stepper.active.size} students still learn"
                progress.update(done_before + stepper.epoch, note=learning)
            else:
                progress.update(done_before + stepper.epoch)
        if stepper.epoch < target and stepper.active.any():
            ended = stepper.epoch
            _fill_up(seen, snapshots, len(times), stepper, record_weights=record_weights)
            break
        errors = _finite_errors(stepper)
        if target in times:
            seen.append(errors)
            if observe is not None:
                observe(stepper)
            if record_weights:
                snapshots.append(stepper.weights())
            below = stepper.active & (errors[0] < stop_below[0])
            if errors[1] is not None:
                below &= errors[1] < stop_below[1]
            stopped_at[below] = target
            stepper.stop(below)
    test = [error for _, error in seen if error is not None]
    return Record(
        train_error=np.stack([error for error, _ in seen], axis=-1),
        test_error=np.stack(test, axis=-1) if test else None,
        layers=stepper.weights(),
        snapshots=tuple(np.stack(layer, axis=2) for layer in zip(*snapshots, strict=True)) if record_weights else None,
        states=stepper.states(),
        diverged_at=stepper.diverged_at,
        stopped_at=stopped_at,
        finished=np.full(stopped_at.shape, ended, dtype=np.int64),
    )


def _never() -> bool:
    return False


def _fill_up(
    seen: list[tuple[Array, Array | None]],
    snapshots: list[tuple[Array, ...]],
    recordings: int,
    stepper: "Engine",
    *,
    record_weights: bool,
) -> None:
    """Put NaN where a run was ended before its last recording epochs."""
    train, test = stepper.errors()
    nothing = np.full_like(train, np.nan), None if test is None else np.full_like(test, np.nan)
    seen.extend([nothing] * (recordings - len(seen)))
    if record_weights:
        lost = tuple(np.full_like(layer, np.nan) for layer in stepper.weights())
        snapshots.extend([lost] * (recordings - len(snapshots)))


def _finite_errors(stepper: "Engine") -> tuple[Array, Array | None]:
    """The errors, after trials whose training error has overflowed have been stopped as diverged."""
    errors = stepper.errors()
    # A weight within bounds can still overflow the error where inputs are huge.
    overflowed = stepper.active & ~np.isfinite(errors[0])
    if overflowed.any():
        stepper.stop(overflowed, diverged=True)
        errors = stepper.errors()
    return errors


def collected(records: Iterable[Record], trials: int) -> Record:
    """Records of consecutive groups of trials as one, of which no two groups need to be in memory at once.

    Args:
        records: in order of trials; read one by one.
        trials: T, of all of them together.

    Returns:
        The record of all trials.
    """
    whole: dict[str, list[Array]] = {}
    start, last = 0, None
    for last in records:
        count = last.train_error.shape[1]
        if count == trials:
            return last
        for field in fields(Record):
            parts = _parts(getattr(last, field.name))
            if start == 0:
                whole[field.name] = [np.empty((len(part), trials, *part.shape[2:]), part.dtype) for part in parts]
            for target, part in zip(whole[field.name], parts, strict=True):
                target[:, start : start + count] = part
        start += count
    return Record(**{name: _like(getattr(last, name), parts) for name, parts in whole.items()})


def _parts(values: Any) -> list[Array]:
    """The arrays of one entry of a record."""
    if isinstance(values, Mapping):
        return list(values.values())
    return list(values) if isinstance(values, tuple) else [] if values is None else [values]


def _like(values: Any, parts: list[Array]) -> Any:
    """Other arrays in the form of an entry of a record."""
    if isinstance(values, Mapping):
        return dict(zip(values, parts, strict=True))
    return tuple(parts) if isinstance(values, tuple) else None if values is None else parts[0]


def progress_stride(epochs: int) -> int:
    """Epochs between two words of progress: a hundredth of the run, so that a bar moves and a log stays short."""
    return max(1, epochs // 100)
