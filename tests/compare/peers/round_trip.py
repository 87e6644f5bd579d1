"""How far apart the two cores are at this moment: the round trip of a cache line between them."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

_FOLDER = tempfile.TemporaryDirectory()


def build() -> Path:
    """Compiles the program that measures it.

    Raises:
        OSError, subprocess.CalledProcessError: there is no C++ compiler, or it failed.
    """
    program = Path(_FOLDER.name) / "round_trip"
    source = Path(__file__).with_suffix(".cpp")
    subprocess.run(["c++", "-std=c++17", "-O2", "-pthread", source, "-o", program], check=True)
    return program


def measured_ns(program: Path) -> float:
    """Nanoseconds there and back, the median of some milliseconds."""
    return float(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
