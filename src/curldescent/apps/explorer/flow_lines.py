"""What is drawn in the plane of a two-weight network: paths, the field, its solutions, what it conserves."""

import contourpy
import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.errors import InputError
from curldescent.model.two_weights import TwoWeights

Array = NDArray[np.float64]
# How far the plane goes, either way.
REACH = 2.5
POINTS = 700
_GRID = np.linspace(-REACH, REACH, 121)
_ARROWS = np.linspace(-REACH, REACH, 23)
# A path that leaves every bound is followed for a shorter time, the longest of these that works.
_TIMES = (40.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)


def follow(network: TwoWeights, start: tuple[float, float]) -> tuple[Array, float]:
    """A trajectory and how long it could be followed; flipping both weights sends some to infinity in finite time.

    Raises:
        InputError: not even for the shortest time.

    Example:
        >>> path, time = follow(TwoWeights(), (1.0, 0.5))
        >>> time, bool(abs(path[0, -1] * path[1, -1] - 1) < 1e-6)
        (40.0, True)
    """
    for time in _TIMES:
        try:
            path = network.trajectory(start, time=time, points=POINTS)
        except InputError:
            if time == _TIMES[-1]:
                raise
        else:
            if np.isfinite(path).all():
                return path, time
    raise InputError(f"the path from {start} cannot be followed")


def arrows(network: TwoWeights) -> dict[str, Array]:
    """The field on a grid, as `arrows_of` draws it."""
    w1, w2 = (values.ravel() for values in np.meshgrid(_ARROWS, _ARROWS))
    return arrows_of(w1, w2, network.field(np.stack([w1, w2])), longest=0.17)


def arrows_of(x: Array, y: Array, flow: Array, *, longest: float, unit: float = 1.0) -> dict[str, Array]:
    """Directions of a field in a plane; lengths grow slowly with speed, so that slow places stay readable.

    Args:
        x: where, (k,).
        y: where, (k,).
        flow: the field there, (2, k).
        longest: length of the longest arrows, in units of the plane.
        unit: speed from which arrows are nearly as long as they get.

    Returns:
        For `segment` and `scatter`: `x0`, `y0`, `x1`, `y1`, and the `angle` of heads at (x1, y1). No arrow where
        nothing moves.

    Example:
        >>> drawn = arrows_of(np.zeros(2), np.zeros(2), np.array([[1.0, 0.0], [0.0, 0.0]]), longest=1.0)
        >>> drawn["x1"].round(2), drawn["angle"].round(2)
        (array([0.37]), array([-1.57]))
    """
    speed = np.hypot(*flow)
    moving = speed > 1e-9 * unit
    x, y, flow, speed = x[moving], y[moving], flow[:, moving], speed[moving]
    length = longest * np.tanh(0.35 + 0.6 * speed / unit)
    dx, dy = length * flow[0] / speed, length * flow[1] / speed
    return {
        "x0": x - dx / 2,
        "y0": y - dy / 2,
        "x1": x + dx / 2,
        "y1": y + dy / 2,
        "angle": np.arctan2(dy, dx) - np.pi / 2,
    }


def solutions(network: TwoWeights) -> dict[str, dict[str, list]]:
    """Both branches of w1 w2 = target, in "stable" and "unstable" pieces for `multi_line`."""
    out: dict[str, dict[str, list]] = {name: {"xs": [], "ys": []} for name in ("stable", "unstable")}
    w1 = np.geomspace(max(abs(network.target) / REACH, 1e-3), REACH, 400)
    for sign in (1, -1):
        branch = np.stack([sign * w1, network.target / (sign * w1)])
        stable = network.stability(branch) > 0
        for name, mask in (("stable", stable), ("unstable", ~stable)):
            shown = np.where(mask, branch, np.nan)
            out[name]["xs"].append(shown[0].tolist())
            out[name]["ys"].append(shown[1].tolist())
    return out


def conserved(network: TwoWeights, points: tuple[tuple[float, float], ...]) -> dict[str, list]:
    """The level set of the conserved quantity through every point, for `multi_line`."""
    xs, ys = [], []
    level_of = contourpy.contour_generator(_GRID, _GRID, network.invariant(np.stack(np.meshgrid(_GRID, _GRID))))
    for point in points:
        for line in level_of.lines(float(network.invariant(np.array(point)))):
            xs.append(line[:, 0].tolist())
            ys.append(line[:, 1].tolist())
    return {"xs": xs, "ys": ys}
