"""What a network could run on here, without torch being imported where that cannot matter."""

from __future__ import annotations

import ctypes
import importlib.util
import os
from functools import cache


@cache
def torch_is_installed() -> bool:
    """Whether networks can run in torch: on a GPU, in TorchScript, or to be trained."""
    return importlib.util.find_spec("torch") is not None


@cache
def cuda_device_count() -> int:
    """CUDA devices that the torch installed here can use; without torch, or a driver, there are none."""
    if not torch_is_installed() or not _has_driver():
        return 0
    from sonolucent._core import cuda_device_count as count

    return count()


def default_threads() -> int:
    """Of the CPU, for one image: as many as OpenMP is told to use, else as there are cores."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) > 0 else len(os.sched_getaffinity(0))


def _has_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
