"""`sonolucent doctor`: versions, processor, devices, and what would be picked and why."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.printable import say

_PACKAGES = ("sonolucent", "numpy", "scipy", "numba", "pyfftw", "torch", "pyzmq", "h5py", "aiohttp", "av")
_CPU_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd")


class DoctorOptions(msgspec.Struct, frozen=True):
    """Says what this installation has and what it would pick.

    Args:
        model: as `model` of `run`: what would run it.
        json: print one JSON document.
    """

    model: str = "auto"
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(DoctorOptions, arguments, "doctor")
    facts = examine(options.model)
    if options.json:
        print_json(facts)
    else:
        for name, value in facts.items():
            say(f"{name:<16} {value}")
    return 0 if facts["model"] else 1


def examine(model: str = "auto") -> dict[str, Any]:
    """The facts, by name."""
    from sonolucent._fused import fused_kernels
    from sonolucent.beamform import ImageGrid
    from sonolucent.beamform.compute import fft
    from sonolucent.nn import Enhancer
    from sonolucent.nn.inference.devices import torch_fault

    try:
        enhancer = Enhancer(model, shape=ImageGrid.sau64().shape)
        picked = {
            "model": enhancer.model,
            "device": enhancer.device,
            "backend": enhancer.backend,
            "reason": enhancer.reason,
            "grain": enhancer.grain or "matched to nothing: there is no network",
        }
    except (ValueError, RuntimeError) as error:
        picked = {"model": "", "device": "none", "backend": "none", "reason": str(error), "grain": ""}
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "cpu_features": _cpu_features(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "torch": torch_fault() or "as the native module was built against",
        "fft": fft.LIBRARY,
        "fused_kernels": fused_kernels(),
        "bf16_kernels": fused_kernels(bf16=True),
        "full_bf16_kernels": fused_kernels(bf16=True, full=True),
        **picked,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_features() -> list[str]:
    path = Path("/proc/cpuinfo")
    present = set(path.read_text().split()) if path.exists() else set()
    return [flag for flag in _CPU_FLAGS if flag in present]
