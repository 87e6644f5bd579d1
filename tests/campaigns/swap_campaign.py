"""Two models taking turns in a running pipeline: `.venv/bin/python tests/campaigns/swap_campaign.py --swaps 1000`.

The pipeline replays a recording and watches a link that points at one model and then at the other. Held: no frame is
lost, each names one of the two models and is bit for bit what that model makes of its B-mode alone, and memory does not
grow by more than that of the recording. The watch looks every 0.1 s here, not every 0.5, so that a thousand swaps take
minutes.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.nn import SHIPPED_MODELS, Enhancer
from sonolucent.nn.model_folder import load_model, save_model
from sonolucent.stream import write_recording
from sonolucent.stream.config import Config
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.runtime.run import run
from sonolucent.stream.stages import model_watch

PROBE = Probe.linear(n_elements=12, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(12), 200, 25e6)
RECORDED_FRAME_MIB = 0.002  # What a run without swaps grows by for each frame that it records.
MOST_GROWTH_MIB = 10


class Swapper(logging.Handler):
    """Points the link at the other model whenever one has been loaded, `n_swaps` times; then ends the run."""

    def __init__(self, link: Path, models: list[Path], n_swaps: int) -> None:
        super().__init__(logging.INFO)
        self._link, self._models, self._n_swaps = link, models, n_swaps
        self.resident_mib: list[float] = []
        point(link, models[0])

    def emit(self, record: logging.LogRecord) -> None:
        if record.threadName != "enhance" and not record.getMessage().startswith("swapped "):
            return
        self.resident_mib.append(resident_mib())
        loaded = len(self.resident_mib) - 1
        if loaded < self._n_swaps:
            point(self._link, self._models[(loaded + 1) % 2])
        elif loaded == self._n_swaps:
            os.kill(os.getpid(), signal.SIGINT)


def campaign(folder: Path, n_swaps: int, fps: float) -> dict[str, Any]:
    """Runs the pipeline until the models have changed `n_swaps` times; what happened.

    Raises:
        AssertionError: a frame was lost, unlabelled, or is not what the model that it names makes.
    """
    models, link, noise, recorded = two_models(folder), folder / "model", folder / "noise.h5", folder / "images.h5"
    write_noise(noise)
    swapper = Swapper(link, models, n_swaps)
    config = Config(
        source=f"replay:{noise}",
        loop=True,
        fps=fps,
        model=str(link),
        enhance_threads=1,
        grain="off",
        beamform_threads=1,
        record=str(recorded),
        headless=True,
    )
    with listening(swapper):
        report = run(config)
    assert (report.balanced, report.dropped) == (True, {}), report.ledger
    labels = checked_labels(Recording(recorded), models)
    assert report.frames_in == report.frames_out == report.enhanced == len(labels)
    changes = sum(before != after for before, after in pairwise(labels))
    assert n_swaps - 1 <= changes <= n_swaps  # the run may end before the last one shows
    return {"frames": len(labels), "changes": changes, "resident_mib": swapper.resident_mib}


def two_models(folder: Path) -> list[Path]:
    """The shipped light model, and one that differs a little."""
    model = load_model(SHIPPED_MODELS / "light-quadrant")
    with torch.no_grad():
        model.network.head.bias += 0.01
    save_model(folder / "other", model.network, model.info)
    return [SHIPPED_MODELS / "light-quadrant", folder / "other"]


def point(link: Path, target: Path) -> None:
    """Makes `link` point at `target`, in one step."""
    draft = link.with_suffix(".new")
    draft.symlink_to(target)
    os.replace(draft, link)


def write_noise(path: Path) -> None:
    noise = (np.random.default_rng(i).integers(-2000, 2000, ACQUISITION.shape, dtype=np.int16) for i in range(7))
    write_recording(path, list(noise), ACQUISITION, frame_rate_hz=25.0)


@contextmanager
def listening(handler: logging.Handler) -> Iterator[None]:
    """Within, `handler` hears what a stage says of itself when it is ready, and of every model that a session swaps."""
    names = "sonolucent.stream.runtime.transform_loop", "sonolucent.nn.inference.session"
    logs = [logging.getLogger(name) for name in names]
    levels = [log.level for log in logs]
    for log in logs:
        log.addHandler(handler)
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.removeHandler(handler)
            log.setLevel(level)


def checked_labels(images: Recording, models: list[Path]) -> list[str]:
    """The model on every image, each being bit for bit what that model makes of the image's B-mode."""
    enhancers = {e.model: e for e in (Enhancer(folder, threads=1, grain="off") for folder in models)}
    labels = []
    for i in range(images.n_images):
        image = images.image(i)
        assert image.enhanced is not None
        assert np.array_equal(enhancers[image.model](image.bmode.copy()), image.enhanced), f"frame {i}: {image.model}"
        labels.append(image.model)
    return labels


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=1000)
    parser.add_argument("--fps", type=float, default=25)
    options = parser.parse_args()
    begun_s = time.monotonic()
    model_watch._PERIOD_S = 0.1
    with tempfile.TemporaryDirectory() as folder:
        outcome = campaign(Path(folder), options.swaps, options.fps)
    print(f"{outcome['changes']} changes in {outcome['frames']} frames and {time.monotonic() - begun_s:.0f} s")
    print("none lost or unlabelled; each bit for bit what the model that it names makes")
    tenths = [float(np.median(part)) for part in np.array_split(outcome["resident_mib"], 10)]
    print(f"resident MiB, medians of the tenths: {', '.join(f'{m:.0f}' for m in tenths)}")
    if tenths[-1] - tenths[1] > MOST_GROWTH_MIB + RECORDED_FRAME_MIB * outcome["frames"]:
        sys.exit("memory grew by more than the recording does")


if __name__ == "__main__":
    main()
