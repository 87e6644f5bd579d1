"""What must hold for any data: linearity, reciprocity and the symmetries of a regular array; and the mapping itself,
held against somebody else's non-uniform FFT."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonolucent.beamform import Acquisition, AngleTaper, FourierBeamformer, ImageGrid, Probe
from sonolucent.beamform.fourier.leg_waves import plan_leg_waves
from sonolucent.beamform.fourier.sampling import depth_center_m, depth_step, wavenumber_step
from sonolucent.sim import simulate

N = 24
PROBE = Probe.linear(n_elements=N, pitch_m=0.4e-3, element_width_m=0.36e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(N), n_samples=512, sampling_frequency_hz=25e6)
GRID = ImageGrid(-4.8e-3, 3e-3, 0.1e-3, 0.1e-3, 100, 96)
TAPER = AngleTaper(0.3)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def fourier():
    return FourierBeamformer(ACQUISITION, GRID, apodization=TAPER, threads=1)


def noise(seed, acquisition=ACQUISITION):
    return np.random.default_rng(seed).standard_normal(acquisition.shape).astype(np.float32)


def assert_close(image, reference, tolerance=1e-5):
    assert np.abs(image - reference).max() <= tolerance * np.abs(reference).max()


@given(shift=st.floats(-60, 60), x_mm=st.floats(-3, 3), z_mm=st.floats(5, 11))
@settings(max_examples=12)
def test_the_time_of_the_first_sample_changes_nothing(fourier, shift, x_mm, z_mm):
    """Any fraction of a sample; the record begins before the first echo and ends after the last."""
    later = Acquisition(PROBE, range(N), 512, 25e6, initial_time_s=shift / 25e6)
    target = {"scatterers_m": np.array([[x_mm, z_mm]]) * 1e-3, "amplitudes": np.ones(1)}
    image = FourierBeamformer(later, GRID, apodization=TAPER, threads=1)(simulate(later, **target))
    assert_close(image, fourier(simulate(ACQUISITION, **target)), 5e-3)


@given(seed=seeds, elements=st.sets(st.integers(0, N - 1), min_size=1, max_size=N - 1))
@settings(max_examples=12)
def test_images_of_parts_of_the_transmits_add_up(fourier, seed, elements):
    channels = noise(seed)
    parts = []
    for chosen in (sorted(elements), sorted(set(range(N)) - elements)):
        part = Acquisition(PROBE, chosen, 512, 25e6)
        beamformer = FourierBeamformer(part, GRID, apodization=TAPER, threads=1)
        parts.append(beamformer(np.ascontiguousarray(channels[chosen])))
    assert_close(parts[0] + parts[1], fourier(channels))


@given(seed=seeds, a=st.floats(-8, 8), b=st.floats(0.125, 8))
def test_the_image_of_a_sum_is_the_sum_of_the_images(fourier, seed, a, b):
    one, two = noise(seed), noise(seed + 1)
    expected = a * fourier(one) + b * fourier(two)
    assert_close(fourier((a * one + b * two).astype(np.float32)), expected, 2e-5)


@given(seed=seeds, exponent=st.integers(-30, 30))
def test_stronger_echoes_make_the_same_image_brighter(fourier, seed, exponent):
    channels = noise(seed)
    assert np.array_equal(fourier(np.ldexp(channels, exponent)), np.ldexp(1.0, exponent) * fourier(channels))


@given(seed=seeds)
@settings(max_examples=8)
def test_gain_multiplies_the_image(fourier, seed):
    gain = np.random.default_rng(seed).uniform(-2, 2, GRID.shape).astype(np.float32)
    amplified = FourierBeamformer(ACQUISITION, GRID, apodization=TAPER, gain=gain, threads=1)
    channels = noise(seed)
    assert_close(amplified(channels), gain * fourier(channels))


@given(seed=seeds)
def test_exchanging_transmitters_and_receivers_changes_nothing(fourier, seed):
    channels = noise(seed)
    assert_close(fourier(np.ascontiguousarray(channels.transpose(1, 0, 2))), fourier(channels))


@given(seed=seeds)
def test_the_mirrored_array_makes_the_mirrored_image(fourier, seed):
    """The grid's columns lie a quarter pitch further left than their mirror images: compare those that are shared."""
    channels = noise(seed)
    mirrored = fourier(np.ascontiguousarray(channels[::-1, ::-1]))
    assert_close(mirrored[:, 1:], fourier(channels)[:, :0:-1])


@given(seed=seeds, by=st.integers(1, 8))
def test_echoes_moved_by_whole_pitches_move_the_image_by_four_columns_each(fourier, seed, by):
    """Exact, since the data are moved, not the target: no element is lost at the array's ends."""
    here = noise(seed)
    here[:, N - 8 :] = here[N - 8 :] = 0
    there = np.roll(here, (by, by), axis=(0, 1))
    assert_close(fourier(there)[:, 4 * by :], fourier(here)[:, : -4 * by])


@given(seed=seeds, receive=st.booleans())
@settings(max_examples=10)
def test_waves_that_do_not_propagate_leave_no_trace(seed, receive):
    """Neighbours in antiphase, less than half the shortest wavelength apart: |k_x| > k on one leg throughout."""
    fine = Probe.linear(n_elements=N, pitch_m=0.09e-3, element_width_m=0.08e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(fine, range(N), 512, 25e6)
    grid = ImageGrid(-1.08e-3, 3e-3, 0.045e-3, 0.1e-3, 100, 48)
    beamformer = FourierBeamformer(acquisition, grid, threads=1)
    smooth = noise(seed, acquisition) * 0 + np.random.default_rng(seed).standard_normal(512).astype(np.float32)
    window = np.hanning(N + 2)[1:-1].astype(np.float32)
    smooth *= window[:, None, None] * window[:, None]
    sign = ((-1.0) ** np.arange(N)).astype(np.float32)
    evanescent = smooth * (sign[:, None] if receive else sign[:, None, None])
    assert np.abs(beamformer(evanescent)).max() < 1e-3 * np.abs(beamformer(smooth)).max()
    assert not beamformer(np.zeros_like(smooth)).any()


@pytest.mark.parametrize("initial_time_s", [0.0, 1.234e-6])
def test_a_non_uniform_fft_of_the_same_plane_waves_makes_the_same_image(initial_time_s):
    """Every pair of plane waves on its own, by a direct sum over elements, then FINUFFT's type 1 for both axes."""
    finufft = pytest.importorskip("finufft", reason="FINUFFT is not installed: pip install --group dev")
    probe = Probe.linear(n_elements=16, pitch_m=0.4e-3, element_width_m=0.36e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(0, 16, 2), 512, 25e6, initial_time_s)
    beamformer = FourierBeamformer(acquisition, GRID, apodization=TAPER, threads=1)
    s = beamformer.plan.sampling
    assert s.bins_of_offset == (s.n_bins,) * 16
    rng = np.random.default_rng(5)
    scatterers_m = rng.uniform((-4e-3, 4e-3), (4e-3, 12e-3), (300, 2))
    channels = simulate(acquisition, scatterers_m=scatterers_m, amplitudes=rng.standard_normal(300))
    for shot, receiver in np.ndindex(8, 16):
        channels[shot, receiver, : s.first_sample[abs(2 * shot - receiver)]] = 0  # what no pixel sees is not read
    spectrum = np.fft.rfft(channels, n=s.n_time)[..., s.first_bin : s.first_bin + s.n_bins]
    k_x, k_z, weight = plane_waves(acquisition, s)
    element_m = acquisition.probe.element_x_m
    receive = np.exp(-1j * k_x[:, None] * element_m)
    transmit = receive[:, list(acquisition.tx_elements)]
    waves = np.einsum("tu,rv,uvf->trf", transmit, receive, spectrum, optimize=True) * weight[:, None] * weight
    sums = np.broadcast_to((k_x[:, None] + k_x)[..., None], waves.shape), k_z[:, None] + k_z
    center_m = GRID.x_m[GRID.n_x // 2], GRID.z_m[GRID.n_z // 2]
    waves = waves * np.exp(1j * (sums[0] * center_m[0] + sums[1] * center_m[1]))
    points = [(k * d).ravel() for k, d in zip(sums, (GRID.dx_m, GRID.dz_m), strict=True)]
    total = finufft.nufft2d1(*points, waves.ravel(), GRID.shape[::-1], eps=1e-8, isign=1).T
    steps = 2 / s.n_time * wavenumber_step(acquisition, s) ** 2
    expected = 1j * steps * GRID.z_m[:, None] / (2 * math.pi) * total
    image = beamformer(channels)
    assert np.linalg.norm(image - expected) < 1e-3 * np.linalg.norm(expected)


def plane_waves(acquisition, sampling):
    """k_x (n,), and k_z and weight (n, n_bins) of every wave of one leg, to the right and to the left."""
    legs = plan_leg_waves(acquisition, GRID, [TAPER], sampling)
    wave = np.arange(1 - len(legs.weight), len(legs.weight))
    k_z = legs.depth_bin.astype(np.float64)[np.abs(wave)] * depth_step(GRID, sampling)
    weight = legs.weight[np.abs(wave)] * np.exp(-1j * k_z * depth_center_m(GRID))
    return wave * wavenumber_step(acquisition, sampling), k_z, weight
