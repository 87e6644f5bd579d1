import numpy as np
import pytest

from sonolucent.beamform import (
    FourierBeamformer,
    Look,
    equalize,
    frequency_looks,
    quadrant_looks,
    steering_looks,
)
from sonolucent.sim import simulate


@pytest.fixture(scope="module")
def fourier(acquisition, grid):
    return FourierBeamformer(acquisition, grid, threads=1)


@pytest.fixture(scope="module")
def speckle(acquisition):
    """Uniform tissue, 20 to 40 mm deep on the axis: what two looks share is not its structure."""
    rng = np.random.default_rng(7)
    scatterers_m = np.stack([rng.uniform(-18e-3, 18e-3, 40_000), rng.uniform(15e-3, 38e-3, 40_000)], axis=1)
    return simulate(acquisition, scatterers_m=scatterers_m, amplitudes=rng.standard_normal(40_000))


def test_complementary_looks_add_up_to_the_image(fourier, cysts, acquisition):
    image = fourier(cysts)
    for looks in (quadrant_looks(acquisition), steering_looks(), frequency_looks([50e3, 60e3, 70e3]), [Look()]):
        parts = fourier.looks(cysts, looks)
        assert parts.shape == (len(looks), *image.shape)
        assert np.abs(parts.sum(axis=0) - image).max() < 1e-5 * np.abs(image).max()


def test_each_look_holds_its_part_of_the_spectrum(fourier, speckle, grid):
    """Centroids of the looks' own spectra, measured from their pixels."""
    left, right = fourier.looks(speckle, steering_looks())
    low, high = fourier.looks(speckle, frequency_looks([61.2e3]))

    def centroid(image, axis, spacing_m, near_rad_m):
        before, after = (
            image.take(range(*part), axis) for part in ((0, -1 + image.shape[axis]), (1, image.shape[axis]))
        )
        turn = np.angle(np.vdot(before, after)) / spacing_m
        return turn + 2 * np.pi / spacing_m * np.round((near_rad_m - turn) * spacing_m / (2 * np.pi))

    assert centroid(left, 1, grid.dx_m, 0) < -1000
    assert centroid(right, 1, grid.dx_m, 0) > 1000
    assert centroid(low, 0, grid.dz_m, 61e3) < 60e3
    assert centroid(high, 0, grid.dz_m, 61e3) > 63e3


def test_quadrants_show_nearly_independent_speckle(fourier, speckle, acquisition):
    quadrants = np.abs(fourier.looks(speckle, quadrant_looks(acquisition)))[:, 280:560, 48:208]
    correlation = np.corrcoef(quadrants.reshape(4, -1))
    assert correlation[~np.eye(4, dtype=bool)].max() < 0.3


def test_equalized_looks_are_equally_bright(fourier, speckle, acquisition):
    looks = fourier.looks(speckle, quadrant_looks(acquisition))
    rms = np.sqrt(np.mean(np.abs(looks * equalize(looks)[:, None, None]) ** 2, axis=(1, 2)))
    assert rms == pytest.approx(np.full(4, rms[0]), rel=1e-5)


def test_impossible_looks_are_refused(fourier, cysts, grid):
    with pytest.raises(ValueError, match="k_x_rad_m"):
        Look(k_x_rad_m=(1.0, 1.0))
    with pytest.raises(ValueError, match="no looks"):
        fourier.looks(cysts, [])
    with pytest.raises(ValueError, match="look 0 is empty"):
        equalize(fourier.looks(cysts, [Look(k_z_rad_m=(-2e5, -1e5))]))
    with pytest.raises(ValueError, match="out has shape"):
        fourier.looks(cysts, steering_looks(), out=np.empty(grid.shape, np.complex64))
