"""Files that show B-mode, as input: DICOM, whatever its grey is called, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from sonolucent.stream.errors import ConfigError, RecordingError
from sonolucent.stream.offline.bmode_files import plain_clip
from sonolucent.stream.offline.file_enhancement import enhance_file

from .pictures import dicom, saved
from .pictures import small_grey as grey


def test_dicom_is_read_whatever_its_grey_is_called(tmp_path: Path) -> None:
    frames = np.stack([grey(), grey(seed=1)])
    black_first = dicom(tmp_path / "a.dcm", frames, "MONOCHROME2", PixelSpacing=["0.1", "0.3"], FrameTime="50")
    white_first = dicom(tmp_path / "b.dcm", 255 - frames, "MONOCHROME1")
    colours = dicom(tmp_path / "c.dcm", np.stack([frames] * 3, axis=3), "RGB")
    luminance = np.stack([frames, np.full_like(frames, 128), np.full_like(frames, 128)], axis=3)
    for path in (black_first, white_first, colours, dicom(tmp_path / "d.dcm", luminance, "YBR_FULL")):
        images = [image.bmode for image in plain_clip(path)]
        np.testing.assert_allclose(np.stack(images), (frames / 255 - 1) * 60, atol=0.3)
    clip = plain_clip(black_first)
    assert (clip.stream.grid.dx_m, clip.stream.grid.dz_m) == pytest.approx((0.3e-3, 0.1e-3))
    np.testing.assert_allclose(clip.times_s, [0, 0.05])
    renamed = black_first.rename(tmp_path / "IM0001")
    assert len(plain_clip(renamed)) == 2, "known by its content"


def test_dicom_of_16_bits_or_colour_is_refused(tmp_path: Path) -> None:
    deep = dicom(tmp_path / "a.dcm", grey()[np.newaxis].astype(np.uint16), "MONOCHROME2")
    with pytest.raises(ConfigError, match=r"a\.dcm: 16 bits of grey; export it with 8 bits"):
        plain_clip(deep)
    with pytest.raises(ConfigError, match=r"b\.dcm: 5\.2 % of its pixels have colour"):
        plain_clip(dicom(tmp_path / "b.dcm", _coloured(grey())[np.newaxis], "RGB"))


def _coloured(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb = np.stack([grey] * 3, axis=2)
    rgb[10:20, 10:20] = (200, 40, 30)
    return rgb


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (
            _coloured(grey()),
            r"5\.2 % of its pixels have colour, such as that in row 10, column 10; B-mode is grey",
        ),
        (
            grey().astype(np.uint16) * 257,
            r"16 bits of grey, of which nobody says what is white; save it with 8 bits",
        ),
        (grey(15, 40), r"15 x 40 pixels; an image of 16 x 16 at least can be enhanced"),
        (np.full((40, 40), 80, np.uint8), r"all pixels are alike, so there is nothing to enhance"),
    ],
)
def test_a_wrong_picture_says_why(tmp_path: Path, pixels: NDArray[Any], said: str) -> None:
    path = saved(tmp_path / "wrong.png", pixels)
    with pytest.raises(ConfigError, match=rf"wrong\.png: {said}"):
        enhance_file(path, tmp_path / "out.png", method="bicubic")
    assert not (tmp_path / "out.png").exists()


def test_a_few_coloured_marks_do_not_matter(tmp_path: Path) -> None:
    rgb = np.stack([grey(100, 100)] * 3, axis=2)
    rgb[3, 3:8] = (255, 220, 0)
    enhance_file(saved(tmp_path / "a.png", rgb), tmp_path / "out.png", method="median")


@pytest.mark.parametrize("undefined", [np.nan, np.inf, -np.inf])
def test_undefined_pixels_are_refused(tmp_path: Path, record: Any, undefined: float) -> None:
    images = np.full((2, 20, 20), -30, np.float32)
    images[:, 5:9] = -10
    images[1, 3, 4] = undefined
    np.savez(tmp_path / "images.npz", bmode_db=images)
    with pytest.raises(ConfigError, match=r"images\.npz, image 1: 1 pixels are undefined \(NaN or infinite\)"):
        enhance_file(tmp_path / "images.npz", tmp_path / "out.gif", method="bicubic")
    assert not (tmp_path / "out.gif").exists()
    with pytest.raises(ConfigError, match=r"noise\.h5 frame 0: channel data holds nan"):
        enhance_file(record(spoilt=0), tmp_path / "out.png", method="bicubic")


@pytest.mark.parametrize("name", ["missing.png", "missing.mp4", "missing.dcm", "missing.h5", "missing.npz"])
def test_a_missing_file_is_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"there is no such file|pydicom"):
        enhance_file(tmp_path / name, tmp_path / "out.png", method="bicubic")


@pytest.mark.parametrize("name", ["text.png", "text.mp4", "text.dcm", "text.h5", "text.npz"])
def test_a_file_that_is_none_of_these_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("nothing of the kind")
    with pytest.raises((ConfigError, RecordingError), match=r"text\.\w+.*(no |is not installed)"):
        enhance_file(tmp_path / name, tmp_path / "out.png", method="bicubic")


def test_a_film_that_only_names_another_is_refused(tmp_path: Path) -> None:
    """Whoever gives a file away would be shown what lies beside it."""
    saved(tmp_path / "a.png", grey())
    enhance_file(tmp_path / "a.png", tmp_path / "beside.mp4", method="median")
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile beside.mp4\n")
    with pytest.raises(ConfigError, match="no film that can be read"):
        plain_clip(tmp_path / "list.mp4")


def test_other_arrays_in_a_file_are_not_unpacked(tmp_path: Path) -> None:
    images = np.linspace(-60, 0, 400, dtype=np.float32).reshape(1, 20, 20)
    np.savez(tmp_path / "odd.npz", bmode_db=images, bomb=np.array([{}], object))
    np.testing.assert_array_equal(plain_clip(tmp_path / "odd.npz").first.bmode, images[0])


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "large.png", grey())
    monkeypatch.setattr(Picture, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ConfigError, match="too many pixels"):
        plain_clip(tmp_path / "large.png")


def test_arrays_that_unpack_to_a_thousand_times_their_bytes_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "small.npz", bmode_db=np.zeros((300, 500, 500), np.float32))
    with pytest.raises(ConfigError, match=r"300000\d+ bytes that it claims to unpack to"):
        plain_clip(tmp_path / "small.npz")


def test_a_program_in_a_picture_s_place_is_not_started(tmp_path: Path) -> None:
    file = tmp_path / "scan.png"
    file.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n{1 pop} loop\n")
    with pytest.raises(ConfigError, match=r"scan\.png"):
        enhance_file(file, tmp_path / "out.png", method="median")
