"""Many tests at once: what verdicts that rest on a p-value are worth among all those of a figure, or of a report."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.paper.machinery.claims import VERDICTS, Finding
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
        if self.p_value is None:
            return ""
        return f"p = {self.p_value:.2g}" + (
            f" among {self.tests} tests (Holm)" if self.tests > 1 else ", the only test"
        )


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values adjusted for their number: those below a level keep the chance of any false one below it.

    Args:
        p_values: (n,), between 0 and 1.

    Returns:
        (n,), in the same order; never below the p-values, never above 1, and in their order.

    Raises:
        InputError: values outside of 0 to 1.

    Source: Holm, Scand. J. Stat. 6 (1979) 65.

    Example:
        >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03]).tolist()]
        [0.03, 0.06, 0.06]
    """
    p = validation.finite_array("p_values", p_values, ndim=1)
    if ((p < 0) | (p > 1)).any():
        raise InputError("p_values must be between 0 and 1")
    order = np.argsort(p, kind="stable")
    steps = (len(p) - np.arange(len(p))) * p[order]
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


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
