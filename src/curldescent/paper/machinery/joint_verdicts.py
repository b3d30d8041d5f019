"""Verdicts on several effects at once: everywhere, or at least somewhere, on one side of 1."""

from collections.abc import Sequence
from typing import Literal

from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.effects import Effect
from curldescent.paper.machinery.families import holm
from curldescent.paper.machinery.judged import Judged
from curldescent.paper.machinery.statistics import LEVEL

# Which of two conditions needs less: ratios above 1 mean that the second does.
Side = Literal["faster", "slower"]


def everywhere(effects: Sequence[Effect], side: Side) -> Judged:
    """Whether every one of several effects lies on one side of 1.

    Args:
        effects: at least one.
        side: "faster" for ratios above 1, "slower" for ratios below.

    Returns:
        True where every 95 % interval lies on that side, with the largest p-value: all of it is claimed, so that no
        single error can make it true and nothing is corrected. False where one lies on the other, p adjusted by `holm`.
        None otherwise.

    Raises:
        InputError: no effects.

    Source: Berger, Technometrics 24 (1982) 295, intersection–union tests.

    Example:
        >>> from curldescent.paper.machinery.effects import ratio_of
        >>> clear, unclear = ratio_of([2.0, 2.1, 2.2], [1, 1, 1]), ratio_of([0.5, 1, 3], [1, 1, 1])
        >>> families = ([clear, clear], "faster"), ([clear, clear], "slower"), ([unclear], "faster")
        >>> [everywhere(*family).holds for family in families]
        [True, False, None]
    """
    if not effects:
        raise InputError("there are no effects to judge")
    logs = [effect.log for effect in effects]
    confirming = [2 * (log.p_above(0.0) if side == "faster" else log.p_below(0.0)) for log in logs]
    adjusted = holm([effect.p_value for effect in effects])
    contrary = [p for p, log in zip(adjusted, logs, strict=True) if (log.value < 0) == (side == "faster")]
    return Judged.of(max(confirming), min(contrary, default=1.0))


def somewhere(effects: Sequence[Effect], side: Side) -> Judged:
    """Whether at least one of several effects lies on one side of 1: that not everywhere is the contrary true.

    Args:
        effects: at least one.
        side: "faster" for ratios above 1, "slower" for ratios below.

    Returns:
        True where one does, p adjusted by `holm`; False where every 95 % interval lies on the other side; None
        otherwise.

    Raises:
        InputError: no effects.
    """
    contrary = everywhere(effects, "slower" if side == "faster" else "faster")
    return Judged(None if contrary.holds is None else not contrary.holds, contrary.p_value)


def sides_told(measured: Sequence[Effect], told: Sequence[Effect]) -> tuple[Judged, int, int] | None:
    """Whether ratios lie on the side of 1 that a prediction has, wherever their 95 % intervals say on which they lie.

    Args:
        measured: at least one.
        told: as many predictions, of which the mean is taken.

    Returns:
        The verdict, how many sides are right, and of how many that are clear; None where none is. At a stricter level
        fewer intervals exclude 1, and what is left of them says the same: the verdict stands down to the smallest
        p-value of the right sides, or of the wrong ones where there are such, times the number of places.

    Raises:
        ValueError: not as many predictions.
    """
    right: list[float] = []
    wrong: list[float] = []
    for ours, theirs in zip(measured, told, strict=True):
        if ours.clear:
            ((right if (theirs.ratio > 1) == (ours.ratio > 1) else wrong).append)(ours.p_value)
    if not right and not wrong:
        return None
    p_value = len(measured) * min(wrong or right)
    found = Judged.of(1.0, p_value) if wrong else Judged.of(p_value, 1.0)
    return found, len(right), len(right) + len(wrong)


def sides(effects: Sequence[Effect]) -> dict[Side, list[int]]:
    """Which of several effects lie on either side of 1 at the 5 % level, p adjusted by `holm` for their number.

    Args:
        effects: any number.

    Returns:
        "faster" and "slower" → positions in the list.
    """
    found: dict[Side, list[int]] = {"faster": [], "slower": []}
    if effects:
        for place, (effect, p) in enumerate(zip(effects, holm([e.p_value for e in effects]), strict=True)):
            if p < LEVEL:
                found["faster" if effect.ratio > 1 else "slower"].append(place)
    return found
