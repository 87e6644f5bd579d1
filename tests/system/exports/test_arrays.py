"""Arrays and recordings of images that the command line writes hold decibels, axes and times."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from sonolucent.beamform import ImageGrid
from sonolucent.stream import open_recording

from .points import PIXELS, REFERENCE, TIMES_S, wrote

pytestmark = pytest.mark.slow


def test_arrays_hold_decibels_and_axes(sonolucent: Any, images: Path, tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz", "a.mat"):
        wrote(sonolucent("convert", images, tmp_path / name), tmp_path / name)
    recording = open_recording(images)
    expected = np.stack([recording.image(i).layers for i in range(len(TIMES_S))])
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), expected)
    for arrays in (np.load(tmp_path / "a.npz"), scipy.io.loadmat(tmp_path / "a.mat", simplify_cells=True)):
        np.testing.assert_array_equal(arrays["bmode_db"], expected[:, 0])
        np.testing.assert_array_equal(arrays["enhanced_db"], expected[:, 1])
        np.testing.assert_allclose(arrays["x_m"], PIXELS.x_m)
        np.testing.assert_allclose(arrays["z_m"], PIXELS.z_m)
        np.testing.assert_allclose(arrays["times_s"], TIMES_S)
    settings = scipy.io.loadmat(tmp_path / "a.mat", simplify_cells=True)["settings"]
    assert settings["imaging"]["dynamic_range_db"] == 60
    assert settings["sound_speed_m_s"] == 1540


def test_images_of_channel_data_in_numpy(sonolucent: Any, channels: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.npy"
    wrote(sonolucent("image", channels, out, "--enhance", "median", "--frame", 1), out)
    frames = np.load(out)
    assert frames.shape == (1, 2, *ImageGrid.for_acquisition(REFERENCE).shape)
    assert frames.min() >= -60
    assert (frames[:, 0] != frames[:, 1]).any()


def test_recorded_images_stay_images(sonolucent: Any, images: Path, tmp_path: Path) -> None:
    wrote(sonolucent("image", images, tmp_path / "a.h5", "--first", 3), tmp_path / "a.h5")
    before, after = open_recording(images), open_recording(tmp_path / "a.h5")
    assert [after.image(i).frame_id for i in range(after.n_images)] == [3, 4, 5]
    np.testing.assert_array_equal(after.image(0).layers, before.image(3).layers)
    assert after.image(0).trail.acquired_ns == before.image(3).trail.acquired_ns
