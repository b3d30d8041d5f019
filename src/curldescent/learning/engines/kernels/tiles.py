"""Register tiles: R × V accumulators of eight lanes, the inner loop of a matrix product that stays in registers.

A tile is a tuple of R·V `Lanes`, row after row. R and V are the lengths of the tuples of offsets that go with it, so
one function serves every tile and the compiler unrolls each.
"""

from typing import Any

from llvmlite import ir
from numba import types

from curldescent.learning.engines.kernels.simd import (
    address_of,
    fma_lanes,
    intrinsic,
    lanes,
    load_lanes,
    pack_lanes,
    splat_lanes,
    store_lanes,
)


def _tile(rows: Any, columns: Any) -> Any:
    return types.UniTuple(lanes, len(rows) * len(columns))


def _is_offsets(value: Any) -> bool:
    return isinstance(value, types.UniTuple) and value.dtype is types.intp


def _unpack(builder: Any, value: Any, count: int) -> list[Any]:
    return [builder.extract_value(value, i) for i in range(count)]


@intrinsic
def zero_tile(typing_context: Any, rows: Any, columns: Any) -> Any:
    """A tile of zeros, one row per offset in `rows` and one vector per offset in `columns`."""
    if not (_is_offsets(rows) and _is_offsets(columns)):
        return None

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return pack_lanes(
            builder, [splat_lanes(builder, ir.Constant(ir.DoubleType(), 0.0))] * (len(rows) * len(columns))
        )

    return _tile(rows, columns)(rows, columns), generate


@intrinsic
def accumulate(
    typing_context: Any, tile: Any, left: Any, rows: Any, step: Any, right: Any, columns: Any, base: Any
) -> Any:
    """tile[r, v] + left[rows[r] + step] · right[base + columns[v] :], the outer product of a column and a row."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        tile_value, left_array, rows_value, step_value, right_array, columns_value, base_value = args
        vectors = [
            load_lanes(
                builder,
                address_of(context, builder, signature.args[4], right_array, builder.add(base_value, column)),
            )
            for column in _unpack(builder, columns_value, len(columns))
        ]
        result = []
        for r, row in enumerate(_unpack(builder, rows_value, len(rows))):
            scalar = builder.load(
                address_of(context, builder, signature.args[1], left_array, builder.add(row, step_value))
            )
            spread = splat_lanes(builder, scalar)
            for v, vector in enumerate(vectors):
                before = builder.extract_value(tile_value, r * len(columns) + v)
                result.append(fma_lanes(builder, spread, vector, before))
        return pack_lanes(builder, result)

    expected = _tile(rows, columns)
    return expected(expected, left, rows, types.intp, right, columns, types.intp), generate


@intrinsic
def load_tile(typing_context: Any, array: Any, rows: Any, columns: Any) -> Any:
    """The tile at array[rows[r] + columns[v] :]."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_value, rows_value, columns_value = args
        return pack_lanes(
            builder,
            [
                load_lanes(
                    builder, address_of(context, builder, signature.args[0], array_value, builder.add(row, column))
                )
                for row in _unpack(builder, rows_value, len(rows))
                for column in _unpack(builder, columns_value, len(columns))
            ],
        )

    return _tile(rows, columns)(array, rows, columns), generate


@intrinsic
def store_tile(typing_context: Any, out: Any, rows: Any, columns: Any, tile: Any, scale: Any) -> Any:
    """out[rows[r] + columns[v] :] = scale · tile[r, v]."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out_array, rows_value, columns_value, tile_value, scale_value = args
        factor = splat_lanes(builder, scale_value)
        for r, row in enumerate(_unpack(builder, rows_value, len(rows))):
            for v, column in enumerate(_unpack(builder, columns_value, len(columns))):
                value = builder.fmul(factor, builder.extract_value(tile_value, r * len(columns) + v))
                target = address_of(context, builder, signature.args[0], out_array, builder.add(row, column))
                store_lanes(builder, target, value)
        return context.get_dummy_value()

    return types.void(out, rows, columns, _tile(rows, columns), types.float64), generate
