"""Norm preservation: what its rank-one term does to stability."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from curldescent.paper.machinery import fate_claims, shares
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.fates import Networks, draw_networks, over_grid, white_inputs
from curldescent.paper.machinery.statistics import FEWEST_SIGNS, LEVEL, proportion_interval
from curldescent.plots import style
from curldescent.plots.coordinates import ascending, cell_borders, colours
from curldescent.plots.fates import LABELS, draw_boundary, draw_fate_map, fate_colour_bar, plain_log_ticks
from curldescent.sweeps import lin, log
from curldescent.theory import Spectrum, critical_ratio

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

LAYERS = ("hidden", "readout")
# Fractions at whose critical ratio networks with two verdicts are looked for.
_CONTESTED = {"hidden": (0.2, 0.5, 0.8), "readout": (0.1, 0.2, 0.3)}
_PAIR = ("free_verdict", "norms_verdict", "free_lowest", "norms_lowest")
# The share of networks outside the margin whose verdict the term may change.
RARE = 0.02
RARELY = shares.at_most(
    RARE, "of the networks in cells outside the finite-size margin whose verdict it changes", trials=True
)
# The share of networks with two verdicts whose two runs must follow them, and their inputs.
BOTH = 0.9
CONTESTED_INPUTS = 20


def experiments(scale: Scale) -> Experiments:
    """Simulated planes of either layer, and operators alone at three sizes."""
    n_inputs, points, trials, steps, sizes, samples, networks = {
        "quick": (30, 7, 2, 5_000, (10, 20, 40), 20, 100),
        "standard": (50, 9, 3, 20_000, (15, 30, 60), 24, 300),
        "paper": (80, 21, 10, 80_000, (25, 50, 100), 50, 1000),
    }[scale]
    plane = {"points": points}
    return {
        **{
            f"norms-{layer}": Computation(
                simulated,
                {"layer": layer, "n_inputs": n_inputs, "trials": trials, "steps": steps, **plane},
                identity="curldescent.paper.norms.simulated",
            )
            for layer in LAYERS
        },
        **{
            f"norms-{layer}-operators": Computation(
                operators,
                {"layer": layer, "sizes": sizes, "samples": samples, **plane},
                identity="curldescent.paper.norms.operators",
            )
            for layer in LAYERS
        },
        **{
            f"norms-{layer}-contested": Computation(
                contested,
                {"layer": layer, "n_inputs": CONTESTED_INPUTS, "networks": networks, "steps": 100_000},
                identity="curldescent.paper.norms.contested",
            )
            for layer in LAYERS
        },
    }


def axes_of(layer: str, points: int) -> dict[str, Sequence[float]]:
    """The plane of a layer: ratios around the boundary, and fractions."""
    if layer == "hidden":
        return {"ratio": log(0.12, 1.5, points), "hidden": lin(0.1, 1, points)}
    return {"ratio": log(0.06, 2, points), "readout": lin(0.03, 0.45, points)}


def one_cell(
    ratio: float, fractions: Mapping[str, float], n_inputs: int, trials: int, seed: int
) -> tuple[Networks, dict[str, Any]]:
    """The networks of one cell, and the lowest eigenvalues of both of their operators."""
    drawn = draw_networks(Spectrum(ratio, **fractions), n_inputs, trials=trials, seed=seed)
    inputs = white_inputs(n_inputs)
    # With norms preserved K is not symmetric and signs may depend on the inputs: those of this sample.
    covariance = inputs.T @ inputs / len(inputs)
    norms_lowest = drawn.lowest(preserve_norms=True, covariance=covariance)
    return drawn, {"free_lowest": drawn.lowest(), "norms_lowest": norms_lowest, **drawn.expected}


def both_fates(drawn: Networks, steps: int, seed: int) -> dict[str, Any]:
    """Fates of the same students with and without norm preservation."""
    inputs = white_inputs(drawn.n_inputs)
    return {
        f"{name}_verdict": drawn.fates(inputs, steps=steps, preserve_norms=name == "norms", seed=seed).verdict
        for name in ("free", "norms")
    }


def simulated(layer: str, points: int, n_inputs: int, trials: int, steps: int) -> xr.Dataset:
    """Fates of the same students with and without norm preservation."""

    def cell(ratio: float, seed: int, **fractions: float) -> dict[str, object]:
        drawn, values = one_cell(ratio, fractions, n_inputs, trials, seed)
        return {**values, **both_fates(drawn, steps, seed)}

    return over_grid(axes_of(layer, points), cell, seed=LAYERS.index(layer))


def operators(layer: str, points: int, sizes: Sequence[int], samples: int) -> xr.Dataset:
    """Both operators of many networks, at several sizes."""
    data = []
    for size in sizes:

        def cell(ratio: float, seed: int, size: int = size, **fractions: float) -> dict[str, object]:
            return one_cell(ratio, fractions, size, samples, seed)[-1]

        data.append(over_grid(axes_of(layer, points), cell, seed=10 + LAYERS.index(layer)))
    return xr.concat(data, xr.DataArray(list(sizes), dims="n_inputs", name="n_inputs"))


def contested(layer: str, n_inputs: int, networks: int, steps: int) -> xr.Dataset:
    """Fates of the students whose two operators disagree, out of many networks drawn at the limit's boundary."""
    found: dict[str, list[float]] = {name: [] for name in _PAIR}
    for index, fraction in enumerate(_CONTESTED[layer]):
        flipped: dict[str, Any] = {layer: fraction}
        ratio = float(critical_ratio(**flipped))
        for seed in range(networks):
            drawn, values = one_cell(ratio, {layer: fraction}, n_inputs, 1, 1000 * index + seed)
            if np.sign(values["free_lowest"][0]) == np.sign(values["norms_lowest"][0]):
                continue
            for name, value in {**values, **both_fates(drawn, steps, seed)}.items():
                if name in found:
                    found[name].append(float(value[0]))
    return xr.Dataset(
        {name: ("network", np.array(values)) for name, values in found.items()},
        attrs={"drawn": networks * len(_CONTESTED[layer])},
    )


def draw(results: Results) -> "Picture":
    """Fates with norms preserved, and where the term changes the verdict, for either layer."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(style.PAGE_INCHES, 4.6))
    for (left, right), layer in zip(axes, LAYERS, strict=True):
        data, sampled = results[f"norms-{layer}"], results[f"norms-{layer}-operators"]
        for axis in (left, right):
            axis.set_xscale("log")
        margin = np.abs(data.predicted) <= data.margin
        title = f"{layer} flips, norms preserved"
        image = draw_fate_map(left, data.norms_verdict, x="ratio", y=layer, margin=margin, title=title)
        share = ascending(changed(sampled).isel(n_inputs=-1).mean("trial"), "ratio", layer).transpose(layer, "ratio")
        edges = [cell_borders(share[name].values, logarithmic=name == "ratio") for name in ("ratio", layer)]
        shares = right.pcolormesh(*edges, share.values, cmap=colours("Purples"), vmin=0, vmax=0.25, rasterized=True)
        right.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]], xlabel=LABELS["ratio"], ylabel=LABELS[layer])
        plain_log_ticks(right)
        right.set_title("term changes the verdict")
        alpha = np.concatenate([np.geomspace(1e-3, 0.01, 20), np.linspace(0.01, 1, 200)])
        for axis in (left, right):
            draw_boundary(
                axis, np.asarray(critical_ratio(alpha) if layer == "hidden" else critical_ratio(None, alpha)), alpha
            )
    fate_colour_bar(figure, image, axes[:, 0], aspect=35)
    figure.colorbar(shares, ax=axes[:, 1], label="share of networks", fraction=0.05, aspect=35, pad=0.02, extend="max")
    return figure


def changed(data: xr.Dataset) -> xr.DataArray:
    """Networks whose two operators disagree about stability."""
    return np.sign(data.free_lowest) != np.sign(data.norms_lowest)


def free_follows(results: Results) -> Finding:
    """Without norm preservation, against K."""
    return fate_claims.follows_own(_simulated(results), verdict="free_verdict", lowest="free_lowest")


def norms_follow(results: Results) -> Finding:
    """With it, against K less the rank-one term."""
    return fate_claims.follows_own(_simulated(results), verdict="norms_verdict", lowest="norms_lowest")


def both_verdicts(results: Results) -> Finding:
    """Whether networks whose two operators disagree have two runs that disagree as the operators do."""
    data = xr.concat([results[f"norms-{layer}-contested"] for layer in LAYERS], "network", combine_attrs="drop")
    drawn = sum(int(results[f"norms-{layer}-contested"].attrs["drawn"]) for layer in LAYERS)
    decided = (data.free_verdict.values != 0) & (data.norms_verdict.values != 0)
    count = int(decided.sum())
    if count < FEWEST_SIGNS:
        return Finding(None, f"{count} networks with two verdicts decided, too few to judge")
    right = decided & (data.free_verdict.values == np.sign(data.free_lowest.values))
    right &= data.norms_verdict.values == np.sign(data.norms_lowest.values)
    agree = int(right.sum())
    said = f"{agree} of {count} that decided; {decided.size} of {drawn} networks at the boundary have two verdicts"
    numbers = {"two_verdicts": int(decided.size), "drawn": drawn}
    return shares.found(agree, count, said, least=BOTH, numbers=numbers)


def rarely(results: Results) -> Finding:
    """How often the term changes the verdict outside the finite-size margin, at the largest size; where it does."""
    parts, numbers = [], {}
    verdicts: list[bool | None] = []
    for layer in LAYERS:
        data = results[f"norms-{layer}-operators"].isel(n_inputs=-1)
        outside = np.abs(data.predicted) > data.margin
        differs = changed(data)
        total = int(outside.sum()) * data.sizes["trial"]
        count, everywhere = int((differs & outside).sum()), int(differs.sum())
        to_unstable = int((differs & (data.norms_lowest < 0)).sum())
        there = np.broadcast_to(outside.values[..., None], differs.transpose(*outside.dims, "trial").shape)
        changes = differs.transpose(*outside.dims, "trial").values
        verdicts.append(shares.found_of_trials(changes, there, layer, most=RARE).holds)
        parts.append(
            f"{layer}: {count} of {total} outside the margin, {everywhere} of {differs.size} in all, of which "
            f"{to_unstable} lose stability{_where(differs, layer)}"
        )
        numbers[layer] = {"outside": count, "of_outside": total, "all": everywhere, "of": int(differs.size)}
    return Finding(shares.all_of(verdicts), "; ".join(parts), numbers)


def _where(differs: xr.DataArray, layer: str) -> str:
    share = differs.mean("trial")
    if not float(share.max()):
        return ""
    at = share.argmax(...)
    c, alpha = (float(share[name][int(at[name])]) for name in ("ratio", layer))
    return f", most often ({float(share.max()):.0%}) at c = {c:.2g}, α = {alpha:.2g}"


def fades(results: Results) -> Finding:
    """The share of changed verdicts over both planes, smallest against largest size."""
    from scipy.stats import fisher_exact

    both = [changed(results[f"norms-{layer}-operators"]) for layer in LAYERS]
    counts = np.sum([part.sum([d for d in part.dims if d != "n_inputs"]).values for part in both], axis=0)
    total = sum(int(part.isel(n_inputs=0).size) for part in both)
    table = [[int(counts[i]), total - int(counts[i])] for i in (0, -1)]
    p_value = float(fisher_exact(table).pvalue)
    parts = []
    for size, count in zip(both[0].n_inputs.values, counts, strict=True):
        low, high = proportion_interval(int(count), total)
        parts.append(f"{count / total:.1%} [{low:.1%}, {high:.1%}] at M = {size}")
    numbers = {"counts": [int(count) for count in counts], "of": total, "p_value": p_value}
    holds = bool(counts[0] > counts[-1]) if p_value < LEVEL else None
    return Finding(holds, f"{', '.join(parts)}; p = {p_value:.2g}", numbers, p_value)


def _simulated(results: Results) -> xr.Dataset:
    names = ["free_verdict", "norms_verdict", "free_lowest", "norms_lowest"]
    flat = []
    for layer in LAYERS:
        data = results[f"norms-{layer}"][names]
        dims = ["ratio", layer]
        flat.append(data.stack(cell=dims, create_index=False).drop_vars(dims))
    return xr.concat(flat, "cell")


FIGURE = Figure(
    "norms",
    title="Stability with layer norms preserved",
    about=(
        "The paper's simulations rescale both layers to their norms after every update, its theory does not. To first "
        "order rescaling subtracts a term of rank one from K. Left: fates of students whose norms are preserved, with "
        "the boundary of theory without the term. Right: the share of networks whose verdict the term changes, from "
        "both operators. Top: flipped inputs, bottom: flipped hidden neurons. "
        "All networks of a size have one sample of inputs."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "free",
            "Without norm preservation each student follows the sign of its K.",
            *fate_claims.OWN,
            free_follows,
            changes=fate_claims.OWN_INTERVALS,
        ),
        Claim(
            "norms preserved",
            "With it each student follows the sign of its K less the rank-one term.",
            *fate_claims.OWN,
            norms_follow,
            changes=fate_claims.OWN_INTERVALS,
        ),
        Claim(
            "two verdicts",
            "Where the two operators disagree, a student returns under one rule and leaves under the other.",
            *shares.at_least(
                BOTH,
                f"of the networks of {CONTESTED_INPUTS} inputs, drawn at the limit's boundary, that decide in both "
                "runs and do so",
            ),
            both_verdicts,
            changes=(fate_claims.INTERVALS, "2026-11-27: 90 % in place of 95 %: few networks have two verdicts."),
        ),
        Claim(
            "rarely",
            "Away from the boundary the term rarely changes a verdict.",
            f"for either layer, {RARELY[0]}",
            f"for one layer, {RARELY[1]}",
            rarely,
            changes=(
                f"{fate_claims.INTERVALS} The claim was that the term changes verdicts at the boundary only, which 8 "
                "of 24 changes outside of the margin contradict.",
                shares.CLUSTERED,
            ),
        ),
        Claim(
            "fades",
            "The term matters less in larger networks: rank one against M.",
            "a smaller share of changed verdicts at the largest size than at the smallest, two-sided Fisher's exact "
            f"test p < {LEVEL:g}",
            f"a larger one, p < {LEVEL:g}",
            fades,
            changes=("2026-11-27: two-sided in place of one-sided, so that it can refute.",),
        ),
    ),
)
