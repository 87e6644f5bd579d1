"""The beamformer's stage: settings that change, and shots that come ahead of their frame."""

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, BModeImager, ImageGrid, ImagingSettings, Probe
from sonolucent.stream import Channels, Config, ConfigError, Stream
from sonolucent.stream.stages.beamform import Beamform

PROBE = Probe.linear(n_elements=8, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(8), n_samples=512, sampling_frequency_hz=25e6)
STREAM = Stream(ACQUISITION, ImageGrid.for_acquisition(ACQUISITION))
FIXED = ImagingSettings(reference_level=1e3)
SLIDING = Config(every=2, beamform_threads=1)
WHOLE = Config(beamform_threads=1)


def frame(i: int) -> np.ndarray:
    return np.random.default_rng(i).integers(-999, 999, ACQUISITION.shape, dtype=np.int16)


def image_of(data: np.ndarray, settings: ImagingSettings = FIXED) -> np.ndarray:
    return BModeImager(ACQUISITION, settings=settings, threads=1)(data)


def assert_equal(bmode: np.ndarray, expected: np.ndarray) -> None:
    assert np.abs(bmode - expected).max() < 0.05


def test_shots_that_came_ahead_and_those_that_did_not_make_the_image_of_the_whole_frame() -> None:
    stage = Beamform(WHOLE, STREAM.imaged(FIXED))
    for lost in (set(), {0, 5}, set(range(8))):
        data = frame(len(lost))
        for i in set(range(8)) - lost:
            stage.hasten(Channels(7, data[i : i + 1], i, ahead=True))
        assert_equal(stage(Channels(7, data)).bmode, image_of(data))


def test_shots_ahead_of_a_frame_that_was_lost_get_into_no_other() -> None:
    stage = Beamform(WHOLE, STREAM.imaged(FIXED))
    stage.hasten(Channels(1, frame(1)[:3], 0, ahead=True))
    assert_equal(stage(Channels(2, frame(2))).bmode, image_of(frame(2)))


def test_a_frame_whose_shots_came_under_other_settings_is_made_of_the_new_ones_alone() -> None:
    stage = Beamform(WHOLE, STREAM.imaged(FIXED))
    other = ImagingSettings(reference_level=1e3, f_number=3.0)
    stage.prepare(STREAM.imaged(other, 1))
    stage.hasten(Channels(0, frame(0)[:5], 0, ahead=True))
    stage.begin(STREAM.imaged(other, 1))
    image = stage(Channels(0, frame(0)))
    assert image.revision == 1
    assert_equal(image.bmode, image_of(frame(0), other))


def test_it_goes_over_to_what_it_is_told_whatever_was_prepared_since() -> None:
    stage = Beamform(WHOLE, STREAM.imaged(FIXED))
    first, second = (ImagingSettings(reference_level=1e3, max_angle_deg=angle) for angle in (8.0, 16.0))
    stage.prepare(STREAM.imaged(first, 1))
    stage.prepare(STREAM.imaged(second, 2))
    stage.begin(STREAM.imaged(first, 1))
    assert_equal(stage(Channels(0, frame(0))).bmode, image_of(frame(0), first))
    stage.begin(STREAM.imaged(second, 2))
    assert_equal(stage(Channels(1, frame(1))).bmode, image_of(frame(1), second))


def test_a_sliding_aperture_shows_the_latest_shot_of_each_transmit() -> None:
    stage = Beamform(SLIDING, STREAM.imaged(FIXED))
    for i in range(5):
        first = i % 4 * 2
        image = stage(Channels(i, frame(i // 4)[first : first + 2], first))
    latest = np.concatenate([frame(1)[:2], frame(0)[2:]])
    assert_equal(image.bmode, image_of(latest))


def test_a_method_that_takes_whole_frames_is_refused_of_a_sliding_aperture_also_while_frames_flow() -> None:
    by_delays = STREAM.imaged(ImagingSettings(method="das"), 1)
    with pytest.raises(ConfigError, match="every takes a beamformer to which shots can be pushed"):
        Beamform(SLIDING, by_delays)
    stage = Beamform(SLIDING, STREAM.imaged(FIXED))
    with pytest.raises(ConfigError, match="every takes a beamformer to which shots can be pushed"):
        stage.prepare(by_delays)
    assert stage(Channels(0, frame(0)[:2], 0)).revision == 0


def test_a_sliding_aperture_may_begin_with_shots_that_new_settings_leave_out() -> None:
    stage = Beamform(SLIDING, STREAM.imaged(FIXED))
    late_shots = STREAM.imaged(ImagingSettings(reference_level=1e3, shots=(6, 7)), 1)
    stage.prepare(late_shots)
    stage.begin(late_shots)
    assert (stage(Channels(0, frame(0)[:2], 0)).bmode == -60).all()
    assert (stage(Channels(3, frame(0)[6:], 6)).bmode > -60).any()


def test_images_of_a_sliding_aperture_tell_of_how_many_shots_they_are_made() -> None:
    stage = Beamform(SLIDING, STREAM.imaged(FIXED))
    data = frame(0)

    def shown(i: int, place: int) -> tuple[int, int] | None:
        return stage(Channels(i, data[place : place + 2], place)).n_shots

    assert [shown(i, place) for i, place in enumerate((2, 4, 6, 0, 2))] == [(2, 8), (4, 8), (6, 8), (8, 8), (8, 8)]
    stage.begin(STREAM.imaged(ImagingSettings(reference_level=1e3, gain_db=3.0), 1))
    assert shown(5, 4) == (8, 8)
    stage.begin(STREAM.imaged(ImagingSettings(reference_level=1e3, f_number=3.0), 2))
    assert shown(6, 6) == (2, 8)
    assert Beamform(WHOLE, STREAM.imaged(FIXED))(Channels(0, data)).n_shots is None
