"""Which neurons of a layer are flipped: a fraction, a count, indices or a mask, read the same way everywhere."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import validation
from curldescent.foundation.errors import InputError, PlasticityWarning, warn

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Flips:
    """The neurons whose rule is flipped, said in exactly one of four ways; all others learn by gradient descent.

    What is said of a layer of a `Plasticity`, or of a parameter of a `Signature`, is read alike:

    - a number is the *fraction* of flipped neurons, ⌊α·size⌋ of them, which get −1 while the others get +1; 1 is all;
    - booleans are a mask, True where flipped;
    - numbers in a vector are strengths, one factor per neuron: ±1 flips rules, other values grade them, 0 freezes;
    - a matrix of strengths or booleans, in the shape of the weights, has one per synapse;
    - `Flips`, or a mapping with its arguments, says a fraction, a count, indices or a mask. In TOML files it is a table
      with one of the names below: ``readout = { count = 2 }``.

    Args:
        fraction: α in [0, 1]; ⌊α·size⌋ neurons, as a plain number says it.
        count: how many neurons, at least 0: the first ones, or in a `Signature` with a seed random ones.
        indices: which neurons, counted from 0.
        mask: True where flipped: one per neuron, or in the shape of the weights one per synapse. An array of booleans
            means the same without `Flips`.

    Raises:
        InputError: none or several of them, or a value that is not of its kind. Whether they fit is checked when they
            meet a network.

    Example:
        >>> import curldescent as cd
        >>> cd.Plasticity(readout=cd.Flips(indices=[0, 3])).strengths(n_inputs=2, n_hidden=4, n_outputs=1).readout
        array([[-1.,  1.,  1., -1.]])
        >>> cd.Plasticity(hidden=cd.Flips(count=1), readout=[False, True, True])
        Plasticity(hidden=Flips(count=1), readout=<mask: 2 of 3 flipped>)
    """

    _: KW_ONLY
    fraction: float | None = None
    count: int | None = None
    indices: Sequence[int] | None = None
    mask: ArrayLike | None = None

    def __post_init__(self) -> None:
        given = [name for name in NAMES if getattr(self, name) is not None]
        if len(given) != 1:
            raise InputError(f"Flips needs exactly one of {', '.join(NAMES)}, got {' and '.join(given) or 'none'}")
        if self.fraction is not None:
            object.__setattr__(self, "fraction", validation.fraction("Flips' fraction", self.fraction))
        if self.count is not None:
            object.__setattr__(self, "count", validation.integer("Flips' count", self.count, minimum=0))
        if self.indices is not None:
            object.__setattr__(self, "indices", _indices(self.indices))
        if self.mask is not None:
            object.__setattr__(self, "mask", _mask("Flips' mask", self.mask))

    def number(self, name: str, size: int, *, meaning: str) -> int:
        """How many of `size` neurons are flipped, without a list of them all.

        Args:
            name: of the layer, for the message.
            size: of it.
            meaning: what there is one of per entry.

        Returns:
            The number.

        Raises:
            InputError: a count, an index or a mask that does not fit.
        """
        if self.mask is not None:
            mask: Mask = np.asarray(self.mask)
            if mask.shape != (size,):
                raise InputError(f"{name} must have shape {(size,)} {meaning}, got a mask of shape {mask.shape}")
            return int(mask.sum())
        if self.indices is not None:
            beyond = [index for index in self.indices if index >= size]
            if beyond:
                raise InputError(f"{name} has {size} neurons, 0 to {size - 1}, got the index {beyond[0]}")
            return len(self.indices)
        if self.fraction is not None:
            return flipped_count(self.fraction, size)
        assert self.count is not None
        if self.count > size:
            raise InputError(f"{name} has {size} neurons, got a count of {self.count} to flip")
        return self.count

    def chosen(self, name: str, size: int, *, meaning: str, order: NDArray[np.intp] | None = None) -> Mask:
        """Which of `size` neurons are flipped.

        Args:
            name: of the layer, for the message.
            size: of it.
            meaning: what there is one of per entry.
            order: in which a fraction or a count takes neurons; None for the first ones.

        Returns:
            (size,), True where flipped.

        Raises:
            InputError: a count, an index or a mask that does not fit.
        """
        count = self.number(name, size, meaning=meaning)
        if self.mask is not None:
            return np.array(self.mask, dtype=bool)
        out = np.zeros(size, dtype=bool)
        if self.indices is not None:
            out[list(self.indices)] = True
            return out
        out[(np.arange(size) if order is None else order)[:count]] = True
        return out

    def as_json(self) -> dict[str, Any]:
        """Plain data, which `Plasticity` takes as well."""
        name = next(name for name in NAMES if getattr(self, name) is not None)
        value = getattr(self, name)
        return {name: np.asarray(value).tolist() if name in ("indices", "mask") else value}

    def __repr__(self) -> str:
        if self.mask is not None:
            mask = np.asarray(self.mask)
            return f"<mask: {int(mask.sum())} of {mask.size} flipped>"
        name, value = next(iter(self.as_json().items()))
        return f"Flips({name}={value if np.size(value) < 7 else f'<{np.size(value)} of them>'})"


NAMES = tuple(field.name for field in fields(Flips) if field.name != "_")


def shown_rule(value: Any) -> str:
    """What is said of a layer, in canonical form, as short text for a prompt."""
    if isinstance(value, Flips):
        return repr(value)
    array = np.asarray(value)
    return f"{float(array):g}" if array.ndim == 0 else f"<{'×'.join(map(str, array.shape))} strengths>"


def read_rule(name: str, value: Any, *, ndim: tuple[int, ...] = (1, 2)) -> float | Flips | Array:
    """What a user says of a layer, in canonical form.

    Args:
        name: for the messages.
        value: a number, the fraction of flipped neurons; a `Flips`, or a mapping with its arguments; an array of
            booleans, True where flipped; an array of numbers, the strengths.
        ndim: dimensions that an array may have.

    Returns:
        A fraction, a `Flips`, or read-only strengths.

    Raises:
        InputError: anything else.
    """
    if isinstance(value, Flips):
        rule = value
    elif isinstance(value, Mapping):
        for key in value:
            if key not in NAMES:
                raise InputError(
                    f"{name} must say which neurons are flipped by one of {', '.join(NAMES)}, got {key!r}"
                    f"{validation.nearest(str(key), NAMES)}"
                )
        rule = Flips(**value)
    elif isinstance(value, str) or value is None:
        raise InputError(
            f"{name} must be a fraction, flips (a count, indices or a mask), or an array of strengths, got {value!r}"
        )
    elif np.ndim(_array(name, value)) == 0:
        return validation.fraction(name, value.item() if isinstance(value, np.ndarray) else value)
    elif _is_mask(value):
        rule = Flips(mask=value)
    else:
        strengths = strengths_array(name, value, ndim=ndim)
        _warn_of_zeros_and_ones(name, value, strengths)
        return strengths
    if rule.mask is not None and np.ndim(rule.mask) not in ndim:
        accepted = " or ".join(map(str, ndim))
        raise InputError(f"{name} must have {accepted} dimensions, got a mask of shape {np.shape(rule.mask)}")
    return rule.fraction if rule.fraction is not None else rule


def strengths_array(name: str, value: Any, *, ndim: int | tuple[int, ...]) -> Array:
    """Strengths given explicitly; booleans say which are flipped.

    Args:
        name: for the messages.
        value: numbers, or booleans: True is −1, False is 1.
        ndim: accepted numbers of dimensions.

    Returns:
        A read-only float64 array.

    Raises:
        InputError: not numeric, not finite, or booleans and numbers in one list.

    Example:
        >>> strengths_array("d2", [False, True], ndim=1)
        array([ 1., -1.])
    """
    array = _array(name, value)
    if array.dtype != np.bool_:
        if _has_booleans(value):
            raise InputError(f"{name} must hold either strengths or booleans (True: flipped), got both in one list")
        return validation.finite_array(name, value, ndim=ndim)
    return validation.finite_array(name, np.where(array, -1.0, 1.0), ndim=ndim)


def flipped_count(alpha: float, size: int) -> int:
    """⌊α·size⌋, with products that are whole numbers up to rounding taken as whole (0.29·100 is 29, not 28)."""
    return math.floor(alpha * size + 1e-9)


def _array(name: str, value: Any) -> NDArray[Any]:
    if np.ma.is_masked(value):
        raise InputError(f"{name} must say something of every neuron, got an array with masked entries")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        raise InputError(f"{name} must be a rectangular array, got rows of different lengths") from None
    # A nullable column of pandas without missing values.
    if array.dtype == np.object_ and array.size and all(isinstance(item, bool | np.bool_) for item in array.flat):
        return array.astype(np.bool_)
    return array


def _is_mask(value: Any) -> bool:
    return _array("flips", value).dtype == np.bool_


def _has_booleans(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_booleans(item) for item in value)
    return isinstance(value, bool | np.bool_)


def _warn_of_zeros_and_ones(name: str, given: Any, strengths: Array) -> None:
    """Whole numbers 0 and 1 are strengths, but whoever writes a mask that way freezes what was to be kept."""
    frozen = int((strengths == 0).sum())
    if frozen and np.asarray(given).dtype.kind in "iu" and np.isin(strengths, (0, 1)).all():
        warn(
            f"{name} of whole numbers 0 and 1 is read as strengths: {frozen} of {strengths.size} frozen, none flipped; "
            "a mask of flips is an array of booleans",
            PlasticityWarning,
        )


def _indices(given: Any) -> tuple[int, ...]:
    if isinstance(given, str | Mapping) or np.ndim(_array("Flips' indices", given)) != 1:
        raise InputError(f"Flips' indices must be a list of whole numbers, got {given!r}")
    if _is_mask(given) and np.size(given):
        raise InputError("Flips' indices must be whole numbers; booleans are a mask, Flips(mask=…)")
    found = [validation.integer("an index of Flips", index, minimum=0) for index in given]
    if len(set(found)) < len(found):
        twice = next(index for index in found if found.count(index) > 1)
        raise InputError(f"Flips' indices must be different, got {twice} twice")
    return tuple(found)


def _mask(name: str, given: Any) -> Mask:
    array = _array(name, given)
    if array.dtype != np.bool_ or array.ndim == 0:
        raise InputError(f"{name} must be an array of booleans, True where flipped, got {_described(array)}")
    if array.size == 0:
        raise InputError(f"{name} must not be empty")
    mask: Mask = array.copy()
    mask.flags.writeable = False
    return mask


def _described(array: NDArray[Any]) -> str:
    return repr(array.item()) if array.ndim == 0 else f"dtype {array.dtype}"
