"""Checks at the boundary: each either returns the value in canonical form or raises `InputError`.

Messages follow one pattern: the argument's name, what is accepted, what came.
"""

import difflib
import math
import operator
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.foundation import array_likes, memory
from curldescent.foundation.errors import InputError

Kind = TypeVar("Kind")

_SHOWN = reprlib.Repr()
_SHOWN.maxlevel, _SHOWN.maxstring, _SHOWN.maxlong, _SHOWN.maxother = 3, 100, 40, 100
# Beyond these a search for a misspelt name would take longer than reading the names.
_LONGEST_NAME, _MOST_NAMES = 200, 2000
# Numbers that are copied without asking whether they fit; an array may be far larger than what it holds of memory.
_MANY = 2**20


def shown(value: object) -> str:
    """A value as messages quote it: its `repr`, on one line and short whatever its size."""
    try:
        return " ".join(_SHOWN.repr(value).split())
    except Exception:  # a stranger's __repr__, or a whole number too long for Python to write out
        return "a whole number of thousands of digits" if isinstance(value, int) else f"a {type(value).__name__}"


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names as messages list them: quoted, the first few of many."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(shown(name) for name in every[:most]) + more


def nearest(name: str, accepted: Iterable[str]) -> str:
    """A ``; did you mean …?`` suffix for a misspelt name, or an empty string."""
    if len(str(name)) > _LONGEST_NAME:
        return ""
    candidates = [option for option in islice(accepted, _MOST_NAMES) if len(option) <= _LONGEST_NAME]
    match = difflib.get_close_matches(str(name), candidates, n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""


def choice(name: str, value: object, accepted: Sequence[str]) -> str:
    """Return `value` if it is one of the accepted strings."""
    if not isinstance(value, str) or value not in accepted:
        options = ", ".join(repr(option) for option in accepted)
        hint = nearest(value, accepted) if isinstance(value, str) else ""
        raise InputError(f"{name} must be one of {options}, got {shown(value)}{hint}")
    return value


def boolean(name: str, value: object) -> bool:
    """Return `value` if it is true or false; text such as "false" would count as true."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name} must be true or false, got {shown(value)}")
    return bool(value)


def integer(name: str, value: object, *, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int within the bounds; booleans and fractional numbers are refused."""
    bounds = f"at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        whole = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(f"{name} must be a whole number {bounds}, got {shown(value)}") from None
    if whole < minimum or (maximum is not None and whole > maximum):
        raise InputError(f"{name} must be a whole number {bounds}, got {shown(whole)}")
    return whole


def generator(name: str, value: object) -> np.random.Generator:
    """The random generator of a seed, or `value` where it is one already; None, which is never the same, is refused."""
    if isinstance(value, np.random.Generator):
        return value
    try:
        if value is None or isinstance(value, bool | np.bool_):
            raise TypeError
        return np.random.default_rng(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        accepted = "a whole number at least 0 or a numpy.random.Generator"
        raise InputError(f"{name} must be {accepted}, got {shown(value)}") from None


def real(name: str, value: object) -> float:
    """Return `value` as a finite float."""
    try:
        if isinstance(value, bool | np.bool_ | str | bytes) or array_likes.refusal(value):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be a finite number, got {shown(value)}") from None
    if not math.isfinite(number):
        raise InputError(f"{name} must be a finite number, got {number}")
    return number


def positive(name: str, value: object, *, zero: bool = False) -> float:
    """Return `value` as a finite float above zero (or at zero, where `zero` allows it)."""
    number = real(name, value)
    if number < 0 or (number == 0 and not zero):
        raise InputError(f"{name} must be {'zero or ' if zero else ''}a positive number, got {number:g}")
    return number


def fraction(name: str, value: object) -> float:
    """Return `value` as a float in [0, 1]."""
    number = real(name, value)
    if not 0 <= number <= 1:
        raise InputError(f"{name} must be a fraction between 0 and 1, got {number:g}")
    return number


def lossless(name: str, value: object) -> None:
    """Refuse what would lose its mask, its unit or its zeros as a plain array."""
    if reason := array_likes.refusal(value):
        raise InputError(f"{name} must be a real numeric array, got {reason}")


def real_array(name: str, value: object) -> NDArray:
    """Return `value` as an array of real numbers of its own type, whatever its shape; missing entries become NaN.

    Everything that stands for real numbers one by one is honoured: lists, arrays of NumPy, JAX and PyTorch, labelled
    ones of xarray, series and frames of pandas with nullable, categorical or sparse columns, objects that are numbers.
    What would lose a mask, a unit, an imaginary part or a meaning on the way is refused: masked entries, quantities,
    complex numbers, dates, text, records, sparse matrices.
    """
    lossless(name, value)
    if isinstance(value, range):
        memory.require(name, 2 * 8 * abs((value.stop - value.start) // value.step))
    try:
        raw = np.asarray(array_likes.on_host(value))
    except Exception as fault:  # whatever a stranger's __array__ raises
        text = " ".join(str(fault).split())
        if isinstance(fault, ValueError) and "inhomogeneous" in text:
            raise InputError(f"{name} must be a rectangular numeric array, got rows of different lengths") from None
        raise InputError(
            f"{name} must be a real numeric array, got {_kind_of(value)} that NumPy cannot read: {text[:200]}"
        ) from None
    if raw.dtype.kind == "O":
        numbers, stranger = array_likes.of_objects(raw)
        if numbers is None:
            what = _kind_of(value) if raw.ndim == 0 else f"{shown(raw[stranger])} at index {stranger}"
            raise InputError(f"{name} must be a real numeric array, got {what} (dtype object)")
        return numbers
    # bfloat16 and its kin are no kind of NumPy's own, but float64 holds all of their values.
    if raw.dtype.kind not in "biuf" and not (raw.dtype.kind == "V" and np.can_cast(raw.dtype, np.float64, "safe")):
        raise InputError(f"{name} must be a real numeric array, got dtype {str(raw.dtype)[:100]}")
    return raw


def _kind_of(value: object) -> str:
    return f"a {type(value).__name__}"


def finite_array(name: str, value: ArrayLike, *, ndim: int | tuple[int, ...]) -> NDArray[np.float64]:
    """Return `value` as a read-only float64 array of an accepted number of dimensions, without NaN or infinity."""
    raw = real_array(name, value)
    accepted = (ndim,) if isinstance(ndim, int) else ndim
    if raw.ndim not in accepted:
        wanted = " or ".join(str(d) for d in accepted)
        raise InputError(f"{name} must have {wanted} dimensions, got shape {raw.shape}")
    if raw.size == 0:
        raise InputError(f"{name} must not be empty, got shape {raw.shape}")
    if raw.size > _MANY:
        memory.require(name, 2 * 8 * raw.size)
    # A copy, so that nobody else can write to it.
    array = raw.astype(np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"{name} must be finite, got {array[where]} at index {where} ({int(bad.sum())} such values in all)"
        )
    array.flags.writeable = False
    return array


def shape(name: str, array: NDArray[np.float64], expected: tuple[int, ...], meaning: str) -> None:
    """Refuse an array whose shape is not the expected one; `meaning` spells the axes out."""
    if array.shape != expected:
        raise InputError(f"{name} must have shape {expected} {meaning}, got {array.shape}")


def text(name: str, value: object, *, none: bool = False) -> None:
    """Refuse what is not text (or nothing at all, where `none` allows it)."""
    if not isinstance(value, str) and not (none and value is None):
        raise InputError(f"{name} must be text{' or None' if none else ''}, got {_named(value)}")


def methods(name: str, value: object, wanted: Sequence[str], accepted: str) -> None:
    """Refuse what lacks one of these methods; `accepted` says what has them and how to get one."""
    if isinstance(value, type) or not all(callable(getattr(value, method, None)) for method in wanted):
        raise InputError(f"{name} must be {accepted}, got {_named(value)}")


def instance(name: str, value: object, kind: type[Kind], accepted: str) -> Kind:
    """Return `value` if it is of a class of this library; `accepted` says what that is and how to get one."""
    if not isinstance(value, kind):
        raise InputError(f"{name} must be {accepted}, got {_named(value)}")
    return value


def mapping(name: str, value: object, accepted: str) -> Mapping[Any, Any]:
    """Return `value` if it is a mapping; `accepted` says from what to what."""
    if not isinstance(value, Mapping):
        raise InputError(f"{name} must be {accepted}, got {_named(value)}")
    return value


def function(name: str, value: object, accepted: str, *, classes: bool = False) -> None:
    """Refuse what cannot be called; `accepted` says of what and to what the function is.

    A class is taken where `classes` says so, as `float` may be meant for what it makes of a value.
    """
    if not callable(value) or (isinstance(value, type) and not classes):
        raise InputError(f"{name} must be {accepted}, got {_named(value)}")


def _named(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def known(given: Iterable[str], accepted: Iterable[str], *, where: str) -> None:
    """Refuse entries of a section that are not accepted, with the nearest one that is.

    Args:
        given: their names.
        accepted: the names there are.
        where: the section, for the message.

    Raises:
        InputError: a name that is not among the accepted ones.
    """
    accepted = list(accepted)
    for name in given:
        if name not in accepted:
            hint = nearest(name, accepted) or f"; accepted are {', '.join(accepted)}"
            raise InputError(f"{where} has an unknown entry {shown(name)}{hint}")
