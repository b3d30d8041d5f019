"""From what a sweep says of a cell's learning rule to the rule: the only place that knows that there are several kinds.

A rule is a mapping of its arguments; `kind` says which rule they are arguments of, plasticity where it is absent. Rules
of other kinds have their strengths under `plasticity`, a mapping of the arguments of `Plasticity`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from curldescent.foundation import validation
from curldescent.foundation.canonical import canonical
from curldescent.foundation.errors import InputError
from curldescent.model.flips import Flips, read_rule
from curldescent.sweeps.description import derived_parameters, fingerprints, parameter_sections
from curldescent.sweeps.description.parameter_sections import RULES

_USUAL = "plasticity"
_LAYERS = ("hidden", "readout")
_NO_DEFAULT = object()


def plain_rule(given: Any, *, where: str) -> dict[str, Any]:
    """A named rule's entries as a plan holds them: masks and `Flips` as the mapping that `Plasticity` takes.

    Args:
        given: what the user says of the rule.
        where: its place, for the messages.

    Returns:
        Plain data; an entry `kind` only where it is another than plasticity.

    Raises:
        InputError: an unknown kind, an unknown entry, or a value that a plan cannot hold.
    """
    if not isinstance(given, Mapping):
        return parameter_sections.plain_mapping(given, where=where)  # which refuses it
    kind = _kind(given, where=where)
    rest, nested = {**given, "kind": kind}, {}
    if kind == _USUAL:
        del rest["kind"]
        for layer in _LAYERS:
            if layer in rest:
                rule = read_rule(f"{where} {layer}", rest[layer])
                if isinstance(rule, Flips):
                    del rest[layer]
                    nested[layer] = rule.as_json()
                elif isinstance(rule, float):  # which may have been said as Flips
                    rest[layer] = rule
    elif _USUAL in rest:
        nested[_USUAL] = _strengths(plain_rule(rest.pop(_USUAL), where=f"{where} {_USUAL}"), where=where)
    _known(rest, kind, where=where)
    return {**parameter_sections.plain_mapping(rest, where=where), **nested}


def without_defaults(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A rule's entries less those that say what an absent one means: equal rules have one spelling.

    Args:
        entry: of a named rule, as a plan holds it.

    Returns:
        Plain data.

    Example:
        >>> without_defaults({"hidden": 0.0, "readout": 0.5, "feedback": "none"})
        {'readout': 0.5}
    """
    kind, out = entry.get("kind", _USUAL), {}
    usual = fingerprints.omitted(kind)
    for name, value in entry.items():
        if name == _USUAL:
            value = without_defaults(value)
        elif name == "feedback" and value == "none":
            value = None
        default = {} if name == _USUAL else usual.get(name, _NO_DEFAULT)
        if default is _NO_DEFAULT or canonical(value) != canonical(default):
            out[name] = value
    return out


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
    where = "the cell's rule"
    kind = _kind(entry, where=where)
    _known(entry, kind, where=where)
    if kind != _USUAL:
        strengths = _strengths(entry.get(_USUAL, {}), where=where)
        return {**entry, _USUAL: arguments(strengths, n_inputs=n_inputs, n_hidden=n_hidden)}
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
    given = dict(resolved)
    kind = given.pop("kind", _USUAL)
    if kind != _USUAL:
        given[_USUAL] = build(given[_USUAL])
    return parameter_sections.rule_class(kind)(**given)


def _kind(entry: Mapping[str, Any], *, where: str) -> str:
    return validation.choice(f"{where} kind", entry.get("kind", _USUAL), tuple(RULES))


def _known(entry: Mapping[str, Any], kind: str, *, where: str) -> None:
    # Those of plasticity include what a sweep derives from numbers of flips.
    accepted = parameter_sections.parameters("rule" if kind == _USUAL else kind)
    validation.known(entry, ("kind", *([] if kind == _USUAL else [_USUAL]), *accepted), where=where)


def _strengths(entry: Any, *, where: str) -> Any:
    if not isinstance(entry, Mapping) or "kind" in entry:
        raise InputError(f"{where} plasticity must be a table of the arguments of Plasticity, without a kind")
    return entry
