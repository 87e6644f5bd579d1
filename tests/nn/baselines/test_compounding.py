import numpy as np
import pytest

from sonolucent.nn import metrics
from sonolucent.nn.baselines import COMPOUNDS
from sonolucent.nn.baselines.compounding import compound
from sonolucent.nn.energy_split import EnergySplit

from ..speckle import a_grid, speckle


@pytest.fixture(scope="module")
def grid():
    return a_grid(192, 128)


@pytest.fixture(scope="module")
def image(grid):
    return speckle(grid, 3)


def test_one_look_is_the_envelope(image, grid):
    whole = compound(image, grid, EnergySplit(1, 1))
    np.testing.assert_allclose(whole.real, np.abs(image), rtol=2e-4, atol=1e-5 * np.abs(image).max())
    assert not whole.imag.any()


@pytest.mark.parametrize(("name", "snr"), [("frequency-compound", 3.0), ("steering-compound", 4.5)])
def test_speckle_averages_out(name, snr, image, grid):
    """n independent looks would have sqrt(n) times the speckle SNR 1.91, that is 3.3 and 5.7."""
    plain = metrics.speckle_snr(np.abs(image))
    compounded = metrics.speckle_snr(COMPOUNDS[name](image, grid).real)
    assert plain == pytest.approx(metrics.RAYLEIGH_SPECKLE_SNR, abs=0.2)
    assert compounded > snr * plain / metrics.RAYLEIGH_SPECKLE_SNR * 0.85


def test_frequency_compounding_costs_axial_resolution_alone(grid):
    point = np.zeros(grid.shape)
    point[grid.n_z // 2, grid.n_x // 2] = 1
    amplitude = speckle(grid, 0, 20 * np.log10(point + 1e-6))
    compounded = COMPOUNDS["frequency-compound"](amplitude, grid).real

    def width(image, axis):
        profile = np.abs(image).max(axis=axis)
        return int(np.sum(profile > profile.max() / 2))

    assert width(compounded, 1) > width(amplitude, 1)
    assert width(compounded, 0) == pytest.approx(width(amplitude, 0), abs=1)


@pytest.mark.parametrize("name", COMPOUNDS)
def test_the_level_stays(name, image, grid):
    compounded = COMPOUNDS[name](image, grid)
    assert compounded.dtype == np.complex64
    assert np.sqrt(np.mean(np.abs(compounded) ** 2)) == pytest.approx(np.sqrt(np.mean(np.abs(image) ** 2)), rel=1e-4)


def test_images_without_phase_are_refused(image, grid):
    with pytest.raises(ValueError, match="without phase"):
        compound(np.abs(image), grid, EnergySplit(3, 1))
    with pytest.raises(ValueError, match="the grid"):
        compound(image[:-1], grid, EnergySplit(3, 1))
    broken = image.copy()
    broken[4, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        compound(broken, grid, EnergySplit(3, 1))
