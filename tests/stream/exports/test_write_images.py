"""Images of one's own, written for other programs; what was not enhanced never passes for it."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageSequence

from sonolucent.beamform import Acquisition, ImageGrid
from sonolucent.stream import Appearance, Clip, Image, OutputError, Stream, Trail, write_images
from sonolucent.stream.exports.clip import frame_times_s, images_of
from sonolucent.stream.exports.sheet import Sheet
from sonolucent.stream.exports.write_images import write_clip

PIXELS = ImageGrid(x0_m=-4e-3, z0_m=2e-3, dx_m=0.1e-3, dz_m=0.1e-3, n_z=90, n_x=81)
STREAM = Stream(Acquisition(), PIXELS)
DARK_DB, BRIGHT_DB = -60.0, -20.0


def mixed() -> Clip:
    """Three frames, of which the network skipped the second; the plain image is dark, the enhanced one bright."""
    layers = np.full((2, *PIXELS.shape), DARK_DB, np.float32)
    layers[1] = BRIGHT_DB
    whole = [Image(i, layers, 60.0, "m@1", skipped="", trail=Trail()) for i in range(3)]
    whole[1] = replace(whole[1], layers=layers[:1], model="", skipped="too slow")
    return Clip.of(STREAM, whole, np.array([0.0, 0.1, 0.2]))


def test_levels_of_16_and_of_8_bits_are_decibels(tmp_path: Path) -> None:
    expected = np.linspace(-50, 0, PIXELS.n_z * PIXELS.n_x, dtype=np.float32).reshape(1, *PIXELS.shape)
    for full_scale, dtype in ((65535, np.uint16), (255, np.uint8)):
        levels = np.rint((expected / 50 + 1) * full_scale).astype(dtype)
        write_images(tmp_path / "a.npy", levels, STREAM, dynamic_range_db=50.0, overwrite=True)
        np.testing.assert_allclose(np.load(tmp_path / "a.npy")[:, 0], expected, atol=50 / full_scale)


def test_arrays_have_no_number_where_a_frame_was_not_enhanced(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.npz", mixed(), Appearance())
    arrays = np.load(tmp_path / "a.npz")
    assert np.isnan(arrays["enhanced_db"]).all(axis=(1, 2)).tolist() == [False, True, False]
    assert not np.isnan(arrays["bmode_db"]).any()
    assert json.loads(str(arrays["settings"]))["models"] == ["m@1"]


def test_a_picture_of_a_frame_that_was_not_enhanced_says_so(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.tif", mixed(), Appearance())
    with Picture.open(tmp_path / "a.tif") as file:
        first, second, third = (np.asarray(page) for page in ImageSequence.Iterator(file))
    assert first.min() == first.max() == third.max() == 170
    lower_left = second[-40:, :60]
    assert second[:40].max() == 0
    assert (lower_left > 128).sum() > 50


def test_side_by_side_a_half_without_an_image_stays_dark() -> None:
    clip = mixed()
    sheet = Sheet(clip, Appearance(side_by_side=True))
    whole, skipped, _ = (sheet.draw(image) for image in clip)
    plain, enhanced = sheet.panels
    half = (slice(enhanced.top, enhanced.top + 40), slice(enhanced.left, enhanced.left + enhanced.width))
    assert (whole[half].min(), skipped[half].max()) == (170, 0)
    assert plain.left + plain.width <= enhanced.left


def test_rulers_stand_where_the_millimetres_are() -> None:
    ticks = np.full((1, *PIXELS.shape), DARK_DB, np.float32)
    clip = Clip.of(STREAM, images_of(ticks, 60.0), np.zeros(1))
    sheet = Sheet(clip, Appearance(axes=True))
    drawn, (panel,) = sheet.draw(clip.first), sheet.panels
    below = drawn[panel.top + panel.height + 2, panel.left : panel.left + panel.width]
    x_mm = 1e3 * PIXELS.x_m[np.flatnonzero(below > 128)]
    assert x_mm == pytest.approx([-4, -2, 0, 2, 4], abs=0.051)
    beside = drawn[panel.top : panel.top + panel.height, panel.left - 2]
    z_mm = 1e3 * PIXELS.z_m[np.flatnonzero(beside > 128)]
    assert z_mm == pytest.approx([2, 4, 6, 8, 10], abs=0.051)


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((1, 5, 5), {}, "on a grid of"),
        ((3, *PIXELS.shape), {"times_s": [0.0, 1.0]}, "3 images and times"),
        ((3, *PIXELS.shape), {"times_s": [0.0, 2.0, 1.0]}, "must rise"),
        ((2, 3, *PIXELS.shape), {}, "must be"),
        ((0, *PIXELS.shape), {}, "no image"),
        ((1, *PIXELS.shape), {"side_by_side": True}, "beside the plain one"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, shape: tuple[int, ...], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(OutputError, match=words):
        write_images(tmp_path / "a.gif", np.full(shape, -30, np.float32), STREAM, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pydicom" else find(name))
    with pytest.raises(OutputError, match=r"pydicom is not installed; pip install 'sonolucent\[dicom\]'"):
        write_images(tmp_path / "a.dcm", np.full((1, *PIXELS.shape), -30, np.float32), STREAM)


def test_times_are_those_of_acquisition_or_of_the_nominal_rate() -> None:
    assert frame_times_s([5_000_000_000, 5_100_000_000, 5_300_000_000], 25.0) == pytest.approx([0, 0.1, 0.3])
    assert frame_times_s([0, 0, 0], 50.0) == pytest.approx([0, 0.02, 0.04])
    assert frame_times_s([0, 0], None) == pytest.approx([0, 0.04])


def test_images_that_are_closer_than_a_film_s_clock_can_tell_come_one_after_the_other(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    images = np.full((3, *PIXELS.shape), -30, np.float32)
    write_images(tmp_path / "a.mp4", images, STREAM, times_s=[0, 1e-6, 2e-6])
    with av.open(str(tmp_path / "a.mp4")) as film:
        assert len(list(film.decode(video=0))) == 3
