"""What all trials of a run have in common."""

from __future__ import annotations

import sys
from pathlib import Path

CLI = [sys.executable, "-m", "sonolucent"]
N_FRAMES = 15
TRANSPORTS = ("inproc", "ipc")


def run_command(folder: Path, transport: str, *more: str, frames: int = N_FRAMES) -> list[str]:
    """A run of the simulator that records, and traces, into a folder."""
    outputs = ["--record", str(folder / "r.h5"), "--trace", str(folder / "trace.json")]
    options = ["--source", "sim", "--headless", "--frames", str(frames), "--transport", transport]
    return [*CLI, "run", *options, *outputs, "--json", *more]


def scratch_in(folder: Path) -> Path:
    """An empty folder for temporary files."""
    made = folder / "tmp"
    made.mkdir(parents=True)
    return made
