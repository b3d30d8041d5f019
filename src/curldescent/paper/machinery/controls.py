"""What the controls of the speed-up share: the base setting, its paired students, and the claims about two arms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.paper.machinery import speedup_protocol, statistics
from curldescent.paper.machinery.claims import Claim, Finding, Results, Scale
from curldescent.paper.machinery.speedup_claims import bound
from curldescent.paper.machinery.statistics import LEVEL, paired
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
# Two arms are called equal where the whole interval of their ratio lies within this factor of 1.
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


def ratio_interval(first: Arm, second: Arm) -> tuple[float, float, float]:
    """Geometric mean of the ratio of epochs, first over second, and its 95 % interval.

    The interval is Student's, of the mean of the logarithms. Trials that never reach the threshold count with the last
    epoch, so that a ratio over them is a bound.

    Args:
        first: numerator.
        second: denominator, the same trials.

    Returns:
        Ratio, lower and upper end.

    Example:
        >>> import numpy as np
        >>> reached = np.ones(3, bool)
        >>> [round(x, 2) for x in ratio_interval(Arm(np.array([2.0, 2, 2]), reached), Arm(np.ones(3), reached))]
        [2.0, 2.0, 2.0]
    """
    from scipy import stats

    logs = np.log(first.epochs / second.epochs)
    middle, n = float(logs.mean()), len(logs)
    spread = float(logs.std(ddof=1) / np.sqrt(n)) * float(stats.t.ppf(0.975, n - 1)) if n > 1 else float("inf")
    return float(np.exp(middle)), float(np.exp(middle - spread)), float(np.exp(middle + spread))


def outcome(first: Arm, second: Arm) -> str:
    """By the paired test, "wins" where the second arm needs fewer epochs, "loses" where the first does, or "ties"."""
    test = paired(first.epochs, second.epochs)
    return "wins" if test.faster else "loses" if test.slower else "ties"


def compared(arms: Arms, first: str, second: str) -> tuple[str, dict[str, Any]]:
    """The paired comparison of two arms, said in a sentence and as numbers."""
    a, b = arms[first], arms[second]
    test = paired(a.epochs, b.epochs)
    ratio, low, high = ratio_interval(a, b)
    missed = {name: int((~arms[name].reached).sum()) for name in (first, second)}
    said = (
        f"{first}: {bound(missed[first])}{test.first:.0f} ± {test.first_error:.0f}, {second}: "
        f"{bound(missed[second])}{test.second:.0f} ± {test.second_error:.0f} "
        f"epochs; ratio {ratio:.2f} [{low:.2f}, {high:.2f}]; Wilcoxon p = {test.p_value:.2g}, d_z = {test.effect:.2f}; "
        f"{second} first in {test.wins} of {test.n}"
    )
    if any(missed.values()):
        said += "; threshold not reached by " + ", ".join(f"{n} ({name})" for name, n in missed.items() if n)
    numbers = {
        "means": {first: test.first, second: test.second},
        "ratio": ratio,
        "interval": [low, high],
        "p_value": test.p_value,
        "t_p_value": test.t_p_value,
        "effect": test.effect,
        "wins": test.wins,
        "pairs": test.n,
        "not_reached": missed,
    }
    return said, numbers


def too_few(pairs: int) -> Finding | None:
    """What is found where a scale has too few pairs for a paired test; None where it has enough."""
    if pairs >= LEAST_PAIRS:
        return None
    return Finding(None, f"a paired test needs at least {LEAST_PAIRS} pairs, this scale has {pairs}")


def _judged(arms: Arms, first: str, second: str, holds: Callable[[Arm, Arm], bool]) -> Finding:
    a, b = arms[first], arms[second]
    if few := too_few(len(a.epochs)):
        return few
    said, numbers = compared(arms, first, second)
    return Finding(holds(a, b), said, numbers)


def faster(arms: Callable[[Results], Arms], first: str, second: str) -> Callable[[Results], Finding]:
    """A measurement: does the second arm need fewer epochs, by the paired test?"""
    return lambda results: _judged(arms(results), first, second, lambda a, b: outcome(a, b) == "wins")


def equal(arms: Callable[[Results], Arms], first: str, second: str) -> Callable[[Results], Finding]:
    """A measurement: does the interval of the ratio lie within `TIE` of 1?"""

    def within(a: Arm, b: Arm) -> bool:
        _, low, high = ratio_interval(a, b)
        return low > 1 / TIE and high < TIE

    return lambda results: _judged(arms(results), first, second, within)


FASTER = f"lower mean and p < {LEVEL:g} in a two-sided Wilcoxon test over paired students"
EQUAL = f"the 95 % interval of the ratio of epochs lies within a factor {TIE:g} of 1"


def faster_claim(name: str, statement: str, arms: Callable[[Results], Arms], first: str, second: str) -> Claim:
    """The claim that the second arm needs fewer epochs than the first."""
    return Claim(name, statement, FASTER, "the contrary, by the same test", faster(arms, first, second))


def equal_claim(name: str, statement: str, arms: Callable[[Results], Arms], first: str, second: str) -> Claim:
    """The claim that two arms need the same number of epochs."""
    return Claim(name, statement, EQUAL, "the contrary, by the same test", equal(arms, first, second))


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
