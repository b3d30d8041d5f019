"""How the parameters of a PyTorch module are called, whatever it is wrapped in.

Compiling, data parallelism, averaging and checkpointing put their own components into the names of parameters
("module._orig_mod.0.weight"), and so does a parametrization. A signature speaks of the parameter: its patterns, and the
neurons that a fraction flips, go by the plain name ("0.weight").
"""

from collections.abc import Iterable, Mapping
from copy import copy
from glob import escape
from typing import Any

from curldescent.foundation.errors import InputError
from curldescent.model.signatures import Signature

# Components that only wrappers use; "module" is also a name that people give.
WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"}
DATA_PARALLEL = "module"


class PlainNames:
    """From names as a wrapper spells them to plain ones.

    Args:
        names: of all parameters together, as `torch.nn.Module.named_parameters` gives them. A leading "module." is a
            wrapper's where every one has it.

    Raises:
        InputError: two names that differ only by their wrappers.
    """

    def __init__(self, names: Iterable[str]) -> None:
        spelled = list(dict.fromkeys(names))
        plain = [_without_wrappers(name) for name in spelled]
        self._leading = 0
        while plain and all(name.startswith(f"{DATA_PARALLEL}.") for name in plain):
            plain = [name.removeprefix(f"{DATA_PARALLEL}.") for name in plain]
            self._leading += 1
        if len(set(plain)) < len(plain):
            twice = next(name for name in plain if plain.count(name) > 1)
            both = [name for name, short in zip(spelled, plain, strict=True) if short == twice]
            raise InputError(f"the parameters {' and '.join(both)} differ in name only by their wrappers")

    def __call__(self, name: str) -> str:
        """The plain form of a name, or of a pattern over names."""
        plain = _without_wrappers(name)
        for _ in range(self._leading):
            plain = plain.removeprefix(f"{DATA_PARALLEL}.")
        return plain

    def mapping(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A mapping from names, with plain ones."""
        return {self(str(name)): value for name, value in given.items()}

    def signature(self, given: Signature, axes: Mapping[str, int] | None = None) -> Signature:
        """A signature whose patterns are plain.

        Args:
            given: with patterns as somebody spells them.
            axes: parameters whose layout their module tells, to the axis of presynaptic neurons; what the signature
                says itself comes first.
        """
        plain = copy(given)
        own = given.presynaptic_axis
        if axes and not isinstance(own, int):
            known = {escape(self(name)): axis for name, axis in axes.items()}
            object.__setattr__(plain, "presynaptic_axis", _behind(own or {}, known))
        layers: dict[str, Any] = {}
        for pattern, rule in given.layers.items():
            layers.setdefault(self(pattern), rule)  # the first pattern decides
        object.__setattr__(plain, "layers", layers)
        return plain


def _behind(first: Mapping[str, int], then: Mapping[str, int]) -> dict[str, int]:
    """Patterns of which the first that matches decides: those of `first` before the others."""
    return dict(first) | {pattern: axis for pattern, axis in then.items() if pattern not in first}


def input_axes(module: Any) -> dict[str, int]:
    """Weights of a PyTorch module that are (pre, post, …) though they are called weight as all others.

    Embeddings have a row per index, transposed convolutions one per input channel.

    Args:
        module: looked through with all its parts; anything else knows no layouts.

    Returns:
        Names of parameters, as the module spells them, to the axis of presynaptic neurons.
    """
    import torch

    if not isinstance(module, torch.nn.Module):
        return {}
    kinds = (torch.nn.Embedding, torch.nn.EmbeddingBag, torch.nn.modules.conv._ConvTransposeNd)
    parts = module.named_modules(remove_duplicate=False)
    return {f"{path}.weight".removeprefix("."): 0 for path, part in parts if isinstance(part, kinds)}


def _without_wrappers(name: str) -> str:
    parts = [part for part in name.split(".") if part not in WRAPPERS]
    # A tensor that is computed from one original keeps the name it is used by: parametrizations.weight.original.
    if len(parts) >= 3 and parts[-3] == "parametrizations" and parts[-1] == "original":
        parts[-3:] = [parts[-2]]
    return ".".join(parts)
