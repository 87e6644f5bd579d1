"""Dots, pits and blobs that were planted are found, and nothing else is."""

import numpy as np
import pytest

from sonolucent.beamform import ImageGrid
from sonolucent.nn import metrics
from sonolucent.sim import ANECHOIC_DB

GRID = ImageGrid(x0_m=-10e-3, z0_m=5e-3, dx_m=0.15625e-3, dz_m=0.0625e-3, n_z=320, n_x=128)
TISSUE = np.zeros(GRID.shape)


def spot_db(at_m: tuple[float, float], height_db: float = 8.0, width_m: float = 0.25e-3) -> np.ndarray:
    distance = np.hypot(GRID.z_m[:, None] - at_m[1], GRID.x_m - at_m[0])
    return height_db * np.exp(-((distance / width_m) ** 2))


def test_one_dot_is_one_dot_and_one_pit_one_pit() -> None:
    dot, pit = TISSUE - 30 + spot_db((1e-3, 12e-3)), TISSUE - 30 - spot_db((1e-3, 12e-3))
    assert (metrics.dots(dot, TISSUE, GRID), metrics.pits(dot, TISSUE, GRID)) == (1, 0)
    assert (metrics.dots(pit, TISSUE, GRID), metrics.pits(pit, TISSUE, GRID)) == (0, 1)
    assert metrics.stands_out_db(dot, GRID).max() == pytest.approx(8, abs=0.6)


def test_every_dot_counts_however_bright_but_faint_ones_do_not() -> None:
    image = TISSUE - 20
    for x_m, height_db in ((-6e-3, 5), (-3e-3, 12), (0.0, 30), (3e-3, 3.5), (6e-3, 2)):
        image = image + spot_db((x_m, 15e-3), height_db)
    assert metrics.dots(image.clip(-60, 0), TISSUE, GRID) == 3


def test_bands_are_no_dots_nor_are_edges_that_are_there() -> None:
    slope = 0.3 * GRID.x_m[None, :]
    band = 8 * np.exp(-(((GRID.z_m[:, None] - 15e-3 - slope) / 0.2e-3) ** 2))
    for structure in (band, -band):
        assert metrics.dots(structure - 25, TISSUE, GRID) == 0
        assert metrics.pits(structure - 25, TISSUE, GRID) == 0
    edge = np.where(np.hypot(GRID.z_m[:, None] - 15e-3, GRID.x_m) < 3e-3, -20.0, 0.0)
    for structure in (edge, -edge):
        assert metrics.dots(0.7 * structure - 25, structure, GRID) == 0
        assert metrics.pits(0.7 * structure - 25, structure, GRID) == 0


def test_what_is_there_is_no_dot_nor_is_a_wire_or_the_border() -> None:
    at_m = (1e-3, 12e-3)
    image = TISSUE - 30 + spot_db(at_m)
    assert metrics.dots(image, spot_db(at_m, 5), GRID) == 0
    assert metrics.dots(image, spot_db(at_m, 1), GRID) == 1
    assert metrics.dots(image, TISSUE, GRID, points_m=np.array([at_m])) == 0
    assert metrics.dots(image, TISSUE, GRID, points_m=np.array([(4e-3, 12e-3)])) == 1
    assert metrics.dots(TISSUE - 30 + spot_db((GRID.x0_m + 1e-3, 12e-3)), TISSUE, GRID) == 0


def test_dots_are_counted_where_tissue_is_and_blobs_where_nothing_is() -> None:
    truth = TISSUE.copy()
    truth[160:] = ANECHOIC_DB
    image = np.where(truth == 0, -25.0, -52.0)
    for x_m in (-5e-3, 0.0, 5e-3):
        image += spot_db((x_m, 20e-3), 7) + spot_db((x_m, 8e-3), 7)
    assert metrics.dots(image, truth, GRID) == 3
    assert metrics.blobs_of_nothing(image, truth, GRID) == 3
    assert metrics.blobs_of_nothing(image, truth, GRID, points_m=np.array([(0.0, 20e-3)])) == 2
    assert metrics.blobs_of_nothing(image, TISSUE, GRID) == 0


def test_light_that_leaks_from_tissue_and_slow_change_are_no_blobs() -> None:
    truth = np.where(GRID.z_m[:, None] > 12e-3, ANECHOIC_DB, TISSUE)
    leaking = -25 - 30 * np.clip((GRID.z_m[:, None] - 12e-3) / 1e-3, 0, 1) + 3 * np.sin(GRID.x_m / 4e-3)
    assert metrics.blobs_of_nothing(leaking, truth, GRID) == 0


@pytest.mark.parametrize("metric", [metrics.dots, metrics.pits, metrics.blobs_of_nothing])
def test_images_of_another_grid_are_refused(metric) -> None:
    with pytest.raises(ValueError, match="grid's shape"):
        metric(np.zeros((10, 10)), np.zeros((10, 10)), GRID)
