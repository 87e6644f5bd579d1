"""Memory over an hour of frames: `python tests/campaigns/flat_memory.py [FRAMES] [TRANSPORT]`, 90000 and inproc.

Small frames, as fast as they go, for the number of them; then full ones, a sixtieth as many, for their size. The
resident memory of all processes of the run is read every two seconds. The times of the last 10 000 frames are kept on
purpose, so a line is fitted to what comes after those, or after the first quarter; status 1 if it rises more than
LIMIT_MB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.stream import write_recording
from sonolucent.stream.metrics.status_client import fetch

LIMIT_MB = 10.0
KEPT_FRAMES = 10_000
EVERY_S = 2.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def main(n_frames: int, transport: str) -> int:
    with tempfile.TemporaryDirectory(prefix="sonolucent-") as folder:
        small = small_recording(Path(folder) / "small.h5")
        growths = [grown("small frames", f"replay:{small}", n_frames, transport)]
        growths.append(grown("full frames", "sim", n_frames // 60, transport))
    return 1 if max(growths) > LIMIT_MB else 0


def grown(what: str, source: str, n_frames: int, transport: str) -> float:
    """Runs so many frames, prints the resident memory; by how many MB it rises over the part that is fitted."""
    samples = np.array(list(sampled(source, n_frames, transport)))
    frames, resident = samples[:, 0], samples[:, 1]
    late = frames >= min(KEPT_FRAMES + n_frames // 20, n_frames // 4)
    slope = float(np.polyfit(frames[late], resident[late], 1)[0])
    rise = slope * float(np.ptp(frames[late]))
    for i in np.linspace(0, len(samples) - 1, min(len(samples), 12)).astype(int):
        print(f"  {what} over {transport}: {frames[i]:>6.0f} frames {resident[i]:>8.1f} MB", flush=True)
    print(
        f"{what} over {transport}: {n_frames} frames, highest {resident.max():.0f} MB; from frame "
        f"{frames[late][0]:.0f} on {slope * 1e3:+.4f} MB per 1000 frames, {rise:+.2f} MB in all",
        flush=True,
    )
    return rise


def sampled(source: str, n_frames: int, transport: str) -> Iterator[tuple[int, float]]:
    """Frames at the sink and MB resident, every two seconds of a run."""
    options = ["--frames", str(n_frames), "--as-fast-as-possible", "--metrics", "0", "--transport", transport]
    command = [
        sys.executable,
        "-m",
        "sonolucent",
        "run",
        "--source",
        source,
        "--headless",
        *map(str, options),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        line = run.stderr.readline()
        assert line.startswith("metrics: "), line + run.stderr.read()
        port = int(line.rstrip(")\n").split()[-1])
        while run.poll() is None:
            try:
                frames = fetch(port).frames_out
            except OSError:
                break
            if frames:
                yield frames, resident_mb(run.pid)
            time.sleep(EVERY_S)
        output, errors = run.communicate(timeout=60)
    assert run.returncode == 0, errors
    assert f"{n_frames} frames in, {n_frames} out" in output, output


def resident_mb(process: int) -> float:
    """Of a process and its children; pages they share are counted for each."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    pages = sum(int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in (process, *children))
    return pages * PAGE_BYTES / 1e6


def small_recording(path: Path) -> Path:
    """Four frames of noise from an array of 16 elements."""
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 256, 25e6)
    noise = (np.random.default_rng(i).integers(-2000, 2000, acquisition.shape, dtype=np.int16) for i in range(4))
    write_recording(path, list(noise), acquisition, frame_rate_hz=25.0)
    return path


if __name__ == "__main__":
    count, *transport = sys.argv[1:] or ["90000"]
    sys.exit(main(int(count), *(transport or ["inproc"])))
