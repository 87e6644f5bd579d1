"""The gain map: uniform noise where there is an image, and nothing blown up where there is none."""

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, AngleTaper, FourierBeamformer, ImageGrid, WavenumberTaper, uniform_gain

GRID = ImageGrid(-20e-3, 0.0, 0.15625e-3, 0.0625e-3, 400, 256)


@pytest.mark.slow
@pytest.mark.parametrize("taper", [AngleTaper(), WavenumberTaper(7000.0)])
def test_noise_is_equally_strong_from_edge_to_edge_and_fades_towards_the_array(acquisition, taper):
    gain = uniform_gain(acquisition, GRID, taper)
    beamformer = FourierBeamformer(acquisition, GRID, apodization=taper, gain=gain, threads=1)
    noise = np.random.default_rng(1).standard_normal((4, *acquisition.shape), dtype=np.float32)
    power = np.mean([np.abs(beamformer(frame)) ** 2 for frame in noise], axis=0)
    rms = np.sqrt(power.reshape(50, 8, 16, 16).mean(axis=(1, 3)))  # blocks of 0.5 mm x 2.5 mm
    inner = rms[16:, 4:-4].mean()
    assert rms[4:] == pytest.approx(np.full((46, 16), inner), rel=0.3)
    assert rms[16:].mean(axis=0) == pytest.approx(np.full(16, inner), rel=0.08)
    assert rms[:2].max() < 0.8 * inner
    assert rms[0].max() < 0.3 * inner


@pytest.mark.parametrize("taper", [None, AngleTaper()])
def test_gain_is_bounded_on_the_array_and_beside_it(acquisition, taper):
    wide = ImageGrid(-40e-3, 0.0, 0.625e-3, 0.25e-3, 150, 129)
    gain = uniform_gain(acquisition, wide, taper)
    assert gain.dtype == np.float32
    assert (gain > 0).all()
    assert gain.max() == 1
    assert (gain[0] == 1).all()  # on the array: one element at most
    assert (gain[:, [0, -1]] == 1).all()  # 20 mm beside it: none


def test_gain_counts_the_elements_that_transmit(grid):
    pair = Acquisition(tx_elements=(16, 47))
    free = uniform_gain(pair, grid, limit_transmit=False)
    received = uniform_gain(Acquisition(), grid)[-1, 128]
    assert free[-1, 128] == pytest.approx(np.sqrt(received / np.sqrt(4)), rel=0.01)
