"""Natural inputs: the phase diagram of handwritten digits beside that of Gaussian inputs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from curldescent.foundation import optional
from curldescent.paper.machinery import fate_claims, shares
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.effects import ratio_of
from curldescent.paper.machinery.fates import PIECES, draw_networks, over_grid, white_inputs
from curldescent.paper.machinery.statistics import FEWEST_PAIRS
from curldescent.plots import style
from curldescent.plots.fates import draw_boundary, draw_fate_map, fate_colour_bar
from curldescent.sweeps import lin, log
from curldescent.theory import Spectrum, critical_ratio

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

KINDS = {"gaussian": "Gaussian", "pixels": "digits, pixels", "whitened": "digits, whitened"}


def experiments(scale: Scale) -> Experiments:
    """The plane of ratio and flipped inputs, for each kind of inputs with the same solutions and flips."""
    ratios, fractions, trials, steps = {
        "quick": (7, 6, 2, 20_000),
        "standard": (10, 7, 2, 80_000),
        "paper": (20, 21, 10, 300_000),
    }[scale]
    settings = {
        "ratios": log(0.15, 1.5, ratios),
        "hidden": lin(0, 1, fractions),
        "trials": trials,
        "steps": steps,
    }
    return {
        f"inputs-{kind}": Computation(
            plane,
            {"kind": kind, **settings},
            identity="curldescent.paper.inputs.plane",
            needs=() if kind == "gaussian" else ("sklearn",),
        )
        for kind in KINDS
    }


def digits(*, whitened: bool) -> NDArray[np.float64]:
    """Second moments of scikit-learn's digits, as inputs of equal covariance.

    A linear student sees its inputs through their covariance alone. Three of the 64 pixels never vary and are left
    out: Sylvester's law needs full rank. The others are given variance ½, like the Gaussian inputs.

    Args:
        whitened: rotate and scale all principal components to variance ½.

    Returns:
        (61, 61): rows whose mean of outer products is the covariance of the 1797 images.

    Raises:
        InputError: scikit-learn is missing.
    """
    optional.require("sklearn", purpose="a task on the handwritten digits")
    from sklearn.datasets import load_digits

    images = np.asarray(load_digits().data, dtype=np.float64)
    images = images[:, images.std(0) > 0]
    images = (images - images.mean(0)) / (np.sqrt(2) * images.std(0))
    covariance = images.T @ images / len(images)
    if whitened:
        # Images times the inverse root of their covariance: what is left of them is what a linear student cannot see.
        values, vectors = np.linalg.eigh(covariance)
        images = images @ (vectors / np.sqrt(2 * values)) @ vectors.T
    return np.asarray(np.linalg.qr(images, mode="r")) * np.sqrt(images.shape[1] / len(images))


def plane(kind: str, ratios: Sequence[float], hidden: Sequence[float], trials: int, steps: int) -> xr.Dataset:
    """Fates for one kind of inputs; solutions, flips and starting points do not depend on the kind."""
    pixels = digits(whitened=kind == "whitened")
    n_inputs = pixels.shape[1]
    inputs = white_inputs(n_inputs) if kind == "gaussian" else pixels

    def cell(ratio: float, hidden: float, seed: int) -> dict[str, object]:
        drawn = draw_networks(Spectrum(ratio, hidden), n_inputs, trials=trials, seed=seed)
        found = drawn.fates(inputs, steps=steps)
        return {"verdict": found.verdict, "updates": found.steps, "lowest": drawn.lowest(), **drawn.expected}

    variances = np.linalg.eigvalsh(inputs.T @ inputs / len(inputs))
    data = over_grid({"ratio": ratios, "hidden": hidden}, cell, seed=0)
    return data.assign_attrs(n_inputs=n_inputs, condition=float(variances[-1] / variances[0]))


def draw(results: Results) -> "Picture":
    """One panel for each kind of inputs."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(KINDS), figsize=(style.PAGE_INCHES, 2.5), sharey=True)
    alpha = np.concatenate([np.geomspace(1e-3, 1e-2, 20), np.linspace(0.01, 1, 200)])
    for axis, (kind, title) in zip(axes, KINDS.items(), strict=True):
        data = results[f"inputs-{kind}"]
        axis.set_xscale("log")
        margin = np.abs(data.predicted) <= data.margin
        image = draw_fate_map(axis, data.verdict, x="ratio", y="hidden", margin=margin, title=title)
        draw_boundary(axis, np.asarray(critical_ratio(hidden=alpha)), alpha)
    for axis in axes[1:]:
        axis.set_ylabel("")
    fate_colour_bar(figure, image, axes)
    return figure


def same_fates(results: Results) -> Finding:
    """How many pairs of decided fates, of one solution with one set of flips under two kinds of inputs, are equal."""
    reference = results["inputs-gaussian"].verdict
    others = xr.concat([results[f"inputs-{kind}"].verdict for kind in ("pixels", "whitened")], "kind")
    # Both pairs of a solution belong to its cell.
    both = ((reference != 0) & (others != 0)).transpose("ratio", "hidden", "kind", "trial").values
    equal = (reference == others).transpose("ratio", "hidden", "kind", "trial").values
    both, equal = (values.reshape(*values.shape[:2], -1) for values in (both, equal))
    count, undecided, agree = int(both.sum()), int((~both).sum()), int((both & equal).sum())
    if not count:
        return Finding(None, "no pair decided within the run")
    said = f"{agree} of {count} pairs have one fate; {undecided} pairs with an undecided student"
    if count / (count + undecided) < fate_claims.DECIDED:
        return Finding(None, f"{said}: too few decided", {"undecided": undecided})
    return shares.found_of_trials(equal, both, said, least=fate_claims.NETWORKS, numbers={"undecided": undecided})


def sign_of_limit(results: Results) -> Finding:
    """The law's sign, for digits alone."""
    data = [results[f"inputs-{kind}"] for kind in ("pixels", "whitened")]
    return fate_claims.follows_limit(xr.concat(data, "kind", combine_attrs="drop"))


def speed(results: Results) -> Finding:
    """Updates until students return, correlated pixels against Gaussian inputs, in pairs that both return."""
    pixels, gaussian = (results[f"inputs-{kind}"] for kind in ("pixels", "gaussian"))
    both = (pixels.verdict.values == 1) & (gaussian.verdict.values == 1)
    if both.sum() < FEWEST_PAIRS:
        return Finding(None, f"{int(both.sum())} pairs return under both inputs, too few to test")
    effect = ratio_of(pixels.updates.values[both], gaussian.updates.values[both])
    said = (
        f"{effect.ratio:.1f} [{effect.low:.1f}, {effect.high:.1f}] times as many updates in {effect.n} pairs; "
        f"condition of the covariance {pixels.attrs['condition']:.0f} against {gaussian.attrs['condition']:.0f}"
    )
    return Finding(effect.faster(), said, effect.numbers, effect.p_value)


FIGURE = Figure(
    "inputs",
    title="Natural inputs",
    about=(
        "The same solutions and flips with Gaussian inputs, with the 61 varying pixels of scikit-learn's digits "
        "(standardised, correlated), and with those pixels whitened. Linear students are trained on the whole set; "
        "three pixels that never vary are left out, because the law of inertia needs a covariance of full rank: in "
        "such directions nothing is seen or learned. Flipped inputs are the first pixels, the image's top rows. "
        "All networks have the same digits, or the same Gaussian sample."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "the same fates",
            "Whether a solution is stable does not depend on the inputs.",
            *fate_claims.decided("of the pairs of digits and Gaussian inputs that decide and have one fate"),
            same_fates,
            changes=fate_claims.OWN_INTERVALS,
        ),
        Claim(
            "the limit's sign",
            "Students of digits follow the sign of the limiting λ_min, whose law knows nothing of the inputs.",
            *fate_claims.LIMIT,
            sign_of_limit,
            changes=(fate_claims.INTERVALS,),
        ),
        Claim(
            "only how fast",
            "Inputs do decide how fast a stable solution attracts.",
            "the 95 % interval of the ratio of updates until a return, correlated pixels over Gaussian inputs, lies "
            f"above 1; counted in pieces of {PIECES}, … updates with steps in units of the fastest rate",
            "it lies at or below 1",
            speed,
            changes=("2026-11-27: by the interval of the ratio in place of a signed-rank test.",),
        ),
    ),
)
