"""What the panels of figure 11 share: no normalisation, for tanh students and two variants of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from curldescent.paper.machinery import epochs
from curldescent.paper.machinery.claims import Experiments, Results

if TYPE_CHECKING:
    import xarray as xr

# Variant → values of the axis, and trials of each.
Values: TypeAlias = Mapping[str, tuple[Sequence[float], int]]

# Variant → what changes against tanh students with uniform weights; the title of its panel.
VARIANTS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "tanh": ({}, "tanh"),
    "linear": ({"activation": "linear"}, "linear"),
    "normal": ({"distribution": "normal"}, "tanh, normal weights"),
}


def name_of(key: str, variant: str) -> str:
    """The experiment's name: the figure's own for tanh."""
    return key if variant == "tanh" else f"{key}-{variant}"


def sweeps(key: str, axis: str, values: Values, *, epochs_at_most: int, **settings: Any) -> Experiments:
    """One sweep a variant.

    Args:
        key: of the figure.
        axis: what is varied.
        values: variant → the values of the axis, and trials per cell.
        epochs_at_most: of a trial.
        settings: further arguments of `epochs.sweep`.

    Returns:
        The sweeps, of the variants named.
    """
    return {
        name_of(key, variant): epochs.sweep(
            {axis: chosen},
            trials=trials,
            epochs=epochs_at_most,
            preserve_norms=False,
            **{**VARIANTS[variant][0], **settings},
        )
        for variant, (chosen, trials) in values.items()
    }


def panels(results: Results, key: str) -> "list[tuple[str, xr.Dataset, str]]":
    """Test and training error of the tanh students, test error of the variants that were run."""
    out = [(f"tanh, {title}", results[key], part) for title, part in (("test", "test"), ("training", "train"))]
    for variant in ("linear", "normal"):
        name = name_of(key, variant)
        if name in results.data:
            out.append((f"{VARIANTS[variant][1]}, test", results[name], "test"))
    return out
