"""Wrong input gives status 2 (or 1) and one clear message, never a traceback."""

import json
import shutil
import socket
from importlib.resources import files
from pathlib import Path
from typing import Any

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


def test_a_model_of_another_shape(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    """Weights of the light network under the name of the full one."""
    folder = shutil.copytree(str(files("sonolucent.nn") / "models" / "light-quadrant"), tmp_path / "model")
    description = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**description, "kind": "full"}))
    options = ["--headless", "--model", folder]
    refused(sonolucent("run", "--source", f"replay:{small_recording}", *options), "weights.safetensors", "full")


def test_a_model_of_another_range(sonolucent: Any, small_recording: Path) -> None:
    options = ["--headless", "--frames", 2, "--dynamic-range-db", 40]
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
