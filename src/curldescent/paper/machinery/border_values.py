"""Borders and shares of maps as values beside the authors', each with its standard error."""

from collections.abc import Callable

import numpy as np

from curldescent.paper.machinery.boundary_claims import LEARNED, Errors, Summary, border_ratio
from curldescent.paper.machinery.claims import Finding, Ours, Results
from curldescent.paper.machinery.effects import Estimate


def border_value(
    errors: Errors, *, below: float = LEARNED, kind: Summary = "log mean"
) -> Callable[[Results], Ours | None]:
    """The geometric mean of c observed / c* over fractions, and its standard error, for `claims.Published`."""

    def ours(results: Results) -> Ours | None:
        mean = border_ratio(errors(results), below=below, kind=kind)
        return None if mean is None else factor_value(mean)

    return ours


def factor_value(mean: Estimate) -> Ours:
    """The factor whose logarithm has a mean over fractions."""
    factor = float(np.exp(mean.value))
    return Ours(factor, factor * mean.error, mean.n)


def share_value(found: Finding) -> Ours | None:
    """A share and its binomial standard error, of a finding of `shares.found`; None where nothing was counted."""
    return None if "passed" not in found.numbers else binomial(found.numbers["passed"], found.numbers["of"])


def binomial(count: int, of: int) -> Ours:
    """The share of so many out of some, with its binomial standard error."""
    share = count / of
    return Ours(share, float(np.sqrt(share * (1 - share) / of)), of)
