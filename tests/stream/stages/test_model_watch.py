"""The model folder of a running stage: what training writes there is taken up, and only once it is whole."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn import SHIPPED_MODELS
from sonolucent.nn.model_folder import load_model, save_model
from sonolucent.stream.config import Config
from sonolucent.stream.messages import Image, Stream
from sonolucent.stream.stages import enhance as module
from sonolucent.stream.stages.model_watch import ModelWatch
from sonolucent.stream.stages.transform import Transform

SHAPE = (40, 33)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED_MODELS / "light-quadrant", tmp_path / "model")


def train_another(folder: Path) -> str:
    """Writes other weights to the folder; the id of the model that is there now."""
    model = load_model(folder)
    with torch.no_grad():
        model.network.head.bias += 0.01
    save_model(folder, model.network, model.info)
    return load_model(folder).id


def test_a_change_is_told_once_and_only_when_it_has_come_to_rest(folder: Path) -> None:
    watch = ModelWatch(folder, Clock())
    assert not watch.changed()
    train_another(folder)
    assert [watch.changed() for _ in range(4)] == [False, True, False, False]
    train_another(folder)
    assert not watch.changed()
    train_another(folder)
    assert [watch.changed() for _ in range(3)] == [False, True, False]


def test_a_folder_that_is_gone_for_a_while_is_no_change(folder: Path) -> None:
    watch = ModelWatch(folder, Clock())
    folder.rename(folder.with_name("away"))
    assert [watch.changed() for _ in range(3)] == [False, False, False]
    folder.with_name("away").rename(folder)
    assert [watch.changed() for _ in range(3)] == [False, False, False]


def test_a_link_that_points_elsewhere_is_a_change(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(folder)
    watch = ModelWatch(link, Clock())
    other = shutil.copytree(folder, tmp_path / "other")
    link.unlink()
    link.symlink_to(other)
    assert [watch.changed() for _ in range(3)] == [False, True, False]


def test_it_looks_at_most_twice_a_second(folder: Path) -> None:
    now = [0.0]
    watch = ModelWatch(folder, lambda: now[0])
    train_another(folder)
    told = []
    for i in range(21):
        now[0] = i / 20
        told.append(watch.changed())
    assert [i for i, is_changed in enumerate(told) if is_changed] == [20]


@pytest.fixture
def work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Transform:
    """The enhance stage, with a clock on which a second passes from frame to frame."""
    monkeypatch.setattr(module, "ModelWatch", lambda watched: ModelWatch(watched, Clock()))
    grid = ImageGrid.linear(x_m=(-1e-3, 1e-3), z_m=(1e-3, 3e-3), shape=SHAPE)
    return module.Enhance(Config(model=str(folder), enhance_threads=1), Stream(Acquisition(), grid))


def frame_after(work: Transform, frame_id: int) -> Image:
    image = np.random.default_rng(frame_id).uniform(-60, 0, (1, *SHAPE)).astype(np.float32)
    return work(Image(frame_id, image, 60.0))


def models_until(work: Transform, model: str) -> list[str]:
    seen: list[str] = []
    while model not in seen:
        made = frame_after(work, len(seen))
        assert (made.frame_id, len(made.layers), made.skipped) == (len(seen), 2, "")
        seen.append(made.model)
    return seen


def test_the_stage_takes_up_a_newly_trained_model(folder: Path, work: Transform) -> None:
    first = load_model(folder).id
    assert frame_after(work, 0).model == first
    second = train_another(folder)
    assert set(models_until(work, second)) == {first, second}


def test_the_stage_keeps_its_model_when_the_new_one_is_broken(
    folder: Path, work: Transform, caplog: pytest.LogCaptureFixture
) -> None:
    first = load_model(folder).id
    weights = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(weights[:1000])
    with caplog.at_level(logging.WARNING):
        frame_id = 0
        while "the model stays" not in caplog.text:
            assert frame_after(work, frame_id).model == first
            frame_id += 1
    assert "weights.safetensors is broken" in caplog.text
    (folder / "weights.safetensors").write_bytes(weights)
    third = train_another(folder)
    assert models_until(work, third)[-1] == third
