"""Checks at the boundary: each either returns the value in canonical form or raises `InputError`.

Messages follow one pattern: the argument's name, what is accepted, what came.
"""

import difflib
import math
import operator
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curldescent.errors import InputError


def nearest(name: str, accepted: Iterable[str]) -> str:
    """A ``; did you mean …?`` suffix for a misspelt name, or an empty string."""
    match = difflib.get_close_matches(str(name), list(accepted), n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""


def choice(name: str, value: object, accepted: Sequence[str]) -> str:
    """Return `value` if it is one of the accepted strings."""
    if not isinstance(value, str) or value not in accepted:
        listed = ", ".join(repr(option) for option in accepted)
        raise InputError(f"{name} must be one of {listed}, got {value!r}{nearest(str(value), accepted)}")
    return value


def integer(name: str, value: object, *, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int within the bounds; booleans and fractional numbers are refused."""
    bounds = f"at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        whole = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(f"{name} must be a whole number {bounds}, got {value!r}") from None
    if whole < minimum or (maximum is not None and whole > maximum):
        raise InputError(f"{name} must be a whole number {bounds}, got {whole}")
    return whole


def real(name: str, value: object) -> float:
    """Return `value` as a finite float."""
    try:
        if isinstance(value, bool | np.bool_ | str | bytes):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be a finite number, got {value!r}") from None
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


def finite_array(name: str, value: ArrayLike, *, ndim: int | tuple[int, ...]) -> NDArray[np.float64]:
    """Return `value` as a read-only float64 array of an accepted number of dimensions, without NaN or infinity."""
    try:
        raw = np.asarray(value)
    except ValueError:
        raise InputError(f"{name} must be a rectangular numeric array, got rows of different lengths") from None
    if raw.dtype.kind not in "biuf":
        raise InputError(f"{name} must be a real numeric array, got dtype {raw.dtype}")
    accepted = (ndim,) if isinstance(ndim, int) else ndim
    if raw.ndim not in accepted:
        wanted = " or ".join(str(d) for d in accepted)
        raise InputError(f"{name} must have {wanted} dimensions, got shape {raw.shape}")
    if raw.size == 0:
        raise InputError(f"{name} must not be empty, got shape {raw.shape}")
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
