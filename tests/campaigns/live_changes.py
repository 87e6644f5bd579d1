"""Imaging settings changed at random while frames flow: `python tests/campaigns/live_changes.py --changes 200`.

Held: no frame is lost; every image is what a `BModeImager` with the settings that it names makes of its frame; the time
between two images at the sink exceeds 1.5 frame times less often than once in a hundred.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, BModeImager, ImageGrid, ImagingSettings
from sonolucent.stream import Image, open_recording
from sonolucent.stream.config import Config
from sonolucent.stream.control.client import ask
from sonolucent.stream.control.requests import ControlRequest
from sonolucent.stream.messages import Frame
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.runtime.placement import _free_ports
from sonolucent.stream.runtime.run import run
from sonolucent.stream.sinks.headless import Headless
from sonolucent.stream.sources.simulated import cached_loop

FIXED = ImagingSettings(reference_level=3e4)
"""With a fixed level an image depends on its own frame alone."""


def any_change(rng: random.Random, deepest_mm: float) -> dict[str, Any]:
    """One or two settings, at random."""
    depth = rng.uniform(0.6, 0.9) * deepest_mm
    choices: list[dict[str, Any]] = [
        {"gain_db": rng.uniform(-12, 12)},
        {"tgc_db": [[2.0, rng.uniform(-6, 6)], [depth, rng.uniform(0, 20)]]},
        {"dynamic_range_db": rng.uniform(40, 60)},
        rng.choice([{"f_number": rng.uniform(1.5, 3)}, {"max_angle_deg": rng.uniform(10, 17)}]),
        {"window": rng.choice(["tukey", "hann", "hamming"])},
        {"sound_speed_m_s": rng.uniform(1480, 1560)},
        {"transmits": rng.choice([None, 8, 16])},
        {"dead_elements": rng.sample(range(16), 2)},
        {"depth_mm": [1.0, depth]},
    ]
    return {name: value for choice in rng.sample(choices, 2) for name, value in choice.items()}


@dataclass
class Changer(threading.Thread):
    """Asks for changes, one after another, then ends the run as Ctrl-C does."""

    port: int
    n_changes: int
    deepest_mm: float
    pause_s: float
    seed: int = 1
    answers_s: list[float] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(name="changer", daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        rng = random.Random(self.seed)
        try:
            self._wait_for_the_run()
            for _ in range(self.n_changes):
                begun_s = time.monotonic()
                ask(self.port, ControlRequest(any_change(rng, self.deepest_mm)))
                self.answers_s.append(time.monotonic() - begun_s)
                time.sleep(self.pause_s)
            time.sleep(0.5)
        except (ConnectionError, ValueError) as error:
            self.failures.append(error)
        os.kill(os.getpid(), signal.SIGINT)

    def _wait_for_the_run(self) -> None:
        for _ in range(600):
            try:
                ask(self.port, ControlRequest({"gain_db": 0.5}), timeout_s=60)
            except (ValueError, ConnectionError):
                time.sleep(0.2)
            else:
                return


def campaign(folder: Path, n_changes: int, pause_s: float = 0.02, **options: Any) -> dict[str, Any]:
    """Runs the pipeline, headless, with its images recorded; what happened."""
    config = Config(
        headless=True,
        imaging=FIXED,
        record=str(folder / "images.h5"),
        control=_free_ports(1)[0],
        **options,
    )
    source = open_recording(config.source.partition(":")[2]) if config.source.startswith("replay:") else None
    deepest_mm = 40.0 if source is None else source.acquisition.time_s[-1] * source.acquisition.sound_speed_m_s * 500
    changer = Changer(config.control or 0, n_changes, deepest_mm, pause_s)
    changer.start()
    arrivals_ns: list[int] = []
    report = run_and_note(config, arrivals_ns)
    changer.join()
    assert not changer.failures, changer.failures
    images = list(recorded_images(report.recorded))
    assert report.balanced, report.ledger
    assert len(images) == report.frames_out
    return {
        "gaps_ms": np.diff(arrivals_ns) / 1e6,
        "answers_s": changer.answers_s,
        "revisions": [image.revision for image, _ in images],
        "compared": compare(images, source),
        "report": report,
    }


def run_and_note(config: Config, arrivals_ns: list[int], run: Callable[[Config], Any] = run) -> Any:
    """Runs it, and notes when images reach the headless sink where that is a thread of this process."""
    plain = Headless.write

    def write(sink: Headless, frame: Frame) -> None:
        arrivals_ns.append(time.monotonic_ns())

    Headless.write = write  # type: ignore[method-assign]
    try:
        return run(config)
    finally:
        Headless.write = plain  # type: ignore[method-assign]


def recorded_images(files: tuple[str, ...]) -> Iterator[tuple[Image, ImagingSettings]]:
    for file in files:
        recording = Recording(Path(file))
        for i in range(recording.n_images):
            image = recording.image(i)
            yield image, recording.imaging[image.revision]
        recording.close()


def compare(images: list[tuple[Image, ImagingSettings]], source: AnyRecording | None) -> int:
    """Holds the first and the last image of each revision to what the settings that it names make; how many there are.

    Raises:
        AssertionError: an image is another one.
    """
    at_borders = [
        (image, settings)
        for i, (image, settings) in enumerate(images)
        if i in (0, len(images) - 1) or {images[i - 1][0].revision, images[i + 1][0].revision} != {image.revision}
    ]
    imagers: dict[int, BModeImager] = {}
    for image, settings in at_borders:
        if image.revision not in imagers:
            imagers = {image.revision: imager_of(settings, source)}
        expected = imagers[image.revision](frame_of(image.frame_id, source))
        assert expected.shape == image.bmode.shape, f"frame {image.frame_id}, revision {image.revision}"
        difference = np.abs(expected - image.bmode).max()
        assert difference < 0.05, f"frame {image.frame_id}, revision {image.revision}: {difference} dB"
    return len(at_borders)


def imager_of(settings: ImagingSettings, source: AnyRecording | None) -> BModeImager:
    acquisition = Acquisition() if source is None else source.acquisition
    return BModeImager(acquisition, ImageGrid.for_acquisition(acquisition), settings=settings)


def frame_of(frame_id: int, source: AnyRecording | None) -> NDArray[Any]:
    if source is not None:
        return source[frame_id % len(source)]
    loop = cached_loop("moving", 1)
    return np.asarray(loop[frame_id % len(loop)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--fps", type=float, default=25)
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between two changes")
    parser.add_argument("--model", default="auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = campaign(Path(folder), options.changes, options.pause, fps=options.fps, model=options.model)
    gaps = outcome["gaps_ms"]
    last = np.flatnonzero(np.diff(outcome["revisions"]))[-1]
    gaps = gaps[: last + 10]
    p50, p99 = np.percentile(gaps, [50, 99])
    report = outcome["report"]
    print(f"{max(outcome['revisions'])} changes, {last} frames until the last; lost: {report.dropped or 'none'}")
    print(f"{outcome['compared']} images at the borders of revisions are what the settings that they name make")
    allowed_ms, answers_s = 1500 / options.fps, outcome["answers_s"]
    print(f"time between images: p50 {p50:.1f}, p99 {p99:.1f}, longest {gaps.max():.1f} ms; allowed {allowed_ms:.0f}")
    print(f"a change takes {np.median(answers_s):.2f} s in the median, {max(answers_s):.2f} at most")
    if p99 > allowed_ms or report.dropped:
        sys.exit("changes held frames up")


if __name__ == "__main__":
    main()
