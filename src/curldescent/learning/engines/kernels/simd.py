"""Eight doubles at a time inside Numba kernels.

Numba's automatic vectorisation gives up on rows that might overlap and reorders sums only under `fastmath`, which
also gives up on NaN. So kernels say what they mean: `Lanes` is a value of eight doubles with +, −, ×, ÷ and the
functions below, and a *tile* is a tuple of them that stays in registers. LLVM maps eight lanes to what the machine
has (one AVX-512 register, two of AVX2, four of NEON or SSE).

Arrays are flat float64 arrays, addressed by the index of the first lane. Nothing checks bounds: rows are padded to
`LANES` by `padded`, and `aligned` allocates on cache-line boundaries, where loads do not straddle two lines.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, njit, types
from numba.core import cgutils
from numba.extending import models, overload, register_model
from numpy.typing import NDArray

from curldescent.learning.engines.kernels.cache import KernelCache

LANES = 8
CACHE_LINE = 64

_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, LANES)
_INTEGERS = ir.VectorType(ir.IntType(64), LANES)
_INT32 = ir.IntType(32)

# What it returns is called from kernels with one argument less than it is written with, which no type checker knows.
intrinsic: Any = extending.intrinsic

inlined = njit(nogil=True, forceinline=True)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function, and keep what was compiled for the next process."""
    # Kernels hold no Python object, so they release its lock.
    compiled: Any = njit(nogil=True)(function)
    # Where Numba's dispatcher looks before it compiles.
    compiled._cache = KernelCache(function)
    return compiled


def padded(size: int) -> int:
    """The smallest multiple of `LANES` that holds `size` doubles."""
    return -(-size // LANES) * LANES


def aligned(*shape: int) -> NDArray[np.float64]:
    """Zeros on a cache-line boundary."""
    size = int(np.prod(shape))
    raw = np.zeros(size * 8 + CACHE_LINE, dtype=np.uint8)
    first = -raw.ctypes.data % CACHE_LINE
    return raw[first : first + size * 8].view(np.float64).reshape(shape)


class Lanes(types.Type):
    """Numba's type of eight doubles."""

    def __init__(self) -> None:
        super().__init__(name="float64x8")


lanes = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Lanes) -> None:
        super().__init__(dmm, fe_type, _VECTOR)


def address_of(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """IR for the address of array[index]."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


def load_lanes(builder: Any, address: Any) -> Any:
    """IR for eight doubles from an address."""
    return builder.load(builder.bitcast(address, _VECTOR.as_pointer()), align=8)


def store_lanes(builder: Any, address: Any, value: Any) -> None:
    """IR for eight doubles to an address."""
    builder.store(value, builder.bitcast(address, _VECTOR.as_pointer()), align=8)


def splat_lanes(builder: Any, value: Any) -> Any:
    """IR for a double in every lane."""
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, _INT32(0))
    return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), ir.Constant(_mask_type(LANES), None))


def fma_lanes(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """IR for a·b + c; llvmlite's own `fma` takes scalars only."""
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f64"), [a, b, c])


def _mask_type(size: int) -> Any:
    return ir.VectorType(_INT32, size)


def pack_lanes(builder: Any, values: list[Any]) -> Any:
    """IR for a tile of those vectors."""
    return cgutils.pack_array(builder, values, _VECTOR)


def _total(builder: Any, value: Any) -> Any:
    """The sum of the lanes by halving, always in the same order."""
    width = LANES
    while width > 1:
        width //= 2
        halves = [
            builder.shuffle_vector(
                value, value, ir.Constant(_mask_type(width), [_INT32(start + i) for i in range(width)])
            )
            for start in (0, width)
        ]
        value = builder.fadd(*halves)
    return builder.extract_element(value, _INT32(0))


@intrinsic
def splat(typing_context: Any, value: Any) -> Any:
    """A double in every lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return splat_lanes(builder, args[0])

    return lanes(types.float64), generate


@intrinsic
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """Eight doubles from array[index:]."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return load_lanes(builder, address_of(context, builder, signature.args[0], *args))

    return lanes(array, types.intp), generate


@intrinsic
def store(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Eight doubles to array[index:]."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        store_lanes(builder, address_of(context, builder, signature.args[0], *args[:2]), args[2])
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return fma_lanes(builder, *args)

    return lanes(lanes, lanes, lanes), generate


@intrinsic
def total(typing_context: Any, value: Any) -> Any:
    """The sum of the lanes."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _total(builder, args[0])

    return types.float64(lanes), generate


@intrinsic
def where_less(typing_context: Any, a: Any, b: Any, then: Any, otherwise: Any) -> Any:
    """Lane by lane: `then` where a < b, else `otherwise` (also where a or b is NaN)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return lanes(lanes, lanes, lanes, lanes), generate


@intrinsic
def power_of_two(typing_context: Any, shifted: Any) -> Any:
    """2^k where `shifted` = k + 1.5·2^52, whose low bits are the whole number k; |k| up to 1022."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def every(value: int) -> Any:
            return ir.Constant(_INTEGERS, [value] * LANES)

        exponent = builder.shl(builder.bitcast(args[0], _INTEGERS), every(52))
        return builder.bitcast(builder.add(exponent, every(1023 << 52)), _VECTOR)

    return lanes(lanes), generate


def _operator(symbol: Callable[..., Any], instruction: str) -> None:
    """Give `Lanes` an arithmetic operator."""

    @intrinsic
    def operation(typing_context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args)

        return lanes(lanes, lanes), generate

    # Numba compares the two signatures letter by letter, so neither may be annotated.
    overload(symbol)(lambda a, b: (lambda a, b: operation(a, b)) if a is lanes and b is lanes else None)


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
_operator(operator.truediv, "fdiv")
