"""Enhancements taught to a light network: what it learns, a kill, teachers and images that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sonolucent.nn import Enhancer, Fitting, Session, load_model
from sonolucent.nn.baselines import FILTERS
from sonolucent.nn.despeckling import speckle2self
from sonolucent.stream import distill_model, train_despeckler
from sonolucent.stream.commands.distill import main
from sonolucent.stream.errors import ConfigError

from .pictures import speckle_grey, speckle_pictures


class Killed(Exception):
    """Thrown in the middle of a fit."""


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    return speckle_pictures(tmp_path, 7)


def _error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


@pytest.mark.slow
def test_a_student_does_as_its_teacher(pictures: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "student"
    assert main(["median", "--data", *pictures, "--out", str(out), "--steps", "120", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["training"]["teacher"] == "median"
    assert told["training"]["recipe"] == "distilled"
    assert told["images"] == "6 and 1 held out"
    assert {"homogeneity_plain", "homogeneity_teacher", "homogeneity_student", "teacher_error_db"} <= set(
        told["measured"]
    )
    plain = ((speckle_grey(seed=99) / 255 - 1) * 60).astype(np.float32)
    made = np.empty_like(plain)
    label = Session(out, plain.shape, grain="off")(plain, made)
    assert label.backend.startswith("fused"), "it runs live"
    wanted = FILTERS["median"](plain)
    assert _error(made, wanted) < 0.5 * _error(plain, wanted)
    assert sorted(path.name for path in out.iterdir()) == ["model.json", "report", "weights.safetensors"]


def test_a_student_begins_as_a_network_that_takes_speckle_away(pictures: list[str], tmp_path: Path) -> None:
    distill_model("median", pictures, tmp_path / "student", fitting=Fitting(steps=1))
    plain = ((speckle_grey(seed=99) / 255 - 1) * 60).astype(np.float32)
    made = Enhancer(tmp_path / "student", grain="off")(plain)
    assert np.diff(made).std() < 0.5 * np.diff(plain).std(), "one step from nothing would leave the image as it is"


def test_a_killed_student_ends_where_it_would_have_ended(pictures: list[str], tmp_path: Path) -> None:
    def kill(what: str, step: int, steps: int, loss: float) -> None:
        if step == 3:
            raise Killed

    for name in ("whole", "killed"):
        if name == "killed":
            with pytest.raises(Killed):
                distill_model("median", pictures, tmp_path / name, fitting=Fitting(steps=4, progress=kill))
        distill_model("median", pictures, tmp_path / name, fitting=Fitting(steps=4))
    assert len({load_model(tmp_path / name).weights_sha256 for name in ("whole", "killed")}) == 1


def test_a_teacher_that_learns_first_is_not_taught_anew(pictures: list[str], tmp_path: Path) -> None:
    steps: list[str] = []

    def kill(what: str, step: int, steps_: int, loss: float) -> None:
        steps.append(what)
        if what == "student":
            raise Killed

    limits = {"fitting": Fitting(steps=3, progress=kill), "teacher_fitting": Fitting(steps=2)}
    with pytest.raises(Killed):
        distill_model("noise2void", pictures, tmp_path / "student", **limits)
    with pytest.raises(Killed):
        distill_model("noise2void", pictures, tmp_path / "student", **limits)
    assert steps == ["noise2void", "noise2void", "student", "student"]


def test_a_model_teaches(pictures: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speckle2self, "_BATCH", {"cpu": 1})
    train_despeckler(pictures, tmp_path / "teacher", fitting=Fitting(steps=1))
    model = distill_model(str(tmp_path / "teacher"), pictures, tmp_path / "student", fitting=Fitting(steps=1))
    assert model.info.training.teacher == load_model(tmp_path / "teacher").id
    assert "teacher" in (tmp_path / "student" / "report" / "report.md").read_text()


def test_a_teacher_that_enlarges_has_a_student_for_the_finer_grid(pictures: list[str], tmp_path: Path) -> None:
    plain = distill_model("median", pictures, tmp_path / "plain", fitting=Fitting(steps=1)).info.speckle_grain_px
    larger = distill_model("bicubic", pictures, tmp_path / "larger", fitting=Fitting(steps=1)).info.speckle_grain_px
    assert plain is not None
    assert larger is not None
    assert larger.rows == pytest.approx(2 * plain.rows, rel=0.2)
    assert Enhancer(tmp_path / "larger").scale == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "none changes nothing, so there is nothing to teach"),
        (["srat"], "srat: no such model folder"),
        (["steering-compound"], "steering-compound needs the complex image"),
        (["median", "--steps", "0"], "steps must be positive"),
        (["median", "--teacher-steps", "5"], "median learns nothing first; leave teacher_steps and teacher_budget out"),
        (["self2self", "--teacher-steps", "0"], "steps must be positive"),
    ],
)
def test_what_cannot_be_taught_says_why(pictures: list[str], tmp_path: Path, arguments: list[str], said: str) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match=said):
        main([*arguments, "--data", *pictures, "--out", str(out)])
    assert not out.exists()


def test_too_few_images_are_refused(pictures: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"3 image\(s\) are too few to teach on; give at least 4"):
        distill_model("median", pictures[:3], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_of_the_user_in_the_folder_are_left_alone(pictures: list[str], tmp_path: Path) -> None:
    out = tmp_path / "student"
    out.mkdir()
    for name in ("teacher.pt", "teacher.pth", "teacher.pt.mine"):
        (out / name).write_text("mine")
    distill_model("median", pictures, out, fitting=Fitting(steps=1))
    assert all((out / name).read_text() == "mine" for name in ("teacher.pt", "teacher.pth", "teacher.pt.mine"))
