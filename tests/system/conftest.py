"""What the tests of whole programs share."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.stream import write_recording


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    output: str
    errors: str

    @property
    def report(self) -> Any:
        return json.loads(self.output)


Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def sonolucent() -> Command:
    """Runs `sonolucent ...` as a process of its own."""

    def run(*arguments: object, timeout_s: float = 120) -> Ended:
        command = [sys.executable, "-m", "sonolucent", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def small_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four frames of noise from a small array."""
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    path = tmp_path_factory.mktemp("recordings") / "noise.h5"
    noise = (np.random.default_rng(i).integers(-2000, 2000, acquisition.shape, dtype=np.int16) for i in range(4))
    write_recording(path, list(noise), acquisition, frame_rate_hz=25.0)
    return path
