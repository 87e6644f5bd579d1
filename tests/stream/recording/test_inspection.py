"""What is odd about a frame is found in plane waves as in full matrices, and nothing is found where nothing is odd."""

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, Probe, TransmitSequence, encode
from sonolucent.sim import digitize, simulate
from sonolucent.stream.recording.facts import describe_sequence
from sonolucent.stream.recording.inspection import Inspection, inspect_frame

PROBE = Probe.linear(n_elements=32, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
FULL = Acquisition(PROBE, range(32), 800, 25e6)
RNG = np.random.default_rng(1)
SCATTERERS_M = np.stack([RNG.uniform(-6e-3, 6e-3, 200), RNG.uniform(4e-3, 20e-3, 200)], axis=1)


@pytest.fixture(scope="module")
def full() -> np.ndarray:
    amplitudes = RNG.standard_normal(200)
    return digitize(simulate(FULL, scatterers_m=SCATTERERS_M, amplitudes=amplitudes, snr_db=20, seed=2))


@pytest.fixture(scope="module")
def waves(full: np.ndarray) -> tuple[np.ndarray, Acquisition]:
    sequence = TransmitSequence.plane_waves(PROBE, np.deg2rad([-8, 0, 8]), 1540)
    fired = FULL.firing(sequence)
    return encode(full, fired), fired


def nothing(seen: Inspection) -> bool:
    return not (seen.warnings or seen.dead_elements or seen.swapped_elements or seen.silent_transmits)


def test_nothing_is_odd_about_plain_frames(full: np.ndarray, waves: tuple[np.ndarray, Acquisition]) -> None:
    assert nothing(inspect_frame(full, FULL))
    assert nothing(inspect_frame(*waves))
    assert inspect_frame(full, FULL).reciprocity == pytest.approx(0.99, abs=0.02)
    assert inspect_frame(*waves).reciprocity is None


@pytest.mark.parametrize("pair", [(0, 1), (14, 15), (3, 22)])
def test_swapped_receivers_of_a_full_matrix(full: np.ndarray, pair: tuple[int, int]) -> None:
    swapped = full.copy()
    swapped[:, list(pair)] = full[:, list(pair[::-1])]
    assert inspect_frame(swapped, FULL).swapped_elements == (pair,)


def test_swapped_neighbours_of_plane_waves(waves: tuple[np.ndarray, Acquisition]) -> None:
    frame, acquisition = waves
    swapped = frame.copy()
    swapped[:, [14, 15]] = frame[:, [15, 14]]
    assert inspect_frame(swapped, acquisition).swapped_elements == ((14, 15),)


def test_dead_elements_and_silent_transmits(full: np.ndarray) -> None:
    broken = full.copy()
    broken[:, [4, 20]] = 0
    broken[7] = 0
    seen = inspect_frame(broken, FULL)
    assert (seen.dead_elements, seen.silent_transmits) == ((4, 20), (7,))
    assert "nothing is received by elements 4, 20" in seen.warnings[0]
    assert "nothing is heard of the transmits of element 7" in seen.warnings[1]


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_the_share_of_saturated_samples(full: np.ndarray, dtype: type) -> None:
    top = np.quantile(np.abs(full), 0.99)
    clipped = full.clip(-int(top), int(top)).astype(dtype)
    seen = inspect_frame(clipped, FULL)
    assert seen.saturated_share == pytest.approx(0.01, rel=0.1)
    assert f"{seen.saturated_share:.2%} of its samples are saturated" in seen.warnings[0]


@pytest.mark.parametrize(
    ("sequence", "words"),
    [
        (None, "32 single elements, 0 to 31"),
        (TransmitSequence.plane_waves(PROBE, np.deg2rad([-10, 0, 10]), 1540), "3 plane waves, -10.0 to 10.0 degrees"),
        (
            TransmitSequence.diverging(PROBE, [(0, -5e-3), (1e-3, -8e-3)], 1540),
            "2 diverging waves, sources at z = -8.0 to -5.0 mm",
        ),
        (TransmitSequence.hadamard(32), "32 shots of up to 32 elements, without delays, of both signs"),
    ],
)
def test_sequences_are_told_in_a_few_words(sequence: TransmitSequence | None, words: str) -> None:
    assert describe_sequence(Acquisition(PROBE, range(32), 800, 25e6, sequence=sequence)) == words
