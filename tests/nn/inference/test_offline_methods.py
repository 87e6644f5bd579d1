"""Methods that learn from each image, as enhancements: an enhancer runs them; a session, so a live stream, does not."""

from __future__ import annotations

import numpy as np
import pytest

from sonolucent.nn import Enhancer, Fitting, ModelError, Session, offline_method
from sonolucent.nn.super_resolution import resize


def _image() -> np.ndarray:
    return np.random.default_rng(0).uniform(-60, 0, (30, 26)).astype(np.float32)


@pytest.mark.parametrize("scale", [2, 4])
def test_an_enhancer_makes_larger_images(scale: int) -> None:
    name = f"bicubic-x{scale}" if scale == 4 else "bicubic"
    enhance = Enhancer(name)
    assert (enhance.scale, enhance.model) == (scale, name)
    images = np.stack([_image(), _image()[::-1]])
    made = enhance(images)
    assert made.shape == (2, scale * 30, scale * 26)
    np.testing.assert_array_equal(made[0], enhance(_image()))
    with pytest.raises(ValueError, match=f"out {scale} times as large"):
        enhance(_image(), np.empty_like(_image()))


def test_it_learns_as_much_as_it_is_told() -> None:
    steps: list[int] = []
    enhance = Enhancer("zssr", fitting=Fitting(steps=2, progress=lambda what, step, n, loss: steps.append(step)))
    made = enhance(np.stack([_image(), _image()]))
    assert steps == [1, 2, 1, 2], "on each image anew"
    np.testing.assert_array_equal(made[0], made[1])
    assert "zssr on cpu by filter: zssr was asked for" in enhance.describe()


def test_strength_goes_from_the_enlarged_image() -> None:
    plain = resize(_image(), 2).clip(-60, 0)
    made = Enhancer("zssr", fitting=Fitting(steps=1), strength=0.0)(_image())
    np.testing.assert_allclose(made, plain, atol=1e-4)


def test_one_that_learns_from_others_has_to_be_fitted_first() -> None:
    assert offline_method("mwcnn").learns_from == "others"
    with pytest.raises(ModelError, match="mwcnn learns from other images"):
        Enhancer("mwcnn")


@pytest.mark.parametrize("name", ["zssr", "model1-x4", "bicubic", "self2self"])
def test_a_session_refuses_them_and_says_what_there_is(name: str) -> None:
    with pytest.raises(
        ModelError, match=rf"enhance IN OUT --method {name}` does files, and live there is the light network"
    ):
        Session(name, (30, 26))


def test_a_session_is_not_swapped_for_one() -> None:
    session = Session("none", (30, 26))
    with pytest.raises(ModelError, match="no live stream can wait for it"):
        session.swap("zssr").result(timeout=20)
    assert session(_image(), np.empty_like(_image())).model == "none"
