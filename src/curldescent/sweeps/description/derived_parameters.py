"""The named derivations: parameters of a sweep that become arguments of the library's functions."""

import math
from typing import Any

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.theory.sizes import sizes_of_total

# What a sweep may say besides the functions' own arguments.
DERIVED = {
    "total": "student_teacher",
    "ratio": "student_teacher",
    "hidden_flips": "rule",
    "readout_flips": "rule",
}

# A number of flips becomes a list with an entry a neuron.
_MOST_LISTED = 1_000_000


def sizes(arguments: dict[str, Any]) -> dict[str, Any]:
    """Replace `ratio` (c = M/N), with `total` or one of the two sizes, by n_inputs and n_hidden.

    Args:
        arguments: of `student_teacher`, possibly with `total` and `ratio`.

    Returns:
        The arguments with n_inputs = M and n_hidden = N. With a total T: N = ⌊T/(1+c)⌋ and M = ⌊T/(1+1/c)⌋, in
        double precision as the paper's scripts compute them, so that T = 220 and c = 0.1 give N = 199. With n_inputs:
        N = ⌊M/c⌋. With n_hidden: M = ⌊cN⌋.

    Raises:
        InputError: a ratio without a size or with two, a total without a ratio, or a layer without neurons.

    Example:
        >>> sizes({"total": 220, "ratio": 0.1})
        {'n_hidden': 199, 'n_inputs': 20}
    """
    out = {name: value for name, value in arguments.items() if name not in ("total", "ratio")}
    if "ratio" not in arguments:
        if "total" in arguments:
            raise InputError("total needs a ratio beside it")
        return out
    given = [name for name in ("total", "n_inputs", "n_hidden") if name in arguments]
    if len(given) != 1:
        raise InputError(
            f"ratio needs exactly one of total, n_inputs and n_hidden beside it, got {' and '.join(given) or 'none'}"
        )
    c = validation.positive("ratio", arguments["ratio"])
    size = validation.integer(given[0], arguments[given[0]], minimum=1)
    if given[0] == "total":
        n_inputs, n_hidden = sizes_of_total(size, c)
        wanted: dict[str, float] = {"n_hidden": n_hidden, "n_inputs": n_inputs}
    elif given[0] == "n_inputs":
        wanted = {"n_hidden": size / c}
    else:
        wanted = {"n_inputs": c * size}
    for name, value in wanted.items():
        if not value < 2**31:
            raise InputError(f"ratio = {c:g} with {given[0]} = {size} gives a {name} that is too large")
        out[name] = math.floor(value)
        if out[name] < 1:
            raise InputError(f"ratio = {c:g} with {given[0]} = {size} gives a layer without neurons, {name} = 0")
    return out


def flips(arguments: dict[str, Any], *, n_inputs: int, n_hidden: int) -> dict[str, Any]:
    """Replace `hidden_flips` and `readout_flips`, numbers of flipped neurons, by strength vectors.

    Args:
        arguments: of `Plasticity`, possibly with the two counts. Fractions (`hidden`, `readout`) need no derivation:
            `Plasticity` flips the first ⌊α·size⌋ neurons.
        n_inputs: M.
        n_hidden: N.

    Returns:
        The arguments, with vectors whose first k entries are −1.

    Raises:
        InputError: more flips than neurons, too many neurons to list them, or both a count and a fraction for one
            layer.

    Example:
        >>> flips({"readout_flips": 1}, n_inputs=2, n_hidden=3)
        {'readout': [-1.0, 1.0, 1.0]}
    """
    out = {name: value for name, value in arguments.items() if name not in ("hidden_flips", "readout_flips")}
    for layer, size in (("hidden", n_inputs), ("readout", n_hidden)):
        name = f"{layer}_flips"
        if name not in arguments:
            continue
        if layer in arguments:
            raise InputError(f"give either {layer} or {name}, got both")
        if arguments.get("flips", "presynaptic") != "presynaptic":
            raise InputError(f'{name} counts presynaptic neurons, got flips = "{arguments["flips"]}"')
        count = validation.integer(name, arguments[name], minimum=0, maximum=size)
        if size > _MOST_LISTED:
            raise InputError(f"{name} lists every neuron of its layer, at most {_MOST_LISTED}, got {size}")
        out[layer] = [-1.0] * count + [1.0] * (size - count)
    return out
