"""What the sweep browser draws: cells of a heat map, the theory's line on it, the curves of one cell."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent import sweeps
from curldescent.plots.coordinates import cell_borders
from curldescent.theory import critical_ratio

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
# Errors below rounding are all the same colour.
_FLOOR = 1e-32
COLOURS = ("automatic", "linear", "logarithmic")
_PER_CELL = ("trial", "threshold")


@dataclass(frozen=True)
class Scale:
    """Where an axis's values stand: at their logarithm, themselves, or one after the other.

    Args:
        values: of the coordinate.
        kind: "log", "linear" or "listed".
    """

    values: NDArray[Any]
    kind: str

    @classmethod
    def of(cls, values: NDArray[Any]) -> "Scale":
        """The scale that spaces the values most evenly; text and other labels are listed.

        Example:
            >>> Scale.of(np.geomspace(0.1, 10, 5)).kind, Scale.of(np.linspace(0, 1, 5)).kind
            ('log', 'linear')
        """
        if values.dtype.kind not in "biuf":
            return cls(values, "listed")
        if len(values) < 2 or not (np.diff(values) > 0).all():
            return cls(values, "listed")
        if values[0] > 0:
            even, even_log = (np.ptp(steps) / steps.mean() for steps in (np.diff(values), np.diff(np.log(values))))
            if even_log < even:
                return cls(values, "log")
        return cls(values, "linear")

    @property
    def positions(self) -> Array:
        """One a value."""
        if self.kind == "log":
            return np.log10(self.values.astype(float))
        return np.arange(len(self.values), dtype=float) if self.kind == "listed" else self.values.astype(float)

    @property
    def borders(self) -> Array:
        """Half-way between neighbours, one more than values."""
        return cell_borders(self.positions, logarithmic=False)

    def ticks(self, most: int = 7) -> dict[float, str]:
        """Position → label: powers of ten where there are some, otherwise some of the values."""
        at = self.positions
        if self.kind == "log" and math.floor(at[-1]) - math.ceil(at[0]) >= 1:
            return {float(k): f"{10.0**k:g}" for k in range(math.ceil(at[0]), math.floor(at[-1]) + 1)}
        chosen = np.arange(0, len(at), -(-len(at) // most))
        names = [value if isinstance(value, str) else f"{value:.3g}" for value in self.values[chosen].tolist()]
        return dict(zip(at[chosen].tolist(), names, strict=True))


@dataclass(frozen=True)
class Opened:
    """A store and what can be drawn of it.

    Args:
        path: of the store.
        data: its dataset, numbers along the grid's axes in ascending order.
        store: its plan.
        planned: axis → where in the plan each position of the dataset stands, for the axes that were reordered.
    """

    path: Path
    data: "xr.Dataset"
    store: "sweeps.Store"
    planned: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Opened":
        """Open a store; no values are read yet.

        A list in any order, or a store that has grown, is put in order: axes of numbers ascend.
        """
        data = sweeps.open(path)
        planned = {}
        for dim in map(str, data["status"].dims):
            values = data[dim].values
            if values.dtype.kind in "iuf" and not (np.diff(values) > 0).all():
                planned[dim] = np.argsort(values, kind="stable")
        return cls(path, data.isel(planned) if planned else data, sweeps.Store(path), planned)

    @property
    def axes(self) -> tuple[str, ...]:
        """The grid's axes that have more than one value, or all of them if none has."""
        dims = tuple(str(dim) for dim in self.data["status"].dims)
        return tuple(dim for dim in dims if self.data.sizes[dim] > 1) or dims

    @property
    def variables(self) -> tuple[str, ...]:
        """What a heat map can show: one number a cell, or one a trial; the most wanted first."""
        grid = set(self.data["status"].dims)
        fit = [
            str(name)
            for name, array in self.data.data_vars.items()
            if set(array.dims) - grid <= set(_PER_CELL) and name != "status"
        ]
        return tuple(sorted(fit, key=lambda name: (name != "final_test_error", not name.startswith("final"))))

    def counts(self) -> tuple[int, int, int]:
        """Finished, failed and all cells."""
        status = self.data["status"].values
        return int((status == 1).sum()), int((status == 2).sum()), int(status.size)

    def matrix(self, variable: str, x: str, y: str, held: dict[str, int]) -> Array:
        """The median over trials, rows along y (one row without a y), NaN where a cell is missing."""
        array = self.data[variable].isel({name: at for name, at in held.items() if name in self.data[variable].dims})
        array = array.isel({name: 0 for name in array.dims if name not in (x, y, "trial")})
        if "trial" in array.dims:
            # Trials that never get to a threshold need more epochs than any that do.
            counts = variable.startswith("epochs_to_")
            array = (array.fillna(np.inf) if counts else array).median("trial", skipna=False)
            array = array.where(np.isfinite(array))
        missing = [name for name in (y, x) if name and name not in array.dims]
        array = array.expand_dims({name: self.data[name] for name in missing})
        return np.atleast_2d(array.transpose(*[name for name in (y, x) if name]).values.astype(float))

    def _in_plan(self, axis: str, at: int) -> int:
        return int(self.planned[axis][at]) if axis in self.planned else at

    def theory(self, x: str, y: str, held: dict[str, int]) -> tuple[Array, Array] | None:
        """Critical ratios and fractions for a map over the ratio and one layer's fraction; None for other maps."""
        if x != "ratio" or y not in ("hidden", "readout"):
            return None
        other = "readout" if y == "hidden" else "hidden"
        grid = self.store.sweep.grid
        index = [self._in_plan(axis.name, held.get(axis.name, 0)) for axis in grid.axes]
        value = self.store.sweep.cell_at(index).arguments.rule.get(other, 0.0)
        if isinstance(value, Mapping | str) or np.ndim(value) != 0:
            return None
        fractions = np.concatenate([np.geomspace(1e-5, 0.01, 60), np.linspace(0.0125, 1, 200)])
        fractions = fractions[fractions <= float(self.data[y].max())]
        given: dict[str, Any] = (
            {y: fractions} if value == 0 else {y: fractions, other: np.full_like(fractions, float(value))}
        )
        return np.asarray(critical_ratio(**given)), fractions

    def curves(self, variable: str, index: dict[str, int]) -> dict[str, Any]:
        """What one cell holds: error curves over epochs where they were kept, otherwise one value a trial.

        Returns:
            `kind` ("curves" or "trials"), `x`, and `lines`, one a trial; with curves also `name`.
        """
        for name in ("test_error", "train_error"):
            if name in self.data:
                values = self.data[name].isel({k: v for k, v in index.items() if k in self.data[name].dims})
                return {
                    "kind": "curves",
                    "name": name.replace("_", " "),
                    "x": self.data["epoch"].values.astype(float),
                    "lines": np.maximum(values.transpose("trial", "epoch").values, _FLOOR),
                }
        array = self.data[variable].isel({k: v for k, v in index.items() if k in self.data[variable].dims})
        array = array.isel({name: 0 for name in array.dims if name != "trial"})
        found = np.atleast_1d(array.values).astype(float)
        name = variable.replace("_", " ")
        return {"kind": "trials", "name": name, "x": np.arange(len(found)), "lines": found[None]}


def coloured(values: Array, colours: str = "automatic") -> tuple[Array, bool]:
    """Values on the scale of their colours, and whether that is their logarithm.

    Args:
        values: of the cells.
        colours: one of `COLOURS`; "automatic" takes logarithms where no value is negative and they span two decades.

    Returns:
        The values or their logarithms to base 10, NaN where there is none; NaN has a colour of its own. Zero is taken
        for rounding where the choice is automatic, and has no logarithm where logarithms are asked for.

    Example:
        >>> coloured(np.array([1e-6, 1.0]))[1], coloured(np.array([1.0, 2.0]))[1]
        (True, False)
        >>> coloured(np.array([1.0, 10.0, -1.0]), "logarithmic")
        (array([ 0.,  1., nan]), True)
    """
    values = np.where(np.isfinite(values), values, np.nan)
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    if colours == "automatic":
        wide = positive.size and (finite >= 0).all() and positive.max() > 100 * max(positive.min(), _FLOOR)
        if wide:
            return np.log10(np.maximum(values, _FLOOR)), True
    elif colours == "logarithmic":
        return np.log10(np.where(values > 0, np.maximum(values, _FLOOR), np.nan)), True
    return values, False


def tick_text(*, logarithmic: bool) -> str:
    """JavaScript that writes a colour's value, whatever scale it stands on."""
    value = "10 ** tick" if logarithmic else "tick"
    short = "Number(v.toPrecision(3))"
    plain = "v === 0 || (Math.abs(v) >= 1e-3 && Math.abs(v) < 1e5)"
    return f"const v = {value}; return ({plain} ? {short}.toString() : {short}.toExponential()).replaceAll('-', '−')"
