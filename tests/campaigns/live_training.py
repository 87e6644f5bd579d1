"""Training on the live stream at frame rate: `.venv/bin/python tests/campaigns/live_training.py --steps 300`.

A simulated scanner, by default of another probe than models were trained on, is swept over anatomies, as a recording
that is replayed over and over, and the run trains on it, beside the frames. Then the model of before and the one that
was trained enhance anatomies of seeds that nobody has seen, and are held to the truth.

Held: no frame of the pipeline is lost and the ledger is balanced; while it trains at least 1000 frames come, at 90 % of
the rate at least; the blind figure and the truth agree on which model is better.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from live_changes import run_and_note

from sonolucent.beamform import Acquisition, Probe
from sonolucent.nn import Enhancer
from sonolucent.nn.evaluate import CHOOSING, HELD_OUT
from sonolucent.nn.evaluate.figures import anatomy_figures
from sonolucent.nn.evaluate.scenes import Condition, PhantomScanner
from sonolucent.stream import Config, write_recording
from sonolucent.stream.accounting.live_training import ENDS
from sonolucent.stream.control.client import ask
from sonolucent.stream.control.requests import ControlRequest
from sonolucent.stream.errors import ControlError
from sonolucent.stream.runtime.placement import _free_ports
from sonolucent.stream.runtime.run import run
from sonolucent.stream.sources.simulated import simulate_frames
from sonolucent.stream.training_settings import TrainingSettings

SEED, FIRST_SEED = CHOOSING[-1], 60
LEAST_FRAMES, LEAST_SHARE = 1000, 0.9
SNR_DB = 20.0


OTHER = Acquisition(
    Probe.linear(n_elements=64, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6), range(64)
)
SCANNERS = {"other": OTHER, "reference": Acquisition()}


class Watcher(threading.Thread):
    """Asks the run how its training is, notes when that begins and ends, and ends the run a while after."""

    def __init__(self, port: int, stop: threading.Event, after_s: float) -> None:
        super().__init__(name="watcher", daemon=True)
        self._port, self._stop_run, self._after_s = port, stop, after_s
        self.since_ns: dict[str, int] = {}

    def run(self) -> None:
        while not self._stop_run.is_set():
            with suppress(ControlError, ConnectionError):  # it has not begun
                training = ask(self._port, ControlRequest(), timeout_s=60).training
                if training is not None:
                    self.since_ns.setdefault(training.state, time.monotonic_ns())
                    if training.state in ENDS:
                        time.sleep(self._after_s)
                        self._stop_run.set()
            time.sleep(1.0)


def errors_db(scanner: Acquisition, models: Sequence[str], n: int) -> dict[str, list[float]]:
    """Of each model, the error on anatomies that nothing was trained or chosen on."""
    scenes, enhancers = PhantomScanner(Condition("the scanner", scanner)), {name: Enhancer(name) for name in models}
    errors: dict[str, list[float]] = {name: [] for name in models}
    for seed in HELD_OUT[FIRST_SEED : FIRST_SEED + n]:
        scene = scenes.scene("anatomy", seed)
        for name, enhance in enhancers.items():
            errors[name].append(anatomy_figures(enhance(scene.plain_db), scene)["anatomy_error_db"])
    return errors


def campaign(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Runs it; what happened."""
    sweep = folder / "sweep.h5"
    scanner = SCANNERS[options.scanner]
    frames = list(simulate_frames("anatomy", SEED, options.places, scanner, snr_db=SNR_DB))
    write_recording(sweep, frames, scanner, frame_rate_hz=options.fps)
    stop = threading.Event()
    config = Config(
        source=f"replay:{sweep}",
        loop=True,
        fps=options.fps,
        headless=True,
        model=options.model,
        control=_free_ports(1)[0],
        train=str(folder / "live"),
        training=TrainingSettings(steps=options.steps),
    )
    watcher = Watcher(config.control or 0, stop, after_s=5.0)
    watcher.start()
    arrivals_ns: list[int] = []
    report = run_and_note(config, arrivals_ns, lambda config: run(config, stop))
    watcher.join()
    begun, ended = watcher.since_ns["training"], min(watcher.since_ns.get(state, sys.maxsize) for state in ENDS)
    meanwhile = np.array([at for at in arrivals_ns if begun <= at < ended])
    before = np.array([at for at in arrivals_ns if at < begun])
    return {"report": report, "meanwhile_ns": meanwhile, "before_ns": before, "config": config}


def rate_hz(arrivals_ns: np.ndarray[Any, Any]) -> float:
    return float((len(arrivals_ns) - 1) / (arrivals_ns[-1] - arrivals_ns[0]) * 1e9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scanner", choices=SCANNERS, default="other", help="whose probe models know, or another")
    parser.add_argument("--fps", type=float, default=25)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--places", type=int, default=36, help="frames of the sweep")
    parser.add_argument("--anatomies", type=int, default=12, help="that models are held to the truth on")
    parser.add_argument("--model", default="light-quadrant")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = campaign(Path(folder), options)
        report, training = outcome["report"], outcome["report"].training
        models = [options.model, training.model] if training.model else []
        errors = errors_db(SCANNERS[options.scanner], models, options.anatomies)
    meanwhile = outcome["meanwhile_ns"]
    print(f"{training.state}: {training.said}")
    print(f"looked at {training.looked_at} frames, kept {training.kept}, left out {training.left_out}")
    for when, arrivals_ns in (("before it trained", outcome["before_ns"]), ("while it trained", meanwhile)):
        p50, p99 = np.percentile(np.diff(arrivals_ns) / 1e6, (50, 99))
        rate = f"{len(arrivals_ns)} frames, {rate_hz(arrivals_ns):.2f} a second"
        print(f"{when}: {rate}; between two of them p50 {p50:.1f}, p99 {p99:.1f} ms")
    print(f"{report.frames_in} in, {report.frames_out} out; balanced: {report.balanced}; dropped: {report.dropped}")
    for name, stage in report.stages.items():
        print(f"  {name}: p50 {stage.p50_ms:.1f}, p99 {stage.p99_ms:.1f} ms")
    for name, figures in errors.items():
        spread = np.std(figures) / np.sqrt(len(figures))
        print(f"  error {np.mean(figures):.3f} +- {spread:.3f} dB on {len(figures)} anatomies: {Path(name).name}")
    failures = judged(report, meanwhile, errors, options)
    if failures:
        sys.exit("; ".join(failures))


def judged(report: Any, meanwhile: Any, errors: dict[str, list[float]], options: argparse.Namespace) -> list[str]:
    """What does not hold."""
    gains = np.subtract(*errors.values()) if len(errors) == 2 else np.zeros(1)
    held = {
        "frames were lost": report.balanced and report.frames_in == report.frames_out,
        f"fewer than {LEAST_FRAMES} frames came while it trained; give more --steps": len(meanwhile) >= LEAST_FRAMES,
        "the rate fell": rate_hz(meanwhile) >= LEAST_SHARE * options.fps,
        "the truth does not agree": report.training.better == (np.mean(gains) > 0),
    }
    return [what for what, is_so in held.items() if not is_so]


if __name__ == "__main__":
    main()
