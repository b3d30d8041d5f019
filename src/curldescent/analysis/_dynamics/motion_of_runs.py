"""The order parameter of the paper's figure 3b at the end of a run, and along a trajectory of `learning_dynamics`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from numpy.typing import ArrayLike

from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics, learning_dynamics
from curldescent.foundation import quantities, validation
from curldescent.foundation.arithmetic import arithmetic
from curldescent.foundation.errors import InputError
from curldescent.learning.fields.field import Field
from curldescent.learning.weight_motion import RunningMoments, WeightWatcher
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

# whose weights -> what the watcher calls it
LAYERS = {"hidden": "q_hidden", "readout": "q_readout", "both": "q"}


def order_parameter(
    subject: Problem, rule: Plasticity, *, epochs: int, window: int = 1000, layer: str = "hidden", **training: Any
) -> "xr.DataArray":
    """Q at the end of a run: temporal variance of the weights against the spread of their means.

    q > 0 says that weights keep moving. It does not say how: periodic, quasi-periodic and chaotic motion all have
    q > 0, and so has a slow drift; `regime` tells them apart.

    Args:
        subject: a problem; it is trained.
        rule: the plasticity.
        epochs: length of the run.
        window: the last epochs that are looked at, every one of them.
        layer: whose weights: "hidden", "readout" or "both". The two layers have different spreads, so q differs.
        **training: for `curldescent.train`: learning_rate, batch_size, preserve_norms, output_error, seed, progress.

    Returns:
        q (trial,), NaN for diverged trials.

    Raises:
        InputError: arguments out of range, a window longer than the run, several rules.

    Source: the paper's figure 3b (last 1000 of 1e5 epochs).

    Example:
        >>> import curldescent as cd
        >>> from curldescent.analysis import order_parameter
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=8, n_train=20)
        >>> bool(order_parameter(problem, cd.Plasticity(), epochs=4000, window=100)[0] < 1e-20)
        True
    """
    import xarray as xr

    from curldescent.learning.train import train

    epochs = validation.integer("epochs", epochs, minimum=1)
    window = validation.integer("window", window, minimum=2, maximum=epochs)
    validation.choice("layer", layer, tuple(LAYERS))
    if isinstance(rule, Mapping | Sequence):
        raise InputError("order_parameter takes one rule; ask for one after the other")
    record = range(epochs - window + 1, epochs + 1)
    watcher = WeightWatcher(record=record, window=window)
    train(subject, rule, epochs=epochs, record=list(record), observe=watcher, **training)
    found = watcher.results()[LAYERS[layer]]
    data = xr.DataArray(
        found,
        dims="trial",
        coords={"trial": np.arange(len(found))},
        attrs={"layer": layer, "window": window, "epochs": epochs},
    )
    return quantities.labelled(data, quantity=LAYERS[layer])


def late_order_parameter(
    subject: Problem | Field | LearningDynamics,
    rule: Plasticity | None = None,
    *,
    state: ArrayLike | None = None,
    window: float = 100.0,
    sample: float = 0.1,
    layer: str = "both",
    **options: Any,
) -> float:
    """Q of the weights over the time that follows a state, for maps of any step and for the flow.

    Args:
        subject: a problem, a field, or `LearningDynamics`.
        rule: a problem's plasticity.
        state: where the run has come to, (D,), such as `Record.state`; the start by default.
        window: how long to look, in units of total step; the paper's 1000 epochs of step 0.1 are 100.
        sample: time between looks, rounded to whole steps.
        layer: of a problem "hidden", "readout" or "both"; of any other field only "both", all parameters.
        **options: as in `learning_dynamics`: trial, learning_rate, continuous and the others.

    Returns:
        q; NaN where the weights leave the finite numbers.

    Raises:
        InputError: a state of another size, fewer than two looks, an unknown layer.

    Source: the paper's figure 3b. A student that is followed in fewer coordinates is expanded to the wide one first:
        the variance over weights is not the same in other coordinates.

    Example:
        >>> import curldescent as cd
        >>> from curldescent.analysis import late_order_parameter, learning_dynamics
        >>> problem = cd.student_teacher(n_inputs=4, n_hidden=8, n_train=20).starting_at_teacher()
        >>> resting = learning_dynamics(problem, cd.Plasticity())
        >>> late_order_parameter(resting, window=10.0) < 1e-25
        True
    """
    dynamics = learning_dynamics(subject, rule, **options)
    two_layers = tuple(dynamics.field.shapes) == ("hidden", "readout")
    validation.choice("layer", layer, tuple(LAYERS) if two_layers else ("both",))
    now = dynamics.start if state is None else validation.finite_array("state", state, ndim=1)
    validation.shape("state", now, dynamics.start.shape, "(the dynamics' weights)")
    every = max(1, round(validation.positive("sample", sample) / dynamics.dt))
    looks = validation.integer(
        "window in samples", round(validation.positive("window", window) / (every * dynamics.dt)), minimum=2
    )
    moments = RunningMoments()
    for _ in range(looks):
        with arithmetic():
            now = np.asarray(_advanced(dynamics.step, dynamics.args, now, every))
        weights = [each.ravel() for each in dynamics.whole_weights(now)]
        moments.add({"hidden": weights[0], "readout": weights[-1], "both": np.concatenate(weights)}[layer])
    return float(moments.order_parameter())


@partial(jax.jit, static_argnames=("step", "steps"))
def _advanced(step: Any, args: Any, state: Any, steps: int) -> Any:
    return jax.lax.fori_loop(0, steps, lambda _, moved: step(moved, args), state)
