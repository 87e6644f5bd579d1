"""A recording of noise from a small array."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImageGrid, Probe
from sonolucent.stream.messages import Channels, Stream, Trail
from sonolucent.stream.recording.writer import RecordingWriter

N_FRAMES = 4
Record = Callable[..., Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Writes a recording; `spoilt` is the frame that holds a value that is no number."""
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)

    def write(name: str = "noise.h5", spoilt: int | None = None) -> Path:
        path = tmp_path / name
        stream = Stream(acquisition, ImageGrid.for_acquisition(acquisition), 25.0, "<f4")
        writer = RecordingWriter(path, stream, channels=True, images=False)
        for i in range(N_FRAMES):
            data = np.random.default_rng(i).standard_normal(acquisition.shape, np.float32)
            if i == spoilt:
                data[3, 4, 100] = np.nan
            writer.write(Channels(i, data, 0, Trail.begin()))
        writer.close()
        return path

    return write
