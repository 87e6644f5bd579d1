"""Files of B-mode in, enhanced files out: sizes, places, budgets, and files that cannot be enhanced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from sonolucent.nn import Fitting
from sonolucent.nn.image_methods import FitProgress
from sonolucent.stream import open_recording
from sonolucent.stream.commands import enhance as enhance_command
from sonolucent.stream.commands.enhance import main
from sonolucent.stream.errors import ConfigError, OutputError, RecordingError
from sonolucent.stream.offline.bmode_files import plain_clip
from sonolucent.stream.offline.file_enhancement import enhance_file


def _grey(n_z: int = 48, n_x: int = 40, seed: int = 0) -> NDArray[np.uint8]:
    """Speckle in two regions."""
    rng = np.random.default_rng(seed)
    level_db = np.where(np.arange(n_x) < n_x // 2, -20, -35) + 20 * np.log10(rng.rayleigh(1, (n_z, n_x)) + 1e-3)
    return np.asarray(np.round(255 * (level_db.clip(-60, 0) / 60 + 1)), np.uint8)


def _picture(path: Path, grey: NDArray[Any]) -> Path:
    Picture.fromarray(grey).save(path)
    return path


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as file:
        return dict(file)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return _picture(tmp_path / "frame.png", _grey())


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".gif", ".webp"])
def test_pictures_are_read_as_they_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frame{suffix}"
    Picture.fromarray(_grey()).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    clip = plain_clip(path)
    np.testing.assert_allclose(clip.first.bmode, (_grey() / 255 - 1) * 60, atol=60 / 255)
    assert (len(clip), clip.pixels_known, clip.acquisition_known) == (1, False, False)


def test_a_jpeg_is_read(tmp_path: Path) -> None:
    Picture.fromarray(np.stack([_grey()] * 3, axis=2)).save(tmp_path / "frame.jpg", quality=95)
    assert np.abs(plain_clip(tmp_path / "frame.jpg").first.bmode - (_grey() / 255 - 1) * 60).mean() < 1.5


@pytest.mark.parametrize(("method", "scale"), [("median", 1), ("bicubic", 2), ("zssr", 2), ("zssr-x4", 4)])
def test_the_size_of_pixels_follows_the_scale(picture: Path, tmp_path: Path, method: str, scale: int) -> None:
    out = tmp_path / "out.npz"
    fitting = Fitting(steps=1 if "zssr" in method else None)
    made = enhance_file(picture, out, method=method, fitting=fitting, pixel_mm=(0.2, 0.1))
    assert (made.scale, made.shape) == (scale, (scale * 48, scale * 40))
    assert made.pixel_mm == pytest.approx((0.2 / scale, 0.1 / scale))
    arrays = _arrays(out)
    assert arrays["enhanced_db"].shape == arrays["bmode_db"].shape == (1, scale * 48, scale * 40)
    for axis, pixel_m, n in (("x_m", 0.2e-3, 40), ("z_m", 0.1e-3, 48)):
        places = arrays[axis]
        assert np.diff(places) == pytest.approx(pixel_m / scale)
        width = places[-1] - places[0] + pixel_m / scale
        assert width == pytest.approx(n * pixel_m), "the same extent"
    assert arrays["x_m"].mean() == pytest.approx(0, abs=1e-9)
    assert "center_frequency_hz" not in json.loads(str(arrays["settings"])), "nobody knows it"


def test_what_nobody_knows_is_told_in_no_file(picture: Path, tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    for name in ("out.png", "out.npz", "out.dcm"):
        assert enhance_file(picture, tmp_path / name, method="bicubic").pixel_mm is None
    with Picture.open(tmp_path / "out.png") as opened:
        assert "dpi" not in opened.info
    with np.load(tmp_path / "out.npz") as arrays:
        assert "x_m" not in arrays
    dataset = pydicom.dcmread(tmp_path / "out.dcm")
    assert "SequenceOfUltrasoundRegions" not in dataset
    with pytest.raises(OutputError, match=r"does not say how large its pixels are, so no ruler can; add --pixel-mm"):
        enhance_file(picture, tmp_path / "ruled.png", method="bicubic", axes=True)
    with pytest.raises(OutputError, match=r"a recording tells how it was acquired, which .* does not; write \.npz"):
        enhance_file(picture, tmp_path / "out.h5", method="bicubic")
    assert not (tmp_path / "out.h5").exists()


@pytest.mark.parametrize("name", ["out.png", "out.dcm"])
def test_our_own_files_tell_the_size_of_their_pixels(picture: Path, tmp_path: Path, name: str) -> None:
    if name == "out.dcm":
        pytest.importorskip("pydicom")
    enhance_file(picture, tmp_path / name, method="bicubic", pixel_mm=(0.1, 0.1))
    again = enhance_file(tmp_path / name, tmp_path / "again.npz", method="bicubic")
    assert again.pixel_mm == pytest.approx((0.025, 0.025), rel=1e-3)
    assert again.shape == (192, 160)


def test_films_keep_their_times(tmp_path: Path) -> None:
    pages = [Picture.fromarray(_grey(seed=i)) for i in range(3)]
    pages[0].save(tmp_path / "film.gif", save_all=True, append_images=pages[1:], duration=[100, 200, 100])
    made = enhance_file(tmp_path / "film.gif", tmp_path / "film.mp4", method="median")
    assert made.images == 3
    clip = plain_clip(tmp_path / "film.mp4")
    np.testing.assert_allclose(clip.times_s, [0, 0.1, 0.3], atol=1e-3)
    some = enhance_file(tmp_path / "film.mp4", tmp_path / "some.npz", method="bicubic", first=1, last=2)
    assert some.images == 2


def test_a_method_learns_once_from_a_whole_film(tmp_path: Path) -> None:
    pages = [Picture.fromarray(_grey(seed=i)) for i in range(3)]
    pages[0].save(tmp_path / "film.gif", save_all=True, append_images=pages[1:], duration=100)
    made = enhance_file(tmp_path / "film.gif", tmp_path / "film.npz", method="zssr", fitting=Fitting(steps=2))
    assert (made.images, made.steps) == (3, {"zssr": 2})


def test_channel_data_are_imaged_and_a_recording_of_them_comes_out(tmp_path: Path, record: Any) -> None:
    made = enhance_file(record(), tmp_path / "images.h5", method="bicubic", last=1)
    recording = open_recording(tmp_path / "images.h5")
    assert (made.images, made.scale) == (2, 2)
    image = recording.image(1)
    assert (image.model, image.layers.shape[0]) == ("bicubic", 2)
    assert image.bmode.shape == recording.stream.grid.shape == made.shape
    # Images that were recorded are taken from there on.
    again = enhance_file(tmp_path / "images.h5", tmp_path / "again.npz", method="median")
    assert again.shape == made.shape


def test_a_checkpoint_spares_a_second_fit(picture: Path, tmp_path: Path) -> None:
    steps: list[int] = []
    fitting = Fitting(steps=2, checkpoint=tmp_path / "fit.pt", progress=lambda what, step, n, loss: steps.append(step))
    first = enhance_file(picture, tmp_path / "1.npz", method="zssr", fitting=fitting)
    second = enhance_file(picture, tmp_path / "2.npz", method="zssr", fitting=fitting)
    assert (first.steps, second.steps, steps) == ({"zssr": 2}, {}, [1, 2])
    arrays = [_arrays(tmp_path / f"{i}.npz")["enhanced_db"] for i in (1, 2)]
    np.testing.assert_array_equal(*arrays)


def test_strength_mixes_with_the_enlarged_image(picture: Path, tmp_path: Path) -> None:
    images = []
    for strength in (0.0, 0.5, 1.0):
        out = tmp_path / f"{strength}.npz"
        enhance_file(picture, out, method="zssr", fitting=Fitting(steps=1), strength=strength)
        images.append(_arrays(out)["enhanced_db"])
    np.testing.assert_array_equal(images[0], _arrays(tmp_path / "0.0.npz")["bmode_db"])
    np.testing.assert_allclose(images[1], (images[0] + images[2]) / 2, atol=1e-4)


def _dicom(path: Path, pixels: NDArray[Any], meaning: str, **more: Any) -> Path:
    pydicom = pytest.importorskip("pydicom")
    from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.SamplesPerPixel = 3 if meaning in ("RGB", "YBR_FULL") else 1
    if dataset.SamplesPerPixel == 3:
        dataset.PlanarConfiguration = 0
    bits = 8 * pixels.dtype.itemsize
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits, bits - 1, 0
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = pixels.shape[:3]
    dataset.PhotometricInterpretation, dataset.PixelData = meaning, pixels.tobytes()
    for name, value in more.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_dicom_is_read_whatever_its_grey_is_called(tmp_path: Path) -> None:
    frames = np.stack([_grey(), _grey(seed=1)])
    black_first = _dicom(tmp_path / "a.dcm", frames, "MONOCHROME2", PixelSpacing=["0.1", "0.3"], FrameTime="50")
    white_first = _dicom(tmp_path / "b.dcm", 255 - frames, "MONOCHROME1")
    colours = _dicom(tmp_path / "c.dcm", np.stack([frames] * 3, axis=3), "RGB")
    luminance = np.stack([frames, np.full_like(frames, 128), np.full_like(frames, 128)], axis=3)
    for path in (black_first, white_first, colours, _dicom(tmp_path / "d.dcm", luminance, "YBR_FULL")):
        images = [image.bmode for image in plain_clip(path)]
        np.testing.assert_allclose(np.stack(images), (frames / 255 - 1) * 60, atol=0.3)
    clip = plain_clip(black_first)
    assert (clip.stream.grid.dx_m, clip.stream.grid.dz_m) == pytest.approx((0.3e-3, 0.1e-3))
    np.testing.assert_allclose(clip.times_s, [0, 0.05])
    renamed = black_first.rename(tmp_path / "IM0001")
    assert len(plain_clip(renamed)) == 2, "known by its content"


def test_dicom_of_16_bits_or_colour_is_refused(tmp_path: Path) -> None:
    deep = _dicom(tmp_path / "a.dcm", _grey()[np.newaxis].astype(np.uint16), "MONOCHROME2")
    with pytest.raises(ConfigError, match=r"a\.dcm: 16 bits of grey; export it with 8 bits"):
        plain_clip(deep)
    with pytest.raises(ConfigError, match=r"b\.dcm: 5\.2 % of its pixels have colour"):
        plain_clip(_dicom(tmp_path / "b.dcm", _coloured(_grey())[np.newaxis], "RGB"))


def _coloured(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb = np.stack([grey] * 3, axis=2)
    rgb[10:20, 10:20] = (200, 40, 30)
    return rgb


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (_coloured(_grey()), r"5\.2 % of its pixels have colour, such as that in row 10, column 10; B-mode is grey"),
        (_grey().astype(np.uint16) * 257, r"16 bits of grey, of which nobody says what is white; save it with 8 bits"),
        (_grey(15, 40), r"15 x 40 pixels; an image of 16 x 16 at least can be enhanced"),
        (np.full((40, 40), 80, np.uint8), r"all pixels are alike, so there is nothing to enhance"),
    ],
)
def test_a_wrong_picture_says_why(tmp_path: Path, pixels: NDArray[Any], said: str) -> None:
    path = _picture(tmp_path / "wrong.png", pixels)
    with pytest.raises(ConfigError, match=rf"wrong\.png: {said}"):
        enhance_file(path, tmp_path / "out.png", method="bicubic")
    assert not (tmp_path / "out.png").exists()


def test_a_few_coloured_marks_do_not_matter(tmp_path: Path) -> None:
    rgb = np.stack([_grey(100, 100)] * 3, axis=2)
    rgb[3, 3:8] = (255, 220, 0)
    enhance_file(_picture(tmp_path / "a.png", rgb), tmp_path / "out.png", method="median")


def test_undefined_pixels_are_refused(tmp_path: Path, record: Any) -> None:
    images = np.full((2, 20, 20), -30, np.float32)
    images[:, 5:9] = -10
    images[1, 3, 4] = np.nan
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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "zsr"}, "zsr: no such model folder; the other choices are .*zssr"),
        ({"method": "frequency-compound"}, "frequency-compound is made of channel data"),
        ({"method": "zssr", "learn_from": [Path("a.png")]}, "learns from no other images; leave learn_from out"),
        ({"method": "median", "learn_from": [Path("a.png")]}, "median learns from no other images"),
        (
            {"method": "auto", "fitting": Fitting(steps=3, seconds=9)},
            "auto learns nothing here; leave budget and",
        ),
        ({"method": "bicubic", "fitting": Fitting(steps=3)}, "bicubic learns nothing here; leave steps out"),
        ({"method": "zssr", "grain": "off"}, "zssr knows no speckle grain"),
        ({"method": "zssr", "fitting": Fitting(steps=0)}, "steps must be at least 1, not 0"),
        ({"method": "zssr", "fitting": Fitting(seconds=0)}, "budget must be positive, not 0 s"),
        ({"method": "zssr", "fitting": Fitting(checkpoint=Path("nowhere/fit.pt"))}, "there is no folder nowhere"),
        ({"method": "bicubic", "pixel_mm": (0.1, 0)}, "pixel_mm must be positive"),
        ({"method": "bicubic", "first": 1}, "holds images 0 to 0; there are no 1 to 1"),
        ({"method": "bicubic", "strength": 2}, "strength must lie within 0..1"),
        ({"method": "bicubic", "dynamic_range_db": 0}, "dynamic_range_db must be positive"),
        ({"method": "cyclegan", "fitting": Fitting(steps=1)}, "64 x 64 pixels at least; the image has 40"),
    ],
)
def test_options_that_cannot_be_used_say_why(picture: Path, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        enhance_file(picture, tmp_path / "out.png", **options)


def test_the_command_reports_and_overwrites_nothing(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    command = [str(picture), str(out), "--method", "zssr", "--steps", "10", "--json", "--pixel-mm", "0.2", "0.2"]
    assert main([*command, "--side-by-side", "--axes"]) == 0
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert report["steps"] == {"zssr": 10}
    assert (report["scale"], report["pixel_mm"]) == (2, [0.1, 0.1])
    assert "step 10 of 10: zssr, loss" in told.err
    before = out.read_bytes()
    with pytest.raises(OutputError, match="the file exists"):
        main(command)
    assert out.read_bytes() == before
    assert main([*command[:-4], "--overwrite", "--steps", "1"]) == 0
    assert "1 image(s) of 96 x 80 by zssr in" in capsys.readouterr().out


def test_who_interrupts_learns_how_to_go_on(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = tmp_path / "fit.pt"
    command = [str(picture), str(tmp_path / "out.png"), "--method", "zssr", "--steps", "4"]
    command += ["--checkpoint", str(checkpoint)]
    seen: list[int] = []

    @contextmanager
    def interrupting() -> Iterator[FitProgress]:
        def progress(what: str, step: int, steps: int, loss: float) -> None:
            seen.append(step)
            if len(seen) == 2:
                raise KeyboardInterrupt

        yield progress

    monkeypatch.setattr(enhance_command, "fit_progress", interrupting)
    with pytest.raises(KeyboardInterrupt):
        enhance_command.main(command)
    assert f"the same command goes on from {checkpoint}" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()
    assert enhance_command.main(command) == 0
    assert seen == [1, 2, 3, 4]


def test_real_carotids_are_grey(real_data: Path, tmp_path: Path) -> None:
    """They are saved in colour, with marks of the scanner."""
    frames = sorted((real_data / "bmode" / "carotid").glob("*.png"))
    assert len(frames) == 8
    for frame in frames:
        made = enhance_file(frame, tmp_path / f"{frame.stem}.npz", method="bicubic")
        with Picture.open(frame) as opened:
            assert made.shape == (2 * opened.height, 2 * opened.width)


def test_a_film_that_only_names_another_is_refused(tmp_path: Path) -> None:
    """Whoever gives a file away would be shown what lies beside it."""
    _picture(tmp_path / "a.png", _grey())
    enhance_file(tmp_path / "a.png", tmp_path / "beside.mp4", method="median")
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile beside.mp4\n")
    with pytest.raises(ConfigError, match="no film that can be read"):
        plain_clip(tmp_path / "list.mp4")


def test_other_arrays_in_a_file_are_not_unpacked(tmp_path: Path) -> None:
    images = np.linspace(-60, 0, 400, dtype=np.float32).reshape(1, 20, 20)
    np.savez(tmp_path / "odd.npz", bmode_db=images, bomb=np.array([{}], object))
    np.testing.assert_array_equal(plain_clip(tmp_path / "odd.npz").first.bmode, images[0])


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _picture(tmp_path / "large.png", _grey())
    monkeypatch.setattr(Picture, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ConfigError, match="too many pixels"):
        plain_clip(tmp_path / "large.png")


def test_arrays_that_unpack_to_a_thousand_times_their_bytes_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "small.npz", bmode_db=np.zeros((300, 500, 500), np.float32))
    with pytest.raises(ConfigError, match="claims to unpack to 300000"):
        plain_clip(tmp_path / "small.npz")


def test_a_program_in_a_picture_s_place_is_not_started(tmp_path: Path) -> None:
    file = tmp_path / "scan.png"
    file.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n{1 pop} loop\n")
    with pytest.raises(ConfigError, match=r"scan\.png"):
        enhance_file(file, tmp_path / "out.png", method="median")
