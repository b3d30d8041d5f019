"""Claims about the speed-up: epochs to the threshold under gradient descent (GD) and curl descent (CD), in pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.speedup_protocol import last_epoch, needed
from curldescent.paper.machinery.statistics import FEWEST_PAIRS, LEVEL, Paired, paired

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

# With fewer pairs that tell a p-value above the level says more about their number than about the rules (of 6, all have
# to agree), so it does not count against a claim.
ENOUGH_PAIRS = 8
# What a test says where it finds the second rule faster.
WILCOXON = f"Wilcoxon signed-rank p < {LEVEL:g} over paired students"
SOONER = {
    "wilcoxon": f"lower mean, and {WILCOXON}",
    "t": f"lower mean, and paired t-test p < {LEVEL:g}",
}
# Up to this gain, or at least on this share of the trials, students count as no faster, or as never getting there.
NO_GAIN, NEVER = 1.1, 0.95


@dataclass(frozen=True)
class Compared(Paired):
    """A paired comparison of epochs, and how many of the pairs say nothing.

    Args:
        unfinished: pairs in which neither condition reaches the threshold before the last epoch.
        first_never: how often the first condition does not: these count with the last epoch, the paper's convention, so
            that its mean is a lower bound.
        second_never: how often the second does not.
    """

    unfinished: int = 0
    first_never: int = 0
    second_never: int = 0

    @property
    def telling(self) -> int:
        """Pairs in which at least one condition gets there."""
        return self.n - self.unfinished


def compare(first: "ArrayLike", second: "ArrayLike", *, last: int) -> Compared:
    """Compare epochs over pairs.

    Args:
        first: (n,), of the first condition.
        second: (n,), of the second, on the same students.
        last: the epoch that stands for "never".

    Returns:
        The comparison.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    late, later = a >= last, b >= last
    return Compared(
        **vars(paired(a, b)),
        unfinished=int((late & later).sum()),
        first_never=int(late.sum()),
        second_never=int(later.sum()),
    )


def rules_compared(data: "xr.Dataset", part: str, axis: str) -> dict[float, Compared]:
    """GD and CD, student by student.

    Args:
        data: with the axes `rule` and `axis`.
        part: "train" or "test".
        axis: name of the other axis.

    Returns:
        Value on the axis → comparison; the ratio is that of GD's epochs to CD's.
    """
    epochs = needed(data, part).transpose("rule", axis, "trial")
    both = zip(epochs.sel(rule="GD").values, epochs.sel(rule="CD").values, strict=True)
    last = last_epoch(data)
    return {
        value: compare(gd, cd, last=last) for value, (gd, cd) in zip(epochs[axis].values.tolist(), both, strict=True)
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


def faster(compared: Mapping[float, Compared], value: float, *, test: str = "wilcoxon") -> Finding:
    """Whether CD needs fewer epochs than GD at one value.

    Args:
        compared: value → comparison.
        value: which; None is found where the grid of a scale does not have it.
        test: "wilcoxon" or "t", paired.

    Returns:
        Holds where CD's mean is lower and p < 0.05; None where `ENOUGH_PAIRS` are not there and nothing is
        significant.
    """
    if value not in compared:
        return Finding(None, f"the grid of this scale has no {value:g}")
    found = compared[value]
    if found.n < FEWEST_PAIRS:
        return Finding(None, f"{found.n} pairs are too few for a test, {FEWEST_PAIRS} are needed")
    sign = direction(found, test=test)
    if sign == 0 and found.telling < ENOUGH_PAIRS:
        return Finding(None, f"{said(found)}; too few pairs to tell", numbers({value: found}))
    return Finding(sign > 0, said(found), numbers({value: found}))


def direction(found: Paired, *, test: str = "wilcoxon") -> int:
    """What a test says: 1 where the second condition is faster, −1 where it is slower, 0 where p ≥ 0.05."""
    p_value = found.p_value if test == "wilcoxon" else found.t_p_value
    return int(np.sign(found.first - found.second)) if p_value < LEVEL else 0


def nowhere_faster(compared: Mapping[float, Compared], values: Sequence[float], *, margin: float = NO_GAIN) -> Finding:
    """Whether CD gains nothing at any of some values.

    Args:
        compared: value → comparison.
        values: which; those that the grid has.
        margin: what the ratio must stay below, besides not being significant.

    Returns:
        Holds where at each value CD is not significantly faster and the ratio is below the margin; None where a ratio
        is not, and `ENOUGH_PAIRS` are not there to say whether that is chance.
    """
    chosen = {value: compared[value] for value in values if value in compared}
    if not chosen or min(found.n for found in chosen.values()) < FEWEST_PAIRS:
        return Finding(None, "the grid of this scale has no such value, or too few pairs")
    gains = [found for found in chosen.values() if direction(found) > 0 or found.ratio >= margin]
    if gains and all(direction(found) == 0 and found.telling < ENOUGH_PAIRS for found in gains):
        return Finding(None, f"{listed(chosen)}; too few pairs to tell", numbers(chosen))
    return Finding(not gains, listed(chosen), numbers(chosen))


def everywhere_faster(compared: Mapping[float, Compared], values: Sequence[float], *, share: float = 1.0) -> Finding:
    """Whether CD is significantly faster at some values.

    Args:
        compared: value → comparison.
        values: which; those that the grid has.
        share: of the values at which it must be.

    Returns:
        Holds where it is; None where it might be with `ENOUGH_PAIRS`.
    """
    chosen = {value: compared[value] for value in values if value in compared}
    if not chosen or min(found.n for found in chosen.values()) < FEWEST_PAIRS:
        return Finding(None, "the grid of this scale has no such value, or too few pairs")
    signs = [direction(found) for found in chosen.values()]
    needed_count = share * len(chosen)
    text = f"faster at {signs.count(1)} of {len(chosen)} values: {listed(chosen)}"
    holds: bool | None = signs.count(1) >= needed_count
    undecided = sum(direction(found) == 0 and found.telling < ENOUGH_PAIRS for found in chosen.values())
    if not holds and signs.count(1) + undecided >= needed_count:
        holds, text = None, f"{text}; too few pairs to tell"
    return Finding(holds, text, {"faster": signs.count(1), "of": len(chosen), **numbers(chosen)})


def gain_grows(data: "xr.Dataset", part: str, axis: str) -> Finding:
    """Whether the gain, GD's epochs over CD's, grows along an axis.

    Args:
        data: with the axes `rule` and `axis`.
        part: "train" or "test".
        axis: its values are those of independent students.

    Returns:
        Holds where Spearman's rank correlation of gain and value over all students is positive with p < 0.05; students
        that reach the threshold under neither rule, or before they learn, tell nothing and are left out.

    Source: Spearman, Am. J. Psychol. 15 (1904) 72.
    """
    from scipy import stats

    epochs = needed(data, part).transpose("rule", axis, "trial")
    gain = epochs.sel(rule="GD", drop=True) / epochs.sel(rule="CD", drop=True)
    tells = (epochs < last_epoch(data)).any("rule") & (epochs > 1).any("rule")
    values = gain[axis].broadcast_like(gain).values[tells.values]
    if len(np.unique(values)) < 3 or len(values) < 10:
        return Finding(None, "fewer than three values with students that reach the threshold")
    gains = gain.values[tells.values]
    if len(np.unique(gains)) == 1:
        return Finding(holds=False, said="the gain is the same everywhere", numbers={"students": len(values)})
    found = stats.spearmanr(values, gains)
    rank, p_value = float(found.statistic), float(found.pvalue)
    return Finding(
        rank > 0 and p_value < LEVEL,
        f"Spearman's ρ = {rank:.2f} over {len(values)} students, p = {p_value:.1g}",
        {"spearman": rank, "p_value": p_value, "students": len(values)},
    )


def never_reached(data: "xr.Dataset", part: str, axis: str, *, up_to: float, share: float = NEVER) -> Finding:
    """Whether students up to a value of an axis never get below the threshold.

    Args:
        data: with the axis `axis`.
        part: "train" or "test".
        axis: name.
        up_to: its largest value that counts.
        share: of the trials that must not get there.

    Returns:
        The share.
    """
    epochs = needed(data, part)
    chosen = epochs.where(epochs[axis] <= up_to, drop=True)
    if not chosen.size:
        return Finding(None, f"the grid of this scale has no value up to {up_to:g}")
    never = int((chosen >= last_epoch(data)).sum())
    return Finding(
        never >= share * chosen.size,
        f"{never} of {chosen.size} trials do not get there in {last_epoch(data)} epochs",
        {"never": never, "of": int(chosen.size), "epochs": last_epoch(data)},
    )


def said(found: Compared) -> str:
    """One comparison in words."""
    return (
        f"GD {bound(found.first_never)}{found.first:.0f} ± {found.first_error:.0f}, CD "
        f"{bound(found.second_never)}{found.second:.0f} ± {found.second_error:.0f} epochs "
        f"(mean ± s.e.); ratio {found.ratio:.2f}; CD first in {found.wins} of {found.n} pairs; Wilcoxon p = "
        f"{found.p_value:.1g}, t-test p = {found.t_p_value:.1g}; d_z = {found.effect:.2f}"
        + (f"; {found.unfinished} pairs never get there under either" if found.unfinished else "")
        + (
            f"; never there: GD {found.first_never}, CD {found.second_never} of {found.n}, counted as the last epoch"
            if found.first_never or found.second_never
            else ""
        )
    )


def bound(never: int) -> str:
    """The sign before a mean in which some count with the last epoch though they never get there."""
    return "≥ " if never else ""


def listed(compared: Mapping[float, Compared]) -> str:
    """Ratio and p of several comparisons."""
    return ", ".join(
        f"{value:g}: ratio {found.ratio:.2f} (p = {found.p_value:.1g}"
        + (f", never there {found.first_never} and {found.second_never} of {found.n}" if _censored(found) else "")
        + ")"
        for value, found in compared.items()
    )


def _censored(found: Compared) -> bool:
    return bool(found.first_never or found.second_never)


def numbers(compared: Mapping[float, Compared]) -> dict[str, Any]:
    """Everything of several comparisons, for machines."""
    return {f"{value:g}": {**vars(found)} for value, found in compared.items()}
