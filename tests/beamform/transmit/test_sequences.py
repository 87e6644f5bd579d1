"""Sequences that fire many elements at once: what they send, and the full matrix and image recovered from them."""

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from sonolucent.beamform import (
    Acquisition,
    FourierBeamformer,
    ImageGrid,
    Probe,
    SequenceDecoder,
    TransmitSequence,
    band_weight,
    decode,
    encode,
    measure_point,
)

from ..conftest import point

N = 32
C = 1540.0
TARGET = (1.1e-3, 18e-3)
PROBE = Probe.linear(n_elements=N, pitch_m=0.625e-3, element_width_m=0.575e-3, center_frequency_hz=7.5e6)
ACQUISITION = Acquisition(probe=PROBE, tx_elements=range(N), n_samples=1400)
RATE_HZ = ACQUISITION.sampling_frequency_hz


def fired(sequence):
    return ACQUISITION.firing(sequence)


def plane_waves(n_shots, largest_sine):
    return TransmitSequence.plane_waves(PROBE, np.arcsin(np.linspace(-largest_sine, largest_sine, n_shots)), C)


def diverging(n_shots, half_width_m=12e-3, z_m=-10e-3):
    sources = np.column_stack([np.linspace(-half_width_m, half_width_m, n_shots), np.full(n_shots, z_m)])
    return TransmitSequence.diverging(PROBE, sources, C)


COMPLETE = {
    "hadamard": fired(TransmitSequence.hadamard(N)),
    "plane waves": fired(plane_waves(64, 0.42)),
    "diverging": fired(diverging(48)),
}


@pytest.fixture(scope="module")
def full_matrix():
    return point(ACQUISITION, *TARGET)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(3).standard_normal((N, N, 1400), dtype=np.float32)


def in_band(channels):
    weight = band_weight(ACQUISITION, scipy.fft.rfftfreq(4096, 1 / RATE_HZ))
    return scipy.fft.irfft(scipy.fft.rfft(channels, n=4096) * weight)[..., : channels.shape[-1]]


def relative_error(channels, truth):
    return np.linalg.norm(channels - truth) / np.linalg.norm(truth)


# What is sent.


def arrival_s(trace):
    """Time of the envelope's peak."""
    n_fft = 8 * trace.size
    spectrum = scipy.fft.rfft(trace, n=trace.size)
    analytic = scipy.fft.ifft(np.concatenate([spectrum, np.zeros(n_fft - spectrum.size)]))
    return np.argmax(np.abs(analytic)) / (8 * RATE_HZ)


@pytest.mark.parametrize("angle_rad", [-0.1, 0.0, 0.15])
def test_a_plane_wave_reaches_a_target_when_its_front_does(angle_rad, full_matrix):
    shots = encode(full_matrix, fired(TransmitSequence.plane_waves(PROBE, angle_rad, C)))
    x_m, z_m = TARGET
    first_m = (PROBE.element_x_m * np.sin(angle_rad)).min()
    there_m = x_m * np.sin(angle_rad) + z_m * np.cos(angle_rad) - first_m
    back_m = np.hypot(PROBE.element_x_m[17] - x_m, z_m)
    assert arrival_s(shots[0, 17]) == pytest.approx((there_m + back_m) / C, abs=0.5 / PROBE.center_frequency_hz)


@pytest.mark.parametrize("source_m", [(0.0, -30e-3), (-5e-3, -20e-3)])
def test_a_diverging_wave_seems_to_come_from_its_virtual_source(source_m, full_matrix):
    shots = encode(full_matrix, fired(TransmitSequence.diverging(PROBE, [source_m], C)))
    x_m, z_m = TARGET
    first_m = np.hypot(PROBE.element_x_m - source_m[0], source_m[1]).min()
    there_m = np.hypot(x_m - source_m[0], z_m - source_m[1]) - first_m
    back_m = np.hypot(PROBE.element_x_m[17] - x_m, z_m)
    assert arrival_s(shots[0, 17]) == pytest.approx((there_m + back_m) / C, abs=0.5 / PROBE.center_frequency_hz)


def test_shots_are_sums_of_delayed_and_weighted_elements(noise):
    """What a delay pushes out of the record does not come in again at the other end."""
    delays_s, weights = np.zeros((1, N)), np.zeros((1, N))
    weights[0, [4, 9]] = 1.0, -0.5
    delays_s[0, [4, 9]] = np.array([-3, 40]) / RATE_HZ
    shots = encode(noise[[4, 9]], fired(TransmitSequence(delays_s, weights)))
    padded = np.pad(noise, ((0, 0), (0, 0), (40, 3)))
    expected = padded[4, :, 43:] - 0.5 * padded[9, :, :1400]
    assert np.abs(shots[0] - expected).max() < 1e-5 * np.abs(noise).max()


@given(
    angles_rad=st.lists(st.floats(-1.5, 1.5), min_size=1, max_size=4),
    sources_mm=st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 0)), min_size=1, max_size=4),
)
def test_every_shot_s_clock_starts_with_its_earliest_element(angles_rad, sources_mm):
    for sequence in (
        TransmitSequence.plane_waves(PROBE, angles_rad, C),
        TransmitSequence.diverging(PROBE, np.array(sources_mm) * 1e-3, C),
    ):
        assert (sequence.delays_s.min(axis=1) == 0).all()
        # No wave runs along the array slower than sound.
        assert np.abs(np.diff(sequence.delays_s, axis=1)).max() <= PROBE.pitch_m / C * (1 + 1e-9)


# What is recovered.


def test_hadamard_shots_decode_exactly(noise):
    acquisition = fired(TransmitSequence.hadamard(N))
    decoded = decode(encode(noise, acquisition), acquisition)
    assert np.abs(decoded - noise).max() < 1e-5 * np.abs(noise).max()


@pytest.mark.parametrize("name", ["plane waves", "diverging"])
def test_delayed_shots_decode_to_the_full_matrix_within_the_pass_band(name, full_matrix):
    decoded = decode(encode(full_matrix, COMPLETE[name]), COMPLETE[name])
    assert relative_error(in_band(decoded), in_band(full_matrix)) < 1e-3


@pytest.fixture(scope="module")
def imaging(full_matrix):
    grid = ImageGrid.linear(x_m=(-5e-3, 5e-3), z_m=(12e-3, 24e-3), shape=(193, 129))
    beamformer = FourierBeamformer(ACQUISITION, grid, threads=1)

    def target(channels):
        return measure_point(beamformer(channels), grid, TARGET)

    return target, target(full_matrix)


def assert_same_target(seen, direct):
    x_m, z_m = TARGET
    assert abs(seen.z_m - z_m) < ACQUISITION.wavelength_m / 10
    assert abs(seen.x_m - x_m) < ACQUISITION.wavelength_m / 5
    assert seen.lateral_width_m == pytest.approx(direct.lateral_width_m, rel=0.05)
    assert seen.axial_width_m == pytest.approx(direct.axial_width_m, rel=0.05)


@pytest.mark.parametrize("name", COMPLETE)
def test_a_complete_sequence_images_the_target_as_single_elements_do(name, imaging, full_matrix):
    target, direct = imaging
    seen = target(decode(encode(full_matrix, COMPLETE[name]), COMPLETE[name]))
    assert_same_target(seen, direct)
    assert seen.peak == pytest.approx(direct.peak, rel=1e-3)


@pytest.mark.parametrize("sequence", [plane_waves(11, 0.2), diverging(11, 8e-3)], ids=["plane waves", "diverging"])
def test_a_sequence_of_few_shots_images_the_target_in_its_place(sequence, imaging, full_matrix):
    target, direct = imaging
    shots = encode(full_matrix, fired(sequence))
    assert_same_target(target(decode(shots, fired(sequence), regularization=1e-2)), direct)


def test_delays_counted_from_the_array_s_centre_image_the_same(imaging, full_matrix):
    earliest = plane_waves(64, 0.42)
    centred = TransmitSequence(
        earliest.delays_s - earliest.delays_s.mean(axis=1, keepdims=True), np.ones_like(earliest.delays_s)
    )
    target, direct = imaging
    assert centred.delays_s.min() < 0
    assert_same_target(target(decode(encode(full_matrix, fired(centred)), fired(centred))), direct)


def test_hadamard_noise_is_weaker_by_the_root_of_the_elements(noise):
    decoded = decode(noise, COMPLETE["hadamard"])
    assert decoded.std() == pytest.approx(noise.std() / np.sqrt(N), rel=0.01)


def test_regularization_keeps_noise_from_growing(full_matrix):
    """64 plane waves within +-25 degrees tell the elements barely apart at the lowest frequencies."""
    acquisition = COMPLETE["plane waves"]
    noise = np.random.default_rng(4).standard_normal((64, N, 1400), dtype=np.float32)
    exact, held = (decode(noise, acquisition, regularization=r) for r in (0.0, 0.1))
    assert held.std() < 0.5 * exact.std()
    shots = encode(full_matrix, acquisition)
    decoded = decode(shots, acquisition, regularization=0.1)
    assert relative_error(in_band(decoded), in_band(full_matrix)) < 0.1


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), initial_time_s=st.floats(-1e-5, 1e-4), n_extra=st.integers(0, 3))
def test_any_well_conditioned_sequence_is_decoded(seed, initial_time_s, n_extra):
    rng = np.random.default_rng(seed)
    n = 4
    probe = Probe.linear(n_elements=n, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
    weights = np.vstack([TransmitSequence.hadamard(n).apodization, rng.uniform(-1, 1, (n_extra, n))])
    # Shifts of whole shots leave the encoding as well conditioned as it is; half a radian between elements nearly so.
    delays_s = rng.uniform(-1e-6, 1e-6, (n + n_extra, 1)) + rng.uniform(-1e-8, 1e-8, weights.shape)
    acquisition = Acquisition(
        probe=probe,
        sequence=TransmitSequence(delays_s, weights),
        n_samples=256,
        sampling_frequency_hz=20e6,
        initial_time_s=initial_time_s,
    )
    channels = quiet_ended_noise(acquisition.full_matrix, rng)
    decoded = decode(encode(channels, acquisition), acquisition)
    # The window spills 1e-3 of the noise out of the pass band.
    assert relative_error(decoded, channels) < 3e-3


def quiet_ended_noise(acquisition, rng):
    """Noise of the pass band in the middle of the record."""
    band = band_weight(acquisition, scipy.fft.rfftfreq(acquisition.n_samples, 1 / acquisition.sampling_frequency_hz))
    noise = scipy.fft.irfft(scipy.fft.rfft(rng.standard_normal(acquisition.shape)) * band**2)
    return (noise * np.hanning(acquisition.n_samples) ** 4).astype(np.float32)


def test_a_planned_decoder_decodes_frame_after_frame_into_its_place(full_matrix):
    acquisition = COMPLETE["diverging"]
    decoder = SequenceDecoder(acquisition, threads=2)
    shots = encode(full_matrix, acquisition)
    counts = np.rint(shots * (20000 / np.abs(shots).max())).astype(np.int16)
    out = np.empty(ACQUISITION.shape, np.float32)
    assert decoder(counts, out) is out
    assert np.array_equal(decoder(counts.astype(np.float32)), out)
    assert np.allclose(decode(counts, acquisition, threads=1), out, rtol=0, atol=1e-5 * np.abs(out).max())


def test_a_dead_element_is_left_out():
    sequence = diverging(48)
    weights = sequence.apodization.copy()
    weights[:, 5] = 0
    acquisition = fired(TransmitSequence(sequence.delays_s, weights))
    channels = point(acquisition.full_matrix, *TARGET)
    decoded = decode(encode(channels, acquisition), acquisition)
    assert relative_error(in_band(decoded), in_band(channels)) < 1e-3


# What is refused.


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TransmitSequence(np.zeros((2, 3)), np.ones((3, 2))), "has shape"),
        (lambda: TransmitSequence(np.zeros(3), np.ones(3)), "n_shots, n_elements"),
        (lambda: TransmitSequence(np.full((1, 2), np.nan), np.ones((1, 2))), "finite"),
        (lambda: TransmitSequence(np.zeros((2, 2)), [[1, 1], [0, 0]]), "shot 1 fires no element"),
        (lambda: TransmitSequence.plane_waves(PROBE, [0, 1.6], C), "between -pi/2 and pi/2"),
        (lambda: TransmitSequence.plane_waves(PROBE, [], C), "n_shots, n_elements"),
        (lambda: TransmitSequence.plane_waves(PROBE, 0.0, 0.0), "sound_speed_m_s must be positive"),
        (lambda: TransmitSequence.diverging(PROBE, [0, -1e-3], C), "n_shots, 2"),
        (lambda: TransmitSequence.diverging(PROBE, [(0, 20e-3)], C), "behind the array"),
        (lambda: TransmitSequence.hadamard(12), "1, 2, 4, 8"),
    ],
)
def test_impossible_sequences_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("sequence", [plane_waves(N - 1, 0.42), plane_waves(64, 0.1), plane_waves(2, 0.0)])
def test_shots_that_do_not_determine_the_elements_are_refused_without_regularization(sequence):
    with pytest.raises(ValueError, match=r"do not tell 32 elements apart at .* MHz"):
        SequenceDecoder(fired(sequence))
    with pytest.raises(ValueError, match="give regularization"):
        SequenceDecoder(fired(sequence), regularization=1e-9)


def test_a_decoder_refuses_what_is_not_its_sequence_s():
    decoder = SequenceDecoder(COMPLETE["hadamard"])
    with pytest.raises(ValueError, match="this acquisition gives"):
        decoder(np.zeros((N - 1, N, 1400), np.float32))
    with pytest.raises(TypeError, match="int16 or float32"):
        decoder(np.zeros(ACQUISITION.shape))
    with pytest.raises(ValueError, match="out must be"):
        decoder(np.zeros(ACQUISITION.shape, np.float32), out=np.zeros(ACQUISITION.shape))
    with pytest.raises(ValueError, match="no transmit sequence"):
        SequenceDecoder(ACQUISITION)
    with pytest.raises(ValueError, match="regularization"):
        SequenceDecoder(COMPLETE["hadamard"], regularization=-0.1)
