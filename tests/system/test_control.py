"""Settings and models changed while frames flow: between two frames, told by every image, refused as a whole."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform import ImagingSettings
from sonolucent.stream import Image, open_recording
from sonolucent.stream.config import Config
from sonolucent.stream.control.client import ask
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest
from sonolucent.stream.errors import ControlError
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.runtime.placement import _free_ports
from sonolucent.stream.runtime.run import run

from ..campaigns.kill_stages import processes
from ..campaigns.live_changes import campaign, compare, recorded_images
from ..campaigns.running import running
from .conftest import Command
from .test_restarts import wait_for_growth

pytestmark = pytest.mark.slow
MORE_S = 1.5


NOT_YET = "no run answers", "has not begun", "not there yet"


def ask_when_there(port: int, request: ControlRequest) -> ControlAnswer:
    """The answer of a run that may not have begun yet."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return ask(port, request, timeout_s=30)
        except (ControlError, ConnectionError) as error:
            if time.monotonic() > deadline or not any(reason in str(error) for reason in NOT_YET):
                raise
            time.sleep(0.1)


def last_image(file: Path) -> Image:
    """Of a recording that is being written."""
    recording = Recording(file)
    try:
        return recording.image(recording.n_images - 1)
    finally:
        recording.close()


class Running:
    """A run on a thread, until its images are asked for."""

    def __init__(self, recording: Path, folder: Path, **options: Any) -> None:
        self.port = _free_ports(1)[0]
        self.config = Config(
            source=f"replay:{recording}",
            loop=True,
            fps=25,
            headless=True,
            imaging=ImagingSettings(reference_level=3e4),
            record=str(folder / "images.h5"),
            control=self.port,
            **options,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.report = run(self.config, self._stop)

    def wait_for_images(self) -> None:
        """Until some are recorded: a change that is made before the first has none to be seen on."""
        deadline = time.monotonic() + 60
        while not (state := ask_when_there(self.port, ControlRequest()).recording) or not state.frames:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def images(self) -> list[Any]:
        """All of them, and for a while those of what holds by now."""
        time.sleep(MORE_S)
        self._stop.set()
        self._thread.join()
        return list(recorded_images(self.report.recorded))


def test_random_changes_lose_no_frame_and_each_image_is_what_its_settings_make(
    small_recording: Path, tmp_path: Path
) -> None:
    outcome = campaign(tmp_path, n_changes=12, source=f"replay:{small_recording}", loop=True, fps=40, model="none")
    assert outcome["report"].dropped == {}
    assert max(outcome["revisions"]) == 13
    assert outcome["revisions"] == sorted(outcome["revisions"])
    assert outcome["compared"] >= 13


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_change_reaches_every_stage_and_the_recording(small_recording: Path, tmp_path: Path, transport: str) -> None:
    running = Running(small_recording, tmp_path, transport=transport, model="cpu")
    running.wait_for_images()
    answer = ask_when_there(running.port, ControlRequest({"depth_mm": [2, 9], "f_number": 2.5}))
    assert (answer.revision, answer.imaging.f_number, answer.imaging.depth_mm) == (1, 2.5, (2.0, 9.0))
    images = running.images()
    revisions = [image.revision for image, _ in images]
    assert (revisions[0], revisions[-1], len(revisions)) == (0, 1, running.report.frames_in)
    shapes = {image.revision: image.bmode.shape for image, _ in images}
    assert shapes[0][0] > shapes[1][0]
    assert all(image.enhanced is not None for image, _ in images)
    assert len(running.report.recorded) == 2
    assert compare(images, open_recording(small_recording)) >= 3


def test_the_strength_changes_between_two_frames_and_images_and_recording_tell_it(
    small_recording: Path, tmp_path: Path
) -> None:
    running = Running(small_recording, tmp_path, model="cpu", strength=0.75)
    running.wait_for_images()
    assert ask_when_there(running.port, ControlRequest({"gain_db": 3})).strength == 0.75
    assert ask(running.port, ControlRequest(strength=0.0)).strength == 0.0
    with pytest.raises(ControlError, match=r"strength"):
        ask(running.port, ControlRequest(strength=1.5))
    assert ask(running.port, ControlRequest()).strength == 0.0
    images = [image for image, _ in running.images()]
    strengths = [image.strength for image in images]
    assert (strengths[0], strengths[-1], len(images)) == (0.75, 0.0, running.report.frames_in)
    assert strengths == sorted(strengths, reverse=True)
    np.testing.assert_array_equal(images[-1].enhanced, images[-1].bmode)
    assert images[-1].model.startswith("light-quadrant@")
    assert np.abs(images[0].enhanced - images[0].bmode).max() > 1
    assert running.report.dropped == {}


def test_a_run_that_enhances_nothing_has_no_strength(small_recording: Path, tmp_path: Path) -> None:
    running = Running(small_recording, tmp_path, transforms=("beamform",))
    ask_when_there(running.port, ControlRequest({"gain_db": 3}))
    with pytest.raises(ControlError, match="no stage of this run enhances images"):
        ask(running.port, ControlRequest(strength=0.5))
    assert {image.strength for image, _ in running.images()} == {1.0}


def test_what_cannot_be_is_refused_and_nothing_changes(small_recording: Path, tmp_path: Path) -> None:
    running = Running(small_recording, tmp_path, model="cpu")
    ask_when_there(running.port, ControlRequest({"gain_db": 3}))
    for changes, message in (
        ({"depth_mm": [2, 90]}, "beamform: depth_mm ends at 90.00, but the record holds echoes"),
        ({"dynamic_range_db": 70}, "enhance: model 'cpu': .* was trained for 60 dB, not for 70 dB"),
        ({"f_number": -1}, "f_number must be positive"),
        ({"zoom": 2}, "zoom"),
    ):
        with pytest.raises(ControlError, match=message):
            ask(running.port, ControlRequest(changes))
    with pytest.raises(ControlError, match="no such model folder"):
        ask(running.port, ControlRequest(model="nowhere"))
    answer = ask(running.port, ControlRequest())
    assert (answer.revision, answer.imaging.gain_db, answer.imaging.depth_mm, answer.model) == (1, 3, None, "cpu")
    assert {image.revision for image, _ in running.images()} <= {0, 1}
    assert running.report.dropped == {}


def test_one_of_alternatives_displaces_the_other(small_recording: Path, tmp_path: Path) -> None:
    running = Running(small_recording, tmp_path, model="none")
    ask_when_there(running.port, ControlRequest({"f_number": 2.0}))
    answer = ask(running.port, ControlRequest({"max_angle_deg": 12.0}))
    assert (answer.imaging.f_number, answer.imaging.max_angle_deg) == (None, 12.0)
    running.images()


def test_another_model_takes_over(small_recording: Path, tmp_path: Path) -> None:
    running = Running(small_recording, tmp_path, model="none")
    assert ask_when_there(running.port, ControlRequest({"gain_db": 1}, model="srad")).model == "srad"
    models = [image.model for image, _ in running.images()]
    assert (models[0], models[-1]) == ("", "srad")


def test_a_stage_that_is_restarted_goes_on_with_what_holds_by_now(small_recording: Path, tmp_path: Path) -> None:
    port, record = _free_ports(1)[0], tmp_path / "images.h5"
    source = ["--source", f"replay:{small_recording}", "--loop", "--fps", "20", "--model", "none"]
    command = [sys.executable, "-m", "sonolucent", "run", *source, "--transport", "ipc"]
    with running(
        [*command, "--control", str(port), "--record", str(record)], stderr=subprocess.PIPE, text=True
    ) as process:
        ask_when_there(port, ControlRequest(model="median", strength=0.5))
        wait_for_growth(record, 1 << 18)
        killed_at = last_image(record).frame_id
        os.kill(processes(process.pid)["enhance"][0], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while (last := last_image(record)).frame_id < killed_at + 100 or (last.model, last.strength) != ("median", 0.5):
            assert time.monotonic() < deadline, f"image {last.frame_id} is of {last.model}, at {last.strength}"
            time.sleep(0.2)
        answer = ask(port, ControlRequest())
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (answer.model, answer.strength) == ("median", 0.5)
    assert errors.count("enhance crashed (SIGKILL)") == 1


def test_the_command_changes_what_is_given_and_says_what_is_in_force(
    sonolucent: Command, small_recording: Path, tmp_path: Path
) -> None:
    running = Running(small_recording, tmp_path, model="none")
    ask_when_there(running.port, ControlRequest({"f_number": 2.0}))
    ended = sonolucent("control", running.port, "--max-angle-deg", 12, "--tgc-db", 2, 0, 8, 6, "--json")
    assert ended.status == 0, ended.errors
    assert ended.report["imaging"]["max_angle_deg"] == 12
    assert ended.report["imaging"]["f_number"] is None
    assert ended.report["imaging"]["tgc_db"] == [[2, 0], [8, 6]]
    refused = sonolucent("control", running.port, "--gain-db", "nan")
    assert (refused.status, refused.output) == (2, "")
    assert "gain_db must lie within -200..200 dB, not nan" in refused.errors
    running.images()


def test_a_stage_alone_has_no_control_channel(sonolucent: Command, tmp_path: Path) -> None:
    (tmp_path / "pipeline.toml").write_text("control = 8662\n")
    ended = sonolucent("stage", "beamform", tmp_path / "pipeline.toml")
    assert ended.status == 2
    assert "control belongs to `sonolucent run`" in ended.errors


def test_without_a_run_the_command_says_how_to_start_one(sonolucent: Command) -> None:
    ended = sonolucent("control", _free_ports(1)[0])
    assert ended.status == 1
    assert "start one with `sonolucent run --control" in ended.errors


def test_a_port_in_use_is_refused_before_any_frame(sonolucent: Command, small_recording: Path, tmp_path: Path) -> None:
    running = Running(small_recording, tmp_path, model="none")
    ask_when_there(running.port, ControlRequest())
    ended = sonolucent("run", "--source", f"replay:{small_recording}", "--control", running.port, "--headless")
    assert ended.status == 2
    assert "give another with --control, or 0 for any" in ended.errors
    running.images()


def test_recordings_of_before_have_no_settings(small_recording: Path) -> None:
    assert set(Recording(small_recording).imaging) <= {0}
