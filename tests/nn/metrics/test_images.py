"""Metrics of whole images against their closed forms."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import erf
from skimage.feature import graycomatrix, graycoprops

from sonolucent.beamform import ImageGrid
from sonolucent.nn import metrics

GRID = ImageGrid(x0_m=-10e-3, z0_m=5e-3, dx_m=0.15625e-3, dz_m=0.0625e-3, n_z=320, n_x=128)
CENTER_M = (0.4e-3, 15e-3)
OFFSETS_M = np.arange(-1.6e-3, 2.2e-3, 0.02e-3)


def distance_m():
    return np.hypot(GRID.z_m[:, None] - CENTER_M[1], GRID.x_m - CENTER_M[0])


def blurred_cyst(radius_m, sigma_m, contrast_db):
    return -30 + contrast_db * (0.5 - 0.5 * erf((distance_m() - radius_m) / (sigma_m * np.sqrt(2))))


@pytest.mark.parametrize("contrast_db", [-20, 6])
@pytest.mark.parametrize("sigma_m", [0.15e-3, 0.25e-3])
def test_edge_rise_of_a_blurred_cyst(sigma_m, contrast_db):
    """A step blurred by a Gaussian goes from 10 to 90 % over 2.563 standard deviations."""
    image = blurred_cyst(2.5e-3, sigma_m, contrast_db)
    profile = metrics.radial_profile(image, GRID, CENTER_M, 2.5e-3 + OFFSETS_M)
    assert metrics.edge_rise_m(OFFSETS_M, profile) == pytest.approx(2.563 * sigma_m, rel=0.03)


def test_edges_that_cannot_be_measured_are_refused():
    with pytest.raises(ValueError, match="leaves the image"):
        metrics.radial_profile(np.zeros(GRID.shape), GRID, (9e-3, 15e-3), 2.5e-3 + OFFSETS_M)
    with pytest.raises(ValueError, match="no rise"):
        metrics.edge_rise_m(OFFSETS_M, np.zeros_like(OFFSETS_M))
    with pytest.raises(ValueError, match="reach beyond"):
        metrics.edge_rise_m(OFFSETS_M[:100], np.zeros(100))


def gaussian_wire_db(width_m, peak_db, background_db):
    """A point of -6 dB lateral width `width_m` over a constant background."""
    lateral, axial = GRID.x_m - CENTER_M[0], GRID.z_m[:, None] - CENTER_M[1]
    amplitude = 10 ** (peak_db / 20) * np.exp2(-((2 * lateral / width_m) ** 2) - (2 * axial / 0.25e-3) ** 2)
    return 20 * np.log10(amplitude + 10 ** (background_db / 20))


def test_width_of_a_gaussian_wire():
    assert metrics.wire_width_m(gaussian_wire_db(0.7e-3, -5, -120), GRID, CENTER_M) == pytest.approx(0.7e-3, rel=0.02)


def test_peak_of_a_point_over_its_background():
    image = gaussian_wire_db(0.7e-3, -5, -120).clip(-30)
    assert metrics.point_peak_db(image, GRID, CENTER_M) == pytest.approx(25, abs=0.5)
    with pytest.raises(ValueError, match="another region"):
        metrics.point_peak_db(image, GRID, (0.0, 60e-3))


def test_homogeneity_is_that_of_the_co_occurrence_matrix():
    image = np.random.default_rng(0).uniform(-70, 5, (60, 40))
    levels = np.rint((image / 60 + 1).clip(0, 1) * 255).astype(np.uint8)
    matrix = graycomatrix(levels, [1], [0], levels=256, symmetric=True, normed=True)
    assert metrics.homogeneity(image) == pytest.approx(graycoprops(matrix, "homogeneity")[0, 0])
    assert metrics.homogeneity(np.full((60, 40), -20.0)) == 1


def test_every_planted_blob_is_a_false_structure_at_any_noise_and_slow_change_is_none():
    rng = np.random.default_rng(1)
    noise = 2 * rng.uniform(-1, 1, GRID.shape) + 5 * np.sin(GRID.z_m / 10e-3)[:, None]
    assert metrics.false_structures(noise, GRID) == 0
    for row, column, sign in [(60, 30, 1), (60, 90, -1), (200, 40, 1), (260, 100, -1)]:
        noise[row : row + 6, column : column + 4] += 12 * sign
    assert metrics.false_structures(noise, GRID) == 4
    assert metrics.false_structures(noise / 10 - 20, GRID) == 4
    assert metrics.false_structures(noise, GRID, above_db=6) == 4
    assert metrics.false_structures(noise / 10 - 20, GRID, above_db=6) == 0
    noise[:10] = -100
    assert metrics.false_structures(noise, GRID) == 4
    with pytest.raises(ValueError, match="grid's shape"):
        metrics.false_structures(noise[1:], GRID)


def test_flicker_is_the_rms_change_between_frames():
    frame = np.random.default_rng(2).uniform(-60, 0, (20, 30))
    assert metrics.flicker_db([frame] * 3) == 0
    assert metrics.flicker_db([frame, frame + 3, frame]) == pytest.approx(3)
    assert metrics.flicker_db([frame, frame + 3, frame + 3, frame + 3]) == pytest.approx(np.sqrt(3))
    with pytest.raises(ValueError, match="two frames"):
        metrics.flicker_db([frame])


def test_the_truth_is_brought_to_the_images_level_though_a_part_of_the_image_is_wrong():
    truth = np.where(distance_m() < 2e-3, -40.0, 0.0)
    image = np.where(distance_m() < 2e-3, -36.0, -22.0)
    matched = metrics.at_level_of(image, truth)
    assert np.unique(matched).tolist() == [-60, -22]
    assert metrics.error_db(image, matched) == pytest.approx(24 * np.mean(distance_m() < 2e-3))


def test_psnr_of_a_constant_error():
    truth = gaussian_filter(np.random.default_rng(3).uniform(-60, 0, (40, 40)), 2)
    assert metrics.psnr_db(truth + 6, truth) == pytest.approx(20)


def test_ssim_is_one_for_the_same_image_and_has_its_closed_form_for_constant_ones():
    truth = np.random.default_rng(4).uniform(-60, 0, (40, 40))
    assert metrics.ssim(truth, truth) == pytest.approx(1)
    luminance = (2 * 20 * 30 + 0.6**2) / (20**2 + 30**2 + 0.6**2)
    assert metrics.ssim(np.full((40, 40), -20.0), np.full((40, 40), -30.0)) == pytest.approx(luminance)


@pytest.mark.parametrize("metric", [metrics.at_level_of, metrics.error_db, metrics.ssim, metrics.psnr_db])
def test_images_and_truths_of_other_shapes_are_refused(metric):
    with pytest.raises(ValueError, match="same shape"):
        metric(np.zeros((20, 20)), np.zeros((20, 21)))
