"""`sonolucent image` finds the reflectors of a real capture, by both methods."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from sonolucent.beamform import ImageGrid
from sonolucent.stream import open_recording

pytestmark = pytest.mark.slow


def envelope(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x and z in mm, and the envelope (n_z, n_x); 0 where the image is at its floor."""
    with h5py.File(path) as file:
        image_db = file["tracks/track_0/data/image"][0]
        x_mm, z_mm = file["scan/grid/x"][:] * 1e3, file["scan/grid/z"][:] * 1e3
    return x_mm, z_mm, np.where(image_db > image_db.min(), 10 ** (image_db / 20), 0)


def test_notch_and_back_wall_of_the_aluminium_block(sonolucent: Any, real_data: Path, tmp_path: Path) -> None:
    images = []
    for method in ("fourier", "das"):
        out = tmp_path / f"{method}.h5"
        file = real_data / "fmc" / "aluminium_64x0.63mm_5MHz_hmc.mat"
        assert sonolucent("image", file, out, "--method", method).status == 0
        x_mm, z_mm, image = envelope(out)
        images.append(image)
        notch = np.where(((z_mm > 17) & (z_mm < 24))[:, None] & (abs(x_mm) < 8), image, 0)
        row, column = np.unravel_index(notch.argmax(), notch.shape)
        assert np.hypot(x_mm[column] + 2.0, z_mm[row] - 20.05) < 0.3
        wall = np.where(((z_mm > 35) & (z_mm < 46))[:, None], image, 0)
        assert z_mm[np.unravel_index(wall.argmax(), wall.shape)[0]] == pytest.approx(41, abs=0.5)
    assert np.corrcoef(images[0].ravel(), images[1].ravel())[0, 1] > 0.95


def test_pictures_have_true_proportions(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    ended = sonolucent("image", small_recording, tmp_path / "a.png", "--transmits", 2, "--enhance")
    assert ended.status == 0, ended.errors
    picture = Image.open(tmp_path / "a.png")
    grid = ImageGrid.for_acquisition(open_recording(small_recording).acquisition)
    assert picture.height / picture.width == pytest.approx(grid.n_z * grid.dz_m / (grid.n_x * grid.dx_m), rel=0.02)
    assert picture.getextrema()[1] > 128


def test_a_cine_loop_has_every_frame(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    import av

    assert sonolucent("image", small_recording, tmp_path / "a.mp4").status == 0
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 4


def test_info_and_simulate(sonolucent: Any, tmp_path: Path) -> None:
    assert sonolucent("simulate", tmp_path / "w.h5", "--phantom", "wires", "--frames", 1).status == 0
    facts = sonolucent("info", tmp_path / "w.h5", "--json").report
    assert facts["shape"] == [64, 64, 2048]
    assert facts["frames"] == 1
    assert facts["pitch_m"] == pytest.approx(0.625e-3)
