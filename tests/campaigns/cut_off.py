"""Recordings that are cut off: `python tests/campaigns/cut_off.py 30` kills a writer 30 times, at random moments.

Each time the file must open and hold, bit for bit, at least all that had been flushed.
"""

import itertools
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.messages import Channels, Image, Stream, Trail
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter

PROBE = Probe.linear(n_elements=8, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
GRID = ImageGrid(0.0, 1e-3, 1e-4, 1e-4, 50, 40)
PLANE_WAVES = TransmitSequence.plane_waves(PROBE, [-0.1, 0.0, 0.1], 1540.0)
BASEBAND = Acquisition(PROBE, range(8), 500, 6.25e6, demodulation_frequency_hz=5e6, sequence=PLANE_WAVES)
STREAMS = {
    "single": Stream(Acquisition(PROBE, range(8), 500, 25e6), GRID, 25.0),
    "baseband plane waves": Stream(BASEBAND, GRID, 25.0, "<c8"),
}
FLUSH_EVERY = 7


def channels(i: int, stream: Stream) -> Channels:
    real, imaginary = np.random.default_rng(i).integers(-999, 999, (2, *stream.acquisition.shape))
    data = (real + 1j * imaginary if stream.acquisition.is_baseband else real).astype(stream.dtype)
    return Channels(i, data, 0, Trail.begin())


def image(i: int) -> Image:
    layers = -np.random.default_rng(i).random((2, *GRID.shape), np.float32)
    return Image(i, layers, 60.0, "light@1234", "cpu", "")


def write_for_ever(path: Path, stream: Stream) -> None:
    """Records, and prints the id of the last frame of every flush."""
    writer = RecordingWriter(path, stream, channels=True, images=True)
    for i in itertools.count():
        writer.write(channels(i, stream))
        writer.write(image(i))
        if i % FLUSH_EVERY == 0:
            writer.flush({})
            print(i, flush=True)


def kill_a_writer(path: Path, after_s: float, kind: str) -> tuple[int, int]:
    """Kills a writer so long after its first flush; how many frames were flushed, and how many can be read."""
    command = [sys.executable, __file__, "--write", str(path), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        flushed = [int(writer.stdout.readline())]
        time.sleep(after_s)
        writer.send_signal(signal.SIGKILL)
        flushed += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    recording = Recording(path)
    assert recording.stream == STREAMS[kind]
    assert min(len(recording), recording.n_images) > flushed[-1]
    for i in range(len(recording)):
        assert np.array_equal(recording[i], channels(i, recording.stream).data)
    for i in range(recording.n_images):
        assert np.array_equal(recording.image(i).layers, image(i).layers)
    return flushed[-1] + 1, len(recording)


def main(n_trials: int) -> None:
    moments = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        for trial in range(n_trials):
            after_s = moments.uniform(0.0, 1.0)
            kind = list(STREAMS)[trial % len(STREAMS)]
            flushed, read = kill_a_writer(Path(folder) / f"{trial}.h5", after_s, kind)
            print(f"{kind}, killed {after_s:.3f} s after a flush: {flushed} frames flushed, {read} read", flush=True)
    print(f"{n_trials} recordings cut off, all opened")


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        write_for_ever(Path(sys.argv[2]), STREAMS[sys.argv[3]])
    else:
        main(int(sys.argv[1]))
