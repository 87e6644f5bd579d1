"""Training on the live stream, beside frames: a better model takes over, a still probe is refused, nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, Probe
from sonolucent.nn import load_model
from sonolucent.stream import Config, RunReport, write_recording
from sonolucent.stream.control.client import ask
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest
from sonolucent.stream.errors import ControlError
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.runtime.placement import _free_ports
from sonolucent.stream.runtime.run import run
from sonolucent.stream.training_settings import TrainingSettings

from ..campaigns.running import running
from .conftest import Command

pytestmark = pytest.mark.slow
PATIENCE_S = 900  # what trains has the lowest priority: others on the machine come first
FEW = TrainingSettings(frames=10, steps=20, every_s=0.05)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of a probe that is moved on and on: noise, other noise in every frame."""
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    path = tmp_path_factory.mktemp("recordings") / "sweep.h5"
    places = [np.random.default_rng(i).integers(-2000, 2000, acquisition.shape, dtype=np.int16) for i in range(23)]
    write_recording(path, places, acquisition, frame_rate_hz=25.0)
    return path


class Running:
    """A run on a thread, with a control channel; ended as by Ctrl-C."""

    def __init__(self, source: str, train: Path, **options: Any) -> None:
        self.port, self._stop = _free_ports(1)[0], threading.Event()
        self._config = Config(source=source, train=str(train), control=self.port, headless=True, **options)
        self._thread = threading.Thread(target=self._run)
        self._report: RunReport | None = None

    def _run(self) -> None:
        self._report = run(self._config, self._stop)

    def until(self, is_so: Callable[[ControlAnswer], bool]) -> ControlAnswer:
        """Waits until that is true of what the run answers."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert self._thread.is_alive()
            try:
                answer = ask(self.port, ControlRequest(), timeout_s=30)
            except (ControlError, ConnectionError):  # it has not begun
                answer = None
            if answer is not None and is_so(answer):
                return answer
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)

    def report(self) -> RunReport:
        """Ends it."""
        self._stop.set()
        self._thread.join()
        assert self._report is not None
        return self._report

    @classmethod
    @contextmanager
    def of(cls, *arguments: Any, **options: Any) -> "Iterator[Running]":
        running = cls(*arguments, **options)
        running._thread.start()
        try:
            yield running
        finally:
            running._stop.set()
            running._thread.join()


def state(answer: ControlAnswer) -> str:
    return "" if answer.training is None else answer.training.state


def n_recorded(answer: ControlAnswer) -> int:
    return 0 if answer.recording is None else answer.recording.frames


def require_nothing_lost(report: RunReport) -> None:
    """Every frame of the source came to the sink, as a replay's frames do."""
    require_exact_counts(report)
    assert set(report.dropped) <= {"source>trainer"}
    assert report.frames_in == report.frames_out == report.enhanced


def require_exact_counts(report: RunReport) -> None:
    """Those that the trainer took are counted too. A simulated scanner is live: a busy machine may drop some."""
    assert report.balanced, report.ledger
    trained = report.training
    assert trained is not None
    taken = report.ledger["source>trainer"].delivered
    assert taken - 1 <= trained.looked_at <= taken
    assert trained.looked_at == trained.kept + sum(trained.left_out.values())


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_better_model_takes_over_between_two_frames(sweep: Path, tmp_path: Path, transport: str) -> None:
    folder, images = tmp_path / "live", tmp_path / "images.h5"
    options = {"loop": True, "fps": 25.0, "training": FEW, "transport": transport, "model": "light-quadrant"}
    with Running.of(f"replay:{sweep}", folder, record=str(images), **options) as running:
        answer = running.until(lambda answer: state(answer) in ("swapped", "not swapped", "failed"))
        assert answer.training is not None
        assert answer.training.state == "swapped", answer.training
        assert answer.model == answer.training.model == str(folder / "light-quadrant-live")
        ours = load_model(folder / "light-quadrant-live").id
        n_before = n_recorded(answer)
        running.until(lambda answer: n_recorded(answer) > n_before + 50)
        report = running.report()
    require_nothing_lost(report)
    assert report.training == answer.training
    assert report.model == ours
    recorded = Recording(images)
    models = [recorded.image(i).model for i in range(recorded.n_images)]
    change = models.index(ours)
    assert change > 0
    assert models == [models[0]] * change + [ours] * (len(models) - change)
    assert models[0].startswith("light-quadrant@")


def test_a_probe_that_is_held_still_is_told_once_and_nothing_is_trained(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The simulator's tissue breathes and its vessel pulsates, under a probe that nobody moves."""
    settings = TrainingSettings(frames=10, every_s=0.1)
    with Running.of("sim", tmp_path / "live", fps=10.0, training=settings) as running:
        answer = running.until(lambda answer: answer.training is not None and answer.training.still)
        looked_at = answer.training.looked_at if answer.training else 0
        running.until(lambda answer: answer.training is not None and answer.training.looked_at > looked_at + 2)
        report = running.report()
    require_exact_counts(report)
    assert report.training is not None
    assert (report.training.state, report.training.kept) == ("ended", 1)
    assert report.training.left_out.keys() == {"alike"}
    assert capfd.readouterr().err.count("the probe has not moved") == 1
    assert list(report.models) == [report.model]


def trainings(folder: Path) -> list[int]:
    """The processes that train into a folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes()
            except OSError:  # it has ended
                continue
            if b"training_child" in command and str(folder).encode() in command:
                found.append(int(process.name))
    return found


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_run_that_is_killed_leaves_no_process_and_no_half_a_model(
    sweep: Path, tmp_path: Path, transport: str
) -> None:
    folder = tmp_path / "live"
    source = ["--source", f"replay:{sweep}", "--loop", "--fps", "25", "--model", "light-quadrant"]
    train = ["--train", str(folder), "--training.frames", "10", "--training.every-s", "0.05"]
    command = [sys.executable, "-m", "sonolucent", "run", *source, *train, "--training.steps", "100000"]
    with running([*command, "--transport", transport], stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "fine-tunes" in line:
                break
        assert len(trainings(folder)) == 1
        os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while trainings(folder):
        assert time.monotonic() < deadline, "the training goes on without its run"
        time.sleep(0.1)
    assert sorted(path.name for path in folder.iterdir()) == ["held-out.h5", "training.h5"]
    assert len(Recording(folder / "training.h5")) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "none"], "model 'none' is no network"),
        (["--model", "srad"], "model 'srad' is no network"),
        (["--every", "4"], "train looks at whole frames"),
        (["--transforms", "beamform"], "train needs the stage enhance"),
        (["--training.frames", "4"], "training.frames must be 10 at least"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_any_work(
    sonolucent: Command, tmp_path: Path, options: list[str], message: str
) -> None:
    ended = sonolucent("run", "--train", tmp_path / "live", "--frames", "1", *options)
    assert ended.status == 2
    assert message in ended.errors
    assert not (tmp_path / "live").exists()


def test_a_folder_that_holds_something_is_refused(sonolucent: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    ended = sonolucent("run", "--train", tmp_path, "--frames", "1")
    assert ended.status == 2
    assert "it holds files; give the name of a new folder" in ended.errors


def test_a_stage_alone_does_not_train(sonolucent: Command, tmp_path: Path) -> None:
    (tmp_path / "pipeline.toml").write_text('train = "live"\n')
    ended = sonolucent("stage", "beamform", tmp_path / "pipeline.toml")
    assert ended.status == 2
    assert "train belongs to `sonolucent run`" in ended.errors
