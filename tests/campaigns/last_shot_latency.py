"""From the last shot to the enhanced image: `python tests/campaigns/last_shot_latency.py --rounds 3`.

A scanner in a box sends 64 shots a frame, one by one, at 25 frames/s or `--fps`. Runs take turns: in one the
beamformer works on shots as they arrive, in the other on whole frames, as if it had no `hasten`.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from running import running

from sonolucent.stream.config import Config
from sonolucent.stream.messages import Channels
from sonolucent.stream.runtime.run import run
from sonolucent.stream.stages.beamform import Beamform

_CLI = [sys.executable, "-m", "sonolucent", "scanner", "--port", "0"]


def latency_ms(n_frames: int, model: str, fps: float) -> tuple[float, float, int]:
    """Median and 99th percentile from the last shot to the sink, and how many frames were lost."""
    command = [*_CLI, "--frames", str(n_frames), "--fps", str(fps)]
    with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as scanner:
        endpoint = next(found for line in scanner.stderr if (found := re.search(r"tcp://[\d.]+:\d+", line)))
        report = run(Config(source=endpoint[0], headless=True, model=model))
        scanner.wait(60)
    assert report.end_to_end is not None
    return report.end_to_end.p50_ms, report.end_to_end.p99_ms, report.frames_in - report.frames_out


@contextmanager
def whole_frames() -> Iterator[None]:
    """Within, the beamformer does not work ahead."""

    def wait(stage: Beamform, shots: Channels) -> None:
        return None

    ahead = Beamform.hasten
    Beamform.hasten = wait  # type: ignore[method-assign]
    try:
        yield
    finally:
        Beamform.hasten = ahead  # type: ignore[method-assign]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--fps", type=float, default=25)
    options = parser.parse_args()
    whole, ahead = [], []
    for _ in range(options.rounds):
        with whole_frames():
            whole.append(latency_ms(options.frames, options.model, options.fps))
        ahead.append(latency_ms(options.frames, options.model, options.fps))
    for name, runs in (("whole frames", whole), ("shots as they arrive", ahead)):
        p50s, p99s, lost = zip(*runs, strict=True)
        listed = ", ".join(f"{p50:.1f} / {p99:.1f}" for p50, p99, _ in runs)
        print(
            f"{name}: p50 / p99 {listed} ms; medians {statistics.median(p50s):.1f} / {statistics.median(p99s):.1f};",
            end=" ",
        )
        print(f"{sum(lost)} lost")
    shorter = 1 - statistics.median(run[0] for run in ahead) / statistics.median(run[0] for run in whole)
    print(f"p50 {shorter:.0%} shorter")


if __name__ == "__main__":
    main()
