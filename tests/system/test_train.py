"""`sonolucent train`: from recordings to a model that the live pipeline runs; what cannot be trained on is named."""

import signal
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.commands.main import main
from sonolucent.stream.messages import Channels, Image, Stream, Trail
from sonolucent.stream.recording.writer import RecordingWriter

from ..campaigns.running import running

pytestmark = pytest.mark.slow

ACQUISITION = Acquisition(
    Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6), range(16), 600, 25e6
)
Record = Callable[..., Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Writes a recording of noise; `spoil` changes frame 2."""

    def write(
        name: str, spoil: Callable[[Any], None] = lambda data: None, n: int = 4, acquisition: Acquisition = ACQUISITION
    ) -> Path:
        path = tmp_path / name
        stream = Stream(acquisition, ImageGrid.for_acquisition(acquisition), 25.0, np.dtype(np.float32))
        writer = RecordingWriter(path, stream, channels=True, images=False)
        for i in range(n):
            data = np.random.default_rng(i).standard_normal(acquisition.shape, np.float32)
            if i == 2:
                spoil(data)
            writer.write(Channels(i, data, 0, Trail.begin()))
        writer.close()
        return path

    return write


def test_a_trained_model_runs_in_the_pipeline(sonolucent: Any, record: Record, tmp_path: Path) -> None:
    first, second = record("first.h5"), record("second.h5")
    model = tmp_path / "own"
    trained = sonolucent("train", first, second, "--out", model, "--steps", 2, "--json")
    assert trained.status == 0, trained.errors
    assert trained.report["training"]["recipe"] == "quadrant"
    assert trained.report["training"]["data"] == "first.h5, 4 frames; second.h5, 4 frames"
    assert trained.report["frames"] == "4 and 4 held out"
    assert sorted(path.name for path in model.iterdir()) == ["model.json", "report", "weights.safetensors"]
    run = sonolucent("run", "--source", f"replay:{first}", "--model", model, "--headless", "--frames", 4, "--json")
    assert run.report["model"].startswith("own@")
    assert run.report["frames_out"] == 4


def test_processes_of_torchrun_prepare_a_share_each_and_write_one_model(record: Record, tmp_path: Path) -> None:
    folder, apart, model = tmp_path / "archive", record("apart.h5"), tmp_path / "own"
    folder.mkdir()
    for name in ("one.h5", "two.h5"):
        record(name).rename(folder / name)
    scripts = Path(sysconfig.get_path("scripts"))
    torchrun = [scripts / "torchrun", "--standalone", "--no-python", "--nproc-per-node=2", scripts / "sonolucent"]
    options = ["--held-out", apart, "--out", model, "--steps", 2, "--device", "cpu"]
    command = [*torchrun, "train", folder, *options]
    ran = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr
    ready = Counter(line.rpartition("/")[2] for line in ran.stderr.splitlines() if "beamformed" in line)
    shared = {f"{name}.h5 frame {i}" for name in ("one", "two") for i in range(4)}
    assert {name for name, n in ready.items() if n == 1} == shared
    assert {name for name, n in ready.items() if n == 2} == {f"apart.h5 frame {i}" for i in range(4)}
    assert ran.stdout.count("8 and 4 held out") == 1
    assert sorted(path.name for path in model.iterdir()) == ["model.json", "report", "weights.safetensors"]


def test_a_shipped_model_is_fine_tuned_and_judged_blind(sonolucent: Any, record: Record, tmp_path: Path) -> None:
    first, second = record("first.h5"), record("second.h5")
    command = ["train", first, second, "--from", "light-quadrant", "--steps", 2, "--json"]
    tuned = sonolucent(*command, "--out", tmp_path / "own")
    assert tuned.status == 0, tuned.errors
    assert tuned.report["training"]["began_with"].startswith("light-quadrant@")
    assert "light-quadrant@" in tuned.report["fine-tuned"]
    assert "dB before" in tuned.report["fine-tuned"] or "nothing better" in tuned.report["fine-tuned"]
    assert "| validation error before |" in (tmp_path / "own" / "report" / "report.md").read_text()
    for options, said in (
        (("--net", "full"), "is a light network"),
        (("--dynamic-range-db", 50), "enhances images of 60 dB, not 50"),
        (("--from", tmp_path), "model.json"),
    ):
        refused = sonolucent(*command, "--out", tmp_path / "other", *options)
        assert (refused.status, said in refused.errors) == (2, True), refused.errors
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("recipe", ["frequency", "paper"])
def test_the_other_recipes_train_on_recordings(record: Record, tmp_path: Path, recipe: str) -> None:
    model = tmp_path / recipe
    assert main(["train", str(record("noise.h5")), "--out", str(model), "--recipe", recipe, "--steps", "1"]) == 0
    assert f"| recipe | {recipe} |" in (model / "report" / "report.md").read_text()
    assert (model / "report" / "examples.jpg").stat().st_size > 1000


def silence(data: Any) -> None:
    data[5] = 0


def break_(data: Any) -> None:
    data[3, 4, 100] = np.nan


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The message of a command that must end with status 2."""
    assert main(["train", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_frames_that_cannot_be_used_are_named(capsys: Any, record: Record, tmp_path: Path) -> None:
    other = Acquisition(ACQUISITION.probe, range(16), 600, 25e6, sound_speed_m_s=1480.0)
    images = tmp_path / "images.h5"
    writer = RecordingWriter(
        images, Stream(ACQUISITION, ImageGrid.for_acquisition(ACQUISITION), 25.0), channels=False, images=True
    )
    shape = ImageGrid.for_acquisition(ACQUISITION).shape
    writer.write(Image(0, np.zeros((1, *shape), np.float32), 60.0, trail=Trail.begin()))
    writer.close()
    good = record("good.h5")
    cases = {
        (record("silent.h5", silence),): "silent.h5 frame 2: transmit 5 is missing or silent",
        (record("nan.h5", break_),): "nan.h5 frame 2",
        (good, record("other.h5", acquisition=other)): "other.h5 frame 0 was taken with another geometry",
        (record("few.h5", n=3),): "3 frame(s) are too few",
        (images,): "there are no frames of channel data in",
        (tmp_path / "missing.h5",): "missing.h5: No such file",
    }
    for recordings, message in cases.items():
        assert message in refused(capsys, *recordings, "--out", tmp_path / "model", "--steps", 1)
    assert not (tmp_path / "model" / "model.json").exists()


def test_wrong_settings_are_refused(capsys: Any, record: Record, tmp_path: Path) -> None:
    good, model = record("good.h5"), tmp_path / "model"
    model.mkdir()
    (model / "model.json").write_text("{}")
    cases = [
        (("--out", model), "holds a model already"),
        (("--out", tmp_path / "new", "--steps", 0), "steps must be positive"),
        (("--out", tmp_path / "new", "--recipe", "paper", "--transmitters", 3, 99), "element 99 does not transmit"),
        (("--out", tmp_path / "new", "--device", "gpu"), "none of auto, cpu, cuda"),
    ]
    for options, message in cases:
        assert message in refused(capsys, good, *options)


def test_who_interrupts_a_training_learns_how_to_go_on(record: Record, tmp_path: Path) -> None:
    out = tmp_path / "own"
    command = [sys.executable, "-m", "sonolucent", "train", str(record("first.h5")), "--out", str(out)]
    with running([*command, "--steps", "2000"], stderr=subprocess.PIPE, text=True) as training:
        deadline = time.monotonic() + 120
        while not (out / "checkpoint.pt").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        training.send_signal(signal.SIGINT)
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 130
    assert f"the same command goes on from {out / 'checkpoint.pt'}" in errors
