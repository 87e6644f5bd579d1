"""The commands around the pipeline: doctor, profile, warmup, and stages on their own."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.stream.commands import main
from sonolucent.stream.recording.open import open_recording

from ..campaigns.running import running

pytestmark = pytest.mark.slow


def test_doctor_says_what_would_run_and_why(sonolucent: Any) -> None:
    report = sonolucent("doctor", "--json").report
    assert report["versions"]["torch"].startswith("2.13.0")
    assert "@" in report["model"]
    assert report["device"] in ("cpu", "cuda:0")
    assert report["reason"]
    assert "fft" in sonolucent("doctor").output
    assert report["fused_kernels"][-1] == "portable"
    assert report["bf16_kernels"][-1] == "portable-bf16"
    full = sonolucent("doctor", "--model", files("sonolucent.nn") / "models" / "full-quadrant", "--json").report
    assert full["backend"].startswith(("fused-", "cuda-graph"))
    assert full["backend"] in full["reason"]
    nothing = sonolucent("doctor", "--model", "nothing", "--json")
    assert (nothing.status, "no such model folder" in nothing.report["reason"]) == (1, True)


def test_info_tells_recordings_and_models(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    recording = sonolucent("info", small_recording, "--json").report
    assert sonolucent("info", small_recording, "--hashes").output.count("hashes.raw_data.") == 4
    assert (recording["frames"], recording["shape"], recording["pitch_m"]) == (4, [16, 16, 600], 0.3e-3)
    model = sonolucent("info", str(files("sonolucent.nn") / "models" / "light-quadrant"), "--json").report
    assert model["kind"] == "light"
    assert model["measured"]["cnr_enhanced"] > model["measured"]["cnr_plain"]
    assert "training.recipe" in sonolucent("info", str(files("sonolucent.nn") / "models" / "light-quadrant")).output
    empty = sonolucent("info", tmp_path)
    assert empty.status == 2
    assert "model.json" in empty.errors


def test_profile_exits_with_one_exactly_when_over_budget(
    sonolucent: Any, small_recording: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.json"
    options = ["--frames", 20, "--trace", trace, "--json"]
    ended = sonolucent("profile", "--source", f"replay:{small_recording}", *options)
    latencies = [*ended.report["stages"].values(), ended.report["end_to_end"]]
    assert ended.status == int(any(latency["over_budget"] for latency in latencies))
    events = json.loads(trace.read_text())["traceEvents"]
    assert {"beamform", "enhance"} <= {event["tid"] for event in events}


def test_warmup_says_what_is_ready(sonolucent: Any) -> None:
    ended = sonolucent("warmup", timeout_s=240)
    assert ended.status == 0, ended.errors
    assert "ready: light-quadrant@" in ended.output


def test_stages_on_their_own_make_one_pipeline(small_recording: Path, tmp_path: Path) -> None:
    """As on several machines: each stage a process that knows the others by their endpoints alone."""
    edges = ("source>beamform", "beamform>enhance", "enhance>headless")
    config = tmp_path / "pipeline.toml"
    config.write_text(
        f'source = "replay:{small_recording}"\nframes = 12\nas_fast_as_possible = true\nheadless = true\n[endpoints]\n'
        + "".join(f'"{edge}" = "ipc://{tmp_path}/{number}"\n' for number, edge in enumerate(edges))
    )
    command = [sys.executable, "-m", "sonolucent", "stage"]
    stages = {
        name: subprocess.Popen([*command, name, str(config), *options], stdout=subprocess.PIPE, text=True)
        for name, options in (("headless", []), ("enhance", ["--json"]), ("beamform", ["--json"]), ("source", []))
    }
    outputs = {name: process.communicate(timeout=120)[0] for name, process in stages.items()}
    assert all(process.returncode == 0 for process in stages.values())
    sent = json.loads(outputs["enhance"])["edges"]["enhance>headless"]
    assert (sent["acquired"], sent["delivered"]) == (12, 12)
    assert re.search(r"source>beamform +12 acquired +12 delivered   dropped: none", outputs["source"])
    assert re.search(r"enhance>headless +12 taken\n  12 frames \(12 enhanced\)", outputs["headless"])
    assert re.search(r"end to end +\d", outputs["headless"])


def test_simulate_records_the_scanner_that_is_described(sonolucent: Any, tmp_path: Path) -> None:
    path = tmp_path / "own.h5"
    probe = ["--elements", 8, "--pitch-mm", 0.3, "--element-width-mm", 0.25, "--center-frequency-mhz", 5]
    medium = ["--sound-speed-m-s", 1480, "--attenuation-db-cm-mhz", 0.5, "--snr-db", 10]
    ended = sonolucent("simulate", path, "--phantom", "random_tissue", "--frames", 2, *probe, *medium)
    assert ended.status == 0, ended.errors
    recording = open_recording(path)
    acquisition = recording.acquisition
    assert acquisition.shape == (8, 8, 2048)
    assert (acquisition.sound_speed_m_s, acquisition.probe.pitch_m) == (1480, pytest.approx(0.3e-3))
    # Other tissue in every frame.
    first, second = (recording[i].astype(float).ravel() for i in range(2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.2
    wide = sonolucent("simulate", tmp_path / "wide.h5", "--element-width-mm", 2)
    assert wide.status == 2
    assert "element_width_m 0.002 exceeds pitch_m" in wide.errors


def test_model_exports_describes_and_checks(sonolucent: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(Path(str(files("sonolucent.nn"))) / "models" / "light-quadrant", tmp_path / "model")
    assert sonolucent("model", "export", folder, "--json").report == {"files": [str(folder / "network.ts")]}
    assert sonolucent("model", "info", folder, "--json").report["kind"] == "light"
    checked = sonolucent("model", "check", folder, "--shape", 40, 33, "--json")
    verdicts = {check["backend"]: check["verdict"] for check in checked.report}
    assert (checked.status, verdicts["torchscript"], verdicts["fused-portable"]) == (0, "ok", "ok")
    assert "fused-portable" in sonolucent("model", "check", folder, "--shape", 40, 33).output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("forge", "."), "no action 'forge'; try one of export, info, check"),
        (("check", "."), "cannot read model.json"),
        (("export", "."), "cannot read model.json"),
        (("check", "MODEL", "--shape", "16", "40"), "at least 17, not (16, 40)"),
    ],
)
def test_model_refuses_what_it_cannot_do(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = str(files("sonolucent.nn") / "models" / "light-quadrant")
    assert main.main(["model", *(word.replace("MODEL", shipped) for word in words)]) == main.BAD_INPUT
    assert message in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")  # of torch's own exporter
def test_model_without_a_compiler_exports_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(Path(str(files("sonolucent.nn"))) / "models" / "light-quadrant", tmp_path / "model")
    monkeypatch.setenv("CXX", "no-compiler")
    monkeypatch.setattr("sonolucent.nn.export.aotinductor.torch._inductor.config.cpp.cxx", ("no-compiler",))
    assert main.main(["model", "export", str(folder), "--package", "40", "33"]) == main.FAILED
    assert "no package" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["doctor"]])
def test_who_reads_no_further_ends_a_command_in_silence(command: list[str]) -> None:
    shell = f"{sys.executable} -m sonolucent {' '.join(command)} | head -c 10; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode in (0, 141), ended.stderr) == (True, "")


def test_a_profile_that_is_interrupted_gives_no_verdict(small_recording: Path) -> None:
    command = [sys.executable, "-m", "sonolucent", "profile", "--frames", "100000"]
    options = ["--source", f"replay:{small_recording}", "--model", "none", "--verbose"]
    with running([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "FFTW" in line)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "over budget" not in output


@pytest.mark.parametrize("no_color", [False, True])
def test_no_color_means_none(no_color: bool) -> None:
    parent, child = pty.openpty()
    env = {**os.environ, "TERM": "xterm"} | ({"NO_COLOR": "1"} if no_color else {})
    command = [sys.executable, "-m", "sonolucent", "run", "--fps", "fast"]
    with subprocess.Popen(command, env=env, stdin=child, stdout=child, stderr=child) as process:
        os.close(child)
        shown = b""
        with suppress(OSError):  # a terminal ends so when nobody writes to it any more
            while piece := os.read(parent, 65536):
                shown += piece
        os.close(parent)
    assert process.returncode == 2
    assert (b"\x1b[" in shown) is not no_color
