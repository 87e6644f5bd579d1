"""The end of a run: its report is never lost."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from sonolucent.beamform import Acquisition, Probe
from sonolucent.stream import write_recording
from sonolucent.stream.commands import stage
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ControlError, OutputError, RecordingError
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.runtime import run as module
from sonolucent.stream.runtime.run import run


def test_a_trace_and_a_ledger_that_cannot_be_written_are_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    write_recording(tmp_path / "noise.h5", np.ones((2, *acquisition.shape), np.int16), acquisition)

    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    def broken(*given: Any) -> None:
        raise RecordingError("the ledger could not be written: no space")

    monkeypatch.setattr(module, "write_trace", full)
    monkeypatch.setattr(module, "write_ledger", broken)
    out, trace = tmp_path / "images.h5", tmp_path / "trace.json"
    report = run(
        Config(source=f"replay:{tmp_path / 'noise.h5'}", model="none", record=str(out), trace=str(trace), headless=True)
    )
    assert (report.frames_out, report.interrupted) == (2, False)
    assert any("trace is missing" in warning for warning in report.warnings)
    assert any("ledger could not be written" in warning for warning in report.warnings)


WAITING = """
import signal, sys, threading, time
from sonolucent.stream.runtime import run
run._GRACE_S = 0.5
stop, abort = threading.Event(), threading.Event()
with run.interruptible(stop, abort):
    for _ in range(int(sys.argv[1])):
        signal.raise_signal(signal.SIGINT)
    assert abort.is_set() == (sys.argv[1] == "2")
    time.sleep(2)
sys.exit(7)
"""


@pytest.mark.parametrize(("times", "status"), [("1", 7), ("2", 130)])
def test_what_does_not_end_on_two_interruptions_is_left_as_it_is(times: str, status: int) -> None:
    ended = subprocess.run([sys.executable, "-c", WAITING, times], timeout=50, capture_output=True, text=True)
    assert (ended.returncode, "the run does not end" in ended.stderr) == (status, times == "2")


def test_a_run_that_ended_in_time_is_not_left() -> None:
    within_time = WAITING.replace("time.sleep(2)", "pass").replace("sys.exit", "time.sleep(2); sys.exit")
    ended = subprocess.run([sys.executable, "-c", within_time, "2"], timeout=50, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (7, "")


@pytest.mark.parametrize("output", ["record", "trace"])
def test_what_is_replayed_is_not_overwritten_by_what_is_made_of_it(tmp_path: Path, output: str) -> None:
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    file, other = tmp_path / "noise.h5", tmp_path / "folder" / ".." / "noise.h5"
    other.parent.parent.mkdir()
    write_recording(file, np.ones((2, *acquisition.shape), np.int16), acquisition)
    before = file.read_bytes()
    options: dict[str, Any] = {output: str(other), "overwrite": True}
    with pytest.raises(OutputError, match="replayed"):
        run(Config(source=f"replay:{file}", model="none", headless=True, **options))
    (tmp_path / "pipeline.toml").write_text(f'source = "replay:{file}"\n{output} = "{other}"\noverwrite = true\n')
    for name in ("source", "recorder"):
        with pytest.raises(OutputError, match="replayed"):
            stage.main([name, str(tmp_path / "pipeline.toml")])
    assert file.read_bytes() == before


def test_a_run_that_never_began_leaves_a_file_alone_that_it_may_overwrite(tmp_path: Path) -> None:
    file = tmp_path / "foreign.h5"
    with h5py.File(file, "w") as foreign:
        foreign["mine"] = [1, 2, 3]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ControlError, match=f"port {port}"):
            run(Config(record=str(file), overwrite=True, control=port))
    with h5py.File(file) as foreign:
        assert list(foreign["mine"]) == [1, 2, 3]


@pytest.mark.parametrize(
    "options", [{"record_channels": True}, {"control": 0}, {"record_channels": True, "control": 0}]
)
def test_what_is_recorded_is_whole_where_channels_end_before_images(tmp_path: Path, options: dict[str, Any]) -> None:
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    write_recording(tmp_path / "noise.h5", np.ones((12, *acquisition.shape), np.int16), acquisition)
    out = tmp_path / "out.h5"
    source = f"replay:{tmp_path / 'noise.h5'}"
    report = run(Config(source=source, model="none", record=str(out), headless=True, fps=200, **options))
    assert report.balanced
    assert report.ledger["enhance>recorder"].dropped.get("never asked for", 0) == 0
    assert Recording(out).n_images == report.frames_out == 12
