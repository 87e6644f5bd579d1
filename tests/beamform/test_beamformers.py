"""The beamformer that suits what was fired."""

from dataclasses import replace

import numpy as np
import pytest

from sonolucent.beamform import (
    Acquisition,
    BModeImager,
    DecodingBeamformer,
    DelayAndSum,
    FourierBeamformer,
    ImageGrid,
    ImagingSettings,
    PlaneWaveBeamformer,
    Probe,
    TransmitSequence,
    UndeterminedElementsError,
    WavenumberTaper,
    choose_beamformer,
    make_beamformer,
    measure_point,
    to_baseband,
)
from sonolucent.sim import simulate

C = 1540.0
N = 32
PROBE = Probe.linear(n_elements=N, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
FULL = Acquisition(probe=PROBE, tx_elements=range(N), n_samples=1000, sampling_frequency_hz=31.25e6)
GRID = ImageGrid.linear(x_m=(-4.8e-3, 4.65e-3), z_m=(5e-3, 20e-3), shape=(201, 64))
TARGET = (1.1e-3, 13e-3)
COARSE_PROBE = Probe.linear(n_elements=N, pitch_m=0.625e-3, element_width_m=0.575e-3, center_frequency_hz=7.5e6)
COARSE = Acquisition(probe=COARSE_PROBE, tx_elements=range(N), n_samples=1000)
"""Three wavelengths a pitch: waves tell its elements apart at all frequencies of the pass band."""
COARSE_GRID = ImageGrid.linear(x_m=(-5e-3, 4.84375e-3), z_m=(8e-3, 18e-3), shape=(161, 64))


def fired(sequence):
    return FULL.firing(sequence)


def plane_waves(n_shots, largest_sine=0.3):
    return TransmitSequence.plane_waves(PROBE, np.arcsin(np.linspace(-largest_sine, largest_sine, n_shots)), C)


def diverging(n_shots):
    sources_m = np.column_stack([np.linspace(-12e-3, 12e-3, n_shots), np.full(n_shots, -10e-3)])
    return TransmitSequence.diverging(PROBE, sources_m, C)


@pytest.fixture(scope="module")
def many_diverging():
    sources_m = np.column_stack([np.linspace(-12e-3, 12e-3, 48), np.full(48, -10e-3)])
    return COARSE.firing(TransmitSequence.diverging(COARSE_PROBE, sources_m, C))


def echo(acquisition):
    return simulate(acquisition, scatterers_m=np.array([TARGET]), amplitudes=np.ones(1), threads=1)


@pytest.mark.parametrize(
    ("acquisition", "method", "kind"),
    [
        (FULL, "fourier", FourierBeamformer),
        (FULL, "das", DelayAndSum),
        (fired(plane_waves(5)), "fourier", PlaneWaveBeamformer),
        (fired(plane_waves(5)), "das", DelayAndSum),
        (fired(diverging(5)), "das", DelayAndSum),
        (fired(TransmitSequence.hadamard(N)), "fourier", DecodingBeamformer),
        (fired(TransmitSequence.hadamard(N)), "das", DecodingBeamformer),
    ],
)
def test_what_is_fired_decides_who_images_it(acquisition, method, kind):
    beamformer = make_beamformer(acquisition, GRID, method=method, threads=1)
    assert isinstance(beamformer, kind)
    beamformer.warm_up()
    assert choose_beamformer(acquisition, method).is_decoded == isinstance(beamformer, DecodingBeamformer)
    assert ("decoded to 32 elements" in beamformer.describe()) == isinstance(beamformer, DecodingBeamformer)


@pytest.fixture(scope="module")
def full_matrix_image():
    return BModeImager(FULL, GRID, threads=1)(echo(FULL)).copy()


@pytest.mark.parametrize("method", ["fourier", "das"])
def test_hadamard_shots_show_the_full_matrix_s_image(method, full_matrix_image):
    acquisition = fired(TransmitSequence.hadamard(N))
    settings = ImagingSettings(method=method)
    image = BModeImager(acquisition, GRID, settings=settings, threads=1)(echo(acquisition))
    reference = full_matrix_image if method == "fourier" else BModeImager(FULL, GRID, settings=settings)(echo(FULL))
    assert np.abs(image - reference)[reference > -40].max() < 0.5


def test_many_diverging_waves_show_the_full_matrix_s_image(many_diverging):
    assert isinstance(make_beamformer(many_diverging, COARSE_GRID, threads=1), DecodingBeamformer)
    image, reference = (BModeImager(a, COARSE_GRID, threads=1)(echo(a)) for a in (many_diverging, COARSE))
    assert np.abs(image - reference)[reference > -30].max() < 0.5


def test_many_plane_waves_show_the_target_as_the_full_matrix_does():
    """They have no transmit apodization, whose part their angles play; the far lobes differ."""
    acquisition = fired(plane_waves(64))
    imagers = [BModeImager(a, GRID, threads=1) for a in (acquisition, FULL)]
    images = [imager(echo(imager.acquisition)) for imager in imagers]
    assert np.abs(images[0] - images[1])[images[1] > -10].max() < 3
    seen, expected = (measure_point(imager.analytic, GRID, TARGET) for imager in imagers)
    assert (seen.x_m, seen.z_m) == pytest.approx(TARGET, abs=20e-6)
    assert seen.lateral_width_m == pytest.approx(expected.lateral_width_m, rel=0.2)
    assert seen.axial_width_m == pytest.approx(expected.axial_width_m, rel=0.05)


def test_delay_and_sum_weights_the_aperture_of_the_centre_frequency():
    acquisition = fired(plane_waves(5))
    taper = WavenumberTaper.for_acquisition(acquisition)
    channels = echo(acquisition)
    image = make_beamformer(acquisition, GRID, method="das", threads=1)(channels)
    by_hand = DelayAndSum(acquisition, GRID, apodization=taper.at_center(acquisition), threads=1)(channels)
    assert np.array_equal(image, by_hand)


def test_shots_that_do_not_determine_the_elements_are_left_to_delay_and_sum():
    with pytest.raises(UndeterminedElementsError, match=r"regularization=1e-2 to SequenceDecoder; the method das"):
        make_beamformer(fired(diverging(5)), GRID)
    few = TransmitSequence.hadamard(N).of_shots(range(1, 9))
    with pytest.raises(UndeterminedElementsError, match=r"to SequenceDecoder$"):
        make_beamformer(fired(few), GRID)


def test_waves_at_baseband_are_imaged_and_codes_are_not():
    for acquisition in (fired(diverging(5)), fired(plane_waves(5))):
        baseband, demodulated = to_baseband(echo(acquisition), acquisition, decimation=2)
        image = make_beamformer(demodulated, GRID, method="das", threads=1)(baseband)
        seen = measure_point(image, GRID, TARGET)
        assert (seen.x_m, seen.z_m) == pytest.approx(TARGET, abs=20e-6)
    with pytest.raises(ValueError, match="baseband cannot be decoded to single elements; record RF"):
        make_beamformer(replace(fired(TransmitSequence.hadamard(N)), demodulation_frequency_hz=5e6), GRID)
    with pytest.raises(ValueError, match="the method das images these shots"):
        make_beamformer(replace(fired(diverging(5)), demodulation_frequency_hz=5e6), GRID)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "capon"}, "method must be one of fourier, das"),
        ({"method": "das", "device": "cuda:0"}, "delay-and-sum runs on the CPU alone"),
        ({"device": "cuda:0"}, "imaging plane waves runs on the CPU alone"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_beamformer(fired(plane_waves(5)), GRID, **options)


@pytest.mark.parametrize("method", ["fourier", "das"])
@pytest.mark.parametrize("choice", [{"transmit_f_number": 1.5}, {"transmit_window": "hann"}])
def test_weights_of_the_transmit_leg_alone_are_refused_where_waves_have_none(method, choice):
    settings = ImagingSettings(method=method, f_number=2.5, **choice)
    with pytest.raises(ValueError, match="imaged as the waves they are, which have no weights: leave out"):
        BModeImager(fired(plane_waves(5)), GRID, settings=settings, threads=1)
    BModeImager(fired(TransmitSequence.hadamard(N)), GRID, settings=settings, threads=1)
