"""Which wave a shot sends, from the delays that a scanner's clock rounds."""

import numpy as np
import pytest

from sonolucent.beamform import (
    Acquisition,
    DelayAndSum,
    DivergingWave,
    FocusedWave,
    ImageGrid,
    PlaneWave,
    Probe,
    TransmitSequence,
    find_waves,
    measure_point,
    uniform_gain,
)
from sonolucent.sim import simulate

C = 1540.0
PROBE = Probe.linear(n_elements=64, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
TARGET = (1.3e-3, 20.1e-3)
GRID = ImageGrid.linear(x_m=(-3e-3, 5e-3), z_m=(17e-3, 23e-3), shape=(121, 161))


def acquisition_of(sequence, **others):
    return Acquisition(probe=PROBE, sequence=sequence, n_samples=1024, sampling_frequency_hz=31.25e6, **others)


def wave_of(sequence, sound_speed_m_s=C):
    (wave,) = find_waves(acquisition_of(sequence, sound_speed_m_s=sound_speed_m_s))
    return wave


def focused(focus_m, elements=range(64)):
    weights = np.zeros((1, 64))
    weights[:, list(elements)] = 1
    delays_s = -np.hypot(PROBE.element_x_m - focus_m[0], focus_m[1]) / C
    return TransmitSequence((delays_s - delays_s.min())[None], weights)


def on_a_clock_of(tick_s, sequence):
    return TransmitSequence(np.rint(sequence.delays_s / tick_s) * tick_s, sequence.apodization)


@pytest.mark.parametrize("tick_s", [1e-15, 4e-9, 12.5e-9])
@pytest.mark.parametrize("angle_rad", [-0.3, 0.0, 0.12])
def test_linear_delays_are_a_plane_wave(angle_rad, tick_s):
    wave = wave_of(on_a_clock_of(tick_s, TransmitSequence.plane_waves(PROBE, angle_rad, C)))
    assert isinstance(wave, PlaneWave)
    assert wave.angle_rad == pytest.approx(angle_rad, abs=2e-4)
    assert wave.delay_s == pytest.approx(abs(np.sin(angle_rad)) * PROBE.element_x_m[-1] / C, abs=tick_s)


def test_angles_follow_from_the_speed_of_sound_in_force():
    wave = wave_of(TransmitSequence.plane_waves(PROBE, 0.2, C), sound_speed_m_s=1480.0)
    assert wave.sine == pytest.approx(np.sin(0.2) * 1480 / C)


@pytest.mark.parametrize("tick_s", [1e-15, 4e-9])
@pytest.mark.parametrize("source_m", [(0.0, -10e-3), (4e-3, -25e-3), (0.15e-3, 0.0), (15e-3, -3e-3)])
def test_circular_delays_are_a_diverging_wave(source_m, tick_s):
    wave = wave_of(on_a_clock_of(tick_s, TransmitSequence.diverging(PROBE, [source_m], C)))
    assert isinstance(wave, DivergingWave)
    assert wave.source_m == pytest.approx(source_m, abs=0.2e-3)


@pytest.mark.parametrize("elements", [range(64), range(20, 52), [e for e in range(64) if e % 7]])
def test_delays_that_grow_towards_the_middle_are_a_focused_wave(elements):
    wave = wave_of(on_a_clock_of(4e-9, focused((1e-3, 20e-3), elements)))
    assert isinstance(wave, FocusedWave)
    assert wave.focus_m == pytest.approx((1e-3, 20e-3), abs=0.2e-3)


def test_a_single_element_is_its_own_source():
    waves = find_waves(acquisition_of(TransmitSequence(np.full((64, 64), 1e-6), np.eye(64))))
    assert [wave.source_m[0] for wave in waves] == pytest.approx(PROBE.element_x_m)
    assert {wave.source_m[1] for wave in waves} == {0.0}
    assert [wave.delay_s for wave in waves] == pytest.approx([1e-6] * 64)


def test_strengths_of_one_sign_leave_a_wave_what_it_is():
    sequence = TransmitSequence.plane_waves(PROBE, 0.1, C)
    assert wave_of(TransmitSequence(sequence.delays_s, np.hanning(66)[None, 1:-1])) == wave_of(sequence)
    inverted = wave_of(TransmitSequence(sequence.delays_s, -sequence.apodization))
    assert (inverted.sine, inverted.polarity) == (wave_of(sequence).sine, -1.0)


@pytest.mark.parametrize(
    "sequence",
    [
        TransmitSequence(TransmitSequence.hadamard(64).delays_s[1:2], TransmitSequence.hadamard(64).apodization[1:2]),
        TransmitSequence(np.random.default_rng(0).uniform(0, 1e-6, (1, 64)), np.ones((1, 64))),
        TransmitSequence(np.zeros((1, 64)), [[1] * 31 + [0] * 33]),  # a beam of a few elements, no wave for an image
        TransmitSequence(PROBE.element_x_m[None] / 1000, np.ones((1, 64))),  # slower along the array than sound
    ],
)
def test_other_shots_are_no_wave(sequence):
    assert wave_of(sequence) is None
    with pytest.raises(ValueError, match="shot 0 of the sequence is neither"):
        DelayAndSum(acquisition_of(sequence), GRID)


def test_single_elements_send_no_waves():
    assert find_waves(Acquisition()) == ()


@pytest.mark.parametrize(
    "sequence",
    [
        TransmitSequence.plane_waves(PROBE, [-0.15, 0.0, 0.15], C),
        TransmitSequence.diverging(PROBE, [(-6e-3, -8e-3), (0, -8e-3), (6e-3, -8e-3)], C),
        focused((1e-3, 12e-3)),
        focused((1e-3, 40e-3)),
    ],
    ids=["plane", "diverging", "focused before the target", "focused behind it"],
)
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("polarity", [1, -1])
def test_delay_and_sum_images_waves(sequence, dtype, polarity):
    acquisition = acquisition_of(TransmitSequence(sequence.delays_s + 0.3e-6, polarity * sequence.apodization))
    channels = simulate(acquisition, scatterers_m=np.array([TARGET]), amplitudes=np.ones(1), threads=1)
    image = DelayAndSum(acquisition, GRID, dtype=dtype, threads=1)(channels)
    seen = measure_point(image, GRID, TARGET)
    assert (seen.x_m, seen.z_m) == pytest.approx(TARGET, abs=20e-6)
    plain = acquisition_of(sequence)
    expected = DelayAndSum(plain, GRID, dtype=dtype, threads=1)(
        simulate(plain, scatterers_m=np.array([TARGET]), amplitudes=np.ones(1), threads=1)
    )
    assert np.abs(image - expected).max() < 0.01 * np.abs(expected).max()


def test_a_focused_wave_counts_within_its_double_cone():
    (wave,) = find_waves(acquisition_of(focused((0.0, 20e-3))))
    z_m = np.array([1e-3, 10e-3, 20e-3, 30e-3, 40e-3])
    half_m = 9.6e-3 * np.abs(1 - z_m / 20e-3)
    inside, outside = half_m * 0.95, np.maximum(half_m, wave.waist_m) * 1.05
    assert wave.lit(inside, z_m).all()
    assert not wave.lit(outside, z_m).any()


def test_every_wave_counts_as_one_in_the_gain():
    one, three = (
        uniform_gain(acquisition_of(TransmitSequence.plane_waves(PROBE, angles, C)), GRID)
        for angles in ([0.0], [-0.1, 0.0, 0.1])
    )
    assert np.allclose(one / three, np.sqrt(3))


def test_depths_of_the_record_count_from_when_waves_leave():
    plain = acquisition_of(TransmitSequence(np.zeros((1, 64)), np.ones((1, 64))))
    late = acquisition_of(TransmitSequence(np.full((1, 64), 5e-6), np.ones((1, 64))), initial_time_s=5e-6)
    assert late.record_depths_m == pytest.approx(plain.record_depths_m, abs=1e-9)
    assert ImageGrid.for_acquisition(late).z_m[-1] == pytest.approx(ImageGrid.for_acquisition(plain).z_m[-1], abs=1e-4)


def test_numbers_beyond_the_earth_are_no_wave():
    """Their squares could not be summed."""
    far = Probe.linear(n_elements=8, pitch_m=1e200, element_width_m=1e199, center_frequency_hz=5e6)
    delays_s = np.array([[0.0, 3e-6, 5e-6, 6e-6, 6e-6, 5e-6, 3e-6, 0.0]])
    assert find_waves(Acquisition(far, sequence=TransmitSequence(delays_s, np.ones((1, 8))))) == (None,)
