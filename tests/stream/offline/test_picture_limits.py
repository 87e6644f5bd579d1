"""Pictures, films and DICOM files take no more memory than what is asked for of them, and that within limits."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from sonolucent.sim import phantoms
from sonolucent.stream.errors import BadInput, ConfigError
from sonolucent.stream.offline import wanted_images
from sonolucent.stream.offline.bmode_files import plain_clip
from sonolucent.stream.offline.evaluation_data import read_bmode
from sonolucent.stream.offline.file_enhancement import enhance_file

from .pictures import dicom, saved, small_grey


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """144 million pixels in 18 kB."""
    Picture.new("1", (12_000, 12_000)).save(tmp_path / "huge.png")
    return tmp_path / "huge.png"


def test_a_huge_picture_is_refused_before_its_pixels_are_read(huge: Path) -> None:
    said = r"huge\.png has too many pixels"
    with pytest.raises(ConfigError, match=said):
        enhance_file(huge, huge.with_name("out.png"), method="bicubic")
    with pytest.raises(ConfigError, match=said):
        read_bmode(huge, 60)
    with pytest.raises(ValueError, match=said):
        phantoms.find(f"picture:{huge}")


@pytest.mark.parametrize("most", [100, 1000])
def test_what_pillow_takes_for_a_bomb_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """It raises an error beyond twice its limit, and a warning before."""
    path = saved(tmp_path / "a.png", small_grey())
    monkeypatch.setattr(Picture, "MAX_IMAGE_PIXELS", most)
    with pytest.raises(ValueError, match=r"a\.png has too many pixels"):
        phantoms.find(f"picture:{path}")
    with pytest.raises(ConfigError, match=r"a\.png has too many pixels"):
        read_bmode(path, 60)


def test_a_damaged_picture_of_a_manifest_is_told_in_words(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", small_grey())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ConfigError, match=r"a\.png: .*correct the manifest"):
        read_bmode(path, 60)


def test_a_text_that_unpacks_to_megabytes_is_told_in_words(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Comment", "x" * (1 << 25), zip=True)
    Picture.fromarray(small_grey()).save(tmp_path / "a.png", pnginfo=text)
    with pytest.raises(ConfigError, match=r"a\.png: Decompressed data too large"):
        plain_clip(tmp_path / "a.png")


def several(folder: Path, suffix: str) -> Path:
    """Three images; the last has colours, and is refused where it is read."""
    images = np.stack([np.stack([small_grey(seed=i)] * 3, axis=2) for i in range(3)])
    images[2, 5:30, 5:30] = (200, 40, 30)
    path = folder / f"several{suffix}"
    if suffix == ".dcm":
        return dicom(path, images, "RGB")
    pages = [Picture.fromarray(image) for image in images]
    if suffix == ".mp4":
        return _film(path, images)
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def _film(path: Path, images: np.ndarray[Any, Any]) -> Path:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = (*images.shape[1:3], "yuv420p")
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("suffix", [".tif", ".gif", ".webp", ".mp4", ".dcm"])
def test_only_what_is_asked_for_is_read(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = several(tmp_path, suffix)
    with pytest.raises(ConfigError, match="have colour"):
        plain_clip(path)
    monkeypatch.setattr(wanted_images, "MOST_BYTES", 48 * 40)
    images = list(plain_clip(path, first=1, last=1))
    assert [image.frame_id for image in images] == [1]
    levels_db = (small_grey(seed=1) / 255 - 1) * 60
    assert np.abs(images[0].bmode - levels_db).mean() < 2
    with pytest.raises(ConfigError, match="images that are asked for take more than 1920 bytes; ask for fewer"):
        plain_clip(path, last=1)
    with pytest.raises(ConfigError, match="there are no 3 to 3"):
        plain_clip(path, first=3, last=3)
    with pytest.raises(ConfigError, match="no images 2 to 1; the last comes before the first"):
        plain_clip(path, first=2, last=1)


def test_a_tiff_whose_pages_share_what_they_show_is_refused_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted_images, "MOST_BYTES", 1 << 20)
    pages, tags = 10_000, {256: 40, 257: 48, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 48, 279: 48 * 40}
    page_bytes = 2 + 12 * len(tags) + 4
    begin = 8 + 48 * 40
    content = b"II*\0" + struct.pack("<I", begin) + small_grey().tobytes()
    for i in range(pages):
        content += struct.pack("<H", len(tags))
        content += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
        content += struct.pack("<I", begin + (i + 1) * page_bytes if i + 1 < pages else 0)
    (tmp_path / "a.tif").write_bytes(content)
    assert len(plain_clip(tmp_path / "a.tif", last=99)) == 100
    with pytest.raises(ConfigError, match="more than 1048576 bytes"):
        plain_clip(tmp_path / "a.tif")


def test_a_dicom_file_that_claims_or_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    claims = dicom(tmp_path / "a.dcm", small_grey()[np.newaxis], "MONOCHROME2", NumberOfFrames=2_000_000)
    with pytest.raises(BadInput, match="take more than 2147483648 bytes"):
        plain_clip(claims)
    dataset = pydicom.dcmread(dicom(tmp_path / "b.dcm", small_grey()[np.newaxis], "MONOCHROME2"))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    dataset.save_as(tmp_path / "deflated.dcm", enforce_file_format=True)
    assert len(plain_clip(tmp_path / "deflated.dcm")) == 1
    with (tmp_path / "deflated.dcm").open("ab") as file:
        file.write(bytes(1 << 21))
    with pytest.raises(BadInput, match="take more than 2147483648 bytes"):
        plain_clip(tmp_path / "deflated.dcm")


def test_a_dicom_file_with_a_wrong_length_is_told_in_words(tmp_path: Path) -> None:
    path = dicom(tmp_path / "a.dcm", small_grey()[np.newaxis], "MONOCHROME2")
    content = bytearray(path.read_bytes())
    content[138:140] = struct.pack("<H", 85)  # of the number that tells how long the head is
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="no DICOM image can be read"):
        plain_clip(path)


def test_an_encrypted_archive_is_told_in_words(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", bmode_db=np.linspace(-60, 0, 400).reshape(1, 20, 20))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ConfigError, match=r"no arrays can be read .*encrypted"):
        plain_clip(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("x_m", np.array(["a", "b"]), r"x_m holds \(2,\) <U1; a row of numbers is due"),
        ("z_m", np.zeros((2, 2)), r"z_m holds \(2, 2\) float64"),
        ("times_s", np.array(0.1), r"times_s holds \(\) float64"),
        ("times_s", np.arange(3.0), "3 times for 1 images"),
    ],
)
def test_arrays_beside_the_images_are_rows_of_numbers(tmp_path: Path, name: str, values: Any, said: str) -> None:
    images = np.linspace(-60, 0, 400).reshape(1, 20, 20)
    np.savez(tmp_path / "a.npz", **{"bmode_db": images, name: values})
    with pytest.raises(ConfigError, match=said):
        plain_clip(tmp_path / "a.npz")
