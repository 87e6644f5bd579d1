"""What the methods learn, how much, and how a fit goes on that was killed; budgets are tiny."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from dead_leaves import dead_leaves
from numpy.typing import NDArray

from sonolucent.beamform import ImageGrid
from sonolucent.nn import OFFLINE_METHODS, FitError, Fitting, enlarged, offline_method
from sonolucent.nn.image_methods import offline_names
from sonolucent.nn.images import denormalized, normalized
from sonolucent.nn.metrics import psnr_db
from sonolucent.nn.super_resolution import Zssr, cycle_gan, degrade, gaussian_kernel, mwcnn, resize
from sonolucent.nn.super_resolution.back_projection import back_projected, shrink_by
from sonolucent.nn.super_resolution.perceptual import tell_missing

LEARNING = [name for name in OFFLINE_METHODS if name != "bicubic"]


class Killed(Exception):
    """Thrown in the middle of a fit."""


def _db(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return denormalized(image, 60.0)


@pytest.fixture(scope="module")
def image() -> NDArray[np.float32]:
    """Just large enough for all of them."""
    return _db(dead_leaves(96, seed=1))


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widest networks with an eighth of their channels: a step of them takes seconds otherwise."""
    monkeypatch.setattr(mwcnn, "_WIDTH", 8)
    monkeypatch.setattr(cycle_gan, "_JUDGE_WIDTH", 8)
    monkeypatch.setattr(cycle_gan, "_WIDTH", 8)


narrow = pytest.mark.usefixtures("_narrow")


@narrow
@pytest.mark.parametrize("name", offline_names())
def test_images_come_as_large_as_the_scale_says(name: str, image: NDArray[np.float32]) -> None:
    method = offline_method(name)
    method.fit([image if name.startswith("model2") else image[:64, :64]], Fitting(steps=1))
    small = image[:25, :30]
    made = method(small)
    assert made.shape == (method.scale * 25, method.scale * 30)
    assert made.dtype == np.float32
    assert made.min() >= -60
    assert made.max() <= 0
    assert method.name == name
    if method.scale > 1:
        assert np.abs(resize(made, 1 / method.scale) - small).mean() < 15


@narrow
@pytest.mark.parametrize("name", LEARNING)
def test_a_killed_fit_ends_where_it_would_have_ended(name: str, image: NDArray[np.float32], tmp_path: Path) -> None:
    small = image if name == "model2" else image[:64, :64]
    whole = offline_method(name)
    whole.fit([small], Fitting(steps=4, seed=2))
    steps = []

    def kill(what: str, step: int, steps_: int, loss: float) -> None:
        steps.append((what, step))
        if len(steps) == 3:
            raise Killed

    checkpoint = tmp_path / "fit.pt"
    killed = offline_method(name)
    with pytest.raises(Killed):
        killed.fit([small], Fitting(steps=4, seed=2, checkpoint=checkpoint, progress=kill))
    resumed = offline_method(name)
    resumed.fit([small], Fitting(steps=4, seed=2, checkpoint=checkpoint, progress=lambda *step: steps.append(step[:2])))
    assert len(steps) == len(set(steps)), "no step was done twice"
    np.testing.assert_array_equal(resumed(small[:24, :24]), whole(small[:24, :24]))
    done = len(steps)
    again = offline_method(name)
    again.fit([small], Fitting(steps=4, seed=2, checkpoint=checkpoint, progress=lambda *step: steps.append(step[:2])))
    assert len(steps) == done, "a fit that is done is read"


@narrow
@pytest.mark.parametrize("name", LEARNING)
def test_the_seed_decides(name: str, image: NDArray[np.float32]) -> None:
    made = []
    for seed in (1, 1, 2):
        method = offline_method(name)
        method.fit([image], Fitting(steps=1, seed=seed))
        made.append(method(image[:24, :24]))
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_the_time_limits_a_fit(image: NDArray[np.float32]) -> None:
    steps: list[int] = []
    Zssr().fit([image], Fitting(seconds=0.0, progress=lambda what, step, n, loss: steps.append(step)))
    assert steps == []


def test_zssr_is_better_than_bicubic_where_images_were_shrunk_bicubically() -> None:
    """In fifty of the published three thousand steps."""
    image = dead_leaves(96, seed=3)
    small = degrade(image, "m1", 2)
    zssr = offline_method("zssr")
    zssr.fit([_db(small)], Fitting(steps=50))
    bicubic = offline_method("bicubic")(_db(small))
    assert psnr_db(zssr(_db(small)), _db(image)) > psnr_db(bicubic, _db(image)) + 0.3


def test_back_projection_leaves_what_shrinks_to_the_image() -> None:
    """The image's own grey levels are the middle ones, so that nothing is clipped."""
    small = 0.3 + 0.4 * dead_leaves(48, seed=4)
    enlarged_ = resize(small, 2)
    for kernel in (None, gaussian_kernel((0.9, 0.7))):
        shrink = shrink_by(kernel)
        before = np.abs(shrink(enlarged_, 2) - small).max()
        assert np.abs(shrink(back_projected(enlarged_, small, shrink, 30), 2) - small).max() < max(1e-3, 0.1 * before)
    zssr = Zssr()
    zssr.fit([_db(small)], Fitting(steps=2))
    assert np.abs(resize(normalized(zssr(_db(small)), 60.0), 0.5) - small).max() < 1e-3


def test_models_learn_to_take_noise_away() -> None:
    """Of a smooth image nothing is left to learn but that."""
    smooth = np.tile(np.linspace(0.2, 0.8, 40, dtype=np.float32), (40, 1))
    model = offline_method("model1")
    losses: list[float] = []
    model.fit([_db(smooth)], Fitting(steps=80, progress=lambda what, step, n, loss: losses.append(loss)))
    # Losses of single crops, of which some have noise and some have none, are uneven, and last bits decide over many.
    assert min(losses[-20:]) < 0.6 * np.median(losses[:5])


def test_a_method_that_has_learnt_nothing_says_so() -> None:
    for name in LEARNING:
        with pytest.raises(FitError, match=r"learns from .* first; call fit"):
            offline_method(name)(np.zeros((64, 64), np.float32))


@pytest.mark.parametrize("name", LEARNING)
def test_tiny_images_are_refused(name: str) -> None:
    with pytest.raises(FitError, match=r"learns from \d+ x \d+ pixels at least; the image has 20"):
        offline_method(name).fit([np.zeros((20, 90), np.float32)], Fitting(steps=1))


def test_no_image_is_refused() -> None:
    with pytest.raises(FitError, match="no image"):
        offline_method("zssr").fit([], Fitting(steps=1))


@narrow
def test_checkpoints_of_something_else_are_refused(image: NDArray[np.float32], tmp_path: Path) -> None:
    checkpoint = tmp_path / "fit.pt"
    offline_method("mwcnn").fit([image], Fitting(steps=1, checkpoint=checkpoint))
    with pytest.raises(FitError, match="of other images or settings; remove it"):
        offline_method("mwcnn").fit([image], Fitting(steps=1, seed=5, checkpoint=checkpoint))
    checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(FitError, match="is no checkpoint of a fit"):
        offline_method("mwcnn").fit([image], Fitting(steps=1, checkpoint=checkpoint))


def test_names_that_are_none_are_refused() -> None:
    for word in ("zsr", "zssr-x3", "zssr-x"):
        with pytest.raises(ValueError, match=f"no method '{word}'; there are .*zssr, zssr-x4"):
            offline_method(word)


def test_without_the_weights_of_vgg_a_line_says_so_once(
    image: NDArray[np.float32], caplog: pytest.LogCaptureFixture
) -> None:
    tell_missing.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            offline_method("model1").fit([image], Fitting(steps=1))
    assert [record.message for record in caplog.records] == [
        "model1: without --vgg FILE, the weights of VGG19, its perceptual term is left out"
    ]


@pytest.mark.parametrize("content", [b"", b"nothing of the kind"])
def test_weights_that_are_none_are_refused(image: NDArray[np.float32], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vgg19.pth").write_bytes(content)
    with pytest.raises(FitError, match=r"vgg19.pth: no weights can be read"):
        offline_method("model1").fit([image], Fitting(steps=1, perceptual=tmp_path / "vgg19.pth"))
    torch.save({"features.0.weight": torch.zeros(3)}, tmp_path / "vgg19.pth")
    with pytest.raises(FitError, match=r"vgg19.pth holds no weights of VGG19"):
        offline_method("model1").fit([image], Fitting(steps=1, perceptual=tmp_path / "vgg19.pth"))


@pytest.mark.parametrize("scale", [2, 4])
def test_the_grid_shares_out_the_same_extent(scale: int) -> None:
    grid = ImageGrid(-10e-3, 5e-3, 0.2e-3, 0.1e-3, 30, 50)
    larger = enlarged(grid, scale)
    assert larger.shape == (scale * 30, scale * 50)
    for before, after in ((grid.x_m, larger.x_m), (grid.z_m, larger.z_m)):
        np.testing.assert_allclose(after.reshape(-1, scale).mean(axis=1), before, atol=1e-9)
