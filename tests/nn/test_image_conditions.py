"""A network says where it is used on images of another kind than it was trained on."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from sonolucent.beamform import Acquisition, ImageGrid, Probe
from sonolucent.nn import Enhancer
from sonolucent.nn.image_conditions import ImageConditions, outside_training
from sonolucent.nn.inference.choice import SHIPPED_MODELS
from sonolucent.nn.model_folder import load_model, save_model

TRAINED = ImageConditions.of(Acquisition(), ImageGrid.sau64())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"wavelength_m": 0.308e-3}, "wavelength 0.308 mm, not 0.205"),
        ({"dx_m": 0.3e-3}, "pixels 0.3 x 0.0625 mm, not 0.156 x 0.0625"),
        ({"dz_m": 0.03e-3}, "pixels 0.156 x 0.03 mm"),
        ({"dz_m": 0.03e-3}, "speckle grain 5.7 pixels deep, not 2.7"),
        ({"fractional_bandwidth": 0.3}, "speckle grain 5.5 pixels deep"),
        ({"n_elements": 128}, "probe of 128 elements at 0.625 mm, not of 64"),
        ({"pitch_m": 0.3e-3}, "at 0.3 mm, not of 64 elements at 0.625 mm"),
    ],
)
def test_each_difference_is_named_with_both_values(changes: dict[str, float], words: str) -> None:
    (sentence,) = outside_training("light@1", TRAINED, msgspec.structs.replace(TRAINED, **changes))
    assert sentence.startswith("light@1 is used outside what it was trained for")
    assert words in sentence


def test_the_same_and_nearly_the_same_say_nothing() -> None:
    assert outside_training("light@1", TRAINED, TRAINED) == ()
    warmer = Acquisition(sound_speed_m_s=1570.0)
    assert outside_training("light@1", TRAINED, ImageConditions.of(warmer, ImageGrid.sau64())) == ()
    assert outside_training("light@1", None, msgspec.structs.replace(TRAINED, n_elements=3)) == ()


@pytest.mark.parametrize("name", ["light-quadrant", "full-quadrant", "light-paper"])
def test_shipped_models_know_what_they_were_trained_on(name: str) -> None:
    trained = load_model(SHIPPED_MODELS / name).info.trained_on
    assert trained is not None
    assert list(TRAINED.differences(trained)) == []


def test_an_enhancer_judges_by_its_model_and_filters_have_nothing_to_say(tmp_path: Path) -> None:
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    used = ImageConditions.of(acquisition, ImageGrid.for_acquisition(acquisition))
    (sentence,) = Enhancer("cpu").outside_training(used)
    assert sentence.startswith("light-quadrant@")
    assert Enhancer("none").outside_training(used) == Enhancer("median").outside_training(used) == ()
    own = load_model(SHIPPED_MODELS / "light-quadrant")
    save_model(tmp_path / "own", own.network, msgspec.structs.replace(own.info, trained_on=used))
    assert Enhancer(tmp_path / "own").outside_training(used) == ()
    smaller = replace(acquisition, sound_speed_m_s=1100.0)
    assert (
        "wavelength" in Enhancer(tmp_path / "own").outside_training(ImageConditions.of(smaller, ImageGrid.sau64()))[0]
    )
