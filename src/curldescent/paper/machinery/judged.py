"""A verdict and the p-value that it rests on, always together: of one interval, and of several at once.

The p-value is the level at which the verdict would be lost: at 5 % the interval, or the pair of one-sided tests, that a
criterion names says the same as it. So the correction for the number of tests, `families.corrected`, sees every verdict
that an interval of a mean, a difference or a ratio gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.statistics import LEVEL


@dataclass(frozen=True)
class Judged:
    """What tests say of a claim; made by `of`.

    Args:
        holds: True, False or None, which is undecided.
        p_value: below 5 % exactly where `holds` is not None.
    """

    holds: bool | None
    p_value: float

    @classmethod
    def of(cls, confirming: float, refuting: float) -> "Judged":
        """The verdict of two tests; mostly no more than one of them can reject.

        Args:
            confirming: p-value against the claim's contrary; above 1 counts as 1, as corrected ones may be.
            refuting: p-value against the claim.

        Returns:
            True where the first is below 5 %, False where the second alone is, with that one; None with the smaller one
            otherwise.

        Example:
            >>> Judged.of(0.01, 1.98), Judged.of(1.8, 0.2)
            (Judged(holds=True, p_value=0.01), Judged(holds=None, p_value=0.2))
        """
        if confirming < LEVEL:
            return cls(holds=True, p_value=confirming)
        if refuting < LEVEL:
            return cls(holds=False, p_value=refuting)
        return cls(holds=None, p_value=min(1.0, confirming, refuting))

    def __bool__(self) -> bool:
        raise TypeError("a Judged has no truth value of its own; ask for its `holds`, which has three values")

    def finding(self, said: str, numbers: Mapping[str, Any] | None = None) -> Finding:
        """The finding, with the p-value.

        Args:
            said: the measurement in one sentence.
            numbers: the same for machines.

        Returns:
            It.
        """
        return Finding(self.holds, said, {} if numbers is None else numbers, self.p_value)


# A part of a claim that a figure's results do not tell: it is a test that could have decided and did not.
UNTOLD = Judged(None, 1.0)


def all_of(parts: Sequence[Judged]) -> Judged:
    """The verdict of parts that must all hold.

    Args:
        parts: at least one.

    Returns:
        True where every part holds, with the largest p-value: no single error can make that true. False where one is
        refuted, the smallest p-value times the number of parts, since any of them could be. None otherwise.

    Raises:
        InputError: no parts.

    Source: Berger, Technometrics 24 (1982) 295, intersection–union tests.

    Example:
        >>> yes, no, perhaps = Judged(True, 0.03), Judged(False, 0.01), Judged(None, 0.4)
        >>> all_of([yes, yes]), all_of([yes, no, perhaps]), all_of([yes, perhaps])
        (Judged(holds=True, p_value=0.03), Judged(holds=False, p_value=0.03), Judged(holds=None, p_value=0.4))
    """
    if not parts:
        raise InputError("there are no parts to judge")
    against = [part.p_value for part in parts if part.holds is False]
    if against:
        return Judged.of(1.0, len(parts) * min(against))
    return Judged.of(max(part.p_value for part in parts), 1.0)
