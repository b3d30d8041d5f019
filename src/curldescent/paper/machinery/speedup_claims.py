"""Claims about the speed-up: epochs to the threshold under gradient descent (GD) and curl descent (CD), in pairs.

The trials of a cell share their inputs, and the cells of an axis have inputs of their own: a value of the axis is an
input set. What is said of several values is over input sets, what is said of one is over the students of its set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.paper.machinery import shares
from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.effects import FEWEST_UNITS, Effect, ratio_of
from curldescent.paper.machinery.speedup_protocol import last_epoch, needed
from curldescent.paper.machinery.statistics import FEWEST_PAIRS, LEVEL, paired_t, standard_error

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

# Below this gain students count as no faster.
NO_GAIN = 1.1
# At least this share of the trials, where they are said never to get there.
NEVER = 0.95
# The same where the paper has five sets of inputs: 95 % could not be shown by them.
HARDLY_ANY = 0.9
# Input sets of which fewer pairs than this share tell anything are left out of what is said of several.
TELLING = 0.5
# With fewer values no two-sided test of Kendall's τ can get below the level: 2/4! = 0.083.
FEWEST_RANKED = 5
FASTER = ("the 95 % interval of GD/CD lies above 1", "it lies at or below 1")
OVER_SETS = f"over input sets, with fewer than {FEWEST_UNITS} of them over students"
TOO_FEW = "the grid of this scale has no such value, or too few of its pairs tell which rule is first"


@dataclass(frozen=True)
class Compared:
    """Two conditions measured on the same students of one input set.

    Args:
        first: epochs of the first condition, (n,).
        second: of the second, (n,).
        last: the epoch that stands for "never".
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    last: int

    @property
    def n(self) -> int:
        """Pairs."""
        return len(self.first)

    @property
    def effect(self) -> Effect:
        """First over second, over students. Pairs in which neither gets there count as equal."""
        return ratio_of(self.first, self.second)

    @property
    def unfinished(self) -> int:
        """Pairs in which neither condition reaches the threshold before the last epoch."""
        return int(((self.first >= self.last) & (self.second >= self.last)).sum())

    @property
    def never(self) -> tuple[int, int]:
        """How often either condition does not get there: these count with the last epoch, the paper's convention."""
        return int((self.first >= self.last).sum()), int((self.second >= self.last).sum())

    @property
    def telling(self) -> int:
        """Pairs in which at least one condition gets there."""
        return self.n - self.unfinished

    @property
    def wins(self) -> int:
        """Pairs in which the second condition is first."""
        return int((self.second < self.first).sum())

    @property
    def t_p_value(self) -> float:
        """Two-sided paired t-test of the epochs, as in the paper's figure 10; 1 where all pairs are equal."""
        return paired_t(self.first, self.second)[1]

    @property
    def direction(self) -> int:
        """1 where the interval of the ratio says that the second condition is faster, −1 where slower, 0 otherwise."""
        return _sign(self.effect)

    @property
    def numbers(self) -> dict[str, Any]:
        """Everything, for machines."""
        means = {"first": float(self.first.mean()), "second": float(self.second.mean())}
        errors = {"first_error": standard_error(self.first), "second_error": standard_error(self.second)}
        counts = {"unfinished": self.unfinished, "never": list(self.never), "wins": self.wins}
        return {**means, **errors, **counts, "t_p_value": self.t_p_value, **self.effect.numbers}


def _sign(effect: Effect) -> int:
    return 1 if effect.faster() else -1 if effect.slower() else 0


def compare(first: "ArrayLike", second: "ArrayLike", *, last: int) -> Compared:
    """Compare epochs over pairs of one input set.

    Args:
        first: (n,), of the first condition.
        second: (n,), of the second, on the same students.
        last: the epoch that stands for "never".

    Returns:
        The comparison.
    """
    return Compared(np.asarray(first, dtype=float), np.asarray(second, dtype=float), last)


def rules_compared(data: "xr.Dataset", part: str, axis: str) -> dict[float, Compared]:
    """GD and CD, student by student.

    Args:
        data: with the axes `rule` and `axis`.
        part: "train" or "test".
        axis: name of the other axis.

    Returns:
        Value on the axis → comparison; the ratio is that of GD's epochs to CD's. Values that were not run are left out.
    """
    epochs = needed(data, part).transpose("rule", axis, "trial")
    both = zip(epochs.sel(rule="GD").values, epochs.sel(rule="CD").values, strict=True)
    last = last_epoch(data)
    return {
        value: compare(gd, cd, last=last)
        for value, (gd, cd) in zip(epochs[axis].values.tolist(), both, strict=True)
        if np.isfinite(gd).all() and np.isfinite(cd).all()
    }


def flips_compared(data: "xr.Dataset", part: str) -> dict[float, Compared]:
    """No flipped readout neuron against k of them, student by student.

    Args:
        data: with the axis `readout_flips`, 0 among its values.
        part: "train" or "test".

    Returns:
        k → comparison, for k > 0.
    """
    epochs = needed(data, part)
    none = epochs.sel(readout_flips=0).values
    return {
        flips: compare(none, epochs.sel(readout_flips=flips).values, last=last_epoch(data))
        for flips in epochs.readout_flips.values.tolist()
        if flips > 0
    }


def at(compared: Mapping[float, Compared], value: float) -> Finding:
    """Whether CD needs fewer epochs than GD at one value, over the students of its input set."""
    if value not in compared:
        return Finding(None, f"the grid of this scale has no {value:g}")
    found = compared[value]
    if found.n < FEWEST_PAIRS:
        return Finding(None, f"{found.n} pairs are too few, {FEWEST_PAIRS} are needed")
    return Finding(found.effect.faster(), said(found), numbers({value: found}), found.effect.p_value)


def over(compared: Mapping[float, Compared], values: Sequence[float]) -> tuple[Effect, dict[float, Compared]] | None:
    """The effect over some values, every value an input set, and which of them it is over.

    Args:
        compared: value → comparison.
        values: which; those that were run, and in which at least half of the pairs tell something.

    Returns:
        None where there is no such value, or one has fewer than six pairs.
    """
    chosen = {v: compared[v] for v in values if v in compared and compared[v].telling >= TELLING * compared[v].n}
    if not chosen or min(found.n for found in chosen.values()) < FEWEST_PAIRS:
        return None
    first, second = (
        np.concatenate([getattr(found, name) for found in chosen.values()]) for name in ("first", "second")
    )
    unit = np.concatenate([np.full(found.n, number) for number, found in enumerate(chosen.values())])
    return ratio_of(first, second, unit), chosen


def _untold(compared: Mapping[float, Compared], values: Sequence[float]) -> str:
    """Why nothing is told over some values."""
    there = {value: compared[value] for value in values if value in compared}
    if not there or min(found.n for found in there.values()) < FEWEST_PAIRS:
        return TOO_FEW
    each = ", ".join(f"{value:g}: {found.telling} of {found.n}" for value, found in there.items())
    return f"nowhere do half of the pairs tell which rule is first: {each}; in the others neither gets there"


def together(
    compared: Mapping[float, Compared], values: Sequence[float], *, slower: bool = False, second: str = "CD"
) -> Finding:
    """Whether CD is faster, or slower, over several input sets together.

    Args:
        compared: value → comparison.
        values: which, see `over`.
        slower: whether the claim is that CD is slower.
        second: what the second condition is called.

    Returns:
        Three-valued by the 95 % interval over input sets; over students where there are fewer than three.
    """
    found = over(compared, values)
    if found is None:
        return Finding(None, _untold(compared, values))
    effect, chosen = found
    holds = effect.slower() if slower else effect.faster()
    text = f"GD/{second} {effect.said}; {listed(chosen)}"
    return Finding(holds, text, {**effect.numbers, "values": numbers(chosen)}, effect.p_value)


def no_gain(compared: Mapping[float, Compared], values: Sequence[float], *, margin: float = NO_GAIN) -> Finding:
    """Whether CD gains nothing over several input sets: the ratio is below a margin."""
    found = over(compared, values)
    if found is None:
        return Finding(None, _untold(compared, values))
    effect, chosen = found
    text = f"GD/CD {effect.said}; {listed(chosen)}"
    return effect.judge_below(margin).finding(text, {**effect.numbers, "values": numbers(chosen)})


def each(compared: Mapping[float, Compared], values: Sequence[float], *, slower: bool = False) -> Finding:
    """Whether CD is faster, or slower, at every one of some values.

    Args:
        compared: value → comparison.
        values: which; those that the grid has.
        slower: whether the claim is that CD is slower.

    Returns:
        True where every interval says so, False where one says the contrary, None otherwise. The p-value is the
        largest one: that of the intersection.

    Source: Berger, Technometrics 24 (1982) 295, intersection-union tests.
    """
    chosen = {value: compared[value] for value in values if value in compared}
    if not chosen or min(found.n for found in chosen.values()) < FEWEST_PAIRS:
        return Finding(None, TOO_FEW)
    wanted = -1 if slower else 1
    signs = [found.direction for found in chosen.values()]
    holds = False if -wanted in signs else True if set(signs) == {wanted} else None
    word = "slower" if slower else "faster"
    text = f"{word} at {signs.count(wanted)} of {len(chosen)} values: {listed(chosen)}"
    # A contradiction rests on the clearest contrary value, of as many as were looked at.
    against = [found.effect.p_value for found, sign in zip(chosen.values(), signs, strict=True) if sign == -wanted]
    p_value = min(1.0, min(against) * len(chosen)) if against else max(f.effect.p_value for f in chosen.values())
    return Finding(holds, text, {word: signs.count(wanted), "of": len(chosen), **numbers(chosen)}, p_value)


def gain_grows(compared: Mapping[float, Compared]) -> Finding:
    """Whether the gain, GD's epochs over CD's, grows along an axis.

    Args:
        compared: value → comparison; a value is an input set.

    Returns:
        Holds where Kendall's rank correlation of the gain with the value over input sets is positive with p < 0.05,
        does not where it is negative so; sets in which fewer than half of the pairs tell anything are left out. Fewer
        than five are no test: with four no order of them has a two-sided p below 0.083.

    Source: Kendall, Biometrika 30 (1938) 81; exact for few sets.
    """
    from scipy import stats

    tells = {v: f for v, f in compared.items() if f.telling >= TELLING * f.n and (f.first > 1).any()}
    if len(tells) < FEWEST_RANKED:
        return Finding(
            None, f"{len(tells)} values with students that reach the threshold, a trend needs {FEWEST_RANKED}"
        )
    test = stats.kendalltau(list(tells), [found.effect.ratio for found in tells.values()])
    rank, p_value = float(test.statistic), float(test.pvalue)
    if np.isnan(rank):
        return Finding(None, "the gain is the same everywhere", {"sets": len(tells)})
    return Finding(
        bool(rank > 0) if p_value < LEVEL else None,
        f"Kendall's τ = {rank:.2f} over {len(tells)} input sets, p = {p_value:.2g}",
        {"kendall": rank, "p_value": p_value, "sets": len(tells)},
        p_value,
    )


def never(data: "xr.Dataset", part: str, axis: str, *, up_to: float) -> tuple[NDArray[np.bool_], str]:
    """Which trials up to a value of an axis never get there: (values, trials of all rules), and in words."""
    epochs, last = needed(data, part), last_epoch(data)
    chosen = epochs.sel({axis: epochs[axis] <= up_to}).transpose(axis, ...).values
    chosen = chosen.reshape(len(chosen), int(np.prod(chosen.shape[1:])))
    # A value that was not run by every rule, or not whole, says nothing yet.
    missed = chosen[np.isfinite(chosen).all(1)] >= last
    return missed, f"{int(missed.sum())} of {missed.size} trials do not get there in {last} epochs"


def without_value(up_to: float) -> Finding:
    """Where no value is small enough."""
    return Finding(None, f"the grid of this scale has no value up to {up_to:g}")


def never_reached(data: "xr.Dataset", part: str, axis: str, *, up_to: float) -> Finding:
    """Whether hardly any student up to a value of an axis gets below the threshold."""
    missed, text = never(data, part, axis, up_to=up_to)
    if not missed.size:
        return without_value(up_to)
    # The values of an axis have inputs of their own, which the rules share.
    every = np.ones_like(missed)
    return shares.found_of_trials(missed, every, text, least=HARDLY_ANY, numbers={"epochs": last_epoch(data)})


def said(found: Compared) -> str:
    """One comparison in words."""
    gd, cd = found.never
    return (
        f"GD {bound(gd)}{found.first.mean():.0f} ± {standard_error(found.first):.0f}, CD "
        f"{bound(cd)}{found.second.mean():.0f} ± {standard_error(found.second):.0f} epochs (mean ± s.e.); GD/CD "
        f"{found.effect.said}; CD first in {found.wins} of {found.n} pairs; p = {found.effect.p_value:.2g}, of epochs "
        f"by the paired t-test {found.t_p_value:.2g}"
        + (f"; never there: GD {gd}, CD {cd} of {found.n}, counted as the last epoch" if gd or cd else "")
    )


def bound(never: int) -> str:
    """The sign before a mean in which some count with the last epoch though they never get there."""
    return "≥ " if never else ""


def listed(compared: Mapping[float, Compared]) -> str:
    """Ratios of several comparisons, with intervals over students."""
    return ", ".join(
        f"{value:g}: {found.effect.ratio:.2f} [{found.effect.low:.2f}, {found.effect.high:.2f}]"
        + (f" (never there {found.never[0]} and {found.never[1]} of {found.n})" if any(found.never) else "")
        for value, found in compared.items()
    )


def numbers(compared: Mapping[float, Compared]) -> dict[str, Any]:
    """Everything of several comparisons, for machines."""
    return {f"{value:g}": found.numbers for value, found in compared.items()}
