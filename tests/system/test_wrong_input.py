"""Wrong input gives status 2 (or 1) and one clear message, never a traceback."""

import json
import shutil
import socket
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import h5py
import pytest
from scipy.io import savemat

pytestmark = pytest.mark.slow


def refused(ended: Any, *words: str, status: int = 2) -> None:
    assert ended.status == status, ended.errors
    assert "Traceback" not in ended.errors
    assert ended.output == ""
    for word in words:
        assert word in ended.errors


def test_help_and_unknown_commands(sonolucent: Any) -> None:
    assert "demo" in sonolucent("--help").output
    assert sonolucent("--version").output == f"sonolucent {version('sonolucent')}\n"
    assert sonolucent("run", "--help").status == 0
    refused(sonolucent("fly"), "no command 'fly'", "demo")
    refused(sonolucent("run", "--warp"), "--warp")


def test_a_missing_file(sonolucent: Any, tmp_path: Path) -> None:
    missing = tmp_path / "missing.h5"
    refused(sonolucent("run", "--source", f"replay:{missing}", "--headless", "--json"), "missing.h5", "No such file")
    refused(sonolucent("info", missing), "missing.h5")
    refused(sonolucent("image", missing, tmp_path / "out.png"), "missing.h5")


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_gpu_that_is_not_there(sonolucent: Any, small_recording: Path, transport: str) -> None:
    run = ["run", "--source", f"replay:{small_recording}", "--headless", "--transport", transport]
    refused(sonolucent(*run, "--beamform-device", "cuda:77"), "beamform", "cuda:77")
    refused(sonolucent(*run, "--beamform-device", "gpu"), "beamform", "device must be 'cpu' or a CUDA device")


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_truncated_recording(sonolucent: Any, small_recording: Path, tmp_path: Path, transport: str) -> None:
    cut = tmp_path / "cut.h5"
    cut.write_bytes(small_recording.read_bytes()[:5000])
    options = ["--headless", "--transport", transport]
    refused(sonolucent("run", "--source", f"replay:{cut}", *options), "cut.h5", "not a complete HDF5 file")


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_stream_that_the_next_stage_would_refuse(
    sonolucent: Any, small_recording: Path, tmp_path: Path, transport: str
) -> None:
    """It would wait for another description for ever."""
    odd = tmp_path / "odd.h5"
    shutil.copy(small_recording, odd)
    with h5py.File(odd, "r+") as file:
        file["scan/frame_rate"][...] = -0.25
    options = ["--headless", "--model", "none", "--transport", transport]
    refused(
        sonolucent("run", "--source", f"replay:{odd}", *options), "odd.h5", "frame_rate_hz must be positive, not -0.25"
    )


def test_a_mat_file_without_exp_data(sonolucent: Any, tmp_path: Path) -> None:
    savemat(tmp_path / "other.mat", {"weights": 1})
    refused(sonolucent("run", "--source", f"replay:{tmp_path / 'other.mat'}", "--headless"), "no exp_data", "weights")


def test_an_unknown_configuration_key(sonolucent: Any, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('source = "sim"\nsuorce = "sim"\n')
    refused(sonolucent("run", tmp_path / "c.toml"), "c.toml", "suorce")
    (tmp_path / "d.toml").write_text("frames = -1\n")
    refused(sonolucent("run", tmp_path / "d.toml"), "frames must be positive")


def test_an_unknown_source_and_an_address_others_can_reach(sonolucent: Any) -> None:
    refused(sonolucent("run", "--source", "telepathy", "--headless"), "telepathy", "replay:FILE")
    refused(sonolucent("run", "--source", "tcp://192.168.0.9:5555", "--headless"), "not on loopback")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--budget", "warp"], "'warp'; there are cpu-25fps"),
        (["--transforms", "beamform", "sharpen"], "'sharpen' is none of beamform, enhance"),
        (["--sinks", "printer"], "'printer' is none of headless, recorder, viewer"),
        (["--source", "tcp://127.0.0.1:5555", "--fps", 5], "sets its own pace"),
        (["--source", "replay:a.h5", "--seed", 5], "belong to the source sim"),
    ],
)
def test_options_that_would_be_of_no_use_are_refused_before_any_work(
    sonolucent: Any, options: list[object], named: str
) -> None:
    refused(sonolucent("run", "--headless", "--frames", 2, *options), named)


def test_a_port_in_use(sonolucent: Any, small_recording: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        options = ["--model", "none", "--view", "--no-browser", "--port", port]
        refused(sonolucent("run", "--source", f"replay:{small_recording}", *options), f"port {port}", "--port")


def test_a_model_that_is_not_there(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    options = ["--headless", "--model", tmp_path / "nowhere"]
    refused(sonolucent("run", "--source", f"replay:{small_recording}", *options), "nowhere", "no such model folder")


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_model_that_takes_minutes_an_image(sonolucent: Any, small_recording: Path, transport: str) -> None:
    options = ["--headless", "--model", "zssr", "--transport", transport]
    told = (
        "no live stream can wait for it",
        "`sonolucent enhance IN OUT --method zssr`",
        "`sonolucent distill zssr --data FILES --out MODEL`",
    )
    refused(sonolucent("run", "--source", f"replay:{small_recording}", *options), *told)
    refused(sonolucent("image", small_recording, "out.png", "--enhance", "zssr"), *told)


def test_a_model_of_another_shape(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    """Weights of the light network under the name of the full one."""
    folder = shutil.copytree(str(files("sonolucent.nn") / "models" / "light-quadrant"), tmp_path / "model")
    description = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**description, "kind": "full"}))
    options = ["--headless", "--model", folder]
    refused(sonolucent("run", "--source", f"replay:{small_recording}", *options), "weights.safetensors", "full")


def test_a_model_of_less_range(sonolucent: Any, small_recording: Path) -> None:
    options = ["--headless", "--frames", 2, "--dynamic-range-db", 70]
    refused(sonolucent("run", "--source", f"replay:{small_recording}", *options), "was trained for 60 dB")


def test_kernels_that_this_processor_has_not(sonolucent: Any, small_recording: Path) -> None:
    run = ["run", "--source", f"replay:{small_recording}", "--headless", "--frames", 2]
    refused(sonolucent(*run, "--enhance-backend", "fused-sve-bf16"), "no kernels 'sve-bf16'", "portable-bf16")


def test_a_recording_is_not_overwritten(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("precious")
    options = ["--model", "none", "--headless", "--frames", 2, "--record", tmp_path / "a.h5"]
    refused(sonolucent("run", "--source", f"replay:{small_recording}", *options), "a.h5", "exists")


def test_a_picture_of_an_unknown_kind(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    refused(sonolucent("image", small_recording, tmp_path / "out.bmp"), "out.bmp", ".png")
    refused(sonolucent("image", small_recording, tmp_path / "out.png", "--frame", 9), "holds 4 frames")


def test_what_could_only_fail_at_the_end_is_refused_at_the_beginning(
    sonolucent: Any, small_recording: Path, tmp_path: Path
) -> None:
    run = ["run", "--source", f"replay:{small_recording}", "--headless", "--json"]
    for option in ("trace", "record"):
        refused(sonolucent(*run, f"--{option}", tmp_path / "none" / "x"), "there is no folder", "make it")
    refused(sonolucent("simulate", tmp_path / "x.h5", "--center-frequency-mhz", 100), "1e+08 Hz cannot be sampled")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("endpoint", "fault"), [("tcp://localhost", "it has none"), ("tcp://127.0.0.1:99999", "'99999' is none")]
)
def test_an_endpoint_without_a_port(sonolucent: Any, endpoint: str, fault: str) -> None:
    refused(sonolucent("run", "--source", endpoint, "--headless"), "needs a port of 1..65535", fault)


def test_a_model_that_is_not_there_names_those_that_are(sonolucent: Any, small_recording: Path) -> None:
    run = ["run", "--source", f"replay:{small_recording}", "--headless", "--model"]
    refused(sonolucent(*run, "nothing"), "no such model folder", "full-quadrant, light-paper, light-quadrant", "srad")
    assert sonolucent(*run, "light-paper", "--json").report["model"].startswith("light-paper@")
    assert sonolucent("info", "light-paper", "--json").report["name"] == "light-paper"


def test_options_are_explained_as_their_users_think(sonolucent: Any) -> None:
    shown = sonolucent("run", "--help").output
    assert "{None}" not in shown
    assert ".toml" in shown
    refused(sonolucent("run", "--fps", "fast"), "'fast' is not a number, nor none")


def test_options_that_exclude_each_other_are_called_options(sonolucent: Any) -> None:
    refused(sonolucent("control", "--pause", "--resume"), "Error parsing options: pause and resume exclude each other")
    refused(sonolucent("run", "--port", 99999), "Error parsing options: port must lie in 0..65535")


def test_an_evaluation_is_not_overwritten(sonolucent: Any, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("mine")
    refused(sonolucent("evaluate", "--out", tmp_path), "holds an evaluation", "--overwrite")
    assert (tmp_path / "report.json").read_text() == "mine"


def test_a_recording_is_refused_before_any_work(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    run = ["run", "--source", f"replay:{small_recording}", "--model", "none", "--headless", "--frames", 2]
    refused(sonolucent(*run, "--record", tmp_path / "no" / "a.h5"), "a.h5", "there is no folder")
    (tmp_path / "a.h5").write_text("old")
    assert sonolucent(*run, "--record", tmp_path / "a.h5", "--overwrite").status == 0
    assert sonolucent("info", tmp_path / "a.h5").status == 0


def test_a_run_that_fails_at_its_start_leaves_no_recording(
    sonolucent: Any, small_recording: Path, tmp_path: Path
) -> None:
    run = ["run", "--source", f"replay:{small_recording}", "--record", tmp_path / "a.h5"]
    refused(sonolucent(*run, "--model", tmp_path / "no-model"), "no-model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "profile"])
def test_a_trace_is_refused_before_any_work(sonolucent: Any, tmp_path: Path, command: str) -> None:
    refused(sonolucent(command, "--frames", 2, "--trace", tmp_path / "no" / "x.json"), "x.json", "there is no folder")
    (tmp_path / "x.json").write_text("old")
    refused(sonolucent(command, "--frames", 2, "--trace", tmp_path / "x.json"), "x.json", "exists", "--overwrite")
