"""Each imaging setting does to an image what it says."""

import msgspec
import numpy as np
import pytest

from sonolucent.beamform import (
    Acquisition,
    BModeImager,
    ImageGrid,
    ImagingSettings,
    Probe,
    ReferenceLevel,
    TransmitSequence,
    log_compress,
    measure_point,
)
from sonolucent.sim import simulate

PROBE = Probe.linear(n_elements=32, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(32), n_samples=900, sampling_frequency_hz=25e6)
POINT_M = (0.3e-3, 15e-3)


@pytest.fixture(scope="module")
def point():
    return simulate(ACQUISITION, scatterers_m=[POINT_M], amplitudes=[1.0])


@pytest.fixture(scope="module")
def speckle():
    rng = np.random.default_rng(5)
    x_m, z_m = rng.uniform(-6e-3, 6e-3, 6000), rng.uniform(2e-3, 26e-3, 6000)
    return simulate(ACQUISITION, scatterers_m=np.c_[x_m, z_m], amplitudes=rng.standard_normal(6000))


def imager_of(acquisition=ACQUISITION, **settings):
    return BModeImager(acquisition, settings=ImagingSettings(**settings), threads=1)


def image_of(data, **settings):
    """The analytic image around the point, finely sampled, and its grid."""
    fine = {"depth_mm": (13, 17), "width_mm": (-3, 3), "spacing_mm": (0.05, 0.02)} | settings
    imager = imager_of(**fine)
    imager(data)
    return imager.analytic, imager.grid


def width_m(data, **settings):
    return measure_point(*image_of(data, **settings), near_m=POINT_M).lateral_width_m


def test_depth_and_width_are_the_first_and_last_row_and_column(point):
    imager = imager_of(depth_mm=(5, 20), width_mm=(-2, 4), spacing_mm=(0.1, 0.05))
    assert imager(point).shape == imager.grid.shape == (301, 61)
    np.testing.assert_allclose(imager.grid.z_m[[0, -1]], [5e-3, 20e-3])
    np.testing.assert_allclose(imager.grid.x_m[[0, -1]], [-2e-3, 4e-3])
    row, column = np.unravel_index(np.abs(imager.analytic).argmax(), imager.grid.shape)
    assert imager.grid.z_m[row] == pytest.approx(POINT_M[1], abs=0.06e-3)
    assert imager.grid.x_m[column] == pytest.approx(POINT_M[0], abs=0.06e-3)


def test_pixels_a_wavelength_keep_columns_at_whole_parts_of_the_pitch():
    grid = imager_of(pixels_per_wavelength=4).grid
    assert grid.dz_m == pytest.approx(ACQUISITION.wavelength_m / 4)
    assert grid.dx_m == pytest.approx(PROBE.pitch_m / 4)


@pytest.mark.parametrize("method", ["fourier", "das"])
def test_the_speed_of_sound_moves_the_point_and_its_own_focuses_best(point, method):
    positions, brightness = {}, {}
    for speed in (1460.0, 1540.0, 1620.0):
        found = measure_point(*image_of(point, sound_speed_m_s=speed, method=method), near_m=POINT_M)
        positions[speed] = found.z_m
        brightness[speed] = np.abs(image_of(point, sound_speed_m_s=speed, method=method)[0]).max()
        assert found.z_m == pytest.approx(POINT_M[1] * speed / 1540, rel=6e-3)
    assert positions[1460.0] < positions[1540.0] < positions[1620.0]
    assert max(brightness, key=brightness.get) == 1540.0


@pytest.mark.parametrize("method", ["fourier", "das"])
def test_twice_the_f_number_makes_points_twice_as_wide(point, method):
    assert width_m(point, f_number=4.0, method=method) == pytest.approx(
        2 * width_m(point, f_number=2.0, method=method), rel=0.1
    )


def test_a_limit_is_the_same_as_f_number_angle_or_wavenumber_at_the_centre_frequency(point):
    by_f_number = width_m(point, f_number=2.0)
    angle_rad = np.arctan(1 / 4)
    assert width_m(point, max_angle_deg=np.degrees(angle_rad)) == pytest.approx(by_f_number, rel=1e-6)
    wavenumber = 2 * np.pi / ACQUISITION.wavelength_m * np.sin(angle_rad)
    assert width_m(point, max_wavenumber_rad_m=wavenumber) == pytest.approx(by_f_number, rel=0.05)


@pytest.mark.parametrize("method", ["fourier", "das"])
def test_wider_windows_widen_points_and_lower_side_lobes(point, method):
    widths = [width_m(point, f_number=2.0, window=window, method=method) for window in ("boxcar", "tukey", "hann")]
    assert widths == sorted(widths)
    assert widths[2] > 1.3 * widths[0]
    hamming = width_m(point, f_number=2.0, window="hamming", method=method)
    assert widths[1] < hamming < widths[2]


@pytest.mark.parametrize("method", ["fourier", "das"])
def test_a_wide_transmit_aperture_alone_narrows_points_by_less_than_both(point, method):
    both_wide, both_narrow = (width_m(point, f_number=f, method=method) for f in (1.5, 4.0))
    apart = width_m(point, f_number=4.0, transmit_f_number=1.5, method=method)
    assert both_wide < 0.95 * apart < 0.9 * both_narrow


def test_legs_weighted_apart_make_delay_and_sum_s_image(speckle):
    apart = {"f_number": 3.0, "transmit_f_number": 1.8, "window": "hann", "transmit_window": "tukey"}
    images = [np.abs(image_of(speckle, method=method, **apart)[0]).ravel() for method in ("fourier", "das")]
    assert np.corrcoef(*images)[0, 1] > 0.995


def test_fewer_transmits_raise_the_grating_lobes(point):
    def level_db(**settings):
        imager = imager_of(width_mm=(-8, 8), depth_mm=(13, 17), spacing_mm=(0.075, 0.05), f_number=1.0, **settings)
        imager(point)
        beyond = np.abs(imager.grid.x_m - POINT_M[0]) > 4e-3
        envelope = np.abs(imager.analytic)
        return 20 * np.log10(envelope[:, beyond].max() / envelope.max())

    assert level_db(transmits=4) > level_db() + 6
    assert level_db(shots=tuple(range(32))) == level_db()


@pytest.mark.parametrize("method", ["fourier", "das"])
def test_dead_elements_are_left_out_of_both_legs(point, method):
    broken = point.copy()
    broken[:, [4, 11]] = 50 * np.random.default_rng(2).standard_normal(broken[:, [4, 11]].shape)
    broken[[4, 11]] *= 50
    silent = point.copy()
    silent[:, [4, 11]] = silent[[4, 11]] = 0
    whole, _ = image_of(broken, method=method)
    left_out, _ = image_of(broken, method=method, dead_elements=(4, 11))
    expected, _ = image_of(silent, method=method, dead_elements=(4, 11))
    np.testing.assert_array_equal(left_out, expected)
    assert np.abs(whole - expected).max() > 10 * np.abs(expected).max()


def test_dead_elements_are_left_out_of_shots_that_are_pushed(point):
    imager = imager_of(dead_elements=(3,))
    imager(point)
    whole = imager.analytic.copy()
    for i, shot in enumerate(point):
        imager.beamformer.push(shot, i)
    np.testing.assert_allclose(imager.beamformer.image(), whole, atol=1e-5 * np.abs(whole).max())


def test_left_out_elements_raise_grating_lobes(point):
    """Every second element: twice the pitch, and lobes where there were none."""

    def level_db(dead):
        imager = imager_of(width_mm=(-9, 9), depth_mm=(13, 17), f_number=0.8, dead_elements=dead)
        imager(point)
        envelope = np.abs(imager.analytic)
        beyond = np.abs(imager.grid.x_m) > 5e-3
        return 20 * np.log10(envelope[:, beyond].max() / envelope.max())

    assert level_db(tuple(range(0, 32, 2))) > level_db(()) + 6


def test_gain_adds_decibels(speckle):
    plain, brighter = imager_of()(speckle), imager_of(gain_db=6.0)(speckle)
    inside = (plain > -54) & (plain < -6)
    np.testing.assert_allclose((brighter - plain)[inside], 6.0, atol=1e-3)


def test_tgc_adds_decibels_by_depth_and_leaves_the_reference_level(speckle):
    imager = imager_of(tgc_db=((10, 0), (20, -12)))
    plain, shown = imager_of()(speckle), imager(speckle)
    expected = np.interp(imager.grid.z_m, [10e-3, 20e-3], [0, -12])[:, None]
    inside = (plain > -45) & (plain < -1)
    np.testing.assert_allclose((shown - plain)[inside], np.broadcast_to(expected, plain.shape)[inside], atol=5e-3)


def test_the_dynamic_range_is_the_image_s_floor(speckle):
    assert imager_of(dynamic_range_db=35.0)(speckle).min() == -35


def test_a_fixed_reference_level_shows_the_same_envelope_in_every_frame(speckle):
    imager = imager_of(reference_level=2.0)
    image = imager(speckle)
    expected = log_compress(imager.analytic, dynamic_range_db=60, reference=2.0)
    np.testing.assert_array_equal(image, expected)
    imager(10 * speckle)
    np.testing.assert_array_equal(imager(speckle), expected)
    assert imager.level == 2.0


def test_the_reference_level_goes_on_when_it_is_handed_over(speckle):
    reference = ReferenceLevel()
    first = BModeImager(ACQUISITION, reference=reference, threads=1)
    first(10 * speckle)
    second = BModeImager(ACQUISITION, settings=ImagingSettings(f_number=2.0), reference=reference, threads=1)
    second(speckle)
    assert second.level == pytest.approx(first.level, rel=0.01)


def test_defaults_are_the_grid_and_taper_that_fit_the_probe():
    settings = ImagingSettings()
    assert settings.grid_of(ACQUISITION) == ImageGrid.for_acquisition(ACQUISITION)
    assert settings.acquisition_of(ACQUISITION) == ACQUISITION


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "capon"}, "method must be one of fourier, das, not 'capon'"),
        ({"window": "kaiser", "f_number": 2.0}, "window must be one of tukey, hann, hamming, boxcar, not 'kaiser'"),
        ({"depth_mm": (1, 90)}, r"depth_mm ends at 90.00, but the record holds .* 27\.69 is the deepest end"),
        ({"depth_mm": (20, 10)}, "depth_mm must go from lower to higher, not 20 to 10"),
        ({"depth_mm": (-3, 10)}, "behind the array"),
        ({"depth_mm": (10, float("nan"))}, "depth_mm must go from lower to higher"),
        ({"width_mm": (-1e300, 1e300)}, r"width_mm must lie within -10000\.\.10000 mm, not -1e\+300"),
        ({"spacing_mm": (1e-300, 1e-300)}, r"spacing_mm must lie within 1e-06\.\.1000 mm"),
        ({"spacing_mm": (1e-4, 1e-4)}, "at most 16777216 pixels are possible"),
        ({"spacing_mm": (0.1, 0.1), "pixels_per_wavelength": 3.0}, "exclude each other"),
        ({"spacing_mm": (0.0, 0.1)}, "spacing_mm must be positive"),
        ({"sound_speed_m_s": -1.0}, "sound_speed_m_s must be positive"),
        ({"f_number": 0.0}, "f_number must be positive"),
        ({"f_number": 2.0, "max_angle_deg": 20.0}, "f_number and max_angle_deg exclude each other"),
        ({"max_angle_deg": 95.0}, r"max_angle_deg must lie within 0\.01\.\.90 degrees, not 95"),
        ({"max_wavenumber_rad_m": 1e6}, "it can be at most 14280"),
        ({"transmits": 33}, r"transmits must lie in 1\.\.32, not 33"),
        ({"transmits": 3, "shots": (1,)}, "transmits and shots exclude each other"),
        ({"shots": (1, 32)}, r"shots must lie in 0\.\.31, each once"),
        ({"shots": (1, 1)}, r"shots must lie in 0\.\.31, each once"),
        ({"dead_elements": (32,)}, r"dead_elements must lie in 0\.\.31"),
        ({"dead_elements": tuple(range(32))}, "leave no element that transmits"),
        ({"dead_elements": (3, 3)}, "dead_elements names an element twice"),
        ({"tgc_db": ((20, 0), (10, 3))}, "tgc_db must list nodes by rising depth"),
        ({"tgc_db": ((20, float("nan")),)}, r"a gain of tgc_db must lie within -200\.\.200 dB, not nan"),
        ({"tgc_db": ((-1e300, 0), (1e300, 0))}, r"a depth of tgc_db must lie within -10000\.\.10000 mm"),
        ({"tgc_db": tuple((i, 0) for i in range(1001))}, "tgc_db lists 1001 nodes; at most 1000 are possible"),
        ({"gain_db": float("inf")}, r"gain_db must lie within -200\.\.200 dB, not inf"),
        ({"dynamic_range_db": 0.0}, "dynamic_range_db must be positive"),
        ({"reference_level": 0.0}, "reference_level must be positive"),
    ],
)
def test_what_cannot_be_imaged_is_refused_with_the_limit(settings, message):
    with pytest.raises(ValueError, match=message):
        imager_of(**settings)


ABSURD = (10**400, 10**30, 2**70, 1.7e308, 1e-300, 5e-324, -1.7e308, -(2**70), float("inf"), float("nan"))
NUMBERS = ["gain_db", "dynamic_range_db", "reference_level", "sound_speed_m_s", "pixels_per_wavelength", "f_number"]
NUMBERS += ["transmit_f_number", "max_angle_deg", "max_wavenumber_rad_m", "transmits"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ABSURD, ids=lambda value: f"{str(value)[:8]}")
def test_no_number_of_any_size_is_more_than_refused(name, value):
    if name == "gain_db" and abs(value) < 1:
        value = -1 / value  # next to no gain is a gain
    with pytest.raises(ValueError, match=name):
        ImagingSettings(**{name: value})


@pytest.mark.parametrize(("reference_level", "gain_db"), [(1e-20, 200.0), (1e20, -200.0), (1e-20, -200.0)])
def test_the_outermost_levels_and_gains_make_images(speckle, reference_level, gain_db):
    image = imager_of(reference_level=reference_level, gain_db=gain_db)(speckle)
    assert np.isfinite(image).all()


def test_a_transmit_aperture_of_waves_is_refused():
    waves = ACQUISITION.firing(TransmitSequence.plane_waves(PROBE, [-0.1, 0.1], 1540.0))
    imager_of(waves, f_number=2.0)
    with pytest.raises(ValueError, match="the waves they are, which have no weights"):
        imager_of(waves, f_number=2.0, transmit_f_number=1.5)


def test_a_frame_of_other_shots_is_refused(point):
    with pytest.raises(ValueError, match=r"this acquisition gives \(32, 32, 900\)"):
        imager_of(transmits=4)(point[:4])


def test_settings_are_read_and_written_as_json():
    settings = ImagingSettings(tgc_db=((1, 2), (3, 4)), shots=(1, 2), window="hann", depth_mm=(1, 20))
    assert msgspec.json.decode(msgspec.json.encode(settings), type=ImagingSettings) == settings
