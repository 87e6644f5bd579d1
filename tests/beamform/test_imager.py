"""From channel data to B-mode in one object: the same bits as by hand, one reference level for a stream."""

import numpy as np
import pytest

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    BModeImager,
    DelayAndSum,
    FourierBeamformer,
    ImageGrid,
    ImagingSettings,
    NotFiniteError,
    Probe,
    ReferenceLevel,
    WavenumberTaper,
    log_compress,
    to_baseband,
    uniform_gain,
)

PROBE = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(16), n_samples=600, sampling_frequency_hz=25e6)
GRID = ImageGrid(-2.4e-3, 1e-3, 0.075e-3, 0.1e-3, 120, 64)
TAPER = WavenumberTaper.for_acquisition(ACQUISITION)
GAIN = uniform_gain(ACQUISITION, GRID)


@pytest.fixture(scope="module")
def frames():
    """One frame, once as it is, once darker and once brighter."""
    noise = np.random.default_rng(3).standard_normal(ACQUISITION.shape).astype(np.float32)
    return noise * np.float32([1, 0.125, 4])[:, None, None, None]


def by_hand(beamformer, frames, dynamic_range_db=60.0):
    reference, images = ReferenceLevel(), []
    for frame in frames:
        analytic = beamformer(frame)
        level = reference.update(analytic)
        images.append(log_compress(analytic, dynamic_range_db=dynamic_range_db, reference=level))
    return images


def test_images_as_the_fourier_beamformer_gain_level_and_compression_do_by_hand(frames):
    imager = BModeImager(ACQUISITION, GRID, threads=1)
    expected = by_hand(FourierBeamformer(ACQUISITION, GRID, gain=GAIN, threads=1), frames)
    for frame, image in zip(frames, expected, strict=True):
        assert np.array_equal(imager(frame), image)


def test_delay_and_sum_weights_the_same_aperture_alike_at_all_frequencies(frames):
    imager = BModeImager(ACQUISITION, GRID, settings=ImagingSettings(method="das"), threads=1)
    angles = TAPER.at_center(ACQUISITION)
    expected = by_hand(DelayAndSum(ACQUISITION, GRID, apodization=angles, gain=GAIN, threads=1), frames)
    for frame, image in zip(frames, expected, strict=True):
        assert np.array_equal(imager(frame), image)


@pytest.mark.parametrize("method", ["fourier", "das"])
def test_taper_gain_and_range_are_the_caller_s(method, frames):
    taper, gain = AngleTaper(np.radians(11)), np.full(GRID.shape, 2, np.float32)
    settings = ImagingSettings(method=method, max_angle_deg=11, dynamic_range_db=40)
    imager = BModeImager(ACQUISITION, GRID, settings=settings, gain=gain, threads=1)
    make = FourierBeamformer if method == "fourier" else DelayAndSum
    beamformer = make(ACQUISITION, GRID, apodization=taper, gain=gain, threads=1)
    image = imager(frames[0])
    assert np.array_equal(image, by_hand(beamformer, frames[:1], 40)[0])
    assert image.min() == -40


def test_the_image_goes_where_the_caller_wants_it(frames):
    imager, out = BModeImager(ACQUISITION, GRID, threads=1), np.empty(GRID.shape, np.float32)
    image = imager(frames[0]).copy()
    assert imager(frames[0], out=out) is out
    assert np.array_equal(out, image)
    with pytest.raises(ValueError, match="out must be float32"):
        imager(frames[0], out=np.empty((2, 2), np.float32))


def test_the_level_belongs_to_the_stream(frames):
    imager, reference = BModeImager(ACQUISITION, GRID, threads=1), ReferenceLevel()
    levels = []
    for frame in frames:
        imager(frame)
        assert imager.level == reference.update(imager.analytic)
        levels.append(imager.level)
    assert 0.99 * levels[0] < levels[1] < levels[0]  # falls slowly under a dark frame
    assert levels[2] == 4 * levels[0]  # rises at once


def test_the_analytic_image_is_the_one_that_was_compressed(frames):
    imager = BModeImager(ACQUISITION, GRID, threads=1)
    image = imager(frames[0])
    assert np.array_equal(log_compress(imager.analytic, reference=imager.level), image)


def test_a_fixed_level_stays(frames):
    imager = BModeImager(ACQUISITION, GRID, reference=ReferenceLevel(1e4, half_life_frames=np.inf), threads=1)
    for frame in frames:
        imager(frame)
        assert imager.level == 1e4


def test_warming_up_leaves_the_stream_as_it_was(frames):
    cold, warm = (BModeImager(ACQUISITION, GRID, threads=1) for _ in range(2))
    warm.warm_up(np.float32)
    assert warm.reference.level is None
    assert np.array_equal(warm(frames[0]), cold(frames[0]))
    level, analytic = warm.level, warm.analytic.copy()
    warm.warm_up()
    assert warm.level == warm.reference.level == level
    assert np.array_equal(warm.analytic, analytic)


def test_baseband_data_are_imaged_as_they_are(frames):
    baseband, demodulated = to_baseband(frames[0], ACQUISITION, decimation=1)
    imager = BModeImager(demodulated, GRID, threads=1)
    imager.warm_up()
    gain = uniform_gain(demodulated, GRID)
    expected = by_hand(FourierBeamformer(demodulated, GRID, gain=gain, threads=1), [baseband])
    assert np.array_equal(imager(baseband), expected[0])


def test_the_grid_fits_the_acquisition_by_default():
    assert BModeImager(ACQUISITION, threads=1).grid == ImageGrid.for_acquisition(ACQUISITION)


@pytest.mark.parametrize(("method", "said"), [("fourier", "16 offsets"), ("das", "delay-and-sum")])
def test_says_what_was_planned(method, said):
    assert said in BModeImager(ACQUISITION, GRID, settings=ImagingSettings(method=method), threads=1).describe()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": ImagingSettings(method="das"), "device": "cuda:0"}, "delay-and-sum runs on the CPU alone"),
        ({"device": "gpu"}, "device must be"),
        ({"gain": np.ones((2, 2), np.float32)}, "gain has shape"),
        ({"threads": 0}, "threads must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        BModeImager(ACQUISITION, GRID, **options)


def test_a_frame_that_is_refused_leaves_the_level_as_it_was(frames):
    imager = BModeImager(ACQUISITION, GRID, threads=1)
    imager(frames[0])
    level = imager.reference.level
    bad = frames[2].copy()
    bad[0, 0, 0] = np.nan
    with pytest.raises(NotFiniteError):
        imager(bad)
    with pytest.raises(TypeError, match="int16 or float32"):
        imager(frames[2].astype(np.float64))
    assert imager.reference.level == imager.level == level
