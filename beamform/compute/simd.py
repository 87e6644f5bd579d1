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


@intrinsic
def truncate(typingctx, a):
    """Each lane rounded towards zero."""

    def generate(context, builder, signature, arguments):
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR]), "llvm.trunc.v16f32"
        )
        return builder.call(function, arguments)

    return _TYPE(_TYPE), generate


@intrinsic
def store_integers(typingctx, row, first, vector):
    """Writes 16 floats, rounded towards zero, to a contiguous int32 row from `first` on."""
    integers = ir.VectorType(_I32, LANES)

    def generate(context, builder, signature, arguments):
        row, first, vector = arguments
        pointer = _pointer(context, builder, signature.args[0], row, first, integers)
        builder.store(builder.fptosi(vector, integers), pointer, align=4)
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


@intrinsic
def negative_fma(typingctx, a, b, c):
    """c - a * b, rounded once."""

    def generate(context, builder, signature, arguments):
        a, b, c = arguments
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), "llvm.fma.v16f32"
        )
        return builder.call(function, [builder.fneg(a), b, c])

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


_ALL = range(2 * LANES)
even_lanes = _shuffle([lane for lane in _ALL if lane % 2 == 0], "Every second lane of a and b: a0 a2 .. a14 b0 ..")
odd_lanes = _shuffle([lane for lane in _ALL if lane % 2 == 1], "The others: a1 a3 .. a15 b1 ..")
even_lanes_reversed = _shuffle([lane for lane in _ALL if lane % 2 == 0][::-1], "b14 b12 .. b0 a14 ..")
odd_lanes_reversed = _shuffle([lane for lane in _ALL if lane % 2 == 1][::-1], "b15 b13 .. b1 a15 ..")
interleave_low = _shuffle([lane // 2 + LANES * (lane % 2) for lane in range(LANES)], "Lower halves: a0 b0 a1 b1 ..")
interleave_high = _shuffle(
    [lane // 2 + LANES // 2 + LANES * (lane % 2) for lane in range(LANES)], "Upper halves: a8 b8 a9 b9 .."
)
_COUPLES = [lane // 4 * 2 + lane % 2 + LANES * (lane // 2 % 2) for lane in range(LANES)]
interleave_couples_low = _shuffle(_COUPLES, "Two by two, from the lower halves: a0 a1 b0 b1 a2 a3 ..")
interleave_couples_high = _shuffle([lane + LANES // 2 for lane in _COUPLES], "From the upper halves: a8 a9 b8 b9 ..")


@intrinsic
def times_i(typingctx, a):
    """Eight interleaved complex numbers times the imaginary unit: (re, im) -> (-im, re)."""

    def generate(context, builder, signature, arguments):
        swapped = builder.shuffle_vector(arguments[0], arguments[0], _lanes([lane ^ 1 for lane in range(LANES)]))
        sign = ir.Constant(_VECTOR, [-1.0 if lane % 2 == 0 else 1.0 for lane in range(LANES)])
        return builder.fmul(swapped, sign)

    return _TYPE(_TYPE), generate


@intrinsic
def add_couple(typingctx, row, first, vector, place):
    """Adds lanes 2 `place` and 2 `place` + 1 to two floats of a row; `place` is a literal."""
    if not isinstance(place, types.IntegerLiteral):
        return None
    couple, lanes = ir.VectorType(ir.FloatType(), 2), [2 * place.literal_value, 2 * place.literal_value + 1]

    def generate(context, builder, signature, arguments):
        row, first, vector, _ = arguments
        pointer = _pointer(context, builder, signature.args[0], row, first, couple)
        two = builder.shuffle_vector(vector, vector, _lanes(lanes))
        builder.store(builder.fadd(builder.load(pointer, align=4), two), pointer, align=4)
        return context.get_dummy_value()

    return types.void(row, types.intp, _TYPE, place), generate


def _pointer(context: Any, builder: Any, row_type: Any, row: Any, first: Any, target: ir.Type) -> Any:
    """Address of element `first` of a contiguous row, as a pointer to `target`."""
    data = context.make_array(row_type)(context, builder, row).data
    return builder.bitcast(builder.gep(data, [first]), target.as_pointer())
