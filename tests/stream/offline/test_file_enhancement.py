"""Files of B-mode in, enhanced files out: sizes, places, budgets, options."""

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
from sonolucent.stream.errors import ConfigError, OutputError
from sonolucent.stream.offline.bmode_files import plain_clip
from sonolucent.stream.offline.file_enhancement import enhance_file

from .pictures import saved, small_grey


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as file:
        return dict(file)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return saved(tmp_path / "frame.png", small_grey())


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".gif", ".webp"])
def test_pictures_are_read_as_they_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frame{suffix}"
    Picture.fromarray(small_grey()).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    clip = plain_clip(path)
    np.testing.assert_allclose(clip.first.bmode, (small_grey() / 255 - 1) * 60, atol=60 / 255)
    assert (len(clip), clip.pixels_known, clip.acquisition_known) == (1, False, False)


def test_a_jpeg_is_read(tmp_path: Path) -> None:
    Picture.fromarray(np.stack([small_grey()] * 3, axis=2)).save(tmp_path / "frame.jpg", quality=95)
    assert np.abs(plain_clip(tmp_path / "frame.jpg").first.bmode - (small_grey() / 255 - 1) * 60).mean() < 1.5


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
    pages = [Picture.fromarray(small_grey(seed=i)) for i in range(3)]
    pages[0].save(tmp_path / "film.gif", save_all=True, append_images=pages[1:], duration=[100, 200, 100])
    made = enhance_file(tmp_path / "film.gif", tmp_path / "film.mp4", method="median")
    assert made.images == 3
    clip = plain_clip(tmp_path / "film.mp4")
    np.testing.assert_allclose(clip.times_s, [0, 0.1, 0.3], atol=1e-3)
    some = enhance_file(tmp_path / "film.mp4", tmp_path / "some.npz", method="bicubic", first=1, last=2)
    assert some.images == 2


def test_a_method_learns_once_from_a_whole_film(tmp_path: Path) -> None:
    pages = [Picture.fromarray(small_grey(seed=i)) for i in range(3)]
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
