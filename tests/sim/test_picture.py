"""Pictures as phantoms: their scale, their grey levels, and what is no picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonolucent.beamform import ImageGrid
from sonolucent.sim import ANECHOIC_DB, phantoms


def saved(path: Path, grey: np.ndarray) -> Path:
    Image.fromarray(grey).save(path)
    return path


@pytest.fixture
def spots() -> np.ndarray:
    """Black, 30 rows and 50 columns, with a white pixel in two corners and a grey one in the middle."""
    grey = np.zeros((30, 50), np.uint8)
    grey[0, 0] = grey[29, 49] = 255
    grey[10, 25] = 51
    return grey


@pytest.mark.parametrize(
    ("scale", "width_m", "range_db"), [("", 40e-3, 60), (":20", 20e-3, 60), (":25.5:40", 25.5e-3, 40)]
)
def test_every_pixel_is_where_the_scale_says(
    tmp_path: Path, spots, scale: str, width_m: float, range_db: float
) -> None:
    phantom = phantoms.make(f"picture:{saved(tmp_path / 'a:1.png', spots)}{scale}", seed=1)
    pixel_m = width_m / 50
    grid = ImageGrid(-width_m / 2 + pixel_m / 2, 1e-3 + pixel_m / 2, pixel_m, pixel_m, 30, 50)
    truth = phantom.echogenicity_db(grid)
    shown = np.argwhere(truth > ANECHOIC_DB)
    assert shown.tolist() == [[0, 0], [10, 25], [29, 49]]
    assert truth[tuple(shown.T)] == pytest.approx([0, -0.8 * range_db, 0])
    reach = np.abs(phantom.scatterers_m[:, 0]).max()
    assert reach <= width_m / 2
    assert phantom.scatterers_m[:, 1].min() >= 1e-3


def test_scatterers_are_as_strong_as_the_picture_is_bright_and_none_where_it_is_black(tmp_path: Path) -> None:
    grey = np.repeat(np.array([0, 85, 170, 255], np.uint8), 20)[None].repeat(60, axis=0)
    phantom = phantoms.picture(saved(tmp_path / "a.png", grey), width_m=40e-3, dynamic_range_db=30)
    bands = [phantom.amplitudes[np.abs(phantom.scatterers_m[:, 0] - x) < 4e-3] for x in (-15e-3, -5e-3, 5e-3, 15e-3)]
    assert bands[0].size == 0
    levels = [20 * np.log10(band.std()) for band in bands[1:]]
    assert levels == pytest.approx([-20, -10, 0], abs=0.4)
    wider = phantoms.picture(tmp_path / "a.png", width_m=80e-3)
    assert len(wider.amplitudes) == pytest.approx(4 * len(phantom.amplitudes), rel=0.05)


def test_seeds_and_frames_are_other_speckle_of_the_same_truth(tmp_path: Path, spots) -> None:
    name = f"picture:{saved(tmp_path / 'a.png', 255 - spots)}"
    one, same, other = (phantoms.make(name, seed=seed, frame=frame) for seed, frame in ((1, 0), (1, 0), (1, 1)))
    assert np.array_equal(one.amplitudes, same.amplitudes)
    assert not np.array_equal(one.amplitudes[:99], other.amplitudes[:99])
    assert np.array_equal(one.echogenicity_db(ImageGrid.sau64()), other.echogenicity_db(ImageGrid.sau64()))


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg", "gif"])
def test_grey_colour_and_16_bits_are_the_same_picture(tmp_path: Path, suffix: str) -> None:
    grey = np.linspace(0, 255, 40 * 40).reshape(40, 40).astype(np.uint8)
    grid = ImageGrid.linear(x_m=(-18e-3, 18e-3), z_m=(3e-3, 38e-3), shape=(60, 60))
    kinds = [grey, np.stack([grey] * 3, axis=2)]
    if suffix in ("png", "tif"):
        kinds.append(grey.astype(np.uint16) * 257)
    truths = []
    for i, kind in enumerate(kinds):
        truths.append(phantoms.picture(saved(tmp_path / f"{i}.{suffix}", kind)).echogenicity_db(grid))
    for truth in truths[1:]:
        assert truth == pytest.approx(truths[0], abs=1.5)


def test_what_cannot_be_a_phantom_says_why(tmp_path: Path, spots) -> None:
    good = saved(tmp_path / "good.png", spots)
    saved(tmp_path / "small.png", spots[:15])
    saved(tmp_path / "black.png", 0 * spots)
    saved(tmp_path / "float.tif", spots.astype(np.float32))
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:-30])
    for name, said in {
        "": "names no file",
        f"{tmp_path}/none.png": "none.png: there is no such file",
        f"{tmp_path}/text.png": "no picture that can be read",
        f"{tmp_path}/cut.png": "cut.png: .*check the file",
        f"{tmp_path}/small.png": "15 x 50 pixels; a phantom needs 16 x 16",
        f"{tmp_path}/float.tif": "32 bits",
        f"{tmp_path}/black.png": "all black",
        f"{tmp_path}": "directory",
        f"{good}:500": "cannot be 500 mm wide; give 1 to 200",
        f"{good}:30:5": "cannot have 5 dB",
    }.items():
        with pytest.raises(ValueError, match=said):
            phantoms.find(f"picture:{name}")
