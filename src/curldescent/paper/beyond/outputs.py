"""Several outputs: one law of K for each singular value of the readout, against simulation and the tangent kernel."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.paper.machinery import fate_claims, shares
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.fates import draw_networks, finite_size_margin, over_grid, white_inputs
from curldescent.paper.machinery.spectra import lambda_min_with_outputs, singular_values, union
from curldescent.paper.machinery.wording import decimal
from curldescent.plots import style
from curldescent.plots.fates import draw_fate_map, fate_colour_bar
from curldescent.sweeps import lin, log
from curldescent.theory import MultiOutputSpectrum, Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

OUTPUTS = (1, 2, 5, 10)
# How far eigenvalues of the tangent kernel may be from the union's, in units of the largest.
CLOSE = 1e-9
# The networks whose tangent kernels are looked at; ten outputs at c = 2 are more than the hidden neurons.
_KERNELS = {"n_outputs": OUTPUTS, "ratio": (0.2, 2.0), "hidden": (0.3,), "readout": (0.0, 0.2)}


def experiments(scale: Scale) -> Experiments:
    """A plane of ratio and flipped inputs for each number of outputs, and the tangent kernels of some networks."""
    n_inputs, ratios, fractions, trials, steps, kernels = {
        "quick": (30, 6, 6, 2, 5_000, 12),
        "standard": (40, 7, 7, 3, 20_000, 16),
        "paper": (60, 21, 21, 10, 80_000, 20),
    }[scale]
    settings = {
        "n_inputs": n_inputs,
        "ratios": log(0.15, 1, ratios),
        "hidden": lin(0, 1, fractions),
        "trials": trials,
        "steps": steps,
    }
    return {
        **{
            f"outputs-{o}": Computation(plane, {"n_outputs": o, **settings}, identity="curldescent.paper.outputs.plane")
            for o in OUTPUTS
        },
        "outputs-kernel": Computation(
            kernels_of, {"n_inputs": kernels, **_KERNELS}, identity="curldescent.paper.outputs.kernels_of"
        ),
    }


def plane(
    n_outputs: int, n_inputs: int, ratios: Sequence[float], hidden: Sequence[float], trials: int, steps: int
) -> xr.Dataset:
    """Fates over ratio and flipped inputs for one number of outputs."""
    inputs = white_inputs(n_inputs)

    def cell(ratio: float, hidden: float, seed: int) -> dict[str, object]:
        drawn = draw_networks(Spectrum(ratio, hidden), n_inputs, n_outputs=n_outputs, trials=trials, seed=seed)
        one, two = drawn.solutions.hidden, drawn.solutions.readout
        laws = [
            MultiOutputSpectrum(drawn.law.ratio, drawn.law.hidden, singular_values=singular_values(w2)) for w2 in two
        ]
        lowest = [union(w1, w2, drawn.d1, drawn.d2)[0] for w1, w2 in zip(one, two, strict=True)]
        return {
            "verdict": drawn.fates(inputs, steps=steps).verdict,
            "lowest": np.array(lowest),
            "predicted": np.array([law.lambda_min for law in laws]),
            # The widest of the laws: that of the largest singular value.
            "margin": np.array([max(finite_size_margin(one, n_inputs) for one in law.laws) for law in laws]),
        }

    # The same seed for every number of outputs: hidden weights and flips are shared, so that fates can be compared.
    return over_grid({"ratio": ratios, "hidden": hidden}, cell, seed=0).assign_attrs(n_inputs=n_inputs)


def kernels_of(
    n_inputs: int, n_outputs: Sequence[int], ratio: Sequence[float], hidden: Sequence[float], readout: Sequence[float]
) -> xr.Dataset:
    """Signed tangent kernels of networks with flips in both layers against the union of spectra."""
    from curldescent.analysis._stability.stability import stability

    inputs = white_inputs(n_inputs)
    covariance = inputs.T @ inputs / len(inputs)

    def cell(n_outputs: float, ratio: float, hidden: float, readout: float, seed: int) -> dict[str, object]:
        drawn = draw_networks(Spectrum(ratio, hidden, readout), n_inputs, n_outputs=int(n_outputs), trials=1, seed=seed)
        weights = drawn.solutions.trial(0)
        problem = Problem(inputs=inputs, student=weights, teacher=weights)
        found = stability(problem, Plasticity(hidden=drawn.d1, readout=drawn.d2), method="dense")
        expected = union(weights.hidden, weights.readout, drawn.d1, drawn.d2, covariance)
        # The kernel may leave out null directions of Φ, and where O > N the union has zeros too.
        scale = np.abs(expected).max()
        size = max(len(expected), len(found.eigenvalues))
        ours, theirs = (_with_zeros(values, size) for values in (found.eigenvalues, expected))
        return {
            "error": float(np.abs(ours - theirs).max() / scale),
            "same_verdict": bool(found.stable == (expected[0] > -1e-10 * scale)),
            "lowest": float(expected[0]),
        }

    grid = {"n_outputs": n_outputs, "ratio": ratio, "hidden": hidden, "readout": readout}
    return over_grid(grid, cell, seed=0)


def _with_zeros(eigenvalues: NDArray, size: int) -> NDArray:
    return np.sort(np.concatenate([eigenvalues, np.zeros(size - len(eigenvalues))]))


def draw(results: Results) -> "Picture":
    """One panel for each number of outputs."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(OUTPUTS), figsize=(style.PAGE_INCHES, 2.3), sharey=True)
    for axis, outputs in zip(axes, OUTPUTS, strict=True):
        data = results[f"outputs-{outputs}"]
        axis.set_xscale("log")
        image = draw_fate_map(
            axis,
            data.verdict,
            x="ratio",
            y="hidden",
            margin=(np.abs(data.predicted) <= data.margin).mean("trial") > 0.5,
            title=f"$O$ = {outputs}",
        )
        axis.set_xlabel("ratio $c = M/N$")
        _draw_expected_boundary(axis, outputs, int(data.attrs["n_inputs"]))
    for axis in axes[1:]:
        axis.set_ylabel("")
    fate_colour_bar(figure, image, axes)
    return figure


def _draw_expected_boundary(axis: "Axes", outputs: int, n_inputs: int) -> None:
    ratio, hidden = np.geomspace(0.1, 1.2, 120), np.linspace(1e-3, 1, 120)
    field = lambda_min_with_outputs(outputs, n_inputs, ratio, hidden[:, None])
    for colour, width in (("white", 3), (style.THEORY, 1.5)):
        axis.contour(ratio, hidden, field, levels=[0.0], colors=colour, linewidths=width)


def sign_of_limit(results: Results) -> Finding:
    """All numbers of outputs together, network by network: each has singular values of its own."""
    return fate_claims.follows_limit(_stacked(results))


def sign_of_own(results: Results) -> Finding:
    """All numbers of outputs together."""
    return fate_claims.follows_own(_stacked(results))


def same_kernel(results: Results) -> Finding:
    """Eigenvalues of the signed tangent kernel against the union of spectra."""
    data = results["outputs-kernel"]
    error, verdicts = float(data.error.max()), int(data.same_verdict.sum())
    said = f"largest difference {error:.1e} of the largest eigenvalue; {verdicts} of {data.error.size} equal verdicts"
    holds = error < CLOSE and verdicts == data.error.size
    return Finding(holds, said, {"error": error, "equal": verdicts, "of": data.error.size})


def more_outputs(results: Results) -> Finding:
    """Of networks that differ in their readout alone, which leaves: that with one output or that with ten?"""
    one, ten = (results[f"outputs-{o}"].verdict for o in (OUTPUTS[0], OUTPUTS[-1]))
    return fate_claims.leaves_more(ten, one, names=("ten outputs alone leave", "one alone"))


def _stacked(results: Results) -> xr.Dataset:
    """All numbers of outputs; networks that differ in their readout alone count as trials of one cell."""
    return xr.concat([results[f"outputs-{o}"] for o in OUTPUTS], "trial", combine_attrs="drop")


FIGURE = Figure(
    "outputs",
    title="Several outputs",
    about=(
        "Fates of students with 1, 2, 5 and 10 outputs beside random solutions, over ratio and flipped inputs. The "
        "spectrum is the union of those of κ² D1 + W1ᵀ D2 W1 over the singular values κ of the readout. With flipped "
        "inputs the largest κ decides: line from the expected range of κ² in a readout of N columns, (1 ± √(O/N))². "
        "All networks of a size have one sample of inputs."
    ),
    origin="beyond",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "the limit's sign",
            "Students with several outputs follow the lowest of the laws of their readout's singular values.",
            *fate_claims.LIMIT_BY_NETWORK,
            sign_of_limit,
            changes=(fate_claims.INTERVALS, shares.CLUSTERED),
        ),
        Claim(
            "the network's own sign",
            "Each student follows the sign of the lowest eigenvalue of its own union of spectra.",
            *fate_claims.OWN,
            sign_of_own,
            changes=fate_claims.OWN_INTERVALS,
        ),
        Claim(
            "tangent kernel",
            "The signed tangent kernel, which knows nothing of linear networks, has the same spectrum.",
            f"eigenvalues within {decimal(CLOSE)} of the largest one, every verdict equal; flips in both layers, c up "
            f"to {max(_KERNELS['ratio']):g}",
            "anything else: the numbers are exact",
            same_kernel,
        ),
        Claim(
            "more outputs",
            "At finite width more outputs make flipped inputs less tolerable: the largest singular value grows.",
            f"more leave with ten outputs than with one, hidden weights and flips being equal: {fate_claims.MORE[0]}",
            fate_claims.MORE[1],
            more_outputs,
            changes=(fate_claims.SIGN_TEST,),
        ),
    ),
)
