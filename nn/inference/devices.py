"""What a network could run on here, without torch being imported where that cannot matter."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
from functools import cache
from importlib.metadata import requires, version

_HELP = "pip install 'sonolucent[torch]'"


def is_installed(library: str) -> bool:
    """Whether it can be imported. A folder of its name that lies beside the program, without code, is no library."""
    spec = importlib.util.find_spec(library)
    return spec is not None and spec.origin is not None


@cache
def torch_fault() -> str:
    """Why networks cannot run in torch here, on a GPU or in TorchScript, and what to do; empty where they can.

    Another version of torch is a fault too: libtorch's ABI holds for one.
    """
    if not is_installed("torch"):
        return f"PyTorch is not installed; {_HELP}"
    installed, wanted = version("torch").partition("+")[0], _built_against()
    if installed != wanted:
        return f"PyTorch {installed} is installed, and the native module was built against {wanted}; {_HELP}"
    return ""


def require_torch(what: str) -> None:
    """
    Raises:
        ValueError: there is no torch for it; the message begins with what needs it.
    """
    if torch_fault():
        raise ValueError(f"{what} needs PyTorch: {torch_fault()}")


@cache
def cuda_device_count() -> int:
    """CUDA devices that the torch installed here can use; without that, or without a driver, there are none."""
    if torch_fault() or not _has_driver():
        return 0
    from sonolucent._core import cuda_device_count as count

    return count()


def default_threads() -> int:
    """Of the CPU, for one image: as many as OpenMP is told to use, else as there are cores."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) > 0 else len(os.sched_getaffinity(0))


def _built_against() -> str:
    found = re.search(r"torch==([\d.]+)", " ".join(requires("sonolucent") or ()))
    return found[1] if found else ""


def _has_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
