"""Which frames of a stream are kept to train on and to judge by, and which are left out, and why."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, ImageGrid, Probe
from sonolucent.nn.training.fitness import MISSING, NOT_FINITE, SATURATED, SILENT
from sonolucent.stream import Channels, Stream, Trail, open_recording
from sonolucent.stream.accounting.live_training import LiveTraining
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.sinks.training_process import HELD_OUT, TRAINING
from sonolucent.stream.training_aside.gathering import SAME, Gatherer
from sonolucent.stream.training_settings import TrainingSettings

PROBE = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(16), 600, 25e6)
STREAM = Stream(ACQUISITION, ImageGrid.for_acquisition(ACQUISITION), 25.0)
TEN = TrainingSettings(frames=10)


def place(i: int) -> NDArray[np.int16]:
    """What a probe sees there."""
    return np.random.default_rng(i).integers(-2000, 2000, ACQUISITION.shape, dtype=np.int16)


def seen_again(i: int, seed: int) -> NDArray[np.int16]:
    """The same place with other noise of the electronics."""
    noise = np.random.default_rng([i, seed]).normal(0, 200, ACQUISITION.shape)
    return (place(i) + noise).astype(np.int16)


def shown(gatherer: Gatherer, frames: list[NDArray[Any]], first: int = 0) -> LiveTraining:
    for i, data in enumerate(frames):
        told = gatherer.look(Channels(first + i, data, 0, Trail.begin()))
    return told


def ids(path: Path) -> list[int]:
    recording = Recording(path)
    try:
        return [int(row["frame_id"]) for row in recording.channels_index]
    finally:
        recording.close()


def test_frames_of_different_tissue_are_kept_and_the_last_of_them_judge(tmp_path: Path) -> None:
    gatherer = Gatherer(tmp_path, STREAM, TEN)
    told = shown(gatherer, [seen_again(i // 2, i) for i in range(19)])
    assert (told.state, told.kept, told.wanted, told.looked_at) == ("gathered", 10, 10, 19)
    assert told.left_out == {SAME: 9}
    assert gatherer.complete
    assert ids(tmp_path / TRAINING) == [0, 2, 4, 6, 8]
    assert ids(tmp_path / HELD_OUT) == [10, 12, 14, 16, 18]
    np.testing.assert_array_equal(open_recording(tmp_path / HELD_OUT)[1], seen_again(6, 12))


def test_a_probe_held_still_is_told_until_it_moves(tmp_path: Path) -> None:
    gatherer = Gatherer(tmp_path, STREAM, TEN)
    assert not shown(gatherer, [seen_again(0, i) for i in range(10)]).still
    told = shown(gatherer, [seen_again(0, i) for i in range(10, 12)])
    assert told.still
    assert "the probe has not moved: 11 frames in a row" in told.said
    assert "1 of 10 frames kept" in told.said
    assert told.state == "gathering"
    moved = shown(gatherer, [place(1)])
    assert (moved.still, moved.kept, moved.left_out) == (False, 2, {SAME: 11})


def test_frames_that_are_unfit_are_left_out_by_reason(tmp_path: Path) -> None:
    missing, spoilt = place(2), place(3).astype(np.float32)
    missing[5] = 0
    spoilt[3, 4, 100] = np.nan
    clipped = np.clip(place(4), -500, 500)
    gatherer = Gatherer(tmp_path, STREAM, TEN)
    told = shown(gatherer, [place(1), missing, spoilt, clipped, np.zeros_like(place(5)), place(6)])
    assert told.left_out == {MISSING: 1, NOT_FINITE: 1, SATURATED: 1, SILENT: 1}
    assert (told.looked_at, told.kept) == (6, 2)


def test_frames_in_a_row_that_are_unfit_are_no_still_probe(tmp_path: Path) -> None:
    gatherer = Gatherer(tmp_path, STREAM, TEN)
    assert not shown(gatherer, [place(1), *[np.zeros_like(place(0))] * 12]).still


def test_frames_that_judge_show_less_of_what_is_trained_on(tmp_path: Path) -> None:
    """What shares two fifths of its energy with a frame before may be trained on, but may not judge."""
    gatherer = Gatherer(tmp_path, STREAM, TEN)

    def partly(i: int, other: int) -> NDArray[np.int16]:
        return (0.8 * place(i) + place(other)).astype(np.int16)

    assert shown(gatherer, [place(0), partly(0, 1)]).kept == 2
    assert shown(gatherer, [place(i) for i in range(2, 5)]).kept == 5
    told = shown(gatherer, [partly(2, 7), place(8)])
    assert (told.kept, told.left_out) == (6, {SAME: 1})
