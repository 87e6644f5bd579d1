"""Planned, single-threaded, unnormalised FFTs between fixed buffers: FFTW through pyFFTW, or scipy.fft without it.

A plan is a function of no arguments that transforms its input buffer into its output buffer; the input may be
overwritten. Plans are made from one thread, and then run without the GIL, each by one thread at a time.

FFTW times candidates when it plans. What it learnt (its wisdom) is kept in the user's cache directory: the next start
is quicker, and computes the same bits.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from platformdirs import user_cache_path

try:
    import pyfftw
except ImportError:
    pyfftw = None

_WISDOM = user_cache_path("sonolucent") / "fftw-wisdom"
_log = logging.getLogger(__name__)

Transform = Callable[[], None]
LIBRARY = "FFTW" if pyfftw else "scipy.fft"


def recall_plans() -> None:
    """Takes up the wisdom of earlier processes; call before planning."""
    if pyfftw and _WISDOM.exists():
        pyfftw.import_wisdom((b"", _WISDOM.read_bytes(), b""))


def remember_plans() -> None:
    """Keeps the wisdom for later processes; call after planning."""
    if not pyfftw:
        return
    recall_plans()  # what other processes have learnt since must not be lost
    wisdom = pyfftw.export_wisdom()[1]
    try:
        if not _WISDOM.exists() or _WISDOM.read_bytes() != wisdom:
            _WISDOM.parent.mkdir(parents=True, exist_ok=True)
            whole = _WISDOM.with_suffix(f".{os.getpid()}")
            whole.write_bytes(wisdom)
            whole.replace(_WISDOM)
    except OSError as error:
        _log.warning("FFTW's wisdom could not be kept (%s); the next start plans anew", error)


def real_buffer(*shape: int) -> NDArray[np.float32]:
    """Zeros that start on a cache line."""
    return _aligned(shape, 4).view(np.float32).reshape(shape)


def complex_buffer(*shape: int) -> NDArray[np.complex64]:
    """Zeros that start on a cache line."""
    return _aligned(shape, 8).view(np.complex64).reshape(shape)


def _aligned(shape: tuple[int, ...], item_bytes: int) -> NDArray[np.uint8]:
    size = math.prod(shape) * item_bytes
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size]


def plan_real_forward(source: NDArray[np.float32], target: NDArray[np.complex64]) -> Transform:
    """float32 (n, m) -> complex64 (n, m // 2 + 1), along the last axis."""
    if pyfftw:
        return _fftw(source, target, -1, "FFTW_FORWARD")

    def run() -> None:
        target[...] = scipy.fft.rfft(source, axis=-1)

    return run


def plan_forward(source: NDArray[np.complex64], target: NDArray[np.complex64], axis: int) -> Transform:
    """complex64 -> complex64 of the same shape, along `axis`, e^(-i...)."""
    if pyfftw:
        return _fftw(source, target, axis, "FFTW_FORWARD")

    def run() -> None:
        target[...] = scipy.fft.fft(source, axis=axis)

    return run


def plan_backward(source: NDArray[np.complex64], target: NDArray[np.complex64], axis: int) -> Transform:
    """complex64 -> complex64 of the same shape, along `axis`, e^(+i...), without the factor 1/n."""
    if pyfftw:
        return _fftw(source, target, axis, "FFTW_BACKWARD")

    def run() -> None:
        target[...] = scipy.fft.ifft(source, axis=axis, norm="forward")

    return run


def _fftw(source: NDArray[Any], target: NDArray[Any], axis: int, direction: str) -> Transform:
    flags = ("FFTW_MEASURE", "FFTW_DESTROY_INPUT")
    plan: Transform = pyfftw.FFTW(source, target, axes=(axis,), direction=direction, flags=flags, threads=1).execute
    source[...] = 0
    target[...] = 0
    return plan
