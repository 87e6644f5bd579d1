import numpy as np
import pytest

from sonolucent.beamform import ImageGrid
from sonolucent.nn.evaluate.real import PixelRectangle, reflector_figures, vessel_figures


def test_vessel_figures_of_known_levels():
    rng = np.random.default_rng(0)
    image_db = rng.normal(-20, 3, (60, 40)).astype(np.float32)
    image_db[:30] -= 20
    figures = vessel_figures(
        image_db, PixelRectangle(rows=(0, 29), columns=(0, 39)), PixelRectangle(rows=(30, 59), columns=(0, 39))
    )
    assert figures["cnr"] == pytest.approx(20 / np.sqrt(18), rel=0.05)
    assert figures["gcnr"] > 0.98
    assert figures["tissue_std_db"] == pytest.approx(3, rel=0.05)


def test_a_box_outside_the_image_is_refused():
    with pytest.raises(ValueError, match="is not in"):
        PixelRectangle(rows=(0, 60), columns=(0, 3)).of(np.zeros((60, 40), np.float32))


def test_reflector_figures_of_a_known_point():
    grid = ImageGrid.linear(x_m=(-5e-3, 5e-3), z_m=(10e-3, 20e-3), shape=(201, 201))
    width_m = 1e-3
    distance = np.hypot(grid.z_m[:, None] - 15e-3, grid.x_m - 1e-3)
    amplitude = np.exp2(-((2 * distance / width_m) ** 2))
    image_db = (20 * np.log10(np.maximum(amplitude, 1e-3))).astype(np.float32)
    figures = reflector_figures(image_db, grid, (1e-3, 15e-3))
    assert figures["width_mm"] == pytest.approx(1, rel=0.02)
    assert figures["peak_db"] == pytest.approx(60, abs=0.5)
