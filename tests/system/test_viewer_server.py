"""The viewer of a running pipeline, without a browser: it is there before the scanner, and tells the truth about it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sonolucent.stream import open_recording
from sonolucent.stream.runtime.placement import _free_ports

from ..campaigns.kill_stages import processes
from ..campaigns.running import page_address, running
from ..stream.viewer.visiting import Visitor, visit

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "sonolucent"]
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


@contextmanager
def viewer(*options: object, cwd: Path | None = None, command: str = "run") -> Iterator[tuple[str, Any]]:
    """A running viewer: its address, as it is printed, and its process."""
    given = ["--view", *map(str, options)] if command == "run" else list(map(str, options))
    line = [*CLI, command, *given, "--no-browser", "--port", "0", "--json"]
    with running(line, cwd=cwd, **PIPES) as process:
        yield page_address(process), process


@contextmanager
def scanner(port: int, recording: Path) -> Iterator[Any]:
    options = ["--source", f"replay:{recording}", "--frames", "1000000", "--port", str(port)]
    with running([*CLI, "scanner", *options], **PIPES) as process:
        assert "tcp://" in process.stderr.readline()
        yield process


def interrupted(process: Any) -> Any:
    """The report of a run after Ctrl-C."""
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return json.loads(output)


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_ctrl_c_while_it_waits_for_a_scanner_ends_in_order(transport: str) -> None:
    source = f"tcp://127.0.0.1:{_free_ports(1)[0]}"
    with viewer("--source", source, "--model", "none", "--transport", transport) as (address, process):

        async def look(visitor: Visitor) -> None:
            assert (await visitor.text("waiting"))["why"] == f"no scanner yet at {source}"
            assert (await visitor.text("state", state="waiting"))["recording"] is None
            answer = await visitor.ask("control", imaging={"gain_db": 1})
            assert "there yet" in answer["error"] or "has not begun" in answer["error"]

        visit(address, look)
        report = interrupted(process)
    assert (report["frames_in"], report["balanced"], report["dropped"]) == (0, True, {})
    assert set(report["ledger"]) >= {"scanner>source", "source>beamform"}
    assert all(counts["acquired"] == 0 for counts in report["ledger"].values())


def test_a_scanner_that_is_stopped_or_killed_shows_within_two_seconds_and_comes_back(small_recording: Path) -> None:
    port = _free_ports(1)[0]
    with viewer("--source", f"tcp://127.0.0.1:{port}", "--model", "none") as (address, process):

        async def look(visitor: Visitor) -> None:
            async def lives() -> None:
                await visitor.text("state", 60.0, state="live")

            async def falls_silent(what: signal.Signals, scan: Any) -> None:
                scan.send_signal(what)
                begun = time.monotonic()
                silent = await visitor.text("state", state="silent")
                assert time.monotonic() - begun < 2.5  # on cores that are shared; 2 s where there is one to spare
                assert silent["silent_s"] >= 1.25

            await visitor.text("waiting")
            with scanner(port, small_recording) as first:
                assert (await visitor.text("stream", 60.0))["n_tx"] == 16
                await visitor.frame(60.0)
                await lives()
                await falls_silent(signal.SIGSTOP, first)
                first.send_signal(signal.SIGCONT)
                await lives()
                await falls_silent(signal.SIGKILL, first)
            with scanner(port, small_recording):
                await lives()

        visit(address, look)
        report = interrupted(process)
    assert report["balanced"]
    assert report["frames_in"] > 0


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_the_page_steps_a_replay_and_records_it(small_recording: Path, tmp_path: Path, transport: str) -> None:
    options = ["--source", f"replay:{small_recording}", "--model", "none", "--transport", transport, "--fps", "20"]
    with viewer(*options, cwd=tmp_path) as (address, process):

        async def look(visitor: Visitor) -> None:
            assert (await visitor.text("stream", 60.0))["replay"] == {"n_frames": 4}
            await visitor.frame(60.0)
            assert (await visitor.ask("replay", paused=True))["replay"]["paused"] is True
            await visitor.text("state", state="paused")
            at = (await visitor.ask("replay", seek=1))["replay"]
            await visitor.text("state", replay={"frame": 1, "n_frames": 4, "paused": True, "speed": 1.0})
            await visitor.ask("replay", step=1)
            await visitor.text("state", replay={"frame": 2, "n_frames": 4, "paused": True, "speed": 1.0})
            assert at["n_frames"] == 4
            assert "no frame 4" in (await visitor.ask("replay", seek=4))["error"]
            await visitor.ask("replay", paused=False)
            begun = await visitor.ask("record", on=True, note="a cyst, left", channels=True)
            assert Path(begun["recording"]["file"]).parent == tmp_path
            assert "is being recorded" in (await visitor.ask("record", on=True))["error"]
            for _ in range(20):
                await visitor.frame()
            kept = (await visitor.ask("record", on=False))["file"]
            assert kept == begun["recording"]["file"]
            assert "nothing is being recorded" in (await visitor.ask("record", on=False))["error"]
            recording = open_recording(kept)
            assert recording.note == "a cyst, left"
            assert min(len(recording), recording.n_images) >= 3
            assert recording.image(0).bmode.shape == recording.stream.grid.shape

        visit(address, look)
        report = interrupted(process)
    assert report["balanced"]
    assert report["ledger"]["enhance>recorder"]["acquired"] < report["frames_out"]
    assert len(report["recorded"]) == 1


def test_frames_tell_that_a_stage_was_restarted(small_recording: Path) -> None:
    options = [
        "--source",
        f"replay:{small_recording}",
        "--loop",
        "--model",
        "none",
        "--transport",
        "ipc",
        "--fps",
        "20",
    ]
    with viewer(*options) as (address, process):

        async def look(visitor: Visitor) -> None:
            header, *_ = await visitor.frame(60.0)
            assert not header["after_restart"]
            os.kill(processes(process.pid)["beamform"][0], signal.SIGKILL)
            deadline = time.monotonic() + 60
            while not header["after_restart"]:
                assert time.monotonic() < deadline, "no frame told of the restart"
                header, *_ = await visitor.frame(60.0)
            while header["after_restart"]:
                assert time.monotonic() < deadline, "every frame tells of it for ever"
                header, *_ = await visitor.frame(60.0)

        visit(address, look)
        report = interrupted(process)
    assert report["restarts"] == {"beamform": 1}
    assert report["balanced"]


def test_a_recording_that_cannot_be_made_tells_who_asked_and_frames_go_on(
    small_recording: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with viewer("--source", f"replay:{small_recording}", "--model", "none", cwd=folder) as (address, process):

        async def look(visitor: Visitor) -> None:
            await visitor.frame(60.0)
            folder.rmdir()
            assert (await visitor.ask("record", on=True))["error"]
            for _ in range(3):
                await visitor.frame()

        visit(address, look)
        assert interrupted(process)["balanced"]


def test_view_shows_recordings_of_both_kinds_and_waits_at_the_end(
    sonolucent: Any, small_recording: Path, tmp_path: Path
) -> None:
    images = tmp_path / "images.h5"
    assert sonolucent("image", small_recording, images, "--enhance", "median").status == 0
    for file, n_layers in ((small_recording, 1), (images, 2)):
        options = [file, *(("--model", "none") if file == small_recording else ())]
        with viewer(*options, command="view") as (address, process):

            async def look(visitor: Visitor, n_layers: int = n_layers) -> None:
                assert (await visitor.text("hello"))["mode"] == "file"
                header, pixels, _ = await visitor.frame(60.0)
                assert header["layers"] == len(pixels) == n_layers
                at_the_end = await visitor.text("state", 60.0, state="paused")
                assert at_the_end["replay"]["frame"] == 3
                await visitor.ask("replay", seek=1)
                state = await visitor.text("state", replay={**at_the_end["replay"], "frame": 1})
                assert state["silent_s"] == 0.0
                await visitor.ask("replay", paused=False)
                await visitor.text("state", state="paused", replay={**at_the_end["replay"]})

            visit(address, look)
            report = interrupted(process)
        assert report["balanced"]
        assert report["frames_in"] == 7  # not frames_out: a page's edge keeps the newest alone


def test_the_command_steers_a_replay_and_the_recorder(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    port = _free_ports(1)[0]
    options = ["--source", f"replay:{small_recording}", "--headless", "--loop", "--fps", "20", "--model", "none"]
    with running([*CLI, "run", *options, "--control", str(port), "--json"], **PIPES) as process:
        assert "control: port" in process.stderr.readline()
        deadline = time.monotonic() + 120
        while "replay" not in (told := sonolucent("control", port)).output:
            assert time.monotonic() < deadline, told.errors
        paused = sonolucent("control", port, "--pause", "--seek", 2, "--json").report
        assert paused["replay"] == {"frame": 2, "n_frames": 4, "paused": True, "speed": 1.0}
        assert sonolucent("control", port, "--step", 1, "--json").report["replay"]["frame"] == 3
        refused = sonolucent("control", port, "--seek", 4)
        assert (refused.status, "frames 0 to 3" in refused.errors) == (2, True)
        kept = tmp_path / "kept.h5"
        begun = sonolucent("control", port, "--resume", "--speed", 2, "--record", kept, "--note", "by command")
        assert f"recording {kept}" in begun.output
        assert "plays at 2 x" in begun.output
        assert sonolucent("control", port, "--record", kept).status == 2
        stopped = sonolucent("control", port, "--stop-recording")
        assert f"recorded {kept}" in stopped.output
        assert "nothing is being recorded" in sonolucent("control", port, "--stop-recording").errors
        assert sonolucent("control", port, "--pause", "--resume").status == 2
        assert "give --record FILE too" in sonolucent("control", port, "--note", "x").errors
        recording = open_recording(kept)
        assert (recording.note, recording.n_images > 0, len(recording)) == ("by command", True, 0)
        assert interrupted(process)["balanced"]


def test_a_model_outside_its_training_is_told_everywhere(small_recording: Path) -> None:
    with viewer("--source", f"replay:{small_recording}", "--model", "cpu") as (address, process):

        async def look(visitor: Visitor) -> None:
            warned = await visitor.text("stream", 60.0)
            while not warned["warnings"]:
                warned = await visitor.text("stream", 60.0)
            assert "wavelength 0.308 mm, not 0.205" in warned["warnings"][0]
            await visitor.ask("control", model="median")
            await visitor.until_last("stream", warnings=[])
            await visitor.ask("control", model="cpu")
            await visitor.until_last("stream", warnings=warned["warnings"])

        visit(address, look)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert errors.count("outside what it was trained for") == 1
    assert "outside what it was trained for" in json.loads(output)["warnings"][0]
