"""A network sees images at the speckle grain that it knows: measured once a set-up, told, and left alone where near."""

import logging
import tracemalloc
from pathlib import Path

import msgspec
import numpy as np
import pytest

from sonolucent.nn import Enhancer, Session
from sonolucent.nn.image_conditions import ImageConditions
from sonolucent.nn.inference import image_grain
from sonolucent.nn.model_folder import ModelInfo, save_model
from sonolucent.nn.speckle_grain import SpeckleGrain, measure_grain

from ..networks import a_network, an_info
from ..test_speckle_grain import speckle_db

KNOWN = SpeckleGrain(1.2, 1.8)
SIGMAS = KNOWN.rows / 1.17, KNOWN.columns / 1.17
SHAPE = (400, 250)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "knows"
    save_model(path, a_network(), an_info(speckle_grain_px=KNOWN))
    return path


def scaled(rows: float, columns: float) -> np.ndarray:
    return speckle_db((rows * SIGMAS[0], columns * SIGMAS[1]), SHAPE)


def as_it_is(folder: Path, image: np.ndarray) -> np.ndarray:
    return Enhancer(folder, threads=1, grain="off")(image)


def test_a_grain_that_is_nearly_known_is_left_alone(folder: Path) -> None:
    enhancer, image = Enhancer(folder, threads=1), scaled(1.03, 0.98)
    np.testing.assert_array_equal(enhancer(image), as_it_is(folder, image))
    assert enhancer.grain == f"speckle grain {measure_grain(image, 60)} pixels, as trained on"


@pytest.mark.parametrize("scale", [(0.7, 0.7), (2.0, 2.0), (1.4, 1.0)])
def test_another_is_resampled_so_that_the_network_sees_its_own(folder: Path, scale: tuple[float, float]) -> None:
    enhancer, image, seen = Enhancer(folder, threads=1), scaled(*scale), []
    run = enhancer._network.by.run
    spy = enhancer._network.by._replace(run=lambda given, out: (seen.append(given.copy()), run(given, out)))
    enhancer._network.by = spy
    out = enhancer(image)
    # Pixels in between, of speckle that is hardly sampled, are smoother than speckle would be.
    np.testing.assert_allclose(measure_grain(seen[0], 60).both, KNOWN.both, rtol=0.16 if max(scale) < 1 else 0.09)
    np.testing.assert_allclose(np.divide(seen[0].shape, SHAPE), np.divide(1, scale), rtol=0.09)
    assert out.shape == SHAPE
    assert np.abs(out - as_it_is(folder, image)).max() > 1
    assert "resampled to the 1.20 x 1.80 trained on" in enhancer.grain


def test_it_is_measured_once_until_images_are_made_anew(folder: Path) -> None:
    enhancer, coarse, fine = Enhancer(folder, threads=1), scaled(2, 2), scaled(0.7, 0.7)
    enhancer(coarse)
    told = enhancer.grain
    as_coarse = enhancer(fine)
    assert enhancer.grain == told
    enhancer.forget_grain()
    assert np.abs(enhancer(fine) - as_coarse).max() > 1
    assert enhancer.grain != told


def test_images_without_speckle_are_waited_through(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, asked = [], []

    def look(*given: object) -> SpeckleGrain | None:
        looks.append(len(asked))
        return measure_grain(*given)

    monkeypatch.setattr(image_grain, "measure_grain", look)
    enhancer = Enhancer(folder, threads=1)
    black, image = np.full(SHAPE, -60, np.float32), scaled(2, 2)
    for given in (*[black] * 9, *[image] * 9):
        asked.append(given)
        enhancer(given)
        assert ("not measured yet" in enhancer.grain) == (len(asked) < 17)
    assert looks == [1, 2, 3, 5, 9, 17]


@pytest.mark.parametrize("given", ["2.4x3.6", "2.4 x 3.6", (2.4, 3.6)])
def test_a_grain_can_be_given(folder: Path, given: object) -> None:
    enhancer, image = Enhancer(folder, threads=1, grain=given), scaled(1, 1)
    assert np.abs(enhancer(image) - as_it_is(folder, image)).max() > 1
    assert enhancer.grain == "speckle grain 2.40 x 3.60 pixels, resampled to the 1.20 x 1.80 trained on"


@pytest.mark.parametrize("given", ["on", "2", "0x1", "x", "1x2x3", "1.2.3x1", (1, 2, 3), (np.nan, 1), None])
def test_what_is_no_grain_is_refused(folder: Path, given: object) -> None:
    with pytest.raises(ValueError, match="grain must be auto, off, or half-widths"):
        Enhancer(folder, threads=1, grain=given)


def test_a_model_that_does_not_tell_its_grain_is_used_as_it_is_and_says_so(model_folder: Path) -> None:
    enhancer, image = Enhancer(model_folder, threads=1), scaled(2, 2)
    np.testing.assert_array_equal(enhancer(image), as_it_is(model_folder, image))
    assert "does not tell" in enhancer.grain
    assert Enhancer("median").grain == Enhancer("none").grain == ""


def test_what_is_too_far_from_what_it_knows_is_told(tmp_path: Path) -> None:
    save_model(tmp_path / "coarse", a_network(), an_info(speckle_grain_px=SpeckleGrain(6, 9)))
    enhancer = Enhancer(tmp_path / "coarse", threads=1)
    used = ImageConditions(64, 1e-3, 1e-3, 0.6, 1e-4, 1e-4)
    assert enhancer.outside_training(used) == ()
    enhancer(scaled(1, 1))
    (sentence,) = enhancer.outside_training(used)
    assert "which is not the 6.00 x 9.00 trained on" in sentence


def test_pixels_that_are_made_up_for_are_no_longer_told(tmp_path: Path) -> None:
    trained = ImageConditions(64, 1e-3, 1e-3, 0.6, 1e-4, 1e-4)
    used = msgspec.structs.replace(trained, dx_m=2e-4, dz_m=0.5e-4)
    info: ModelInfo = an_info(speckle_grain_px=KNOWN, trained_on=trained)
    save_model(tmp_path / "knows", a_network(), info)
    assert Enhancer(tmp_path / "knows").outside_training(used) == ()
    assert "pixels 0.2 x 0.05 mm" in Enhancer(tmp_path / "knows", grain="off").outside_training(used)[0]


def test_a_session_measures_after_every_change_of_images_and_keeps_it_over_a_swap(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session, out = Session(folder, SHAPE, threads=1), np.empty(SHAPE, np.float32)
    with caplog.at_level(logging.INFO):
        assert "resampled" in session(scaled(2, 2), out).reason
    assert [record for record in caplog.records if "resampled" in record.getMessage()]
    first = out.copy()
    session.swap(folder).result()
    session(scaled(2, 2), out)
    np.testing.assert_array_equal(out, first)
    session.begin(SHAPE, 60.0)
    assert "as trained on" in session(scaled(1, 1), out).reason


def test_every_backend_is_matched_alike(folder: Path) -> None:
    image = scaled(2, 1.4)
    fused, scripted = (Enhancer(folder, threads=1, shape=SHAPE, backend=b)(image) for b in (None, "torchscript"))
    np.testing.assert_allclose(fused, scripted, atol=60e-4)


def test_a_warm_image_takes_no_memory(folder: Path) -> None:
    enhancer, image, out = Enhancer(folder, threads=1), scaled(2, 2), np.empty(SHAPE, np.float32)
    enhancer(image, out)
    enhancer(image, out)
    tracemalloc.start()
    enhancer(image, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000
