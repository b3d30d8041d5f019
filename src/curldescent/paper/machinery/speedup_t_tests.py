"""The paper's own tests of the speed-up: t-tests of epochs, paired over the cells of an axis, and against a level."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from curldescent.paper.machinery.claims import Finding
from curldescent.paper.machinery.effects import FEWEST_UNITS
from curldescent.paper.machinery.families import holm
from curldescent.paper.machinery.judged import Judged
from curldescent.paper.machinery.speedup_claims import TOO_FEW, Compared
from curldescent.paper.machinery.statistics import FEWEST_PAIRS, LEVEL, paired_t, standard_error


def pooled_t(
    compared: Mapping[float, Compared],
    *,
    grid: Sequence[float] | None = None,
    whose: str = "the paper's",
    slower: bool = False,
    unit: Literal["input set", "student"] = "input set",
) -> Finding:
    """The paper's test: epochs under GD less epochs under CD, over the pairs of all cells together.

    Args:
        compared: value → comparison, of all values.
        grid: values to be pooled, all by default; others do not count. Unless all of them were run nothing is decided.
        whose: these values are.
        slower: whether the claim is that CD is slower.
        unit: what is drawn independently, over which a second t-test is said beside: a value's inputs, or where all
            values share inputs and students, a student.

    Returns:
        Holds where the mean difference is positive with p < 0.05, does not where it is negative with p < 0.05; the
        other way round for a claim that CD is slower. Cells in which no trial gets there tell nothing and do not count.
    """
    run = [found for value, found in compared.items() if grid is None or value in grid]
    chosen = [found for found in run if found.telling]
    if sum(found.n for found in chosen) < FEWEST_PAIRS:
        return Finding(None, TOO_FEW)
    first, second = (np.concatenate([getattr(found, name) for found in chosen]) for name in ("first", "second"))
    t, p_value = paired_t(first, second)
    cells = f"{len(chosen)} cells" if grid is None else f"{len(chosen)} of {whose} {len(grid)} cells"
    without = f" (in {len(run) - len(chosen)} more none gets there)" if len(run) > len(chosen) else ""
    never = [sum(found.never[rule] for found in chosen) for rule in (0, 1)]
    capped = ", so that the median of both is the last epoch" if 2 * min(never) > len(first) else ""
    text = (
        f"GD less CD {float((first - second).mean()):+.0f} epochs over {len(first)} pairs of {cells}{without}, "
        f"t = {t:.2f}, p = {p_value:.2g}; never there: GD {never[0]}, CD {never[1]} of {len(first)}{capped}"
    )
    numbers: dict[str, Any] = {"t": t, "p_value": p_value, "pairs": len(first), "cells": len(chosen)}
    gaps = [found.first - found.second for found in chosen]
    units = np.mean(gaps, axis=0) if unit == "student" else np.array([gap.mean() for gap in gaps])
    if len(units) >= FEWEST_UNITS:
        numbers["p_over_units"] = paired_t(units, np.zeros_like(units))[1]
        text += (
            f"; over the {len(units)} {unit}s, which the test takes no account of, p = {numbers['p_over_units']:.2g}"
        )
    if grid is not None:
        numbers["cells_asked_for"] = len(grid)
        if len(run) < len(grid):
            return Finding(None, f"{text}; the others have not been run", numbers)
    return Finding(bool(t < 0 if slower else t > 0) if p_value < LEVEL else None, text, numbers, p_value)


def against_level(compared: Mapping[float, Compared], values: Sequence[float]) -> Finding:
    """The paper's comparison of flips: epochs with k flips against gradient descent's level, unpaired.

    Args:
        compared: k → comparison with no flips.
        values: which k; those that the grid has.

    Returns:
        True where Welch's t-test finds fewer epochs at every one, False where it finds more at one, p < 0.05 after Holm
        over the values; None otherwise.

    Source: Welch, Biometrika 34 (1947) 28.
    """
    from scipy import stats

    chosen = {value: compared[value] for value in values if value in compared}
    if not chosen or min(found.n for found in chosen.values()) < FEWEST_PAIRS:
        return Finding(None, TOO_FEW)
    # Where all trials are at the last epoch there is no spread to test with; such values say nothing by themselves.
    p_values = [
        float(stats.ttest_ind(found.first, found.second, equal_var=False).pvalue)
        if np.ptp(found.first) > 0 and np.ptp(found.second) > 0
        else 1.0
        for found in chosen.values()
    ]
    adjusted = holm(p_values)
    fewer = [found.second.mean() < found.first.mean() for found in chosen.values()]
    signs = [(1 if less else -1) if p < LEVEL else 0 for less, p in zip(fewer, adjusted, strict=True)]
    # The criterion adjusts for the values either way, so that a confirmation rests on the largest adjusted p-value.
    confirming = max(p if less else 1.0 for less, p in zip(fewer, adjusted, strict=True))
    refuting = min((p for less, p in zip(fewer, adjusted, strict=True) if not less), default=1.0)
    each = ", ".join(
        f"{value:g}: {found.second.mean():.0f} (p = {p:.2g})"
        for (value, found), p in zip(chosen.items(), p_values, strict=True)
    )
    level = next(iter(chosen.values())).first
    text = f"GD {level.mean():.0f} ± {standard_error(level):.0f}; {each}"
    return Judged.of(float(confirming), float(refuting)).finding(text, {"p_values": p_values, "signs": signs})
