"""What the controls of the speed-up share: the base setting, its paired students, and the claims about two arms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.paper.machinery import speedup_protocol, statistics
from curldescent.paper.machinery.claims import Claim, Finding, Results, Scale
from curldescent.paper.machinery.effects import Effect, ratio_of
from curldescent.paper.machinery.judged import Judged
from curldescent.paper.machinery.speedup_claims import bound
from curldescent.sweeps import Sweep

if TYPE_CHECKING:
    import xarray as xr

    from curldescent.model.problem import Problem

THRESHOLD = speedup_protocol.THRESHOLD
N_INPUTS, N_HIDDEN = speedup_protocol.INPUTS, speedup_protocol.HIDDEN
BATCH, LEARNING_RATE = speedup_protocol.BATCH, speedup_protocol.LEARNING_RATE
# Log-spaced recorded epochs: neighbours are 2–3 % apart, where the paper's ~100 are 12 % apart.
POINTS = 300
LEAST_PAIRS = statistics.FEWEST_PAIRS
# Arms between which a control expects no difference at all are called equal within this factor.
TIE = 1.1

BASE = "control-base"
RULES: dict[str, dict[str, Any]] = {"GD": {}, "CD": {"readout_flips": 1}}


@dataclass(frozen=True)
class Size:
    """How large a scale's controls are.

    Args:
        few: samples where gradient descent and curl descent are about equal.
        many: samples where curl descent is faster; what all controls but the first two use alone.
        trials: paired students.
        epochs: the most that a run gets; it ends at the threshold.
    """

    few: int
    many: int
    trials: int
    epochs: int


SIZES: dict[Scale, Size] = {
    "quick": Size(250, 1000, 6, 6_000),
    "standard": Size(500, 2000, 10, 10_000),
    "paper": Size(500, 2000, 10, 100_000),
}
# The controls have no cells that could be left out.
SIZES["subset"] = SIZES["paper"]


def sweep(
    size: Size,
    rules: Mapping[str, Mapping[str, Any]],
    *,
    axes: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Sweep:
    """A sweep of the base setting, the protocol of the speed-up at more recorded epochs.

    All its axes are paired: whatever varies, trial t has the same teacher, student, inputs and sample orders, here and
    in every other sweep that this function makes for the same number of samples.

    Args:
        size: samples, trials, epochs; the larger number of samples unless an axis says otherwise.
        rules: name → arguments of `Plasticity`.
        axes: of the sweep.
        training: what differs from the base setting in training.

    Returns:
        The sweep; each run ends at the threshold.
    """
    axes = axes or {}
    return speedup_protocol.sweep(
        axes,
        rules=rules,
        trials=size.trials,
        epochs=size.epochs,
        record=POINTS,
        stop_below=THRESHOLD,
        training=training,
        paired=tuple(axes),
        n_train=size.many,
    )


def base(size: Size) -> Sweep:
    """Gradient descent and curl descent with one of ten readout neurons flipped, at both numbers of samples."""
    return sweep(size, RULES, axes={"n_train": [size.few, size.many]})


def base_problem(trials: int, n_train: int) -> "tuple[Problem, int]":
    """The problem and the seed of the sample orders that `base` uses, for what is no sweep."""
    cell = sweep(Size(n_train, n_train, trials, 1), RULES).cell_at((0,))
    return cell.problem, cell.seed


@dataclass(frozen=True, eq=False)
class Arm:
    """One condition of a control.

    Args:
        epochs: to the threshold, (T,), trials in order; the last epoch where it was not reached.
        reached: which trials reached it, (T,).
    """

    epochs: NDArray[np.float64]
    reached: NDArray[np.bool_]


Arms = Mapping[str, Arm]


def arm(data: "xr.Dataset", **where: Any) -> Arm:
    """An arm of a sweep's dataset.

    Args:
        data: with `epochs_to_train` and `stopped_at`.
        where: coordinate → value.

    Returns:
        The arm.
    """
    chosen = data.sel(**where)
    return Arm(speedup_protocol.needed(chosen, "train").values, chosen.stopped_at.values >= 0)


def base_arms(results: Results) -> dict[str, Arm]:
    """GD and CD of the base setting at the larger number of samples."""
    many = SIZES[results.scale].many
    return {rule: arm(results[BASE], rule=rule, n_train=many) for rule in RULES}


def effect(first: Arm, second: Arm) -> Effect:
    """The ratio of epochs, first over second, with its interval over students.

    Trials that never reach the threshold count with the last epoch: what is compared are epochs up to that one. The
    students of a control share one set of inputs, so that the interval says nothing of other sets.

    Args:
        first: numerator.
        second: denominator, the same trials.

    Returns:
        The ratio.

    Example:
        >>> import numpy as np
        >>> reached = np.ones(3, bool)
        >>> effect(Arm(np.array([2.0, 2, 2]), reached), Arm(np.ones(3), reached)).interval
        (2.0, 2.0)
    """
    return ratio_of(first.epochs, second.epochs)


def compared(arms: Arms, first: str, second: str) -> tuple[str, dict[str, Any]]:
    """The paired comparison of two arms, said in a sentence and as numbers."""
    a, b = arms[first], arms[second]
    found = effect(a, b)
    missed = {name: int((~arms[name].reached).sum()) for name in (first, second)}
    wins = int((b.epochs < a.epochs).sum())
    said = (
        f"{first}: {_mean(a)}, {second}: {_mean(b)} epochs; ratio {found.said}, p = {found.p_value:.2g}; "
        f"{second} first in {wins} of {len(a.epochs)}"
    )
    if any(missed.values()):
        said += "; threshold not reached by " + ", ".join(f"{n} ({name})" for name, n in missed.items() if n)
    means = {first: float(a.epochs.mean()), second: float(b.epochs.mean())}
    return said, {**found.numbers, "means": means, "wins": wins, "not_reached": missed}


def _mean(arm: Arm) -> str:
    """Mean and standard error, a lower bound where trials count with the last epoch."""
    return f"{bound(int((~arm.reached).sum()))}{arm.epochs.mean():.0f} ± {statistics.standard_error(arm.epochs):.0f}"


def too_few(pairs: int) -> Finding | None:
    """What is found where a scale has too few students for an interval of use; None where it has enough."""
    if pairs >= LEAST_PAIRS:
        return None
    return Finding(None, f"an interval needs at least {LEAST_PAIRS} students, this scale has {pairs}")


def beyond(arms: Arms, first: str, second: str, factor: float, *, above: bool) -> Finding:
    """Whether the 95 % interval of the ratio of two arms lies above a factor, or below it.

    Args:
        arms: by name.
        first: whose epochs are divided.
        second: by those of which.
        factor: on which side the claim is.
        above: that side.

    Returns:
        False where the interval lies on the other side, undecided where it holds the factor.
    """
    if few := too_few(len(arms[first].epochs)):
        return few
    said, numbers = compared(arms, first, second)
    ratio = effect(arms[first], arms[second])
    return (ratio.judge_above(factor) if above else ratio.judge_below(factor)).finding(said, numbers)


def _judged(arms: Arms, first: str, second: str, verdict: Callable[[Effect], Judged]) -> Finding:
    """The finding of two arms."""
    a, b = arms[first], arms[second]
    if few := too_few(len(a.epochs)):
        return few
    said, numbers = compared(arms, first, second)
    return verdict(effect(a, b)).finding(said, numbers)


def faster(arms: Callable[[Results], Arms], first: str, second: str) -> Callable[[Results], Finding]:
    """A measurement: does the second arm need fewer epochs? Undecided where the interval of the ratio holds 1."""
    return lambda results: _judged(arms(results), first, second, lambda ratio: ratio.judge_above())


def equal(
    arms: Callable[[Results], Arms], first: str, second: str, margin: float = TIE
) -> Callable[[Results], Finding]:
    """A measurement: is the ratio within a margin of 1, by two one-sided tests?"""

    def measure(results: Results) -> Finding:
        found = _judged(arms(results), first, second, lambda ratio: ratio.judge_equivalent(margin))
        if not found.numbers:
            return found
        pair = arms(results)
        p = effect(pair[first], pair[second]).equivalence_p(margin)
        said = f"{found.said}; within a factor {margin:g} of 1: p = {p:.2g}"
        return replace(found, said=said, numbers={**found.numbers, "equivalence_p": p, "margin": margin})

    return measure


# When an arm is faster, and when that is refuted.
FASTER = (
    "the 95 % interval of the ratio of epochs, Student's over students, lies above 1",
    "it lies below 1",
)


def equal_regions(margin: float) -> tuple[str, str]:
    """When two arms count as equal, and when that is refuted."""
    return (
        f"two one-sided t-tests at 5 % say that the ratio of epochs is within a factor {margin:g} of 1",
        "its 95 % interval lies outside of that factor",
    )


# What was changed in the criteria of the first version.
INTERVALS = "2026-11-27: by Student's interval of the log ratio in place of a Wilcoxon test; undecided if it holds 1."
EQUIVALENCE = "2026-11-27: by two one-sided tests in place of the whole 95 % interval."


def faster_claim(name: str, statement: str, arms: Callable[[Results], Arms], first: str, second: str) -> Claim:
    """The claim that the second arm needs fewer epochs than the first."""
    return Claim(name, statement, *FASTER, faster(arms, first, second), changes=(INTERVALS,))


def equal_claim(
    name: str,
    statement: str,
    arms: Callable[[Results], Arms],
    first: str,
    second: str,
    margin: float = TIE,
    changes: Sequence[str] = (EQUIVALENCE,),
) -> Claim:
    """The claim that two arms need the same number of epochs, within a margin that is fixed before they are run."""
    return Claim(name, statement, *equal_regions(margin), equal(arms, first, second, margin), changes=changes)


def computed_arms(data: "xr.Dataset") -> dict[str, Arm]:
    """The arms of a dataset made by `arms_dataset`."""
    return {str(name): arm(data, arm=name) for name in data.arm.values}


def arms_dataset(arms: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> "xr.Dataset":
    """Arms as a dataset like a sweep's: name → epochs (T,) and which trials reached the threshold (T,)."""
    import xarray as xr

    epochs = np.array([np.asarray(item[0]) for item in arms.values()], dtype=float)
    reached = np.array([np.asarray(item[1]) for item in arms.values()], dtype=bool)
    return xr.Dataset(
        {
            "epochs_to_train": (("arm", "trial"), epochs),
            "stopped_at": (("arm", "trial"), np.where(reached, epochs, -1)),
        },
        coords={"arm": list(arms), "trial": np.arange(epochs.shape[1])},
    )
