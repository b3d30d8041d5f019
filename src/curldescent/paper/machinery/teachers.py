"""The stability of every single teacher that the students of a phase map start at or learn, norms preserved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from curldescent import theory
from curldescent.foundation.progress import Progress, checked
from curldescent.model.activations import Activation, of
from curldescent.model.problem import Problem
from curldescent.paper.machinery.boundary_claims import fraction_of
from curldescent.paper.machinery.computation import Computation
from curldescent.paper.machinery.phase_sweeps import sampler
from curldescent.plots import style
from curldescent.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

# A start as close to a solution as rounding allows shows growth that comes to this factor within the run.
VISIBLE = 1e16


def stability_of_teachers(
    activation: str, layer: str, *, ratio: Sequence[float], fraction: Sequence[float], trials: int, **more: Any
) -> Computation:
    """`teacher_stability` of a phase map, as a figure's experiment."""
    grid = {"activation": activation, "layer": layer, "ratio": ratio, "fraction": fraction, "trials": trials}
    return Computation(teacher_stability, {**grid, **more}, identity="curldescent.paper.teachers.teacher_stability")


def teacher_stability(
    *,
    activation: str,
    layer: str,
    ratio: Sequence[float],
    fraction: Sequence[float],
    trials: int,
    normalise_teacher: bool = False,
    progress: Progress | None = None,
) -> xr.Dataset:
    """The lowest rate of the dynamics linearised at each teacher of a phase map.

    Args:
        activation: "linear" or "tanh".
        layer: whose flips, "hidden" or "readout".
        ratio: c = M/N.
        fraction: flipped fractions.
        trials: per cell.
        normalise_teacher: as in `curldescent.sweeps.Start`.
        progress: told how many teachers are judged.

    Returns:
        Over (ratio, layer, trial), per unit of total step: `rate`, the smallest real part of an eigenvalue with norms
        preserved, where negative means that residuals grow; `free_rate`, the same without the terms that preserving
        norms adds; and `fastest`, the largest, which a step η follows only while η × fastest < 2. The teachers and
        inputs are those of the sweeps of `phase_maps`.
    """
    sweep = Sweep(
        axes={"ratio": ratio, layer: fraction},
        student_teacher=sampler(activation, trials),
        start={"at": "teacher", "normalise_teacher": normalise_teacher},
        training={"epochs": 1},
    )
    rates = np.empty((*sweep.grid.shape, trials, 3))
    shown = checked(progress)
    shown.start(sweep.grid.size * trials, "teachers")
    done = 0
    for index in sweep.grid.indices():
        cell = sweep.cell_at(index)
        problem, student = cell.problem, cell.problem.student
        strengths = cell.rule.strengths(
            n_inputs=student.n_inputs, n_hidden=student.n_hidden, n_outputs=student.n_outputs
        )
        d1, d2 = strengths.hidden[0], strengths.readout[0]
        for trial in range(trials):
            rates[(*index, trial)] = extreme_rates(problem, trial, d1, d2)
            done += 1
            shown.update(done)
    shown.finish()
    dims = ("ratio", layer, "trial")
    coords: dict[str, Any] = {"ratio": list(ratio), layer: list(fraction)}
    return xr.Dataset(
        {"rate": (dims, rates[..., 0]), "free_rate": (dims, rates[..., 1]), "fastest": (dims, rates[..., 2])},
        coords=coords,
    )


def leaves(teachers: xr.Dataset, *, step: float, rate: str = "rate") -> xr.DataArray:
    """Which teachers full-batch learning leaves: a residual grows, or the step overshoots the fastest one.

    Args:
        teachers: of `teacher_stability`.
        step: η.
        rate: "rate", or "free_rate" to leave out what preserving norms adds.

    Returns:
        Over (ratio, layer, trial).
    """
    return (teachers[rate] < 0) | (step * teachers.fastest > 2)


def draw_teachers(axis: "Axes", teachers: "xr.Dataset", *, slowest: float) -> None:
    """Draw where the typical sampled teacher begins to have a direction that grows fast enough to matter.

    Args:
        axis: of an error map.
        teachers: of `teacher_stability`.
        slowest: the slowest growth that counts, per unit of total step.
    """
    rate = teachers.rate.median("trial")
    layer = fraction_of(rate)
    # A contour, as the stable cells need not be those of the smallest ratios; rates spread over decades of both signs.
    height = np.arcsinh(rate.transpose(layer, "ratio").values / slowest)
    for colour, width in (("white", 3.0), (style.UNSTABLE, 1.5)):
        axis.contour(
            rate.ratio,
            rate[layer],
            height,
            levels=[-np.arcsinh(1.0)],
            colors=colour,
            linewidths=width,
            linestyles="solid" if colour == "white" else "dashed",
        )
    axis.plot(
        [], [], color=style.UNSTABLE, linestyle="--", label="half of the sampled solutions\nunstable within the run"
    )


def extreme_rates(problem: Problem, trial: int, d1: Array, d2: Array) -> tuple[float, float, float]:
    """The extreme rates of one trial's student, at zero loss.

    Args:
        problem: one output, with a trial axis.
        trial: which student.
        d1: strengths per input, (M,).
        d2: strengths per hidden neuron, (N,).

    Returns:
        The lowest with norms preserved, the lowest without, the highest with. Rates that rounding cannot tell from
        zero are zero.

    Source: docs/analysis.md, section "Stability"; linear students by the smaller matrix of docs/theory.md, section "A
    given network".
    """
    w1, w2 = problem.student.hidden[trial], problem.student.readout[trial]
    if problem.activation == "linear":
        x = problem.inputs
        both = [
            theory.linear_stability(w1, w2, d1, d2, preserve_norms=kept, covariance=x.T @ x / len(x)).eigenvalues
            for kept in (True, False)
        ]
    else:
        free, kept = tangent_kernels(problem.inputs, w1, w2[0], d1, d2, problem.activation, problem.output_activation)
        both = [np.linalg.eigvals(kept), np.linalg.eigvalsh(free)]
    extremes = [float(both[0].real.min()), float(both[1].real.min()), float(both[0].real.max())]
    scale = max(float(np.abs(values).max()) for values in both)
    kept_low, free_low, kept_high = (rate if abs(rate) > 1e-10 * scale else 0.0 for rate in extremes)
    return kept_low, free_low, kept_high


def tangent_kernels(
    inputs: Array,
    w1: Array,
    w2: Array,
    d1: Array,
    d2: Array,
    activation: str | Activation,
    output_activation: str | Activation,
) -> tuple[Array, Array]:
    """The signed tangent kernel of a two-layer network with one output under the delta rule, in closed form.

    With h = W1 x, B_pi = w2_i φ'(h_pi), A = φ(h) and Λ = φ'_out: G = Λ½ [(B Bᵀ) ∘ (X D1 Xᵀ) + A D2 Aᵀ] Λ½ / P.
    Preserving the layers' norms takes the part along the weights out of every update: a term of rank one per layer.

    Args:
        inputs: X, (P, M).
        w1: (N, M).
        w2: (N,).
        d1: (M,).
        d2: (N,).
        activation: φ.
        output_activation: φ_out.

    Returns:
        G and its norm-preserving form, (P, P) each.

    Source: docs/analysis.md, sections "Stability" and "The delta rule".
    """
    drive = inputs @ w1.T
    kind = of(activation)
    hidden = kind.value(drive, np)
    back = w2 * kind.slope(drive, hidden, np)
    out = hidden @ w2
    last = of(output_activation)
    root = np.sqrt(last.slope(out, last.value(out, np), np))
    free = (back @ back.T) * ((inputs * d1) @ inputs.T) + (hidden * d2) @ hidden.T
    # Rows: how the output answers the weights themselves, and how the update's part along them answers the residual.
    kept = free.copy()
    for answer, along, square in (
        ((back * drive).sum(1), (back * (inputs @ (w1 * d1).T)).sum(1), (w1**2).sum()),
        (out, hidden @ (d2 * w2), (w2**2).sum()),
    ):
        kept -= np.outer(answer, along) / square
    weight = np.outer(root, root) / len(inputs)
    return free * weight, kept * weight
