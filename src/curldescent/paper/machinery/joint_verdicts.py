"""Verdicts on several effects at once: everywhere, or at least somewhere, on one side of 1."""

from collections.abc import Sequence
from typing import Literal

from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.effects import Effect
from curldescent.paper.machinery.families import holm
from curldescent.paper.machinery.statistics import LEVEL

# Which of two conditions needs less: ratios above 1 mean that the second does.
Side = Literal["faster", "slower"]


def everywhere(effects: Sequence[Effect], side: Side) -> bool | None:
    """Whether every one of several effects lies on one side of 1.

    Args:
        effects: at least one.
        side: "faster" for ratios above 1, "slower" for ratios below.

    Returns:
        True where every 95 % interval lies on that side: all of it is claimed, so that no single error can make it true
        and nothing is corrected. False where one lies on the other, p adjusted by `holm`. None otherwise.

    Raises:
        InputError: no effects.

    Source: Berger, Technometrics 24 (1982) 295, intersection–union tests.

    Example:
        >>> from curldescent.paper.machinery.effects import ratio_of
        >>> clear, unclear = ratio_of([2.0, 2.1, 2.2], [1, 1, 1]), ratio_of([0.5, 1, 3], [1, 1, 1])
        >>> everywhere([clear, clear], "faster"), everywhere([clear, clear], "slower"), everywhere([unclear], "faster")
        (True, False, None)
    """
    if not effects:
        raise InputError("there are no effects to judge")
    if all(effect.faster() if side == "faster" else effect.slower() for effect in effects):
        return True
    return False if sides(effects)["slower" if side == "faster" else "faster"] else None


def somewhere(effects: Sequence[Effect], side: Side) -> bool | None:
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
    if not effects:
        raise InputError("there are no effects to judge")
    if sides(effects)[side]:
        return True
    other = everywhere(effects, "slower" if side == "faster" else "faster")
    return False if other else None


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
