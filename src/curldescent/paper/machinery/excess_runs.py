"""Runs of the excess nonlinearity: epochs beside the macroscopic equations, and what neurons cancel on samples."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curldescent.model.plasticity import Plasticity
from curldescent.model.student_teacher import student_teacher
from curldescent.model.weights import Weights
from curldescent.paper.machinery import speedup_protocol, to_threshold
from curldescent.paper.machinery.high_gain_reach_runs import STARTS
from curldescent.paper.machinery.high_gain_runs import SAMPLES
from curldescent.theory import excess_nonlinearity, macroscopic, nonlinear_error

if TYPE_CHECKING:
    import xarray as xr

# Networks that no other figure has.
FIRST_SEED = 800
# And input sets.
FIRST_INPUTS = 740
EQUATIONS = ("macroscopic", "per neuron", "per kind")


def epochs_by_both(
    students: int, epochs: int, scales: Sequence[float], arms: Mapping[str, tuple[int, float, str]]
) -> "xr.Dataset":
    """Epochs to 10⁻³ by three sets of equations: erf units, linear output, norms preserved.

    Args:
        students: networks.
        epochs: the most that a run gets, and what counts where the threshold is not reached.
        scales: of students.
        arms: name → how many readout neurons have another strength, that strength, and one of `STARTS`.

    Returns:
        `epochs` (equations, scale, arm, student): the macroscopic equations; the excess nonlinearity of the student's
        own neurons; and of neurons that are all equal within their kind, of the kind's root mean square readout and
        input norm. NaN for the last from starts, which single out a neuron of the unflipped kind. And `own` (scale,
        arm, student): ½ Σ_i w_i² μ*²(q_i) over the error, where the macroscopic equations ended. It is below 1 where
        every neuron lost its own nonlinear part, and large where neurons cancel each other's.
    """
    import xarray as xr

    found = np.full((len(EQUATIONS), len(scales), len(arms), students), np.nan)
    own = np.full(found.shape[1:], np.nan)
    for s, scale in enumerate(scales):
        for student in range(students):
            problem = student_teacher(
                n_inputs=speedup_protocol.INPUTS,
                n_hidden=speedup_protocol.HIDDEN,
                activation="erf",
                output_activation="linear",
                n_train=1,
                n_test=0,
                student_scale=scale,
                seed=FIRST_SEED + student,
            )
            for a, (count, strength, start) in enumerate(arms.values()):
                strengths = np.where(np.arange(speedup_protocol.HIDDEN) < count, strength, 1.0)
                here = problem.with_student(STARTS[start](problem.student))
                ways = [(macroscopic, here), (excess_nonlinearity, here)]
                if not start:
                    ways.append((excess_nonlinearity, here.with_student(equal_within_kinds(here.student, count))))
                for way, (equations, task) in enumerate(ways):
                    history = equations(
                        task,
                        Plasticity(readout=strengths),
                        epochs=epochs,
                        preserve_norms=True,
                        stop_below=speedup_protocol.THRESHOLD,
                        record=2,
                    )
                    found[way, s, a, student] = float(history.stopped_at.fillna(epochs).item())
                    if equations is macroscopic:
                        last = history.isel(trial=0, epoch=-1)
                        own[s, a, student] = _own(last.hidden_norm.values, last.readout_weights.values) / last.error
    dims = ("scale", "arm", "student")
    return xr.Dataset(
        {"epochs": (("equations", *dims), found), "own": (dims, own)},
        coords={"equations": list(EQUATIONS), "scale": list(scales), "arm": list(arms)},
        attrs={"last": epochs},
    )


def own_on_samples(sets: int, epochs: int, scales: Sequence[float]) -> "xr.Dataset":
    """Neurons' own excess over the training error where students of the speed-up's protocol ended, tanh throughout.

    Args:
        sets: of inputs, one student each.
        epochs: the most that a run gets; it ends at the threshold.
        scales: of students.

    Returns:
        `own` (rule, scale, set), as in `epochs_by_both`, the output taken to be linear; `reached` (rule, scale, set),
        whether the threshold was.
    """
    import xarray as xr

    rules = {"GD": Plasticity(), "CD": Plasticity(readout=0.1)}
    own = np.full((len(rules), len(scales), sets), np.nan)
    reached = np.zeros(own.shape, dtype=bool)
    for s, scale in enumerate(scales):
        for number in range(sets):
            problem = student_teacher(
                n_inputs=speedup_protocol.INPUTS,
                n_hidden=speedup_protocol.HIDDEN,
                activation="tanh",
                n_train=SAMPLES,
                n_test=0,
                student_scale=scale,
                seed=FIRST_INPUTS + number,
            )
            history = to_threshold.trained(problem, rules, epochs).isel(trial=0)
            for r, rule in enumerate(rules):
                run = history.sel(rule=rule)
                reached[r, s, number] = run.reached
                # The last one where the threshold was not reached.
                error = float(run.train_error.sel(epoch=run.needed.item()))
                norms = np.sqrt((run.student_hidden.values**2).sum(1))
                own[r, s, number] = _own_of_tanh(norms, run.student_readout.values) / error
    dims = ("rule", "scale", "set")
    return xr.Dataset({"own": (dims, own), "reached": (dims, reached)}, {"rule": list(rules), "scale": list(scales)})


def _own_of_tanh(norms: NDArray[np.float64], readout: NDArray[np.float64]) -> float:
    """As `_own`, of tanh units, by quadrature."""
    per_unit = [2 * nonlinear_error(np.sqrt(3) * norm) / norm**2 for norm in norms]
    return float(0.5 * ((readout**2).sum(0) * np.array(per_unit)).sum())


def _own(norms: NDArray[np.float64], readout: NDArray[np.float64]) -> float:
    """½ Σ_i ‖w_i‖² μ*²(q_i) of erf units, from ‖W1_i‖ (N,) and the readout (O, N), in closed form."""
    c = np.pi / 2 * 0.5 * norms**2  # π q/2 at inputs of variance ½
    rest = (np.arcsin(c / (1 + c)) - c / (1 + c)) * 2 / np.pi
    return float(0.5 * ((readout**2).sum(0) * rest).sum())


def equal_within_kinds(weights: Weights, count: int) -> Weights:
    """A single student whose neurons have, within the first `count` and within the others, equal norms.

    Args:
        weights: of the student; directions and signs stay.
        count: of the first kind.

    Returns:
        New weights: every neuron's ‖W1_i‖ and |w_i| are its kind's root mean squares.
    """
    hidden, readout = weights.hidden.copy(), weights.readout.copy()
    for kind in (slice(0, count), slice(count, None)):
        rows, columns = hidden[0, kind], readout[0, :, kind]
        if len(rows):
            norms = np.sqrt((rows**2).sum(1))
            hidden[0, kind] = rows * (np.sqrt((norms**2).mean()) / norms)[:, None]
            readout[0, :, kind] = np.sign(columns) * np.sqrt((columns**2).mean())
    return Weights([hidden, readout])
