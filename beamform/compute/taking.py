"""Pieces of work that the threads of a pool take in turn within compiled kernels, where none waits for Python's lock.

    for piece in take(taken, n_pieces):
        ...

All threads are given the same `Taken`, see `ThreadPool.share`.
"""

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

Taken = NDArray[np.int64]
"""How many pieces have been taken, (1,)."""


# Not kept in the cache: a generator that comes from there cannot be compiled into another kernel.
@numba.njit(nogil=True)
def take(taken, n):
    """The numbers below n of the pieces that no other thread takes; all count by the same `Taken`."""
    piece = _next(taken)
    while piece < n:
        yield piece
        piece = _next(taken)


@intrinsic
def _next(typingctx, taken):
    def generate(context, builder, signature, arguments):
        counter = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.atomic_rmw("add", counter, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(taken), generate
