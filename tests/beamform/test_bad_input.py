"""What no beamformer can image is refused, and leaves nothing behind."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    DelayAndSum,
    FourierBeamformer,
    ImageGrid,
    NotFiniteError,
    Probe,
    SequenceDecoder,
    TransmitSequence,
    quadrant_looks,
)
from sonolucent.beamform.fourier.torch_engine import TorchEngine

PROBE = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(16), n_samples=600, sampling_frequency_hz=25e6)
GRID = ImageGrid(-2.4e-3, 1e-3, 0.075e-3, 0.1e-3, 120, 64)
MAKERS = {
    "Fourier": lambda: FourierBeamformer(ACQUISITION, GRID, threads=1),
    "Fourier in torch": lambda: FourierBeamformer(
        ACQUISITION, GRID, device=lambda plan, pool: TorchEngine(plan, pool, torch.device("cpu"))
    ),
    "delay-and-sum": lambda: DelayAndSum(ACQUISITION, GRID, apodization=AngleTaper(), threads=1),
}


@pytest.fixture(scope="module", params=MAKERS)
def beamformer(request):
    return MAKERS[request.param]()


@pytest.fixture
def channels():
    return np.random.default_rng(3).standard_normal(ACQUISITION.shape).astype(np.float32)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused_and_named(beamformer, channels, value):
    before = beamformer(channels)
    bad = channels.copy()
    bad[3, 15, 7] = value
    bad[9, 4, 300] = np.nan
    with pytest.raises(NotFiniteError, match=f"{value} at transmit 3, receiver 15, sample 7; leave"):
        beamformer(bad)
    assert np.array_equal(beamformer(channels), before)


@pytest.mark.parametrize("name", ["Fourier", "Fourier in torch"])
def test_looks_and_shots_refuse_them_too(name, channels):
    beamformer = MAKERS[name]()
    bad = channels.copy()
    bad[3, 5, 7] = np.nan
    with pytest.raises(NotFiniteError, match="transmit 3, receiver 5, sample 7"):
        beamformer.looks(bad, quadrant_looks(ACQUISITION))
    for t, shot in enumerate(channels):
        beamformer.push(shot, t)
    before = beamformer.image()
    with pytest.raises(NotFiniteError, match="transmit 3, receiver 5, sample 7"):
        beamformer.push(bad[3], 3)
    assert np.array_equal(beamformer.image(), before)


@pytest.mark.parametrize("name", ["Fourier", "Fourier in torch"])
def test_samples_too_large_for_single_precision_are_refused(name, channels):
    with pytest.raises(NotFiniteError, match="too large"):
        MAKERS[name]()(channels * np.float32(5e37))


def test_a_decoder_refuses_them_before_they_are_mixed(channels):
    decoder = SequenceDecoder(replace(ACQUISITION, sequence=TransmitSequence.hadamard(16)))
    channels[2, 1, 0] = np.inf
    with pytest.raises(NotFiniteError, match="inf at transmit 2, receiver 1, sample 0"):
        decoder(channels)


def test_wrong_arrays_are_refused(beamformer, channels):
    with pytest.raises(TypeError, match="int16 or float32"):
        beamformer(channels.astype(np.complex64))
    with pytest.raises(TypeError, match="int16 or float32 array, not list"):
        beamformer(channels.tolist())
    with pytest.raises(ValueError, match=r"shape \(16, 16, 599\)"):
        beamformer(channels[..., :-1])
    with pytest.raises(ValueError, match="contiguous"):
        beamformer(np.asfortranarray(channels))
    with pytest.raises(ValueError, match="contiguous"):
        beamformer(channels[:, ::-1])


@pytest.mark.parametrize("maker", [FourierBeamformer, DelayAndSum])
def test_geometries_that_cannot_be_imaged_are_refused(maker):
    with pytest.raises(ValueError, match="behind the array"):
        maker(ACQUISITION, ImageGrid(0, -1e-3, 1e-4, 1e-4, 100, 10))
    with pytest.raises(ValueError, match="z0_m must be finite"):
        maker(ACQUISITION, ImageGrid(0, float("nan"), 1e-4, 1e-4, 100, 10))
    with pytest.raises(ValueError, match=r"reaches z = 30.90 mm, but the record holds .* to 18.45 mm"):
        maker(ACQUISITION, ImageGrid(0, 1e-3, 1e-4, 1e-4, 300, 10))
    late = Acquisition(PROBE, range(16), n_samples=600, sampling_frequency_hz=25e6, initial_time_s=20e-6)
    with pytest.raises(ValueError, match=r"the record holds echoes from 15\.40"):
        maker(late, GRID)
    with pytest.raises(ValueError, match="gain has shape"):
        maker(ACQUISITION, GRID, gain=np.ones((3, 3), np.float32))
    with pytest.raises(ValueError, match="gain must be finite"):
        maker(ACQUISITION, GRID, gain=np.full(GRID.shape, np.nan, np.float32))


@pytest.mark.parametrize("maker", [FourierBeamformer, DelayAndSum])
def test_a_grid_may_begin_on_the_array(maker, channels):
    on_it = ImageGrid(GRID.x0_m, 0.0, GRID.dx_m, GRID.dz_m, GRID.n_z, GRID.n_x)
    assert np.isfinite(maker(ACQUISITION, on_it)(channels)).all()
