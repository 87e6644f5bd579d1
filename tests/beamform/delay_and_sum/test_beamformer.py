import numpy as np
import pytest

from sonolucent.beamform import Acquisition, AngleTaper, DelayAndSum, ImageGrid, Probe, WavenumberTaper, measure_point

from ..conftest import correlation, point

GRID = ImageGrid(-3e-3, 18e-3, 0.1e-3, 0.05e-3, 80, 61)


@pytest.fixture(scope="module")
def target(acquisition):
    return point(acquisition, 0.73e-3, 20.21e-3)


def test_sums_analytic_signals_at_their_delays(acquisition, target):
    """One pixel, against a sum over frequencies written out."""
    taper = AngleTaper(0.3)
    n = acquisition.n_samples
    frequency = np.arange(n // 2 + 1) * acquisition.sampling_frequency_hz / n
    edge = np.clip(np.minimum(frequency - 3e6, 12e6 - frequency) / 0.9e6, 0, 1)
    spectrum = np.fft.rfft(target.astype(np.float64)) * np.sin(np.pi / 2 * edge) ** 2 * 2 / n
    x, z = GRID.x_m[37], GRID.z_m[44]
    lateral = x - acquisition.probe.element_x_m
    distance = np.hypot(lateral, z)
    leg = taper.weight(lateral / distance, 0.0)[:, None] * np.exp(2j * np.pi * frequency * distance[:, None] / 1540)
    expected = np.einsum("uvf,uf,vf->", spectrum, leg, leg, optimize=True)
    image = DelayAndSum(acquisition, GRID, apodization=taper, dtype=np.complex128)(target)
    assert image[44, 37] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("initial_time_s", [0.0, 3.21e-6, -0.7e-6])
def test_finds_a_target_whatever_the_initial_time(initial_time_s):
    acquisition = Acquisition(initial_time_s=initial_time_s)
    image = DelayAndSum(acquisition, GRID)(point(acquisition, 0.73e-3, 20.21e-3))
    seen = measure_point(image, GRID, (0, 20e-3), search_m=(2e-3, 2e-3))
    assert (seen.x_m, seen.z_m) == pytest.approx((0.73e-3, 20.21e-3), abs=15e-6)


def test_single_precision_is_enough_for_an_image(acquisition, target):
    single, double = (DelayAndSum(acquisition, GRID, dtype=dtype)(target) for dtype in (np.complex64, np.complex128))
    assert np.abs(single - double).max() < 1e-4 * np.abs(double).max()


@pytest.mark.parametrize("tx_elements", [range(64), range(63, -1, -1), (16, 30, 47)])
@pytest.mark.parametrize("limit_transmit", [True, False])
def test_single_precision_sums_the_pairs_of_any_transmits(cysts, tx_elements, limit_transmit):
    """Folded by reciprocity or not, down to the last samples of the record."""
    some = Acquisition(tx_elements=tx_elements)
    deep = ImageGrid(-15e-3, 39.2e-3, 2e-3, 0.05e-3, 40, 16)
    channels = np.ascontiguousarray(cysts[list(tx_elements)])
    single, double = (
        DelayAndSum(some, deep, limit_transmit=limit_transmit, dtype=dtype)(channels)
        for dtype in (np.complex64, np.complex128)
    )
    assert correlation(single, double) > 0.9999
    assert np.linalg.norm(single) == pytest.approx(np.linalg.norm(double), rel=1e-3)


def test_a_wavenumber_taper_weights_each_frequency_on_its_own(acquisition, target):
    """A cone alone is the same for all frequencies: sub-bands must add up to one angle taper's image."""
    cone_only = WavenumberTaper(1e9, 0.3)
    image = DelayAndSum(acquisition, GRID, apodization=cone_only)(target)

    class Cone(AngleTaper):
        def weight(self, sin_theta, wavenumber_rad_m):
            return cone_only.weight(sin_theta, wavenumber_rad_m)

    assert correlation(image, DelayAndSum(acquisition, GRID, apodization=Cone(0.3))(target)) > 0.9999


def test_two_transmits_light_the_whole_image_only_without_the_transmit_limit():
    pair = Acquisition(tx_elements=(16, 47))
    channels = point(pair, 0.0, 20e-3)
    limited, free = (DelayAndSum(pair, GRID, limit_transmit=limit)(channels) for limit in (True, False))
    assert np.abs(limited).max() < 1e-6 * np.abs(free).max()


def test_bad_input_is_refused(acquisition, target):
    das = DelayAndSum(acquisition, GRID)
    with pytest.raises(TypeError, match="int16 or float32"):
        das(target.astype(complex))
    with pytest.raises(ValueError, match="shape"):
        das(target[:, :5])
    too_slow = Probe.linear(n_elements=64, pitch_m=1e-3, element_width_m=1e-3, center_frequency_hz=60e6)
    with pytest.raises(ValueError, match="cannot be sampled"):
        DelayAndSum(Acquisition(probe=too_slow), GRID)(target)
