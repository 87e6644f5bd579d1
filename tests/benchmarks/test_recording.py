"""Raw channel data to the disk, against `dd` with blocks of a frame on the same disk in the same run; and back."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.config import Config
from sonolucent.stream.messages import Channels, Stream, Trail
from sonolucent.stream.openers import open_source
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.sinks.recorder import Recorder

N_FRAMES = 30
N_PACED = 500
FRAME = np.random.default_rng(0).integers(-999, 999, Acquisition().shape, dtype=np.int16)


def test_raw_recording_keeps_the_pace_of_the_disk(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    (tmp_path / "frames.raw").write_bytes(FRAME.tobytes() * N_FRAMES)
    ratios = []

    def record_and_copy() -> None:
        recorded_s = _timed(lambda: _record(tmp_path / "recording.h5"), tmp_path / "recording.h5")
        copied_s = _timed(lambda: _copy(tmp_path), tmp_path / "copy.raw")
        ratios.append(copied_s / recorded_s)

    benchmark.pedantic(record_and_copy, rounds=11, warmup_rounds=1)
    _record(tmp_path / "recording.h5")
    assert np.array_equal(Recording(tmp_path / "recording.h5")[N_FRAMES - 1], FRAME)
    ratio = float(np.median(ratios[1:]))
    benchmark.extra_info.update(ratio_to_dd=ratio, ratios=[round(r, 2) for r in ratios])
    assert ratio >= 0.8, ratios


def test_a_paced_replay_is_steady(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    path = tmp_path / "recording.h5"
    _record(path)
    config = Config(source=f"replay:{path}", frames=N_PACED, fps=25.0)
    frames = benchmark.pedantic(lambda: list(map(_acquired_ns, open_source(config, Event()).frames)), rounds=1)
    jitter_ms = np.abs(np.diff(frames) * 1e-6 - 40.0)
    p50_ms, p99_ms = np.percentile(jitter_ms, [50, 99])
    benchmark.extra_info.update(jitter_p50_ms=p50_ms, jitter_p99_ms=p99_ms)
    assert len(frames) == N_PACED
    assert p99_ms < 2.0


def _acquired_ns(frame: Channels) -> int:
    return frame.trail.acquired_ns


def _record(path: Path) -> None:
    config = Config(record=str(path), record_channels=True, as_fast_as_possible=True)
    recorder = Recorder(config, Stream(Acquisition(), ImageGrid.sau64(), 25.0))
    for i in range(N_FRAMES):
        recorder.write(Channels(i, FRAME, 0, Trail.begin()))
    recorder.close({})


def _copy(folder: Path) -> None:
    source, copy = folder / "frames.raw", folder / "copy.raw"
    subprocess.run(["dd", f"if={source}", f"of={copy}", f"bs={FRAME.nbytes}"], check=True, capture_output=True)


def _timed(write: Callable[[], None], path: Path) -> float:
    """How long it takes until the file is on the disk."""
    begun = time.perf_counter()
    write()
    subprocess.run(["sync", str(path)], check=True)
    took = time.perf_counter() - begun
    path.unlink()
    return took
