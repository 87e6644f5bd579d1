"""The GPU's path on torch's CPU device, and what it says where there is no GPU."""

import numpy as np
import pytest
import torch

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    FourierBeamformer,
    ImageGrid,
    Look,
    Probe,
    quadrant_looks,
    to_baseband,
    uniform_gain,
)
from sonolucent.beamform.fourier.torch_engine import TorchEngine
from sonolucent.sim import digitize, simulate

TARGETS_M = np.array([[0.0, 9e-3], [3.03e-3, 12.77e-3], [-4.4e-3, 16.1e-3], [6.1e-3, 6.2e-3]])
SMALL_PROBE = Probe.linear(n_elements=24, pitch_m=0.4e-3, element_width_m=0.36e-3, center_frequency_hz=5e6)
CASES = {
    "reference array, shallow": (
        Acquisition(n_samples=1100),
        ImageGrid(-20e-3, 1e-3, 0.15625e-3, 0.0625e-3, 300, 256),
        None,
    ),
    "missing transmits, any columns": (
        Acquisition(
            probe=SMALL_PROBE,
            tx_elements=(23, 0, 1, 5, 8, 9, 13, 20),
            n_samples=700,
            sampling_frequency_hz=25e6,
            initial_time_s=1.37e-6,
        ),
        ImageGrid.linear(x_m=(-5.1e-3, 6.6e-3), z_m=(2.3e-3, 18e-3), shape=(161, 93)),
        AngleTaper(0.35),
    ),
}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")


@pytest.fixture(scope="module", params=CASES)
def case(request):
    acquisition, grid, taper = CASES[request.param]
    channels = simulate(acquisition, scatterers_m=TARGETS_M, amplitudes=np.ones(len(TARGETS_M)), snr_db=20)
    gain = uniform_gain(acquisition, grid)
    return acquisition, grid, {"apodization": taper, "gain": gain}, channels


@pytest.fixture(
    scope="module", params=[torch.device("cpu"), pytest.param(torch.device("cuda", 0), marks=needs_cuda)], ids=str
)
def pair(case, request):
    """The beamformer in Numba, and the one in torch."""
    acquisition, grid, options, _ = case
    plain = FourierBeamformer(acquisition, grid, threads=1, **options)
    return plain, FourierBeamformer(acquisition, grid, device=torch_on(request.param), **options)


def torch_on(device):
    return lambda plan, pool: TorchEngine(plan, pool, device)


def assert_same(image, reference):
    assert image.shape == reference.shape
    assert np.abs(image - reference).max() < 1e-5 * np.abs(reference).max()


@pytest.mark.parametrize("sixteen_bit", [True, False])
def test_makes_the_image_of_the_cpu(pair, case, sixteen_bit):
    plain, torch_ = pair
    channels = digitize(case[3]) if sixteen_bit else case[3]
    out = np.empty(case[1].shape, np.complex64)
    assert torch_(channels, out=out) is out
    assert_same(out, plain(channels))
    assert np.array_equal(torch_(channels), out)


def test_makes_the_image_of_baseband_data(case):
    acquisition, grid, options, channels = case
    baseband, demodulated = to_baseband(channels, acquisition, decimation=2 if acquisition.n_tx == 64 else 1)
    plain = FourierBeamformer(demodulated, grid, threads=1, **options)
    torch_ = FourierBeamformer(demodulated, grid, device=torch_on(torch.device("cpu")), **options)
    assert_same(torch_(baseband), plain(baseband))
    assert "torch" in torch_.describe()
    with pytest.raises(TypeError, match="complex64"):
        torch_(channels)


def test_makes_the_looks_of_the_cpu(pair, case):
    plain, torch_ = pair
    looks = [*quadrant_looks(case[0]), Look()]
    assert_same(torch_.looks(case[3], looks), plain.looks(case[3], looks))


def test_has_the_spectrum_of_the_cpu(pair, case):
    plain, torch_ = pair
    spectrum, expected = torch_.spectrum(case[3]), plain.spectrum(case[3])
    assert np.array_equal(spectrum.k_z_rad_m, expected.k_z_rad_m)
    difference = np.linalg.norm(spectrum.values - expected.values)
    assert difference < 1e-3 * np.linalg.norm(expected.values)
    assert_same(torch_.image_of(spectrum), plain(case[3]))


def test_pushed_shots_make_the_whole_frame_s_image(pair, case):
    acquisition, _, _, channels = case
    plain, torch_ = pair
    whole = torch_(channels)
    some = range(0, acquisition.n_tx, 3)
    for beamformer in pair:
        for t in some:
            beamformer.push(channels[t], t)
    assert_same(torch_.image(), plain.image())
    for t in reversed(range(acquisition.n_tx)):
        torch_.push(channels[t], t)
    assert np.array_equal(torch_.image(), whole)


def test_refuses_what_the_cpu_refuses(pair, case):
    _, torch_ = pair
    channels = case[3]
    torch_(channels)
    with pytest.raises(RuntimeError, match="push"):
        torch_.image()
    with pytest.raises(IndexError, match="tx_index"):
        torch_.push(channels[0], len(channels))
    with pytest.raises(TypeError, match="int16 or float32"):
        torch_(channels.astype(np.float64))
    with pytest.raises(ValueError, match="contiguous"):
        torch_(channels[:, :, ::-1])
    with pytest.raises(ValueError, match="out has shape"):
        torch_(channels, out=np.empty((2, 2), np.complex64))


def test_samples_of_another_type_begin_anew(pair, case):
    _, torch_ = pair
    counts = digitize(case[3])
    torch_.push(case[3][0], 0)
    for t, shot in enumerate(counts):
        torch_.push(shot, t)
    assert np.array_equal(torch_.image(), torch_(counts))


def test_says_what_was_planned(pair):
    assert "offsets" in pair[1].describe()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_gpu_that_is_not_there_is_refused(acquisition, grid):
    with pytest.raises(RuntimeError, match=r"cuda:0.*sees no CUDA device.*device='cpu'"):
        FourierBeamformer(acquisition, grid, device="cuda:0")


@needs_cuda
def test_a_gpu_is_chosen_by_its_name(acquisition, grid):
    assert "on cuda:0" in FourierBeamformer(acquisition, grid, device="cuda:0").describe()
    with pytest.raises(RuntimeError, match="there is no cuda:99"):
        FourierBeamformer(acquisition, grid, device="cuda:99")


@pytest.mark.parametrize("device", ["gpu", "cuda:first", "cpu:0", ""])
def test_no_device_is_refused(acquisition, grid, device):
    with pytest.raises(ValueError, match="device must be"):
        FourierBeamformer(acquisition, grid, device=device)
