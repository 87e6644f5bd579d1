"""Plane waves imaged in the wavenumber domain: delay-and-sum's image of the same shots."""

from dataclasses import replace

import numpy as np
import pytest

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    DelayAndSum,
    ImageGrid,
    NotFiniteError,
    PlaneWaveBeamformer,
    Probe,
    TransmitSequence,
    encode,
    measure_point,
    to_baseband,
    uniform_gain,
)
from sonolucent.sim import simulate

from ..conftest import correlation

C = 1540.0
TAPER = AngleTaper(0.3)
PROBE = Probe.linear(n_elements=128, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
GRID = ImageGrid.linear(x_m=(-12e-3, 11.85e-3), z_m=(5e-3, 37e-3), shape=(321, 160))
TARGETS = np.array([(0.0, 8e-3), (3.3e-3, 20.1e-3), (-8e-3, 30e-3), (6.05e-3, 35.02e-3)])
ANGLES_DEG = {1: [9.0], 11: np.linspace(-16, 16, 11), 31: np.linspace(-20, 20, 31)}
SMALL = Probe.linear(n_elements=48, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
SMALL_GRID = ImageGrid.linear(x_m=(-7.2e-3, 7.05e-3), z_m=(5e-3, 24e-3), shape=(191, 96))
SMALL_TARGETS = np.array([(-2e-3, 9e-3), (3.1e-3, 21e-3)])


def waves(n_waves, probe=PROBE, **others):
    sequence = TransmitSequence.plane_waves(probe, np.deg2rad(ANGLES_DEG[n_waves]), C)
    samples = {"n_samples": 1700, "sampling_frequency_hz": 31.25e6}
    return Acquisition(probe=probe, sequence=sequence, **(samples | others))


def echoes(acquisition, targets=SMALL_TARGETS):
    return simulate(acquisition, scatterers_m=targets, amplitudes=np.ones(len(targets)), threads=1)


def both_images(acquisition, channels, grid, taper=TAPER):
    return (
        make(acquisition, grid, apodization=taper, threads=1)(channels) for make in (PlaneWaveBeamformer, DelayAndSum)
    )


def assert_seen(image, grid, targets):
    for x_m, z_m in targets:
        seen = measure_point(image, grid, (x_m, z_m))
        assert (seen.x_m, seen.z_m) == pytest.approx((x_m, z_m), abs=20e-6)


@pytest.fixture(scope="module")
def full_matrix():
    return echoes(waves(1).full_matrix, TARGETS)


@pytest.mark.parametrize("n_waves", ANGLES_DEG)
def test_makes_the_image_of_delay_and_sum_with_targets_where_they_are(n_waves, full_matrix):
    acquisition = waves(n_waves)
    image, reference = both_images(acquisition, encode(full_matrix, acquisition), GRID)
    assert correlation(image, reference) > 0.995
    assert np.linalg.norm(image) == pytest.approx(np.linalg.norm(reference), rel=0.01)
    assert_seen(image, GRID, TARGETS)


@pytest.fixture(scope="module")
def small():
    acquisition = waves(11, SMALL, n_samples=1100)
    return acquisition, echoes(acquisition)


@pytest.fixture(scope="module")
def beamformer(small):
    return PlaneWaveBeamformer(small[0], SMALL_GRID, apodization=TAPER, threads=1)


def test_speckle_is_that_of_delay_and_sum_at_every_depth():
    rng = np.random.default_rng(1)
    acquisition = waves(11, SMALL, n_samples=1100)
    positions = np.stack([rng.uniform(-9e-3, 9e-3, 1500), rng.uniform(2e-3, 26e-3, 1500)], axis=1)
    channels = simulate(acquisition, scatterers_m=positions, amplitudes=rng.standard_normal(1500), threads=1)
    image, reference = both_images(acquisition, channels, SMALL_GRID)
    for rows in np.split(np.arange(10, 190), 6):
        assert correlation(image[rows], reference[rows]) > 0.995


@pytest.mark.parametrize("initial_time_s", [-2e-6, 5e-6, 3.217e-6])
def test_any_initial_time_gives_the_same_image(initial_time_s, small, beamformer):
    acquisition, channels = small
    other = replace(acquisition, initial_time_s=initial_time_s)
    image = PlaneWaveBeamformer(other, SMALL_GRID, apodization=TAPER, threads=1)(echoes(other))
    assert np.abs(image - beamformer(channels)).max() < 2e-3 * np.abs(image).max()


def test_a_record_that_begins_late_images_what_it_holds(small):
    late = replace(small[0], initial_time_s=20e-6)
    grid = replace(SMALL_GRID, z0_m=17e-3, n_z=80)
    image = PlaneWaveBeamformer(late, grid, apodization=TAPER, threads=1)(echoes(late))
    assert_seen(image, grid, SMALL_TARGETS[1:])


def test_delays_may_count_from_anywhere(small, beamformer):
    acquisition, channels = small
    shift_s = np.linspace(-2e-6, 1e-6, 11)[:, None]
    delays_s = acquisition.sequence.delays_s + shift_s
    other = acquisition.firing(TransmitSequence(delays_s, acquisition.sequence.apodization))
    image = PlaneWaveBeamformer(other, SMALL_GRID, apodization=TAPER, threads=1)(echoes(other))
    assert np.abs(image - beamformer(channels)).max() < 2e-3 * np.abs(image).max()


def test_inverted_pulses_and_repeated_angles_add_up(small, beamformer):
    acquisition, channels = small
    sequence = acquisition.sequence
    twice = TransmitSequence(
        np.concatenate([sequence.delays_s] * 2), np.concatenate([sequence.apodization, -sequence.apodization])
    )
    acquisition = acquisition.firing(twice)
    image = PlaneWaveBeamformer(acquisition, SMALL_GRID, apodization=TAPER, threads=1)(
        np.concatenate([channels, -channels])
    )
    assert np.abs(image - 2 * beamformer(channels)).max() < 1e-5 * np.abs(image).max()


def test_delays_rounded_by_a_scanner_s_clock_place_targets_all_the_same(small):
    sequence = small[0].sequence
    rounded = TransmitSequence(np.rint(sequence.delays_s / 12.5e-9) * 12.5e-9, sequence.apodization)
    acquisition = small[0].firing(rounded)
    image = PlaneWaveBeamformer(acquisition, SMALL_GRID, apodization=TAPER, threads=1)(echoes(acquisition))
    assert_seen(image, SMALL_GRID, SMALL_TARGETS)


def test_baseband_data_make_the_image_of_rf(small, beamformer):
    acquisition, channels = small
    baseband, demodulated = to_baseband(channels, acquisition, decimation=2)
    image = PlaneWaveBeamformer(demodulated, SMALL_GRID, apodization=TAPER, threads=1)(baseband)
    assert correlation(image, beamformer(channels)) > 0.9999
    assert np.linalg.norm(image) == pytest.approx(np.linalg.norm(beamformer(channels)), rel=1e-3)


def test_int16_is_imaged_as_float32_is(small, beamformer):
    counts = np.rint(small[1] * (20000 / np.abs(small[1]).max())).astype(np.int16)
    assert np.array_equal(beamformer(counts), beamformer(counts.astype(np.float32)))


@pytest.mark.parametrize(
    "grid",
    [
        ImageGrid.linear(x_m=(-14.1e-3, 2.1e-3), z_m=(3e-3, 24e-3), shape=(211, 109)),  # beyond the aperture
        ImageGrid.linear(x_m=(2e-3, 4.1e-3), z_m=(18e-3, 24e-3), shape=(61, 29)),
        ImageGrid.linear(x_m=(-6.1e-3, 6.3e-3), z_m=(5e-3, 24e-3), shape=(191, 91)),  # columns that divide no pitch
    ],
)
def test_any_grid_shows_what_delay_and_sum_does(grid, small):
    image, reference = both_images(*small, grid)
    assert np.abs(image - reference).max() < 0.05 * np.abs(reference).max()


def test_elements_further_apart_than_half_a_wavelength_are_read_periodically():
    wide = Probe.linear(n_elements=32, pitch_m=0.6e-3, element_width_m=0.5e-3, center_frequency_hz=5e6)
    acquisition = waves(11, wide, n_samples=1100)
    grid = ImageGrid.linear(x_m=(-7.2e-3, 7.05e-3), z_m=(5e-3, 24e-3), shape=(191, 96))
    image, reference = both_images(acquisition, echoes(acquisition), grid)
    assert correlation(image, reference) > 0.998


@pytest.mark.parametrize("initial_time_s", [0.0, -2e-6, 20e-6, 3.217e-6])
@pytest.mark.parametrize("end", ["first", "last"])
@pytest.mark.parametrize("make", [PlaneWaveBeamformer, DelayAndSum])
def test_strong_echoes_at_one_end_of_the_record_leave_nothing_at_the_other(make, initial_time_s, end):
    acquisition = waves(11, SMALL, n_samples=1100, initial_time_s=initial_time_s)
    first_m, last_m = acquisition.record_depths_m
    z_m = max(first_m, 0.0) + 3e-3 if end == "first" else last_m - 2.5e-3
    grid = ImageGrid.linear(x_m=(-7.2e-3, 7.05e-3), z_m=(max(first_m, 0.0) + 1e-3, last_m - 0.5e-3), shape=(300, 96))
    gain = uniform_gain(acquisition, grid, TAPER)
    image = make(acquisition, grid, apodization=TAPER, gain=gain, threads=1)(
        echoes(acquisition, np.array([(1e-3, z_m)]))
    )
    other_end = image[-75:] if end == "first" else image[:75]
    assert np.abs(other_end).max() < 1e-4 * np.abs(image).max()


def test_shots_pushed_in_any_order_make_the_whole_frame_s_image(small, beamformer):
    _, channels = small
    whole = beamformer(channels)
    for shot in np.random.default_rng(0).permutation(11):
        beamformer.push(channels[shot], int(shot))
    assert np.array_equal(beamformer.image(), whole)
    beamformer.push(2 * channels[3], 3)
    part = channels.copy()
    part[3] *= 2
    assert np.allclose(beamformer.image(), beamformer(part), rtol=0, atol=1e-6 * np.abs(whole).max())


def test_an_image_needs_no_whole_frame(small, beamformer):
    acquisition, channels = small
    beamformer(channels)
    for shot in (2, 9):
        beamformer.push(channels[shot], shot)
    two = acquisition.firing(acquisition.sequence.of_shots([2, 9]))
    part = PlaneWaveBeamformer(two, SMALL_GRID, apodization=TAPER, threads=1)(np.ascontiguousarray(channels[[2, 9]]))
    assert np.abs(beamformer.image() - part).max() < 1e-3 * np.abs(part).max()


def test_two_threads_make_the_image_of_one(small, beamformer):
    acquisition, channels = small
    image = PlaneWaveBeamformer(acquisition, SMALL_GRID, apodization=TAPER, threads=2)(channels)
    assert np.array_equal(image, beamformer(channels))


def test_the_gain_multiplies_the_image(small, beamformer):
    acquisition, channels = small
    gain = uniform_gain(acquisition, SMALL_GRID)
    image = PlaneWaveBeamformer(acquisition, SMALL_GRID, apodization=TAPER, gain=gain, threads=1)(channels)
    assert np.allclose(image, gain * beamformer(channels), rtol=1e-5, atol=0)


def test_dead_elements_hear_nothing(small):
    acquisition, channels = small
    dead = replace(acquisition, dead_elements=(3, 20, 21))
    noisy, silent = channels.copy(), channels.copy()
    noisy[:, [3, 20, 21]] = 100
    silent[:, [3, 20, 21]] = 0
    image = PlaneWaveBeamformer(dead, SMALL_GRID, apodization=TAPER, threads=1)(noisy)
    expected = PlaneWaveBeamformer(acquisition, SMALL_GRID, apodization=TAPER, threads=1)(silent)
    assert np.abs(image - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("window", ["hann", "hamming", "boxcar"])
def test_any_window_gives_the_image_of_delay_and_sum(window, small):
    image, reference = both_images(*small, SMALL_GRID, AngleTaper(0.3, window))
    assert correlation(image, reference) > 0.995


def test_says_what_was_planned(beamformer):
    beamformer.warm_up()
    assert "11 plane waves" in beamformer.describe()


def test_what_cannot_be_imaged_is_refused(small, beamformer):
    acquisition, channels = small
    with pytest.raises(ValueError, match="has single elements"):
        PlaneWaveBeamformer(acquisition.full_matrix, SMALL_GRID)
    diverging = TransmitSequence.diverging(SMALL, [(0.0, -10e-3)], C)
    with pytest.raises(ValueError, match="shot 0 is none"):
        PlaneWaveBeamformer(acquisition.firing(diverging), SMALL_GRID)
    with pytest.raises(ValueError, match="the record holds"):
        PlaneWaveBeamformer(replace(acquisition, n_samples=300), SMALL_GRID)
    with pytest.raises(ValueError, match="gain"):
        PlaneWaveBeamformer(acquisition, SMALL_GRID, gain=np.ones((2, 2), np.float32))
    with pytest.raises(ValueError, match="shape"):
        beamformer(channels[:3])
    with pytest.raises(TypeError, match="int16 or float32"):
        beamformer(channels.astype(np.float64))
    with pytest.raises(TypeError, match="out must be complex64"):
        beamformer(channels, out=np.empty(SMALL_GRID.shape, np.complex128))
    with pytest.raises(NotFiniteError):
        beamformer(np.full_like(channels, np.inf))
    with pytest.raises(IndexError, match="tx_index"):
        beamformer.push(channels[0], 11)
    beamformer(channels)
    with pytest.raises(RuntimeError, match="push"):
        beamformer.image()
