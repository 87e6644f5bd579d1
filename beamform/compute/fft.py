"""Planned, single-threaded, unnormalised FFTs of rows in place: FFTW, or scipy.fft where pyFFTW is not installed.

A plan is the address of a C function and its argument, so that compiled kernels run it without returning to Python:

    plan = plan_forward(rows)   # complex64 (n, m), along the last axis; made from one thread
    execute(plan.call)          # from Python or from a Numba kernel, by one thread at a time

FFTW times candidates when it plans. What it learnt (its wisdom) is kept in the user's cache directory: the next start
is quicker, and computes the same bits.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import logging
import math
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import scipy.fft
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sonolucent.beamform.compute.cache_folder import cache_folder
from sonolucent.beamform.compute.compiled import kernel

try:
    import pyfftw
except ImportError:
    pyfftw = None

_PLANNER = threading.RLock()
"""FFTW plans, and destroys plans, one at a time."""
_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_recalled = b""
"""The file's wisdom that this process has taken up."""
_log = logging.getLogger(__name__)

LIBRARY = "FFTW" if pyfftw else "scipy.fft"
FORWARD, BACKWARD = -1, 1
"""Sign of the exponent."""


class Plan:
    """A transform of one buffer's rows; `call` is what `execute` takes, int64 (2,)."""

    def __init__(self, rows: NDArray[np.complex64], sign: int) -> None:
        if rows.ndim != 2 or rows.dtype != np.complex64 or not rows.flags.c_contiguous:
            raise ValueError("rows must be contiguous complex64 (n, m)")
        self._rows = rows  # the plan reads and writes them
        if pyfftw:
            plan = _plan_fftw(rows, sign)
            weakref.finalize(self, _destroy, plan)
            self.call = np.array([ctypes.cast(_fftw().fftwf_execute, ctypes.c_void_p).value, plan])
        else:
            self._function = _CALLBACK(lambda _: _transform_by_scipy(rows, sign))
            self.call = np.array([ctypes.cast(self._function, ctypes.c_void_p).value, 0])


def plan_forward(rows: NDArray[np.complex64]) -> Plan:
    """Along the last axis, e^(-i...)."""
    return Plan(rows, FORWARD)


def plan_backward(rows: NDArray[np.complex64]) -> Plan:
    """Along the last axis, e^(+i...), without the factor 1/n."""
    return Plan(rows, BACKWARD)


def calls(plans: Sequence[Plan]) -> NDArray[np.int64]:
    """Their calls, (n, 2), for a kernel to choose from; the plans must outlive it."""
    return np.stack([plan.call for plan in plans])


def good_length(minimum: float) -> int:
    """The shortest length from `minimum` on that transforms quickly: small factors, and whole vectors of eight."""
    return 8 * int(scipy.fft.next_fast_len(math.ceil(minimum / 8)))


@contextmanager
def planning() -> Iterator[None]:
    """Within, transforms are planned with what other processes have learnt, and for them: they wait meanwhile.

    Two that planned at the same time would each go on with a plan of its own, and compute other bits.
    """
    with (cache_folder() / "fftw-wisdom.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        recall_plans()
        yield
        remember_plans()


def recall_plans() -> None:
    """Takes up the wisdom of other processes.

    Two processes that time the same candidates may choose differently. Of two pieces of wisdom about one transform FFTW
    keeps the first, so what is kept in the file comes first: with it all processes compute the same bits.
    """
    global _recalled
    if not pyfftw or not _wisdom_file().exists():
        return
    with _PLANNER:
        kept = _wisdom_file().read_bytes()
        if kept == _recalled:
            return
        own = pyfftw.export_wisdom()
        pyfftw.forget_wisdom()
        pyfftw.import_wisdom((b"", kept, b""))
        pyfftw.import_wisdom(own)
        _recalled = kept


def remember_plans() -> None:
    """Keeps the wisdom for later processes."""
    if not pyfftw:
        return
    recall_plans()  # what other processes have learnt since must not be lost
    wisdom, file = pyfftw.export_wisdom()[1], _wisdom_file()
    whole = file.with_suffix(f".{os.getpid()}")
    try:
        if not file.exists() or set(file.read_bytes().splitlines()) != set(wisdom.splitlines()):
            whole.write_bytes(wisdom)
            whole.replace(file)
    except OSError as error:
        _log.warning("FFTW's wisdom could not be kept (%s); the next start plans anew", error)
        with suppress(OSError):
            whole.unlink()


def _wisdom_file() -> Path:
    return cache_folder() / "fftw-wisdom"


def real_buffer(*shape: int) -> NDArray[np.float32]:
    """Zeros that start on a cache line."""
    return _aligned(shape, 4).view(np.float32).reshape(shape)


def complex_buffer(*shape: int) -> NDArray[np.complex64]:
    """Zeros that start on a cache line."""
    return _aligned(shape, 8).view(np.complex64).reshape(shape)


@intrinsic
def _call(typingctx, function, argument):
    def generate(context, builder, signature, arguments):
        pointer = ir.IntType(8).as_pointer()
        function = builder.inttoptr(arguments[0], ir.FunctionType(ir.VoidType(), [pointer]).as_pointer())
        builder.call(function, [builder.inttoptr(arguments[1], pointer)])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@kernel()
def execute(call):
    """Runs the plan of which this is the `call`."""
    _call(call[0], call[1])


@functools.cache
def _fftw() -> ctypes.CDLL:
    """The library that pyFFTW brings, with the functions that it does not hand on."""
    library = ctypes.CDLL(pyfftw.pyfftw.__file__)
    library.fftwf_plan_many_dft.restype = ctypes.c_void_p
    layout = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
    library.fftwf_plan_many_dft.argtypes = [
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_int),
        ctypes.c_int,
        *layout,
        *layout,
        ctypes.c_int,
        ctypes.c_uint,
    ]
    library.fftwf_destroy_plan.argtypes = [ctypes.c_void_p]
    return library


def _plan_fftw(rows: NDArray[np.complex64], sign: int) -> int:
    n, m = rows.shape
    layout = rows.ctypes.data, None, 1, m
    with _PLANNER:
        plan = _fftw().fftwf_plan_many_dft(1, ctypes.c_int(m), n, *layout, *layout, sign, 0)
    if not plan:
        raise RuntimeError(f"FFTW has no plan for {n} rows of {m}")
    rows[...] = 0
    return int(plan)


def _destroy(plan: int) -> None:
    with _PLANNER:
        _fftw().fftwf_destroy_plan(plan)


def _transform_by_scipy(rows: NDArray[np.complex64], sign: int) -> None:
    rows[...] = scipy.fft.fft(rows) if sign == FORWARD else scipy.fft.ifft(rows, norm="forward")


def _aligned(shape: tuple[int, ...], item_bytes: int) -> NDArray[np.uint8]:
    size = math.prod(shape) * item_bytes
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size]
