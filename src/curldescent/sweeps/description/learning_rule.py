"""From what a sweep says of a cell's learning rule to the rule: the only place that knows that there are several kinds.

A rule is a mapping of its arguments; `kind` says which rule they are arguments of, plasticity where it is absent.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.model.flips import Flips, read_rule
from curldescent.sweeps.description import derived_parameters, parameter_sections
from curldescent.sweeps.description.parameter_sections import RULES

_USUAL = "plasticity"
_LAYERS = ("hidden", "readout")


def plain_rule(given: Any, *, where: str) -> dict[str, Any]:
    """A named rule's entries as a plan holds them: masks and `Flips` as the mapping that `Plasticity` takes.

    Args:
        given: what the user says of the rule.
        where: its place, for the messages.

    Returns:
        Plain data.

    Raises:
        InputError: an unknown kind, an unknown entry, or a value that a plan cannot hold.
    """
    flips: dict[str, Any] = {}
    for layer in _LAYERS if isinstance(given, Mapping) else ():
        if layer in given:
            rule = read_rule(f"{where} {layer}", given[layer])
            if isinstance(rule, Flips):
                flips[layer] = rule.as_json()
    rest = given if not flips else {name: value for name, value in given.items() if name not in flips}
    entry = {**parameter_sections.plain_mapping(rest, where=where), **flips}
    _known(entry, where=where)
    if entry.get("kind") == _USUAL:
        del entry["kind"]  # one spelling of a rule, so that it is one cell
    return entry


def arguments(entry: Mapping[str, Any], *, n_inputs: int, n_hidden: int) -> dict[str, Any]:
    """A cell's rule with the numbers of flipped neurons that a sweep may give resolved.

    Args:
        entry: of a named rule, with the values of axes.
        n_inputs: M.
        n_hidden: N.

    Returns:
        What `build` takes.

    Raises:
        InputError: an unknown kind or entry, or flips that the network does not have.
    """
    _known(entry, where="the cell's rule")
    if entry.get("kind", _USUAL) != _USUAL:
        return dict(entry)
    usual = {name: value for name, value in entry.items() if name != "kind"}
    out = derived_parameters.flips(usual, n_inputs=n_inputs, n_hidden=n_hidden)
    for layer in _LAYERS:
        # A sweep writes masks as {"mask": …}. Lists of booleans are in plans of earlier versions only, whose cells
        # were computed with them as strengths 0 and 1.
        if isinstance(out.get(layer), list) and np.asarray(out[layer]).dtype == np.bool_:
            out[layer] = np.asarray(out[layer], dtype=float).tolist()
    if out.get("feedback") == "none":
        out["feedback"] = None  # TOML has no word for it
    return out


def build(resolved: Mapping[str, Any]) -> Any:
    """The rule itself.

    Args:
        resolved: from `arguments`.

    Returns:
        What `curldescent.train` takes.

    Raises:
        InputError: values that make no rule.
    """
    kind = resolved.get("kind", _USUAL)
    return RULES[kind](**{name: value for name, value in resolved.items() if name != "kind"})


def _known(entry: Mapping[str, Any], *, where: str) -> None:
    kind = validation.choice(f"{where} kind", entry.get("kind", _USUAL), tuple(RULES))
    # Those of plasticity include what a sweep derives from numbers of flips.
    accepted = parameter_sections.parameters("rule" if kind == _USUAL else kind)
    parameter_sections.known(entry, ("kind", *accepted), where=where)
