"""Vectors of 16 floats for Numba kernels, where the compiler's own vectorisation does not find them.

One AVX-512 register, two AVX2 registers or four NEON registers: LLVM splits them as the processor needs.

    total = splat(0)
    total = fma(splat(weight), load(row, column), total)
    store(out, column, total)
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

LANES = 16
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_I32 = ir.IntType(32)


class _Float32x16(types.Type):
    def __init__(self) -> None:
        super().__init__("Float32x16")


_TYPE = _Float32x16()


@register_model(_Float32x16)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]  # Numba is not typed
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, _VECTOR)


@intrinsic
def load(typingctx, row, first):
    """The 16 floats of a contiguous float32 row from `first` on; not checked against its end."""

    def generate(context, builder, signature, arguments):
        row, first = arguments
        return builder.load(_pointer(context, builder, signature.args[0], row, first, _VECTOR), align=4)

    return _TYPE(row, types.intp), generate


@intrinsic
def store(typingctx, row, first, vector):
    """Writes 16 floats to a contiguous float32 row from `first` on; not checked against its end."""

    def generate(context, builder, signature, arguments):
        row, first, vector = arguments
        pointer = _pointer(context, builder, signature.args[0], row, first, _VECTOR)
        builder.store(vector, pointer, align=4)
        return context.get_dummy_value()

    return types.void(row, types.intp, _TYPE), generate


def _load_four(order: list[int], doc: str) -> Any:
    four = ir.VectorType(ir.FloatType(), 4)

    def load_four(typingctx, row, first):
        def generate(context, builder, signature, arguments):
            row, first = arguments
            loaded = builder.load(_pointer(context, builder, signature.args[0], row, first, four), align=4)
            return builder.shuffle_vector(loaded, loaded, _lanes(order))

        return _TYPE(row, types.intp), generate

    load_four.__doc__ = doc
    return intrinsic(load_four)


def _lanes(order: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(_I32, len(order)), order)


load_repeated = _load_four([lane % 4 for lane in range(LANES)], "Four floats, four times over: 0 1 2 3 0 1 2 3 ...")
load_stretched = _load_four([lane // 4 for lane in range(LANES)], "Four floats, each four times: 0 0 0 0 1 1 1 1 ...")


@intrinsic
def splat(typingctx, value):
    """One float in all lanes."""

    def generate(context, builder, signature, arguments):
        single = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], _I32(0))
        return builder.shuffle_vector(single, ir.Constant(_VECTOR, ir.Undefined), _lanes([0] * LANES))

    return _TYPE(types.float32), generate


@intrinsic
def fma(typingctx, a, b, c):
    """a * b + c, rounded once."""

    def generate(context, builder, signature, arguments):
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), "llvm.fma.v16f32"
        )
        return builder.call(function, arguments)

    return _TYPE(_TYPE, _TYPE, _TYPE), generate


def _of_two(operation: str, doc: str) -> Any:
    def of_two(typingctx, a, b):
        def generate(context, builder, signature, arguments):
            return getattr(builder, operation)(*arguments)

        return _TYPE(_TYPE, _TYPE), generate

    of_two.__doc__ = doc
    return intrinsic(of_two)


add = _of_two("fadd", "a + b")
subtract = _of_two("fsub", "a - b")
multiply = _of_two("fmul", "a * b")


def _shuffle(order: list[int], doc: str) -> Any:
    def shuffle(typingctx, a, b):
        def generate(context, builder, signature, arguments):
            return builder.shuffle_vector(*arguments, _lanes(order))

        return _TYPE(_TYPE, _TYPE), generate

    shuffle.__doc__ = doc
    return intrinsic(shuffle)


_PAIRS = [lane // 4 * 2 + lane % 2 + LANES * (lane // 2 % 2) for lane in range(LANES)]
interleave_low = _shuffle(_PAIRS, "Complex numbers of two vectors in turn, from their lower halves: a0 b0 a1 b1 ...")
interleave_high = _shuffle([lane + LANES // 2 for lane in _PAIRS], "The same from their upper halves: a4 b4 a5 b5 ...")
_real_parts = _shuffle([lane // 2 * 2 for lane in range(LANES)], "Real parts of a, each twice.")
_imaginary_parts = _shuffle([lane // 2 * 2 + 1 for lane in range(LANES)], "Imaginary parts of a, each twice.")


@intrinsic
def times_i(typingctx, a):
    """Eight interleaved complex numbers times the imaginary unit: (re, im) -> (-im, re)."""

    def generate(context, builder, signature, arguments):
        swapped = builder.shuffle_vector(arguments[0], arguments[0], _lanes([lane ^ 1 for lane in range(LANES)]))
        sign = ir.Constant(_VECTOR, [-1.0 if lane % 2 == 0 else 1.0 for lane in range(LANES)])
        return builder.fmul(swapped, sign)

    return _TYPE(_TYPE), generate


@numba.njit(inline="always")
def complex_multiply(a, b):
    """Eight interleaved complex numbers times eight others."""
    return fma(_real_parts(a, a), b, multiply(_imaginary_parts(a, a), times_i(b)))


def _pointer(context: Any, builder: Any, row_type: Any, row: Any, first: Any, target: ir.Type) -> Any:
    """Address of element `first` of a contiguous row, as a pointer to `target`."""
    data = context.make_array(row_type)(context, builder, row).data
    return builder.bitcast(builder.gep(data, [first]), target.as_pointer())
