"""Every fault at once, over tcp, into a whole pipeline: `.venv/bin/python tests/campaigns/fault_campaign.py --help`.

A scanner in a box and `sonolucent run` are two processes. Held against one another: the pipeline lives to the end, its
ledger is exactly what the scanner says it did, and every frame that went down the pipeline is one of the scanner's,
sample for sample, so that none was made of the shots of two.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.sim.faults import FAULTS
from sonolucent.stream.messages import Channels, Stream, Trail
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter

N_SHOTS = 8
PROBE = Probe.linear(n_elements=N_SHOTS, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(N_SHOTS), 128, 25e6)
# Prime, so that frames that were confused with their neighbours, or their neighbours' neighbours, would be told apart.
N_DISTINCT_FRAMES = 97
CLI = [sys.executable, "-m", "sonolucent"]


def campaign(folder: Path, n_shots: int, rate: float, transport: str) -> dict[str, Any]:
    """Runs scanner and pipeline, and checks one against the other; what happened.

    Raises:
        AssertionError: they disagree, or a frame is not the scanner's.
    """
    original, recorded = folder / "original.h5", folder / "recorded.h5"
    write_distinct_frames(original)
    scanner, pipeline = run_both(original, recorded, n_shots // N_SHOTS, rate, transport)
    ledger = pipeline["ledger"]
    assert pipeline["balanced"]
    assert ledger["scanner>source"] == scanner["frames"]
    assert ledger.get("scanner>source (refused)", {"dropped": {}})["dropped"] == scanner["refused"]
    n_recorded = count_unmixed_frames(recorded, original)
    assert n_recorded == ledger["source>recorder"]["delivered"]
    n_images = Recording(recorded).n_images
    assert n_images == ledger["enhance>recorder"]["delivered"] > 0
    return {"scanner": scanner, "pipeline": pipeline, "unmixed_frames": n_recorded, "images": n_images}


def write_distinct_frames(path: Path) -> None:
    """A recording of frames no shot of which is like another."""
    stream = Stream(ACQUISITION, ImageGrid.for_acquisition(ACQUISITION), 25.0)
    writer = RecordingWriter(path, stream, channels=True, images=False)
    noise = np.random.default_rng(1)
    for i in range(N_DISTINCT_FRAMES):
        data = noise.integers(-2000, 2000, ACQUISITION.shape, dtype=np.int16)
        writer.write(Channels(i, data, 0, Trail.begin()))
    writer.close()


def run_both(original: Path, recorded: Path, n_frames: int, rate: float, transport: str) -> tuple[Any, Any]:
    """The reports of a scanner in a box and of the pipeline that it feeds."""
    faults = [word for name in FAULTS for word in (f"--faults.{name.replace('_', '-')}", str(rate))]
    serve = ["scanner", "--source", f"replay:{original}", "--frames", str(n_frames), "--as-fast-as-possible"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*CLI, *serve, "--port", "0", *faults, "--json"], **pipes) as scanner:
        assert scanner.stderr is not None
        endpoint = re.search(r"tcp://[\d.]+:\d+", scanner.stderr.readline())
        assert endpoint is not None
        record = ["--record", str(recorded), "--record-channels", "--headless", "--model", "none"]
        options = ["--source", endpoint[0], "--transport", transport, *record, "--json"]
        with subprocess.Popen([*CLI, "run", *options], **pipes) as pipeline:
            report, errors = pipeline.communicate()
            assert pipeline.returncode == 0, errors
        did, errors = scanner.communicate()
        assert scanner.returncode == 0, errors
    return json.loads(did), json.loads(report)


def count_unmixed_frames(recorded: Path, original: Path) -> int:
    """How many frames of channel data a run has recorded, each being the very frame that the scanner sent."""
    recording, truth = Recording(recorded), list(Recording(original))
    for frame_id, data in zip(recording.frame_ids, recording, strict=True):
        assert np.array_equal(data, truth[frame_id % N_DISTINCT_FRAMES]), f"frame {frame_id} is not the scanner's"
    return len(recording)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=0.01, help="of each fault, for every shot")
    parser.add_argument("--transport", default="inproc", choices=["inproc", "ipc", "tcp"], help="between the stages")
    options = parser.parse_args()
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcome = campaign(Path(folder), options.shots, options.rate, options.transport)
    faults = ", ".join(f"{n} {name}" for name, n in outcome["scanner"]["faults"].items())
    print(f"{options.shots} shots in {time.monotonic() - begun_s:.0f} s; faults: {faults}")
    print(f"scanner and ledger agree: {outcome['scanner']['frames']}, refused {outcome['scanner']['refused']}")
    print(f"{outcome['unmixed_frames']} frames recorded, none mixed; {outcome['images']} images")


if __name__ == "__main__":
    main()
