"""A surface over a plane, seen from the side: orthographic projection, far faces first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """Where one looks from.

    Args:
        azimuth: degrees around the vertical axis.
        elevation: degrees above the plane.
        height: what a unit of the vertical axis is long, in units of the plane.
    """

    azimuth: float
    elevation: float = 42.0
    height: float = 0.5

    def project(self, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        """Screen coordinates (right, up) and the depth away from the eye, in the arguments' broadcast shape.

        Example:
            >>> right, up, away = Camera(0.0, elevation=0.0, height=1.0).project(1.0, 2.0, 3.0)
            >>> float(right), float(up), float(away)
            (1.0, 3.0, 2.0)
        """
        a, e = np.deg2rad(self.azimuth), np.deg2rad(self.elevation)
        right = x * np.cos(a) - y * np.sin(a)
        away = x * np.sin(a) + y * np.cos(a)
        up = self.height * np.asarray(z)
        return right, up * np.cos(e) + away * np.sin(e), away * np.cos(e) - up * np.sin(e)


def faces(camera: Camera, grid: Array, z: Array) -> dict[str, list]:
    """The surface's quadrilaterals, those farthest away first.

    Args:
        camera: where one looks from.
        grid: coordinates along both axes, (n,).
        z: heights, rows along y, (n, n).

    Returns:
        `xs`, `ys` (four corners each) and `height` (the mean), one entry a face.

    Example:
        >>> drawn = faces(Camera(0.0), np.array([0.0, 1.0, 2.0]), np.zeros((3, 3)))
        >>> len(drawn["xs"]), drawn["height"]
        (4, [0.0, 0.0, 0.0, 0.0])
    """
    x, y = np.meshgrid(grid, grid)
    right, up, away = camera.project(x, y, z)

    def corners(values: Array) -> Array:
        around = (values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1])
        return np.stack(around, axis=-1).reshape(-1, 4)

    order = np.argsort(-corners(away).mean(axis=1), kind="stable")
    return {
        "xs": corners(right)[order].round(4).tolist(),
        "ys": corners(up)[order].round(4).tolist(),
        "height": corners(z).mean(axis=1)[order].round(4).tolist(),
    }
