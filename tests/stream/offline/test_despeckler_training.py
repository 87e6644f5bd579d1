"""Speckle2Self trained on images alone: the folder that comes of it, a kill, images that cannot be learnt from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from sonolucent.nn import Fitting, load_model
from sonolucent.nn.despeckling import speckle2self
from sonolucent.stream import enhance_file, image_recording, train_despeckler
from sonolucent.stream.commands.train import main
from sonolucent.stream.errors import ConfigError, OutputError

from .pictures import speckle_grey, speckle_pictures


class Killed(Exception):
    """Thrown in the middle of a training."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speckle2self, "_CROP", {"cpu": 64})
    monkeypatch.setattr(speckle2self, "_BATCH", {"cpu": 1})


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    return speckle_pictures(tmp_path, 4)


def _kill(what: str, step: int, steps: int, loss: float) -> None:
    if step == 2:
        raise Killed


def test_a_folder_comes_of_pictures(pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "despeckler"
    assert main([*pictures, "--recipe", "speckle2self", "--steps", "2", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kind"] == "speckle2self"
    assert told["training"]["recipe"] == "speckle2self"
    assert told["training"]["steps"] == 2
    assert "frame-0.png, 1 images" in told["training"]["data"]
    assert told["images"] == "3 and 1 held out"
    assert load_model(out).info.measured["homogeneity_plain"] > 0
    assert sorted(path.name for path in out.iterdir()) == ["model.json", "report", "weights.safetensors"]
    assert "| recipe | speckle2self |" in (out / "report" / "report.md").read_text()
    made = enhance_file(Path(pictures[0]), tmp_path / "clean.png", method=str(out))
    assert made.method.startswith("despeckler@")
    assert made.steps == {}


def test_a_killed_training_ends_where_it_would_have_ended(pictures: list[str], tmp_path: Path) -> None:
    train_despeckler(pictures, tmp_path / "whole", fitting=Fitting(steps=3))
    with pytest.raises(Killed):
        train_despeckler(pictures, tmp_path / "killed", fitting=Fitting(steps=3, progress=_kill))
    assert [path.name for path in (tmp_path / "killed").iterdir()] == ["checkpoint.pt"]
    told: list[int] = []
    again = Fitting(steps=3, progress=lambda what, step, steps, loss: told.append(step))
    train_despeckler(pictures, tmp_path / "killed", fitting=again)
    assert told[0] > 1, "it went on"
    whole, killed = (load_model(tmp_path / name) for name in ("whole", "killed"))
    assert whole.weights_sha256 == killed.weights_sha256


def test_a_recording_that_it_images_is_despeckled_too(pictures: list[str], tmp_path: Path, record) -> None:
    train_despeckler(pictures, tmp_path / "despeckler", fitting=Fitting(steps=1))
    recording = record()
    image_recording(recording, tmp_path / "clean.png", enhance=str(tmp_path / "despeckler"))
    image_recording(recording, tmp_path / "plain.png")
    clean, plain = (np.asarray(Picture.open(tmp_path / f"{name}.png")) for name in ("clean", "plain"))
    assert (clean != plain).any()


def test_recordings_of_channels_are_imaged_first(record, tmp_path: Path) -> None:
    model = train_despeckler([str(record())], tmp_path / "despeckler", fitting=Fitting(steps=1))
    assert model.facts["images"] == "4 and 0 held out"
    assert model.info.trained_on is not None
    assert "learnt from, as there were too few" in (tmp_path / "despeckler" / "report" / "report.md").read_text()


def _spoilt(folder: Path, how: str) -> Path:
    grey = speckle_grey()
    if how == "colour":
        Picture.fromarray(np.stack([grey, grey // 3, grey], axis=2)).save(folder / "spoilt.png")
    elif how == "16 bit":
        Picture.fromarray(grey.astype(np.uint16) * 256).save(folder / "spoilt.png")
    elif how == "tiny":
        Picture.fromarray(grey[:40, :40]).save(folder / "spoilt.png")
    elif how == "constant":
        Picture.fromarray(np.full_like(grey, 90)).save(folder / "spoilt.png")
    else:
        image_db = (grey / 255 - 1).astype(np.float32) * 60
        image_db[3, 4] = np.nan
        np.savez(folder / "spoilt.npz", bmode_db=image_db[None], x_m=np.arange(64) * 1e-4, z_m=np.arange(72) * 1e-4)
        return folder / "spoilt.npz"
    return folder / "spoilt.png"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("colour", "spoilt.png: .* of its pixels have colour"),
        ("16 bit", "spoilt.png: 16 bits of grey"),
        ("tiny", "64 x 64 pixels at least; the image has 40"),
        ("constant", "spoilt.png: all pixels are alike"),
        ("nan", "spoilt.npz: 1 pixels are undefined"),
    ],
)
def test_a_wrong_image_is_named_and_leaves_nothing(pictures: list[str], tmp_path: Path, how: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        train_despeckler([*pictures, str(_spoilt(tmp_path, how))], tmp_path / "out", fitting=Fitting(steps=1))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--net", "full"], "net is no option of the recipe speckle2self; leave it out"),
        (["--from", "light-quadrant"], "from is no option of the recipe speckle2self"),
        (["--recipe", "quadrant", "--budget", "3"], "budget is no option of the recipe quadrant"),
        (["--steps", "0"], "steps must be positive, not 0"),
        (["--budget", "0"], "budget must be positive, not 0 s"),
        (["--dynamic-range-db", "50"], "hold for 60 dB; leave dynamic_range_db out"),
        (["--gain-db", "3"], "imaging options are for channel data, and there are images alone"),
    ],
)
def test_options_that_cannot_be_used_say_why(
    pictures: list[str], tmp_path: Path, options: list[str], said: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match=said):
        main([*pictures, "--recipe", "speckle2self", "--out", str(out), *options])
    assert not out.exists()


def test_a_file_that_is_not_there_or_a_place_that_is_taken(pictures: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.png: there is no such file"):
        train_despeckler([str(tmp_path / "nowhere.png")], tmp_path / "out")
    with pytest.raises(OutputError, match="it is a file, and a model is a folder"):
        train_despeckler(pictures, Path(pictures[0]))
    with pytest.raises(ConfigError, match="give at least one file of B-mode"):
        train_despeckler([], tmp_path / "out")
    train_despeckler(pictures, tmp_path / "out", fitting=Fitting(steps=1))
    with pytest.raises(ConfigError, match="holds a model already"):
        train_despeckler(pictures, tmp_path / "out")
