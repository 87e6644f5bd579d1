"""Shots on one clock: whole samples to the bit, parts of one to -80 dB, and nothing at the other end of the record."""

import numpy as np
import pytest

from sonolucent.beamform.transmit.shot_alignment import align_shots, are_whole

N = 600
RNG = np.random.default_rng(1)


def tone(late: float, n: int = N) -> np.ndarray:
    """A pulse at 0.25 and another at 0.35 of the sampling frequency, known everywhere."""
    t = np.arange(n) - late
    pulses = [
        np.exp(-(((t - at) / 12) ** 2)) * np.cos(2 * np.pi * f * (t - at)) for at, f in ((200, 0.25), (400, 0.35))
    ]
    return np.sum(pulses, axis=0)


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.complex64])
def test_whole_samples_are_shifted_to_the_bit(dtype: type) -> None:
    shots = (1000 * RNG.standard_normal((3, 2, N))).astype(dtype)
    aligned = align_shots(shots, np.array([0.0, 7.0002, 20.0]), N + 20)
    assert aligned.dtype == dtype
    for shot, late in enumerate((0, 7, 20)):
        np.testing.assert_array_equal(aligned[shot, :, late : late + N], shots[shot])
        assert not aligned[shot, :, :late].any()
        assert not aligned[shot, :, late + N :].any()


@pytest.mark.parametrize("late", [0.5, 3.25, 11.9])
def test_parts_of_a_sample_are_right_to_80_db(late: float) -> None:
    shots = np.stack([tone(0), tone(0)]).astype(np.float32)[:, np.newaxis]
    aligned = align_shots(shots, np.array([0.0, late]), N + 12)
    assert aligned.dtype == np.float32
    np.testing.assert_array_equal(aligned[0, 0, :N], shots[0, 0])
    assert np.abs(aligned[1, 0] - tone(late, N + 12)).max() < 1e-4


def test_complex_samples_are_aligned_as_real_ones() -> None:
    shots = (RNG.standard_normal((1, 1, N)) + 1j * RNG.standard_normal((1, 1, N))).astype(np.complex64)
    late = np.array([2.4])
    together = align_shots(shots, late, N + 3)
    assert together.dtype == np.complex64
    np.testing.assert_allclose(together.real, align_shots(shots.real, late, N + 3), atol=1e-5)
    np.testing.assert_allclose(together.imag, align_shots(shots.imag, late, N + 3), atol=1e-5)


@pytest.mark.parametrize("end", [0, -1])
def test_a_strong_echo_at_one_end_leaves_nothing_at_the_other(end: int) -> None:
    shots = np.zeros((1, 1, N), np.float32)
    shots[0, 0, end] = 1.0
    aligned = align_shots(shots, np.array([0.5]), N + 1)[0, 0]
    far = aligned[40:] if end == 0 else aligned[:-40]
    assert np.abs(far).max() < 1e-4 * np.abs(aligned).max()


def test_samples_beyond_the_record_are_cut_off() -> None:
    aligned = align_shots(np.ones((1, 1, 10), np.int16), np.array([4.0]), 8)
    assert aligned[0, 0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_the_rounding_of_single_precision_is_no_part_of_a_sample() -> None:
    assert are_whole(np.float32([0, 5e-6, 6e-6]).astype(float) * 25e6)
    assert not are_whole(np.array([0.0, 0.01]))
