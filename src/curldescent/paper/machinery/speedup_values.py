"""Values of the authors' speed-up figures beside ours: mean epochs of a rule, t and p of their t-tests."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from curldescent.paper.machinery.claims import Ours, Published, Results
from curldescent.paper.machinery.speedup_protocol import needed
from curldescent.paper.machinery.speedup_t_tests import pooled_t
from curldescent.paper.machinery.statistics import FEWEST_PAIRS, paired_t, standard_error

if TYPE_CHECKING:
    from curldescent.paper.machinery.speedup_panels import Speedup

# Trials of the authors in figures 5 and 11; figure 10 has 40.
TRIALS = 10
_ERROR = {"train": "training", "test": "test"}


def mean_epochs(
    panel: "Speedup", value: float, rule: str, part: str = "test", *, spread: float | None = None
) -> Callable[[Results], Ours | None]:
    """The mean epochs of a rule at a value; its error is that over students, or the spread over inputs where known."""

    def ours(results: Results) -> Ours | None:
        epochs = needed(results[panel.key], part)
        if value not in epochs[panel.axis].values:
            return None
        chosen = epochs.sel({panel.axis: value, "rule": rule}).values
        if not np.isfinite(chosen).all():
            return None
        return Ours(float(chosen.mean()), standard_error(chosen) if spread is None else spread, len(chosen))

    return ours


def means(
    panel: "Speedup",
    values: Mapping[float, tuple[float, float]],
    what: str,
    part: str = "test",
    *,
    spreads: Mapping[tuple[float, str], float] | None = None,
) -> tuple[Published, ...]:
    """The authors' means under GD and CD at some values, beside ours.

    Args:
        panel: the figure.
        values: value on its axis → means under GD and CD.
        what: a value of the axis is, "scale".
        part: whose error, "train" or "test".
        spreads: (value, rule) → how much a mean of as many students varies with their inputs, where that was measured.

    Returns:
        A row a value and rule.
    """
    return tuple(
        Published(
            f"mean epochs to the {_ERROR[part]} error, {rule}, {what} {value:g}",
            theirs,
            mean_epochs(panel, value, rule, part, spread=(spreads or {}).get((value, rule))),
            ".0f",
            TRIALS,
        )
        for value, both in values.items()
        for rule, theirs in zip(("GD", "CD"), both, strict=True)
    )


def pooled(panel: "Speedup", name: str) -> Callable[[Results], Ours | None]:
    """The t, or the p with the sign of t, of the paired t-test of test errors over the pairs of all cells.

    Args:
        panel: the figure.
        name: "t" or "p".

    Returns:
        From the figure's results to ours; None unless all cells were run.
    """

    def ours(results: Results) -> Ours | None:
        compared = panel.compared(results, "test")
        if set(panel.grid) - set(compared):
            return None
        found = pooled_t(compared, grid=panel.grid).numbers
        return (Ours(found["t"]) if name == "t" else _signed(found["t"], found["p_value"])) if found else None

    return ours


def paired(panel: "Speedup", value: float, *, signed: bool = True) -> Callable[[Results], Ours | None]:
    """The p-value, with the sign of t where `signed`, of the paired t-test of test errors at one value."""

    def ours(results: Results) -> Ours | None:
        found = panel.compared(results, "test").get(value)
        if found is None or found.n < FEWEST_PAIRS:
            return None
        t, p_value = paired_t(found.first, found.second)
        return _signed(t, p_value) if signed else Ours(p_value)

    return ours


def _signed(t: float, p_value: float) -> Ours:
    return Ours(float(np.copysign(p_value, t)))


def told(signed: float) -> str:
    """A p-value with the sign of t in words: which rule is the faster one.

    Args:
        signed: p, negative where CD is slower.

    Returns:
        The words.

    Example:
        >>> told(0.045), told(-3e-4)
        ('0.045, CD faster', '0.0003, CD slower')
    """
    return f"{abs(signed):.2g}, CD {'slower' if signed < 0 else 'faster'}"
