"""The samples of measured data: without what is missing, divided for training and testing, brought to scale."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.model.scaling import Scaling
from curldescent.model.tables import columns
from curldescent.model.tables.columns import Block

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

# Targets whose spread is this many times larger or smaller than one are brought to it.
_FAR = 3.0


@dataclass(frozen=True, eq=False)
class Scaled:
    """Numbers, and what brought them to their scale; None where nothing did."""

    values: Array
    scaling: Scaling | None


def complete(x: Block, y: Block, missing: str) -> tuple[Block, Block, list[str]]:
    """Deal with rows in which something is missing.

    Args:
        x: the inputs.
        y: the targets.
        missing: "refuse", "drop" or "impute"; the last leaves NaN in the inputs.

    Returns:
        Inputs and targets of the rows that are kept, and what was done.

    Raises:
        InputError: something is missing and is to be refused, or no row is complete.
    """
    if missing == "refuse":
        columns.refuse_missing(x)
        columns.refuse_missing(y)
        return x, y, []
    bad: NDArray[np.bool_] = np.asarray(np.isnan(y.values).any(axis=1))
    where = dict(y.missing)
    if missing == "drop":
        bad = bad | np.isnan(x.values).any(axis=1)
        where |= x.missing
    if not bad.any():
        return x, y, []
    if bad.all():
        raise InputError(f"missing={missing!r} leaves no row: every one misses something")
    counts = ", ".join(f"{validation.shown(name)} {count}" for name, count in where.items())
    said = f"{int(bad.sum())} of {len(bad)} rows are left out because something is missing ({counts})"
    return _of_rows(x, ~bad), _of_rows(y, ~bad), [said]


def _of_rows(block: Block, kept: NDArray[np.bool_]) -> Block:
    return replace(block, values=block.values[kept])


def divided(count: int, test_fraction: float, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Which samples are for training and which for testing.

    Args:
        count: of the samples.
        test_fraction: share for testing, in [0, 1).
        rng: that shuffles them.

    Returns:
        Their numbers.

    Raises:
        InputError: a share out of range, or that leaves nothing to train.
    """
    share = validation.real("test_fraction", test_fraction)
    if not 0 <= share < 1:
        raise InputError(f"test_fraction must be at least 0 and below 1, got {share:g}")
    order = rng.permutation(count)
    held_out = round(share * count)
    if held_out == count:
        raise InputError(f"test_fraction {share:g} leaves no training sample of {count}")
    return order[held_out:], order[:held_out]


def imputed(x: Block, train: Rows) -> tuple[Block, list[str]]:
    """Put the mean over the training samples in the place of what is missing.

    Args:
        x: the inputs, maybe with NaN.
        train: the training samples, of which alone the means are.

    Returns:
        The inputs, and what was done.

    Raises:
        InputError: an input that no training sample has.
    """
    holes = np.isnan(x.values)
    if not holes.any():
        return x, []
    known = ~holes[train]
    counts = known.sum(axis=0)
    if (counts == 0).any():
        raise InputError(
            f"input {validation.shown(x.labels[int((counts == 0).argmax())])} is missing in every training sample; "
            "exclude it, or drop rows"
        )
    means = np.where(known, x.values[train], 0.0).sum(axis=0) / counts
    rows = ", ".join(f"{validation.shown(name)} {count}" for name, count in x.missing.items())
    said = f"missing inputs are replaced by their mean over the training samples (rows: {rows})"
    return replace(x, values=np.where(holes, means, x.values)), [said]


def scaled(values: Array, train: Rows, *, wanted: bool) -> Scaled:
    """Zero mean and unit variance over the training samples, where that is wanted."""
    if not wanted:
        return Scaled(values, None)
    scaling = Scaling.of(values[train])
    return Scaled(scaling.apply(values), scaling)


def scaled_targets(y: Block, train: Rows, wanted: bool | None, *, possible: bool) -> tuple[Scaled, list[str]]:  # noqa: FBT001
    """The same for targets, whose scale may ask for it.

    Args:
        y: the targets.
        train: the training samples.
        wanted: by the user; None where their scale decides.
        possible: whether the outputs can take standardised values.

    Returns:
        The targets, and a word on them where nobody asked for it.
    """
    if wanted is not None:
        return scaled(y.values, train, wanted=wanted), []
    known = y.values[train]
    spread, mean = known.std(axis=0), known.mean(axis=0)
    varies = np.ptp(known, axis=0) > 0
    far = varies & ((spread > _FAR) | (spread < 1 / _FAR) | (np.abs(mean) > spread))
    if not possible or not far.any():
        return Scaled(y.values, None), []
    made = scaled(y.values, train, wanted=True)
    of_first = int(far.argmax())
    said = (
        f"targets are standardised ({validation.shown(y.labels[of_first])}: mean {mean[of_first]:.4g}, standard "
        f"deviation {spread[of_first]:.4g}); standardise_targets=False leaves them as they are"
    )
    return made, [said]
