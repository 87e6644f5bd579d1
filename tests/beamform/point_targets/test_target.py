import math

import numpy as np
import pytest
from scipy.integrate import quad

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    FourierBeamformer,
    ImageGrid,
    Probe,
    first_grating_lobe_m,
    grating_level_db,
    measure_point,
    measure_side_lobes,
)

from ..conftest import point

GRID = ImageGrid(-10e-3, 10e-3, 0.05e-3, 0.05e-3, 81, 401)
NULL_M = 0.8e-3
AT_M = (0.43e-3, 12.01e-3)


@pytest.fixture(scope="module")
def sinc_squared():
    """sinc^2 across with its nulls 0.8 mm beside the peak, a Gaussian along, on a carrier."""
    across = np.sinc((GRID.x_m - AT_M[0]) / NULL_M) ** 2
    along = np.exp(-(((GRID.z_m - AT_M[1]) / 0.3e-3) ** 2) + 60e3j * GRID.z_m)
    return (3 * along[:, None] * across).astype(np.complex64)


@pytest.fixture(scope="module")
def target(sinc_squared):
    return measure_point(sinc_squared, GRID, (0, 12e-3))


def test_a_target_is_seen_where_it_is(target):
    assert target.position_error_m(AT_M) == pytest.approx((0, 0), abs=1.5e-6)
    assert target.position_error_m((0.4e-3, 12.05e-3)) == pytest.approx((30e-6, -40e-6), abs=1.5e-6)


def test_sinc_squared_has_the_width_and_the_side_lobes_it_is_known_for(sinc_squared, target):
    assert target.lateral_width_m == pytest.approx(0.8859 * NULL_M, rel=0.005)
    assert target.axial_width_m == pytest.approx(2 * 0.3e-3 * math.sqrt(math.log(2)), rel=0.01)
    lobes = measure_side_lobes(sinc_squared, GRID, target)
    assert lobes.main_lobe_m == pytest.approx((AT_M[0] - NULL_M, AT_M[0] + NULL_M), abs=10e-6)
    assert lobes.peak_db == pytest.approx(-26.52, abs=0.05)
    within = quad(lambda u: np.sinc(u) ** 4, -1, 1)[0]
    assert lobes.integrated_db == pytest.approx(10 * math.log10((2 / 3 - within) / within), abs=0.5)


def test_side_lobes_count_at_every_depth(sinc_squared, target):
    """A lobe of a tenth of the peak near the image's corner, where the target's own row shows nothing."""
    x, z = np.meshgrid((GRID.x_m - 8e-3) / 0.3e-3, (GRID.z_m - 10.4e-3) / 0.2e-3)
    image = sinc_squared + 0.3 * np.exp(-(x**2) - z**2).astype(np.complex64)
    assert measure_side_lobes(image, GRID, target).peak_db == pytest.approx(-20, abs=0.1)


def test_grating_lobes_are_looked_for_where_they_can_be(sinc_squared):
    acquisition = Acquisition()
    target = measure_point(sinc_squared, GRID, (0, 12e-3))
    lobe_m = first_grating_lobe_m(acquisition, 12e-3)
    assert lobe_m == pytest.approx(12e-3 * math.tan(math.asin(1540 / 7.5e6 / 0.625e-3)))
    image = sinc_squared.copy()
    image[:, np.argmin(np.abs(GRID.x_m - AT_M[0] - lobe_m))] += 0.03 * np.abs(image).max(axis=1)
    assert grating_level_db(image, GRID, target, acquisition) == pytest.approx(20 * math.log10(0.03), abs=0.5)
    image[:, np.argmin(np.abs(GRID.x_m - AT_M[0] - lobe_m / 3))] += 1
    assert grating_level_db(image, GRID, target, acquisition) == pytest.approx(20 * math.log10(0.03), abs=0.5)


def test_lobes_that_no_image_can_hold_are_refused(sinc_squared, target):
    fine = Acquisition(
        probe=Probe.linear(n_elements=64, pitch_m=0.2e-3, element_width_m=0.19e-3, center_frequency_hz=7.5e6)
    )
    with pytest.raises(ValueError, match="no grating lobe"):
        grating_level_db(sinc_squared, GRID, target, fine)
    narrow = ImageGrid(GRID.x0_m + 190 * GRID.dx_m, GRID.z0_m, GRID.dx_m, GRID.dz_m, GRID.n_z, 35)
    part = np.ascontiguousarray(sinc_squared[:, 190:225])
    with pytest.raises(ValueError, match="outside the image"):
        grating_level_db(part, narrow, measure_point(part, narrow, (0, 12e-3)), Acquisition())
    with pytest.raises(ValueError, match="wider grid"):
        measure_side_lobes(part, narrow, measure_point(part, narrow, (0, 12e-3)))


def test_a_taper_lowers_the_lobes_of_the_reference_probe(acquisition):
    """Elements of three wavelengths: without a taper their own directivity alone holds the grating lobes down."""
    grid = ImageGrid(-15e-3, 17e-3, 0.15625e-3, 0.05e-3, 121, 193)
    channels = point(acquisition, 0.2e-3, 20e-3)
    side, grating = [], []
    for taper in (AngleTaper(0.26), AngleTaper(0.6)):
        image = FourierBeamformer(acquisition, grid, apodization=taper, threads=1)(channels)
        seen = measure_point(image, grid, (0.2e-3, 20e-3))
        assert seen.position_error_m((0.2e-3, 20e-3)) == pytest.approx((0, 0), abs=20e-6)
        side.append(measure_side_lobes(image, grid, seen))
        grating.append(grating_level_db(image, grid, seen, acquisition))
    assert -45 < grating[0] < grating[1] - 3 < -15
    assert side[0].integrated_db < side[1].integrated_db
    assert all(lobes.peak_db >= level - 0.1 for lobes, level in zip(side, grating, strict=True))


def test_a_b_mode_image_is_refused():
    with pytest.raises(TypeError, match="analytic image"):
        measure_point(np.zeros((4, 4), np.float32), ImageGrid.sau64(), (0.0, 1e-3))
