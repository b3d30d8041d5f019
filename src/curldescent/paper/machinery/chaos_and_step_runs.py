"""Runs behind what a finite step does to chaos: the same students in shorter steps and in continuous time."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from curldescent.analysis import learning_dynamics
from curldescent.analysis._dynamics.learning_dynamics import LearningDynamics
from curldescent.analysis._dynamics.linear_tangent import tangent_of
from curldescent.analysis._dynamics.regimes import regime_of
from curldescent.analysis._dynamics.watching import Observer, watch
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem
from curldescent.paper.machinery.limits_of_chaos_runs import wide_student
from curldescent.paper.machinery.size_of_chaos_runs import students

# Time between two looks at a run.
LOOK = 0.5
FLOW = "flow"


def _dynamics(problem: Problem, hidden: float, kind: str, flow_step: float) -> LearningDynamics:
    """In continuous time where the kind is `FLOW`, in steps of what it says otherwise."""
    flow = kind == FLOW
    step = flow_step if flow else float(kind)
    rule = Plasticity(hidden=hidden)
    return learning_dynamics(problem, rule, learning_rate=step, continuous=flow, preserve_norms=True)


def fading_by_step(
    inputs: int,
    ratio: float,
    hidden: float,
    widths: Sequence[float],
    kinds: Sequence[str],
    flow_step: float,
    draws: Sequence[int],
    time: float,
    windows: int,
) -> xr.Dataset:
    """Leading exponents of long runs, window by window, in steps and in the flow.

    Args:
        inputs: M.
        ratio: c of the norms, see `wide_student`.
        hidden: flipped fraction of the inputs.
        widths: N; the limit is added.
        kinds: total steps of an update, as text, or "flow".
        flow_step: of a Runge–Kutta step.
        draws: first number of the draws, and how many.
        time: length of a run, in units of total step.
        windows: into how many equal parts it is cut.

    Returns:
        Over (kind, width, set, window): `exponent`.
    """
    first, count = draws
    every_width = (*map(float, widths), np.inf)
    shape = (len(kinds), len(every_width), count, windows)
    exponent = np.full(shape, np.nan)
    for k, w, number in np.ndindex(*shape[:3]):
        problem = wide_student(inputs, ratio, every_width[w], first + number)
        dynamics = _dynamics(problem, hidden, kinds[k], flow_step)
        every = round(LOOK / dynamics.dt)
        run = tangent_of(dynamics, every=every, seed=0, observe=Observer(dynamics.velocity))
        looks = round(time / windows / LOOK)
        for window in range(windows):
            if run.finite:
                growth, _ = run.advance(looks * every)
                exponent[k, w, number, window] = growth.sum() / (looks * every * dynamics.dt)
    return xr.Dataset(
        {"exponent": (("kind", "width", "set", "window"), exponent)},
        coords={"kind": list(kinds), "width": list(every_width)},
        attrs={"time": time},
    )


def maps_by_step(
    total: int,
    settings: Sequence[Sequence[float]],
    kinds: Sequence[str],
    flow_step: float,
    draws: Sequence[int],
    time: float,
) -> xr.Dataset:
    """How large a map figure 3b's students end with, in steps and in the flow.

    Args:
        total: M + N.
        settings: (c, α_h) of each.
        kinds: total steps of an update, as text, or "flow".
        flow_step: of a Runge–Kutta step.
        draws: first number of the input sets, and how many; one student each.
        time: length of a run, in units of total step.

    Returns:
        Over (setting, kind, set): `map`, ‖W2 W1‖ at the end over the teacher's; `exponent` of the second half; `label`
        of `curldescent.analysis.regime`.
    """
    first, count = draws
    shape = (len(settings), len(kinds), count)
    found: Mapping[str, np.ndarray] = {
        "map": np.full(shape, np.nan),
        "exponent": np.full(shape, np.nan),
        "label": np.empty(shape, dtype=object),
    }
    for s, k, number in np.ndindex(*shape):
        ratio, hidden = settings[s]
        problem = students(total, ratio, first + number, 1)
        dynamics = _dynamics(problem, hidden, kinds[k], flow_step)
        record = watch(dynamics, time=time)
        judged = regime_of(record)
        w1, w2 = dynamics.weights(record.state)
        assert problem.teacher is not None
        target = problem.teacher.readout[0] @ problem.teacher.hidden[0]
        at = s, k, number
        found["map"][at] = np.linalg.norm(w2 @ w1) / np.linalg.norm(target)
        found["exponent"][at], found["label"][at] = judged.late[0], judged.label
    dims = ("setting", "kind", "set")
    data = {name: (dims, values.astype(str) if name == "label" else values) for name, values in found.items()}
    names = [f"{ratio:g}, {hidden:g}" for ratio, hidden in settings]
    return xr.Dataset(data, coords={"kind": list(kinds), "setting": names}, attrs={"time": time})
