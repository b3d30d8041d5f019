"""What a finished cell may hold, known from the plan: names, shapes, and the range of every number."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation.canonical import canonical
from curldescent.foundation.errors import InputError
from curldescent.sweeps.description.dataset_shape import dimensions, variables
from curldescent.sweeps.description.grid import cell_key
from curldescent.sweeps.description.keep import ALWAYS, VARIABLES
from curldescent.sweeps.description.settings import CellArguments
from curldescent.sweeps.description.sweep import Sweep
from curldescent.sweeps.storage.cell_file import DamagedCell

# Headers, names and the values of a cell, besides its arrays: a rule may list a strength per synapse.
_AROUND = 2**24
_EPOCHS = {*ALWAYS, "epochs_to_train", "epochs_to_test"}


class Expected:
    """The cells of a sweep as they must be.

    Args:
        sweep: the plan's.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._axes = sorted(sweep.grid.axes, key=lambda axis: axis.name)
        self._parameters = {name for axis in sweep.grid.axes for name in axis.columns}

    @cached_property
    def most_bytes(self) -> int:
        """No cell's file is longer."""
        sizes = self._sizes
        return _AROUND + 8 * sum(math.prod(sizes[d] for d in dims) for dims, _ in variables(self._sweep).values())

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return dimensions(self._sweep)

    def check(self, key: str, cell: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Refuse what no run of this sweep could have written.

        Args:
            key: of the cell.
            cell: parameter → value, as its file says.
            arrays: variable → values.

        Raises:
            DamagedCell: with the first thing found.
        """
        resolved = self._resolved(key, cell)
        wanted = self._shapes(resolved)
        for name in sorted({*wanted, *arrays}):
            if name not in arrays:
                raise DamagedCell(f"it lacks {name}")
            if name not in wanted:
                raise DamagedCell(f"it holds {name[:50]!r}, which the plan does not keep")
            if arrays[name].shape != wanted[name]:
                raise DamagedCell(f"its {name} has shape {arrays[name].shape}, the plan says {wanted[name]}")
            reason = _out_of_range(name, arrays[name], resolved.training["epochs"])
            if reason:
                raise DamagedCell(f"its {name} holds {reason}")

    def _resolved(self, key: str, cell: Mapping[str, Any]) -> CellArguments:
        if set(cell) != self._parameters:
            raise DamagedCell("it does not say the values of this sweep's axes")
        try:
            spelling = [canonical({name: cell[name] for name in axis.columns}) for axis in self._axes]
            if cell_key(spelling) != key:
                raise DamagedCell("it says the values of another cell")
            return self._sweep.settings.resolved(cell)
        except (InputError, TypeError, ValueError, RecursionError):
            raise DamagedCell("it says values that make no cell") from None

    def _shapes(self, resolved: CellArguments) -> dict[str, tuple[int, ...]]:
        problem = resolved.student_teacher
        sizes = {
            **self._sizes,
            "hidden_neuron": problem["n_hidden"],
            "input_neuron": problem["n_inputs"],
            "output_neuron": problem["n_outputs"],
        }
        return {
            name: tuple(sizes[dimension] for dimension in VARIABLES[name])
            for name in variables(self._sweep)
            if problem["n_test"] or "test" not in name
        }


def _out_of_range(name: str, values: NDArray[np.float64], epochs: int) -> str | None:
    """A phrase with the first number that cannot be, or None. NaN is what a diverged trial has."""
    finite = values[~np.isnan(values)]
    if name in _EPOCHS:
        least = -1 if name in ALWAYS else 0
        bad = finite[(finite < least) | (finite > epochs) | (finite != np.floor(finite))]
        phrase = f"which is no epoch from {least} to {epochs}"
    elif name.endswith("_error"):
        bad, phrase = finite[finite < 0], "which is no error"
    else:
        return None
    return f"{bad[0]:g}, {phrase}" if bad.size else None
