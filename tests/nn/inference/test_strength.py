"""How much of an enhancement is shown, in dB."""

from pathlib import Path

import numpy as np
import pytest

from sonolucent.nn import Enhancer, Session


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).uniform(-60, 0, (62, 40)).astype(np.float32)


@pytest.mark.parametrize("choice", ["model", "median"])
def test_it_leads_from_the_plain_to_the_enhanced_image(model_folder: Path, choice: str, image: np.ndarray) -> None:
    enhancer = Enhancer(model_folder if choice == "model" else choice, threads=1)
    whole = enhancer(image)
    assert np.abs(whole - image).max() > 1
    enhancer.strength = 0.25
    np.testing.assert_allclose(enhancer(image), 0.75 * image + 0.25 * whole, atol=1e-4)
    enhancer.strength = 0.0
    np.testing.assert_array_equal(enhancer(image), image)
    enhancer.strength = 1.0
    np.testing.assert_array_equal(enhancer(image), whole)


def test_of_several_images_and_of_undefined_pixels(model_folder: Path, image: np.ndarray) -> None:
    images = np.stack([image, np.full_like(image, np.nan), np.full_like(image, np.inf)])
    enhancer = Enhancer(model_folder, threads=1, strength=0.5)
    plain = np.stack([image, np.full_like(image, -60), np.zeros_like(image)])
    expected = (plain + Enhancer(model_folder, threads=1)(images)) / 2
    np.testing.assert_allclose(enhancer(images), expected, atol=1e-4)


def test_none_has_no_strength(image: np.ndarray) -> None:
    np.testing.assert_array_equal(Enhancer("none", strength=0.5)(image), image)


def test_a_session_changes_it_between_two_images_and_each_tells_its_own(model_folder: Path, image: np.ndarray) -> None:
    session, out = Session(model_folder, image.shape, threads=1, strength=0.5), np.empty_like(image)
    assert session(image, out).strength == 0.5
    session.strength = 0.0
    assert session(image, out).strength == 0.0
    np.testing.assert_array_equal(out, image)
    session.swap(model_folder).result()
    assert session(image, out).strength == 0.0


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_what_is_none_is_refused(model_folder: Path, strength: float) -> None:
    with pytest.raises(ValueError, match=r"strength must lie within 0\.\.1"):
        Enhancer(model_folder, strength=strength)
    session = Session("none", (40, 40))
    with pytest.raises(ValueError, match="strength"):
        session.strength = strength
