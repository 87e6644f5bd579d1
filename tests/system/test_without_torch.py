"""What a machine without torch can do: everything live, on a CPU. Torch is hidden, where it is not missing."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, Probe
from sonolucent.stream import open_recording, write_recording

HIDDEN = """
import sys
from importlib.machinery import PathFinder

class WithoutTorch(PathFinder):
    @classmethod
    def find_spec(cls, name, *rest):
        return None if name == "torch" else super().find_spec(name, *rest)

sys.meta_path = [WithoutTorch if finder is PathFinder else finder for finder in sys.meta_path]
from sonolucent.stream.commands.main import main
sys.exit(main())
"""


def sonolucent(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", HIDDEN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 500, 25e6)
    frames = np.random.default_rng(1).integers(-999, 999, (3, *acquisition.shape)).astype(np.int16)
    write_recording(tmp_path / "small.h5", frames, acquisition, frame_rate_hz=25.0)
    return tmp_path / "small.h5"


def test_a_stream_is_beamformed_enhanced_and_recorded(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.h5"
    options = ("--headless", "--as-fast-as-possible", "--record", out, "--json")
    ended = sonolucent("run", "--source", f"replay:{recording}", *options)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert (report["frames_in"], report["frames_out"], report["device"]) == (3, 3, "cpu")
    assert report["model"].startswith("light-quadrant@")
    assert open_recording(out).n_images == 3


def test_files_are_imaged_with_every_shipped_model_and_filter(recording: Path, tmp_path: Path) -> None:
    for word in ("light-quadrant", "full-quadrant", "nlm"):
        ended = sonolucent("image", recording, tmp_path / f"{word}.png", "--enhance", word)
        assert ended.returncode == 0, ended.stderr


def test_doctor_says_what_is_there(tmp_path: Path) -> None:
    ended = sonolucent("doctor", "--json")
    assert ended.returncode == 0, ended.stderr
    facts = json.loads(ended.stdout)
    assert facts["backend"].startswith("fused-")
    assert "sonolucent[torch]" in facts["torch"]


@pytest.mark.parametrize(
    "arguments",
    [("train", "sim:2", "--out", "model"), ("image", "small.h5", "x.png", "--enhance", "cuda:0"), ("train", "--help")],
)
def test_what_needs_torch_says_how_to_have_it(
    recording: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(recording.parent)
    ended = sonolucent(*arguments)
    assert ended.returncode == 2, ended.stderr
    assert "pip install 'sonolucent[torch]'" in ended.stderr
    assert "Traceback" not in ended.stderr
