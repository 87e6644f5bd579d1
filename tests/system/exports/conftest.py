"""What is exported here: a recording of images and one of channel data, both of points 20 mm apart."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sonolucent.sim import simulate
from sonolucent.stream import Stream, write_images, write_recording
from sonolucent.stream.commands.main import main

from .points import PIXELS, POINTS_M, REFERENCE, TIMES_S

UTC_NS = 1_800_000_000_250_000_000


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of images alone, plain and enhanced, acquired at uneven times: points on a dark ground."""
    layers = np.full((len(TIMES_S), 2, *PIXELS.shape), -50.0, np.float32)
    for x_m, z_m in POINTS_M:
        layers[:, :, round((z_m - PIXELS.z0_m) / PIXELS.dz_m), round((x_m - PIXELS.x0_m) / PIXELS.dx_m)] = 0.0
    layers[:, 1] -= 1.0
    for i in range(len(TIMES_S)):
        layers[i, :, -1 - i, 0] = -40.0
    path = tmp_path_factory.mktemp("images") / "images.h5"
    write_images(path, layers, Stream(REFERENCE, PIXELS), times_s=TIMES_S, model="light@1234", acquired_utc_ns=UTC_NS)
    return path


@pytest.fixture(scope="session")
def channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of channel data, two frames of those points."""
    frame = simulate(REFERENCE, scatterers_m=np.array(POINTS_M), amplitudes=np.ones(4), snr_db=60, seed=1)
    path = tmp_path_factory.mktemp("channels") / "channels.h5"
    write_recording(path, np.stack([frame, frame]), REFERENCE, frame_rate_hz=20.0)
    return path


@dataclass(frozen=True)
class Ended:
    """A command line that has been carried out in this process: starts of Python are slow."""

    status: int
    errors: str


@pytest.fixture
def sonolucent(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Ended(status, capsys.readouterr().err)

    return run
