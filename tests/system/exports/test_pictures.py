"""Pictures and films that the command line writes keep sizes and times."""

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from sonolucent.stream import Stream, write_images

from .points import PIXELS, REFERENCE, TIMES_S, lengths_mm, wrote

pytestmark = pytest.mark.slow


def test_a_picture_knows_its_size(sonolucent: Any, images: Path, tmp_path: Path) -> None:
    with Image.open(wrote(sonolucent("image", images, tmp_path / "a.png"), tmp_path / "a.png")) as picture:
        dx_mm, dz_mm = (25.4 / dots for dots in picture.info["dpi"])
        assert lengths_mm(np.asarray(picture), dx_mm, dz_mm) == pytest.approx((20, 20), abs=0.1)
        assert dx_mm == pytest.approx(dz_mm)
        told = json.loads(picture.text["Comment"])
    assert (told["models"], told["imaging"]["dynamic_range_db"]) == (["light@1234"], 60)


def test_pages_of_pixels_that_are_not_square(sonolucent: Any, images: Path, tmp_path: Path) -> None:
    with Image.open(wrote(sonolucent("image", images, tmp_path / "a.tif"), tmp_path / "a.tif")) as file:
        assert (file.n_frames, file.size) == (len(TIMES_S), (PIXELS.n_x, PIXELS.n_z))
        for page in ImageSequence.Iterator(file):
            assert page.tag_v2[296] == 3  # centimetres
            dx_mm, dz_mm = (10 / float(page.tag_v2[tag]) for tag in (282, 283))
            assert (dx_mm, dz_mm) == pytest.approx((0.2, 0.08))
            assert lengths_mm(np.asarray(page), dx_mm, dz_mm) == pytest.approx((20, 20), abs=0.01)


@pytest.mark.parametrize(("options", "first", "last"), [([], 0, 5), (["--first", 1, "--last", 4], 1, 4)])
def test_a_film_lasts_as_long_as_what_was_recorded(
    sonolucent: Any, images: Path, tmp_path: Path, options: list[Any], first: int, last: int
) -> None:
    out = wrote(sonolucent("image", images, tmp_path / "a.mp4", *options), tmp_path / "a.mp4")
    times_s = TIMES_S[first : last + 1] - TIMES_S[first]
    lasting_s = times_s[-1] + np.median(np.diff(times_s))
    with av.open(str(out)) as film:
        shown_s = [float(frame.pts * frame.time_base) for frame in film.decode(video=0)]
        assert shown_s == pytest.approx(list(times_s), abs=1e-3)
        assert film.duration / av.time_base == pytest.approx(lasting_s, abs=2e-3)
        aspect = film.streams.video[0].width / film.streams.video[0].height
        assert "light@1234" in film.metadata["title"]
    assert aspect == pytest.approx(24.2 / 28.08, rel=0.01)


def test_an_animation_lasts_as_long_as_what_was_recorded(sonolucent: Any, images: Path, tmp_path: Path) -> None:
    with Image.open(wrote(sonolucent("image", images, tmp_path / "a.gif"), tmp_path / "a.gif")) as animation:
        durations_ms = [picture.info["duration"] for picture in ImageSequence.Iterator(animation)]
        assert animation.info["loop"] == 0
    assert durations_ms == [50, 30, 120, 40, 260, 50]


def test_an_animation_faster_than_browsers_leaves_images_out(sonolucent: Any, tmp_path: Path) -> None:
    frames = np.full((40, *PIXELS.shape), -30.0, np.float32)
    for i, frame in enumerate(frames):
        frame[:, i] = 0
    write_images(tmp_path / "fast.h5", frames, Stream(REFERENCE, PIXELS), times_s=np.arange(40) / 200)
    wrote(sonolucent("image", tmp_path / "fast.h5", tmp_path / "a.gif"), tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as animation:
        durations_ms = [picture.info["duration"] for picture in ImageSequence.Iterator(animation)]
    assert min(durations_ms) >= 20
    assert sum(durations_ms) == 200
