"""How many neurons every cell of a sweep really flips: fractions are rounded down to whole neurons."""

import itertools
from typing import Any

import numpy as np

from curldescent.foundation.errors import PlasticityWarning, warn
from curldescent.model.flips import flipped_count
from curldescent.model.plasticity import Plasticity
from curldescent.model.realised import RealisedLayer
from curldescent.sweeps.description.grid import Axis
from curldescent.sweeps.description.sweep import Sweep

_SIZES = {"n_inputs", "n_hidden", "n_outputs", "total", "ratio"}
_LAYERS = ("hidden", "readout")
# Sizes and rules are looked at in every combination up to this many; beyond it nothing is said.
_COMBINATIONS = 5_000


def flip_coordinates(sweep: Sweep) -> dict[str, Any]:
    """What a sweep's dataset says of flips, over the axes that they depend on.

    Args:
        sweep: the sweep.

    Returns:
        ``hidden_flipped`` and ``readout_flipped``, how many are flipped, for the layers whose plasticity the sweep
        varies; ``…_frozen`` and ``…_graded`` where there are any.
    """
    out: dict[str, Any] = {}
    for layer in _LAYERS:
        axes, found = _layer(sweep, layer)
        if not found.size:
            continue
        dims = tuple(axis.name for axis in axes)
        units = found.flat[0].units
        for kind in ("flipped", "frozen", "graded"):
            counts = np.array([getattr(item, kind) for item in found.flat], dtype=np.int64).reshape(found.shape)
            if kind == "flipped" or counts.any():
                out[f"{layer}_{kind}"] = (dims, counts, {"long_name": f"{kind} {units}", "units": "1"})
    return out


def warn_of_none(sweep: Sweep) -> None:
    """Warn once a layer where fractions above 0 come to no flip.

    Args:
        sweep: what is to be run.
    """
    for layer in _LAYERS:
        _, found = _layer(sweep, layer)
        none = [item for item in found.flat if item.unrealised]
        if none:
            worst = max(none, key=lambda item: item.fraction or 0.0)
            warn(
                f"{layer} plasticity: {len(none)} of {found.size} settings of the sweep ask for a fraction that comes "
                f"to no flip (rounded down), such as {worst.fraction:g} of {worst.size} {worst.units}",
                PlasticityWarning,
            )


def remarks(sweep: Sweep) -> tuple[str, ...]:
    """Where fractions differ and what they come to does not.

    Args:
        sweep: the sweep.

    Returns:
        A sentence a layer.
    """
    said = []
    for layer in _LAYERS:
        axes, found = _layer(sweep, layer)
        place = [number for number, axis in enumerate(axes) if axis.plain and axis.name == layer]
        if not place or not found.size:
            continue
        rows = np.moveaxis(found, place[0], -1).reshape(-1, found.shape[place[0]])
        kinds = [len({item.flipped for item in row}) for row in rows]
        fewest = int(np.argmin(kinds))
        if kinds[fewest] < rows.shape[1]:
            item = rows[fewest][0]
            said.append(
                f"the {rows.shape[1]} fractions of {layer} come to only {kinds[fewest]} different numbers of flips "
                f"where there are {item.size} {item.units}: cells with equal {layer}_flipped have the same plasticity"
            )
    return tuple(said)


def _layer(sweep: Sweep, layer: str) -> tuple[list[Axis], Any]:
    """The axes that a layer's plasticity depends on, and what it comes to at each of their positions."""
    own = {layer, f"{layer}_flips", "flips", "rule"}
    axes = [axis for axis in sweep.grid.axes if (own | _SIZES) & set(axis.columns)]
    if not any({layer, f"{layer}_flips", "rule"} & set(axis.columns) for axis in axes):
        return axes, np.empty(0, dtype=object)
    # A plain axis of fractions needs no experiment of its own for every value.
    walked = [range(1) if axis.plain and axis.name == layer else range(len(axis)) for axis in axes]
    if np.prod([len(positions) for positions in walked], dtype=float) > _COMBINATIONS:
        return axes, np.empty(0, dtype=object)
    numbers = [sweep.grid.axes.index(axis) for axis in axes]
    found = np.empty([len(axis) for axis in axes], dtype=object)
    for position in itertools.product(*walked):
        index = [0] * len(sweep.grid.axes)
        for number, at in zip(numbers, position, strict=True):
            index[number] = at
        here = _realised(sweep, index, layer)
        for last, axis in enumerate(axes):
            if axis.plain and axis.name == layer:
                for place, alpha in enumerate(axis.columns[layer]):
                    count = flipped_count(alpha, here.size)
                    item = RealisedLayer(here.units, here.size, count, fraction=float(alpha))
                    found[(*position[:last], place, *position[last + 1 :])] = item
                break
        else:
            found[position] = here
    return axes, found


def _realised(sweep: Sweep, index: list[int], layer: str) -> RealisedLayer:
    resolved = sweep.settings.resolved(sweep.grid.cell(index))
    sizes = {name: resolved.student_teacher[name] for name in ("n_inputs", "n_hidden", "n_outputs")}
    rule = resolved.learning_rule
    plasticity: Plasticity = getattr(rule, "plasticity", rule)  # other kinds of rule have one
    return plasticity.realised(**sizes).layers[layer]
