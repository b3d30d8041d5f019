"""Many tests at once: what verdicts that rest on a p-value are worth among all those of a figure, or of a report."""

from collections.abc import Sequence
from dataclasses import dataclass

from curldescent.paper.machinery.claims import VERDICTS, Finding
from curldescent.paper.machinery.effects import holm
from curldescent.paper.machinery.statistics import LEVEL


@dataclass(frozen=True)
class Corrected:
    """A verdict after the correction for the number of tests.

    Args:
        verdict: "confirmed", "refuted" or "undecided".
        p_value: adjusted; None where the verdict rests on no test.
        tests: how many were corrected for.
    """

    verdict: str
    p_value: float | None
    tests: int

    @property
    def said(self) -> str:
        """The adjusted p-value in words; empty without a test."""
        return "" if self.p_value is None else f"p = {self.p_value:.1g} among {self.tests} tests (Holm)"


def corrected(findings: Sequence[tuple[bool | None, float | None]]) -> list[Corrected]:
    """Holm's correction over a family of verdicts.

    Args:
        findings: holds and p-value of each; those without a p-value are no tests and stay as they are.

    Returns:
        The verdict of each, in order: undecided where its test does not survive.

    Source: Holm, Scand. J. Stat. 6 (1979) 65.

    Example:
        >>> [found.verdict for found in corrected([(True, 0.001), (True, 0.04), (False, 0.045), (True, None)])]
        ['confirmed', 'undecided', 'undecided', 'confirmed']
    """
    tests = [p for _, p in findings if p is not None]
    adjusted = iter(holm(tests).tolist() if tests else [])
    out = []
    for holds, p in findings:
        if p is None:
            out.append(Corrected(VERDICTS[holds], None, len(tests)))
            continue
        value = next(adjusted)
        out.append(Corrected(VERDICTS[holds if value < LEVEL else None], value, len(tests)))
    return out


def of_figure(findings: Sequence[Finding]) -> list[Corrected]:
    """The family of one figure's claims."""
    return corrected([(found.holds, found.p_value) for found in findings])
