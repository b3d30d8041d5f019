"""Circulation of the learning field around a loop: zero for every gradient, so that anything else is a certificate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent import validation
from curldescent.analysis.network import Network
from curldescent.errors import InputError
from curldescent.representation import of_fields

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Circulation:
    """∮ F·dθ around a closed loop.

    Attributes:
        value: the integral, in units of loss (times strengths).
        error: its estimated numerical error, from half the points, and rounding.
        certified: whether it differs from zero by ten times that: then no scalar function has the field as its
            gradient.
        work: ∮ |F·dθ|, what the value is to be compared with.
        points: how many evaluations of the field.
    """

    value: float
    error: float
    certified: bool
    work: float
    points: int

    __repr__ = of_fields


def circulation(
    network: Network,
    loop: Callable[[float], Any] | None = None,
    *,
    radius: float | None = None,
    plane: Sequence[Any] | None = None,
    points: int = 64,
    seed: int = 0,
) -> Circulation:
    """Integrate the field F = −S ∘ ∂C/∂θ around a loop in parameter space.

    A loop of one's own, or a circle about the present parameters; by default in the plane where the Jacobian turns
    most, found by a few power iterations on its antisymmetric part. By Stokes a small circle in orthonormal
    directions u, v has circulation 2πr² vᵀAu with A the antisymmetric part of the Jacobian at its centre.

    Args:
        network: from `cd.analysis.network`, with targets.
        loop: t ∈ [0, 1] → parameters (in the form the network was given them in), smooth and with loop(0) = loop(1).
        radius: of the circle; None: a tenth of the root mean square parameter times √n.
        plane: two directions in the form of the parameters, made orthonormal here; None to find one.
        points: along the loop, even and at least 8. The trapezoidal rule converges exponentially on smooth loops.
        seed: of the search for a plane.

    Returns:
        A `Circulation`.

    Raises:
        InputError: a loop that does not close, directions that are parallel, an argument out of range.

    Source: docs/analysis.md, section "Curl".

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=3, n_hidden=4, n_train=20)
        >>> for rule in (cd.Plasticity(), cd.Plasticity(readout=0.5)):
        ...     print(cd.analysis.circulation(cd.analysis.problem_network(problem, rule), radius=0.3).certified)
        False
        True
    """
    network.require_targets("circulation")
    points = validation.integer("points", points, minimum=8)
    if points % 2:
        raise InputError(f"points must be even, so that half of them can estimate the error, got {points}")
    if loop is not None:
        if radius is not None or plane is not None:
            raise InputError("give either a loop of your own or the radius and plane of a circle, got both")
        path = _own_loop(network, loop, points)
    else:
        u, v = _directions(network, plane, seed)
        default = 0.1 * float(np.linalg.norm(network.theta)) or 0.1
        size = default if radius is None else validation.positive("radius", radius)
        angles = 2 * np.pi * np.arange(points) / points
        path = network.theta + size * (np.outer(np.cos(angles), u) + np.outer(np.sin(angles), v))
    fields = np.stack([network.field(theta) for theta in path])
    value, pieces = _integral(path, fields)
    half, _ = _integral(path[::2], fields[::2])
    work = float(np.abs(pieces).sum())
    rounding = 1e-13 * work * np.sqrt(points)
    error = float(abs(value - half) + rounding)
    return Circulation(value, error, bool(abs(value) > 10 * error), work, points)


def _integral(path: Array, fields: Array) -> tuple[float, Array]:
    """∮ F·dθ with the derivative of the path from its Fourier series, so that both factors are spectrally accurate."""
    count = len(path)
    waves = np.fft.fftfreq(count, 1 / count)
    if count % 2 == 0:
        waves[count // 2] = 0  # the highest wave has no derivative on these points
    speed = np.fft.ifft(2j * np.pi * waves[:, None] * np.fft.fft(path, axis=0), axis=0).real
    pieces = (fields * speed).sum(axis=1) / count
    return float(pieces.sum()), pieces


def _own_loop(network: Network, loop: Callable[[float], Any], points: int) -> Array:
    path = np.stack([network.flat(loop(t)) for t in np.arange(points + 1) / points])
    extent = np.abs(path - path[0]).max()
    if np.abs(path[-1] - path[0]).max() > 1e-9 * max(extent, 1e-300):
        raise InputError("the loop must close: loop(0) and loop(1) are different parameters")
    return path[:-1]


def _directions(network: Network, plane: Sequence[Any] | None, seed: int) -> tuple[Array, Array]:
    if plane is not None:
        if len(plane) != 2:
            raise InputError(f"plane must be two directions, got {len(plane)}")
        u, v = (network.flat(direction) for direction in plane)
    else:
        u = np.random.default_rng(validation.integer("seed", seed, minimum=0)).standard_normal(network.n_params)
        for _ in range(10):
            u = u / np.linalg.norm(u)
            v = _turn(network, u)
            if np.linalg.norm(v) <= 1e-12 * np.linalg.norm(network.field_product(u)):
                # Nothing turns: any plane will do.
                v = np.random.default_rng(seed + 1).standard_normal(network.n_params)
                break
            u, v = -_turn(network, v), v
        u, v = v, u
    u = u / (np.linalg.norm(u) or 1.0)
    v = v - (u @ v) * u
    if np.linalg.norm(v) <= 1e-10:
        raise InputError("plane must be two directions that are not parallel")
    return u, v / np.linalg.norm(v)


def _turn(network: Network, u: Array) -> Array:
    """A u with A the antisymmetric part of the Jacobian of the field."""
    return (network.field_product(u) - network.field_transpose_product(u)) / 2
