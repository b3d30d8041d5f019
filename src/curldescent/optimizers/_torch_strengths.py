"""The strengths of an optimizer's parameters: resolved by name, kept small, multiplied into gradients."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from curldescent.foundation import array_likes
from curldescent.foundation.errors import InputError
from curldescent.model.parameter_names import PlainNames
from curldescent.model.signatures import Signature, flatten_strengths

Named = Sequence[tuple[str, Any]]


class Strengths:
    """S of every parameter, by the tensor itself.

    Args:
        signature: of the parameters that bring none of their own.
        named: these parameters; frozen ones, too, since they may learn later.
        axes: those whose layout their module tells, see `parameter_names.input_axes`.

    Raises:
        InputError: a signature that does not fit.
    """

    def __init__(self, signature: Any, named: Named, axes: Mapping[str, int]) -> None:
        self._signature = signature
        self._axes = dict(axes)
        self._names = PlainNames(name for name, _ in named)
        # Axes along which a parameter's strengths are all the same have length one here.
        self._kept: dict[Any, torch.Tensor] = {}
        self._known: dict[Any, str] = {}
        self._shapes = _shapes(self._names, named)
        self._owners: dict[str, Any] = {}
        self._factors: dict[Any, tuple[tuple[Any, ...], torch.Tensor | None]] = {}
        # All at once: a pattern has to match in one of the groups, not in each.
        self._resolved = _resolved(signature, self._names, named, self._shapes, self._axes) if named else {}

    def add(self, named: Named, signature: Any = None, axes: Mapping[str, int] | None = None) -> None:
        """Take parameters in.

        Args:
            named: the parameters.
            signature: their own; None: the optimizer's.
            axes: as at first.

        Raises:
            InputError: a signature that does not fit, or a name that stands for two tensors. Nothing is taken then.
        """
        own = signature is not None
        names = PlainNames(name for name, _ in named) if own or not self._shapes else self._names
        shapes, owners = _shapes(names, named), {} if own else dict(self._owners)
        for spelled, parameter in named:
            if owners.setdefault(names(spelled), parameter) is not parameter:
                raise InputError(f"two parameters are called {names(spelled)!r}: name them as the whole module does")
        if own:
            found = _resolved(signature, names, named, shapes, axes or {}) if named else {}
        elif set(shapes) <= set(self._shapes):
            found = self._resolved
        else:
            found = _resolved(self._signature, names, named, self._shapes | shapes, {**self._axes, **(axes or {})})
        new: dict[Any, tuple[str, torch.Tensor | None]] = {}
        for spelled, parameter in named:
            name = names(spelled)
            compact = found.get(name)
            first, same = new.setdefault(parameter, (name, compact))
            if not _same(same, compact):
                raise InputError(f"{first!r} and {name!r} are one tensor; their strengths must be the same")
        for parameter, (name, compact) in new.items():
            self._known[parameter] = name
            if compact is not None:
                self._kept[parameter] = compact
        if not own:
            self._names, self._owners, self._shapes = names, owners, self._shapes | shapes
            self._axes |= axes or {}

    def get(self, parameter: Any) -> torch.Tensor | None:
        """S, in a shape that broadcasts to the parameter; None where the signature leaves it open."""
        return self._kept.get(parameter)

    def factor(self, parameter: Any, like: torch.Tensor, amount: float) -> torch.Tensor | None:
        """1 + a (S − 1) in the type and place of another tensor; None where it is one throughout."""
        if parameter not in self._kept:
            name = self._known.get(parameter)
            if name is None:
                raise InputError(
                    f"a parameter of shape {tuple(parameter.shape)} is in a group, but it came without a name: add it "
                    "with add_param_group"
                )
            raise InputError(f"{name!r} was frozen and now has a gradient, but the signature has no strength for it")
        key = (amount, like.dtype, like.device)
        if self._factors.get(parameter, (None,))[0] != key:
            factor = 1 + amount * (self._kept[parameter] - 1)
            one = bool((factor == 1).all())
            self._factors[parameter] = (key, None if one else factor.to(dtype=like.dtype, device=like.device))
        return self._factors[parameter][1]

    def times(self, parameter: Any, gradient: torch.Tensor, amount: float) -> torch.Tensor:
        """The gradient times 1 + a (S − 1), in the gradient's own type and layout."""
        factor = self.factor(parameter, gradient, amount)
        if factor is None:
            return gradient
        if gradient.is_sparse:
            where = gradient._indices()
            values = gradient._values() * factor.expand(gradient.shape)[tuple(where)]
            signed = torch.sparse_coo_tensor(where, values, gradient.shape, check_invariants=False)
            return signed._coalesced_(gradient.is_coalesced())
        return gradient * factor

    def require_same(self, parameters: Sequence[Any], saved: Sequence[Any] | None) -> None:
        """Refuse a saved state whose strengths are not the ones here.

        Args:
            parameters: of a group.
            saved: their strengths in the state; None where it says nothing of a signature.
        """
        if saved is None:
            raise InputError(
                "this state says nothing of a signature: it is not a curl descent's, or of an earlier version"
            )
        for parameter, strengths in zip(parameters, saved, strict=True):
            if not _same(self.get(parameter), strengths):
                raise InputError(
                    f"this state was saved under another signature: the strengths of {self._known.get(parameter)!r} "
                    "differ"
                )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_factors": {}}


def _shapes(names: PlainNames, named: Named) -> dict[str, tuple[int, ...]]:
    for name, parameter in named:
        if hasattr(parameter, "placements"):
            raise InputError(f"parameter {name!r} is sharded over processes (DTensor), which is not supported")
    return {names(name): tuple(parameter.shape) for name, parameter in named}


def _resolved(
    signature: Any, names: PlainNames, named: Named, shapes: Mapping[str, tuple[int, ...]], axes: Mapping[str, int]
) -> dict[str, torch.Tensor]:
    """Strengths by plain name, those of the parameters that are named."""
    wanted = [names(name) for name, _ in named]
    if isinstance(signature, Signature):
        found = names.signature(signature, axes).strengths(shapes)
        return {name: _compact(found[name]) for name in wanted}
    learning = {names(name) for name, parameter in named if parameter.requires_grad}
    given = names.mapping(signature) if isinstance(signature, Mapping) else None
    if given is None or not learning <= set(given) or not set(given) <= set(shapes):
        raise InputError(f"the signature must be a cd.Signature or a mapping with the names {', '.join(wanted)}")
    # Booleans stay booleans: they are a mask of flips.
    arrays = {name: np.asarray(array_likes.on_host(given[name])) for name in wanted if name in given}
    return {
        name: _compact(flatten_strengths({name: array}, {name: shapes[name]}).reshape(shapes[name]))
        for name, array in arrays.items()
    }


def _compact(strengths: np.ndarray) -> torch.Tensor:
    for axis in range(strengths.ndim):
        first = strengths.take([0], axis) if strengths.shape[axis] else strengths
        if (strengths == first).all():
            strengths = first
    return torch.tensor(strengths, dtype=torch.float64)


def _same(a: torch.Tensor | None, b: torch.Tensor | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.shape == b.shape and bool((a == b.cpu()).all())
