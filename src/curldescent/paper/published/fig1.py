"""Figure 1: why learning fields have curl, and what it does to two weights."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from curldescent import analysis
from curldescent.model.two_weights import TwoWeights
from curldescent.paper.machinery.claims import Claim, Experiments, Figure, Finding, Results, Scale
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.wording import decimal
from curldescent.plots import hebbian as hebbian_plots
from curldescent.plots.two_weights import STARTS, toy_panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

RULES = {"GD": 1.0, "CD": -1.0}
# Loops about (0, 0), about a solution and about a point that is neither; circulation is exact for circles.
LOOPS = ((0.0, 0.0, 0.5), (1.0, 1.0, 0.5), (0.5, -1.2, 0.8))
TARGET = 1.0
# Shares of curl that count as one, and as none.
CURL, NO_CURL = 1e-4, 1e-12
# Circulation of gradient descent, and difference of curl descent's from the integral, at most; curl descent's at least.
CIRCULATES, NO_CIRCULATION = 0.1, 1e-10
# How far an invariant may drift, and an eigenvalue be off.
DRIFT, OFF = 1e-7, 1e-6
# Solutions that displaced students start beside, and by how much they are displaced.
SOLUTIONS, DISPLACED = 40, 1e-6
# A path that never gets below this loss has not learned.
LEARNED = 1e-3


def experiments(scale: Scale) -> Experiments:
    """The toy world and the circuit: seconds at every scale."""
    return {
        "fig1-toy": Computation(toy, identity="curldescent.paper.fig1.toy"),
        "fig1-hebbian": Computation(hebbian, identity="curldescent.paper.fig1.hebbian"),
    }


def toy(time: float = 30.0, points: int = 600) -> xr.Dataset:
    """Two weights under gradient descent and with w2 flipped.

    Args:
        time: of the trajectories.
        points: along each.

    Returns:
        Over `rule` GD, CD: `path` and `loss` from every start of the picture; `circulation` around every loop with
        its numerical `circulation_error`; `returns`, whether a student displaced from a solution (`solution` is its w1)
        comes back; `origin_real`, `origin_imaginary`: eigenvalues of the field's Jacobian at the origin.
    """
    times = np.linspace(0, time, points)
    solutions = np.exp(np.linspace(-1.0, 1.0, SOLUTIONS))
    out: dict[str, list[object]] = {}
    for flip in RULES.values():
        network = TwoWeights(TARGET, readout=flip)
        paths = np.stack([network.trajectory(start, time=time, points=points) for start in STARTS])
        loops = [_circulation(flip, *loop) for loop in LOOPS]
        eigenvalues = np.sort_complex(np.linalg.eigvals(_jacobian(network, np.zeros(2))))
        row = {
            "path": paths,
            "loss": np.stack([network.loss(path) for path in paths]),
            "circulation": [value for value, _ in loops],
            "circulation_error": [error for _, error in loops],
            "returns": [_returns(network, w1) for w1 in solutions],
            "origin_real": eigenvalues.real,
            "origin_imaginary": eigenvalues.imag,
        }
        for name, value in row.items():
            out.setdefault(name, []).append(value)
    dims = {
        "path": ("rule", "start", "weight", "time"),
        "loss": ("rule", "start", "time"),
        "circulation": ("rule", "loop"),
        "circulation_error": ("rule", "loop"),
        "returns": ("rule", "solution"),
        "origin_real": ("rule", "eigenvalue"),
        "origin_imaginary": ("rule", "eigenvalue"),
    }
    return xr.Dataset(
        {name: (dims[name], np.array(values, dtype=float)) for name, values in out.items()},
        coords={"rule": list(RULES), "time": times, "solution": solutions},
    )


def _circulation(flip: float, w1: float, w2: float, radius: float) -> tuple[float, float]:
    network = analysis.network(
        lambda weights, x: weights[0] * weights[1] * x,
        np.array([w1, w2]),
        np.ones((1, 1)),
        np.full((1, 1), TARGET),
        strengths=np.array([1.0, flip]),
    )
    found = analysis.circulation(network, radius=radius, plane=[np.array([1.0, 0.0]), np.array([0.0, 1.0])])
    return found.value, found.error


def _returns(network: TwoWeights, w1: float) -> bool:
    """Whether a student displaced by 1e-6 from the solution (w1, s/w1) ends next to it."""
    solution = np.array([w1, network.target / w1])
    normal = solution[::-1] / np.linalg.norm(solution)
    end = network.trajectory(solution + DISPLACED * normal, time=200.0, points=2)[:, -1]
    return bool(np.linalg.norm(end - solution) < 1e-3)


def _jacobian(network: TwoWeights, weights: np.ndarray) -> np.ndarray:
    """By central differences, exact for a cubic field at the origin but for rounding."""
    step = 1e-4
    return np.stack(
        [
            (network.field(weights + step * unit) - network.field(weights - step * unit)) / (2 * step)
            for unit in np.eye(2)
        ],
        axis=1,
    )


def hebbian(excitatory: int = 8, inhibitory: int = 2) -> xr.Dataset:
    """The antisymmetric share of Hebbian learning fields, over circuit and correlation of inputs."""
    shares = hebbian_plots.curl_shares(excitatory, inhibitory)
    coords = {"circuit": list(hebbian_plots.CIRCUITS), "correlation": hebbian_plots.CORRELATIONS}
    return xr.Dataset({"share": (("circuit", "correlation"), shares)}, coords=coords)


def draw(results: Results) -> "Picture":
    """Circuit, flow fields, and the loss along the trajectories."""
    return toy_panels(results["fig1-toy"], results["fig1-hebbian"])


def circulation(results: Results) -> Finding:
    """∮F·dθ around the loops, against the area integral of the curl."""
    data = results["fig1-toy"].circulation
    # F = (−w2 r, w1 r) with r = w1 w2 − s has curl 2(2 w1 w2 − s); over a disc about (a, b): 2πR²(2ab − s).
    exact = np.array([2 * np.pi * radius**2 * (2 * a * b - TARGET) for a, b, radius in LOOPS])
    gradient, curl = np.abs(data.sel(rule="GD").values).max(), data.sel(rule="CD").values
    off = float(np.abs(curl - exact).max())
    values = ", ".join(f"{value:.4f}" for value in curl)
    said = f"gradient descent {gradient:.1e} at most; curl descent {values}, as by Stokes to {off:.0e}"
    holds = bool(max(gradient, off) < NO_CIRCULATION and np.abs(curl).min() > CIRCULATES)
    return Finding(holds, said, {"GD": float(gradient), "CD": curl.tolist(), "off": off})


def invariants(results: Results) -> Finding:
    """Q along the trajectories."""
    data = results["fig1-toy"]
    drift = {}
    for rule, flip in RULES.items():
        network = TwoWeights(TARGET, readout=flip)
        q = np.stack([network.invariant(path) for path in data.path.sel(rule=rule).values])
        drift[rule] = float(np.abs(q - q[:, :1]).max())
    said = (
        f"w1² − w2² changes by {drift['GD']:.0e} under gradient descent, w1² + w2² by {drift['CD']:.0e} with w2 flipped"
    )
    return Finding(max(drift.values()) < DRIFT, said, drift)


def half_the_solutions(results: Results) -> Finding:
    """How many solutions draw a displaced student back."""
    returns = results["fig1-toy"].returns
    share = {rule: float(returns.sel(rule=rule).mean()) for rule in RULES}
    flipped = returns.sel(rule="CD")
    # w2 flipped: K = w2² − w1², stable where |w2| > |w1|, that is w1 < √s.
    right_half = bool((flipped.values.astype(bool) == (flipped.solution.values < np.sqrt(TARGET))).all())
    said = f"{share['GD']:.0%} of the solutions are stable under gradient descent, {share['CD']:.0%} with w2 flipped"
    return Finding(share["GD"] == 1 and share["CD"] == 0.5 and right_half, said, share)


def centre(results: Results) -> Finding:
    """Eigenvalues at the origin, and the loss of a student that starts near it."""
    data = results["fig1-toy"]
    gd, cd = (data.origin_real.sel(rule=r).values + 1j * data.origin_imaginary.sel(rule=r).values for r in RULES)
    inside = [i for i, (a, b) in enumerate(STARTS) if a**2 + b**2 < 2 * TARGET]
    lowest = float(data.loss.sel(rule="CD").isel(start=inside).min()) if inside else float("nan")
    said = (
        f"eigenvalues {gd[0].real:+.3f}, {gd[1].real:+.3f} under gradient descent, ±{abs(cd[0].imag):.3f}i with w2 "
        f"flipped; from inside w1² + w2² = 2s the loss never falls below {lowest:.3f}"
    )
    saddle = np.allclose(gd, [-TARGET, TARGET], atol=OFF)
    rotation = np.allclose(cd, [-1j * TARGET, 1j * TARGET], atol=OFF)
    return Finding(bool(saddle and rotation and lowest > LEARNED), said, {"lowest_loss": lowest})


def hebbian_curl(results: Results) -> Finding:
    """Antisymmetric shares of the four circuits."""
    share = results["fig1-hebbian"].share
    mixed, excitatory = share.sel(circuit="E and I, all Hebbian"), share.sel(circuit="E alone, all Hebbian")
    correlated = mixed.where(mixed.correlation > 0, drop=True)
    said = (
        f"E and I: {float(correlated.min()):.3f} to {float(correlated.max()):.3f} of the Jacobian is antisymmetric for "
        f"correlations from {float(correlated.correlation[0]):.2f} on, {float(mixed[0]):.0e} without; "
        f"E alone {float(excitatory.max()):.0e}"
    )
    holds = bool((correlated > CURL).all() and mixed[0] < NO_CURL and (excitatory < NO_CURL).all())
    return Finding(holds, said, {"largest": float(correlated.max()), "excitatory": float(excitatory.max())})


FIGURE = Figure(
    "fig1",
    title="Figure 1: why learning has curl, and what it does",
    about=(
        "Above left: share of the learning field's Jacobian that is antisymmetric, for Hebbian plasticity in a "
        "recurrent network of 8 excitatory and 2 inhibitory neurons, over the correlation of its inputs. Below: two "
        "weights learning w1 w2 = 1, by gradient descent and with w2's rule flipped. Above right: the loss on their "
        "paths."
    ),
    origin="paper",
    experiments=experiments,
    draw=draw,
    claims=(
        Claim(
            "Hebbian curl",
            "Hebbian plasticity of excitatory and inhibitory neurons is no gradient where their inputs are correlated.",
            f"antisymmetric share > {decimal(CURL)} at every correlation above zero; < {decimal(NO_CURL)} without "
            "correlation or inhibition",
            "anything else: the numbers are exact, no sample is drawn",
            hebbian_curl,
        ),
        Claim(
            "circulation",
            "Gradient descent has no circulation, curl descent has.",
            f"around three circles: below {decimal(NO_CIRCULATION)}, and above {CIRCULATES:g} and equal to the "
            f"integral of the curl to {decimal(NO_CIRCULATION)}",
            "anything else: the numbers are exact, no sample is drawn",
            circulation,
        ),
        Claim(
            "invariants",
            "Gradient descent moves on hyperbolas, with one flipped weight it is circles.",
            f"w1² − w2² and w1² + w2² constant along every path to {decimal(DRIFT)}",
            "anything else: the numbers are exact, no sample is drawn",
            invariants,
        ),
        Claim(
            "half the solutions",
            "Of the solutions of gradient descent half lose their stability.",
            f"displaced by {decimal(DISPLACED)}, students return to all of {SOLUTIONS} solutions, and to the "
            f"{SOLUTIONS // 2} with |w2| > |w1|",
            "anything else: the numbers are exact, no sample is drawn",
            half_the_solutions,
        ),
        Claim(
            "centre",
            "The origin, a saddle of gradient descent, becomes a centre.",
            f"eigenvalues ±s and ±is to {decimal(OFF)}; no path from inside the circle w1² + w2² = 2s learns",
            "anything else: the numbers are exact, no sample is drawn",
            centre,
        ),
    ),
    departures=("The measured share of curl stands where the paper has a sketch of the circuit.",),
)
