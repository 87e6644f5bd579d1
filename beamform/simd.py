"""Vectors of 16 floats for Numba kernels, where the compiler's own vectorisation does not find them.

One AVX-512 register, two AVX2 registers or four NEON registers: LLVM splits them as the processor needs.

    total = splat(0)
    total = fma(splat(weight), load(row, column), total)
    store(out, column, total)
"""

from __future__ import annotations

from typing import Any

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
def load(typingctx, row, first):  # type: ignore[no-untyped-def]
    """The 16 floats of a contiguous float32 row from `first` on; not checked against its end."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        row, first = arguments
        return builder.load(_pointer(context, builder, signature.args[0], row, first, _VECTOR), align=4)

    return _TYPE(row, types.intp), generate


@intrinsic
def store(typingctx, row, first, vector):  # type: ignore[no-untyped-def]
    """Writes 16 floats to a contiguous float32 row from `first` on; not checked against its end."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        row, first, vector = arguments
        pointer = _pointer(context, builder, signature.args[0], row, first, _VECTOR)
        builder.store(vector, pointer, align=4)
        return context.get_dummy_value()

    return types.void(row, types.intp, _TYPE), generate


@intrinsic
def load_repeated(typingctx, row, first):  # type: ignore[no-untyped-def]
    """Four floats, four times over: 0 1 2 3 0 1 2 3 ..."""
    four = ir.VectorType(ir.FloatType(), 4)

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        row, first = arguments
        loaded = builder.load(_pointer(context, builder, signature.args[0], row, first, four), align=4)
        return builder.shuffle_vector(loaded, loaded, _lanes([lane % 4 for lane in range(LANES)]))

    return _TYPE(row, types.intp), generate


@intrinsic
def load_pairs_stretched(typingctx, pairs_a, pairs_b, first):  # type: ignore[no-untyped-def]
    """Two floats of one row and two of another, each four times: a a a a A A A A b b b b B B B B."""
    two = ir.VectorType(ir.FloatType(), 2)

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        loaded = []
        for row_type, row in zip(signature.args[:2], arguments[:2], strict=True):
            pointer = _pointer(context, builder, row_type, row, arguments[2], two)
            loaded.append(builder.load(pointer, align=4))
        return builder.shuffle_vector(*loaded, _lanes([lane // 4 for lane in range(LANES)]))

    return _TYPE(pairs_a, pairs_b, types.intp), generate


@intrinsic
def splat(typingctx, value):  # type: ignore[no-untyped-def]
    """One float in all lanes."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        single = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], _I32(0))
        return builder.shuffle_vector(single, ir.Constant(_VECTOR, ir.Undefined), _lanes([0] * LANES))

    return _TYPE(types.float32), generate


@intrinsic
def fma(typingctx, a, b, c):  # type: ignore[no-untyped-def]
    """a * b + c, rounded once."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), "llvm.fma.v16f32"
        )
        return builder.call(function, arguments)

    return _TYPE(_TYPE, _TYPE, _TYPE), generate


@intrinsic
def add(typingctx, a, b):  # type: ignore[no-untyped-def]
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.fadd(*arguments)

    return _TYPE(_TYPE, _TYPE), generate


@intrinsic
def multiply(typingctx, a, b):  # type: ignore[no-untyped-def]
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.fmul(*arguments)

    return _TYPE(_TYPE, _TYPE), generate


@intrinsic
def subtract(typingctx, a, b):  # type: ignore[no-untyped-def]
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.fsub(*arguments)

    return _TYPE(_TYPE, _TYPE), generate


@intrinsic
def times_i(typingctx, a):  # type: ignore[no-untyped-def]
    """Eight interleaved complex numbers times the imaginary unit: (re, im) -> (-im, re)."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        swapped = builder.shuffle_vector(arguments[0], arguments[0], _lanes([lane ^ 1 for lane in range(LANES)]))
        sign = ir.Constant(_VECTOR, [-1.0 if lane % 2 == 0 else 1.0 for lane in range(LANES)])
        return builder.fmul(swapped, sign)

    return _TYPE(_TYPE), generate


def _lanes(order: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(_I32, len(order)), order)


def _pointer(context: Any, builder: Any, row_type: Any, row: Any, first: Any, target: ir.Type) -> Any:
    """Address of element `first` of a contiguous row, as a pointer to `target`."""
    data = context.make_array(row_type)(context, builder, row).data
    return builder.bitcast(builder.gep(data, [first]), target.as_pointer())
