"""Compute one cell: sample its problem, train it, keep what was asked for."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError, PlasticityWarning
from curldescent.learning.weight_motion import WeightWatcher
from curldescent.model.plasticity import Plasticity
from curldescent.sweeps.description.cell_settings import Recipe, Resolved
from curldescent.sweeps.description.keep import ALWAYS

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def compute(recipe: Recipe, cell: Mapping[str, Any], seed_text: str, *, threads: int = 1) -> dict[str, Array]:
    """Run one cell of a sweep.

    Args:
        recipe: what all cells share.
        cell: the cell's values, parameter → value.
        seed_text: see `Sweep.seed_text`.
        threads: for the compiled kernels; the result does not depend on it.

    Returns:
        Variable → array, with the dimensions listed in `keep.VARIABLES`; float64.

    Raises:
        InputError: values that make no experiment.
    """
    from curldescent.learning.train import train

    resolved = recipe.resolved(cell)
    problem = recipe.problem(resolved, seed_text)
    rule = recipe.rule(resolved)
    kept = recipe.recorded(resolved)
    epochs, window = resolved.training["epochs"], recipe.keep.order_parameter
    watcher, record = None, kept
    if window:
        if window > epochs:
            raise InputError(f"keep.order_parameter looks at {window} epochs, the run has only {epochs}")
        record = np.union1d(kept, np.arange(epochs - window + 1, epochs + 1))
        watcher = WeightWatcher(record=record.tolist(), window=window)
    with warnings.catch_warnings():
        # Said once, before the sweep began.
        warnings.simplefilter("ignore", PlasticityWarning)
        history = train(
            problem,
            rule,
            **{**resolved.training, "record": record.tolist()},
            seed=recipe.seed_for("training", seed_text),
            threads=threads,
            observe=watcher,
        )
    measured = _measures(recipe, resolved, history, kept)
    if watcher is not None:
        measured.update(watcher.results())
    return {
        name: np.asarray(measured[name], dtype="<f8", order="C")
        for name in (*recipe.keep.names, *ALWAYS)
        if name in measured
    }


def _measures(recipe: Recipe, resolved: Resolved, history: "xr.Dataset", kept: Array) -> dict[str, Any]:
    from curldescent.learning.censoring import epochs_to_threshold

    keep = recipe.keep
    out: dict[str, Any] = {name: history[name].values for name in ALWAYS}
    for part in ("train", "test"):
        if f"{part}_error" not in history:
            continue  # no test samples in this cell
        # The epochs that only the order parameter looked at are not part of the curves.
        curve = history[f"{part}_error"].sel(epoch=kept)
        out[f"{part}_error"] = curve.values
        out[f"final_{part}_error"] = curve.values[:, -1]
        with np.errstate(invalid="ignore"):
            out[f"maximum_{part}_error"] = curve.values.max(axis=1)  # NaN where the trial diverged: there is none
        if keep.epochs_to:
            reached = [epochs_to_threshold(curve, threshold, never=keep.never).values for threshold in keep.epochs_to]
            out[f"epochs_to_{part}"] = np.stack(reached, axis=-1)
    if keep.lambda_min:
        out["predicted_lambda_min"] = predicted_lambda_min(resolved)
    if keep.weights:
        out["student_hidden"], out["student_readout"] = history.student_hidden.values, history.student_readout.values
    return out


def predicted_lambda_min(resolved: Resolved) -> float:
    """The lowest eigenvalue of K in large linear networks with the cell's sizes, flips and teacher.

    Args:
        resolved: the cell's arguments.

    Returns:
        λ_min; ρ = ‖w2‖² and σ² are the expected ones of the teacher's distribution and scale, or 1 where it is
        normalised.

    Raises:
        InputError: plasticity that is not a presynaptic fraction or vector, or several outputs: the law is not theirs.
    """
    from curldescent.theory import Spectrum

    problem, rule = resolved.student_teacher, resolved.rule
    if rule.get("flips", "presynaptic") != "presynaptic" or problem["n_outputs"] != 1:
        raise InputError("keep.lambda_min needs presynaptic flips and one output: the theory's law is theirs")
    plasticity = Plasticity(**rule)
    sizes = {name: problem[name] for name in ("n_inputs", "n_hidden", "n_outputs")}
    realised = plasticity.realised(**sizes)
    strengths: dict[str, Any] = {}
    for layer, size in (("hidden", problem["n_inputs"]), ("readout", problem["n_hidden"])):
        given, counts = getattr(plasticity, layer), realised.layers[layer]
        if counts.units == "synapses":
            raise InputError("keep.lambda_min needs strengths per neuron, got a matrix of strengths per synapse")
        if isinstance(given, np.ndarray):
            values, times = np.unique(given, return_counts=True)
            strengths[layer] = dict(zip(values.tolist(), (times / times.sum()).tolist(), strict=True))
        else:
            strengths[layer] = counts.flipped / size
    if resolved.start.normalise_teacher:
        scale = 1.0
    else:
        # The variance of U(±s) is a third of that of a normal distribution of scale s.
        scale = problem["teacher_scale"] ** 2 / (3 if problem["distribution"] == "uniform" else 1)
    return Spectrum(resolved.ratio, **strengths, rho=scale, sigma2=scale).lambda_min
