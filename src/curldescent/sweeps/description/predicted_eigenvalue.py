"""What theory says of a cell beforehand: the lowest eigenvalue of its stability matrix."""

from typing import Any

import numpy as np

from curldescent.foundation.errors import InputError
from curldescent.sweeps.description.settings import CellArguments


def predicted_lambda_min(resolved: CellArguments) -> float:
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
    if "kind" in rule:
        raise InputError(f"keep.lambda_min needs plasticity, got a rule of kind {rule['kind']!r}")
    if rule.get("flips", "presynaptic") != "presynaptic" or problem["n_outputs"] != 1:
        raise InputError("keep.lambda_min needs presynaptic flips and one output: the theory's law is theirs")
    plasticity = resolved.learning_rule
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
