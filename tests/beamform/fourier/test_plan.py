"""What is planned once: plain tables, the same for every engine."""

import dataclasses
import pickle
import tracemalloc

import numpy as np
import pytest

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    FourierBeamformer,
    ImageGrid,
    Look,
    PlaneWaveBeamformer,
    Probe,
    TransmitSequence,
    make_beamformer,
    pass_band_hz,
)
from sonolucent.beamform.fourier import plan_size
from sonolucent.beamform.fourier.plan import plan_fourier
from sonolucent.beamform.fourier.plane_wave_plan import plan_plane_waves

PROBE = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(0, 16, 3), n_samples=600, sampling_frequency_hz=25e6)
GRID = ImageGrid(-2.4e-3, 1e-3, 0.075e-3, 0.1e-3, 120, 64)
TAPER = AngleTaper(0.3)


@pytest.fixture(scope="module")
def plan():
    return plan_fourier(ACQUISITION, GRID, TAPER)


def test_a_plan_is_plain_data(plan):
    copy = pickle.loads(pickle.dumps(plan))
    for field in dataclasses.fields(plan):
        value, copied = getattr(plan, field.name), getattr(copy, field.name)
        if isinstance(value, np.ndarray):
            assert np.array_equal(value, copied)
    assert copy.sampling == plan.sampling


def test_a_beamformer_s_plan_is_that_of_its_arguments(plan):
    planned = FourierBeamformer(ACQUISITION, GRID, apodization=TAPER, threads=1).plan
    assert np.array_equal(planned.pixel_gain, plan.pixel_gain)
    assert np.array_equal(planned.leg_waves.weight, plan.leg_waves.weight)


def test_waves_run_from_steepest_left_to_steepest_right(plan):
    k_x_rad_m = plan.k_x_rad_m
    assert k_x_rad_m[plan.steepest_wave] == 0
    assert np.allclose(k_x_rad_m, -k_x_rad_m[::-1])
    assert (np.diff(k_x_rad_m) > 0).all()
    steepest_leg_rad_m = 2 * np.pi * pass_band_hz(ACQUISITION)[1] / ACQUISITION.sound_speed_m_s * np.sin(0.3)
    assert 1.8 * steepest_leg_rad_m < k_x_rad_m[-1] <= 2 * steepest_leg_rad_m


def test_depth_wavenumbers_are_those_of_echoes_in_the_pass_band(plan):
    lowest, highest = (4 * np.pi * f / ACQUISITION.sound_speed_m_s for f in pass_band_hz(ACQUISITION))
    k_z_rad_m = plan.k_z_rad_m
    assert k_z_rad_m.shape == (plan.sampling.n_depth,)
    assert k_z_rad_m.min() < lowest * np.cos(0.3)
    assert highest * np.cos(0.3) < k_z_rad_m.max()


def test_the_whole_spectrum_is_one_look_that_lets_everything_through(plan):
    assert (plan.whole_spectrum.lateral == 1).all()
    assert (plan.whole_spectrum.depth == 1).all()
    assert plan.whole_spectrum.depth_of == [0]
    with pytest.raises(ValueError, match="no looks"):
        plan.masks_of([])


def test_looks_that_share_an_interval_in_depth_share_its_mask(plan):
    masks = plan.masks_of([Look((-np.inf, 0.0)), Look((0.0, np.inf)), Look(k_z_rad_m=(0.0, 4e4))])
    assert masks.depth_of == [0, 0, 1]
    assert masks.depth.shape == (2, plan.sampling.n_depth)
    assert masks.lateral.shape == (3, plan.image_waves.size)


def test_the_gain_is_part_of_the_last_pass(plan):
    gain = np.random.default_rng(0).uniform(-2, 2, GRID.shape).astype(np.float32)
    assert np.allclose(plan_fourier(ACQUISITION, GRID, TAPER, gain).pixel_gain, gain * plan.pixel_gain)
    with pytest.raises(ValueError, match="gain has shape"):
        plan_fourier(ACQUISITION, GRID, TAPER, gain[1:])


def test_a_grid_beyond_the_record_is_refused():
    with pytest.raises(ValueError, match="the record holds"):
        plan_fourier(dataclasses.replace(ACQUISITION, n_samples=200), GRID, TAPER)


def test_a_plan_that_nobody_has_room_for_is_refused_before_it_is_made():
    wavelength_m = 1540 / 5e6
    thin = Probe.linear(
        n_elements=2, pitch_m=wavelength_m / 400, element_width_m=wavelength_m / 500, center_frequency_hz=5e6
    )
    elements = Acquisition(thin, range(2), n_samples=40_000, sampling_frequency_hz=25e6)
    waves = dataclasses.replace(elements, sequence=TransmitSequence.plane_waves(thin, [0.0, 0.1], 1540.0))
    for acquisition in (elements, waves):
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match=r"would take .* GiB of memory.*pitch_m 7\.7e-07 right"):
                make_beamformer(acquisition, ImageGrid.for_acquisition(acquisition))
            assert tracemalloc.get_traced_memory()[1] < 100 << 20
        finally:
            tracemalloc.stop()


def test_a_plan_of_plane_waves_takes_little_more_than_its_tables():
    probe = dataclasses.replace(PROBE, n_elements=64)
    sequence = TransmitSequence.plane_waves(probe, np.linspace(-0.2, 0.2, 9), 1540.0)
    acquisition = Acquisition(probe, range(64), n_samples=600, sampling_frequency_hz=25e6, sequence=sequence)
    tracemalloc.start()
    try:
        plan = plan_plane_waves(acquisition, ImageGrid.for_acquisition(acquisition), TAPER)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    tables = sum(mirror.receive_bin.nbytes + mirror.receive_weight.nbytes for mirror in plan.mirrors)
    assert peak < 8 * (tables + plan.shift.nbytes)


@pytest.mark.parametrize(
    ("n_elements", "angles_deg", "taper"),
    [(64, (-12, -4, 4, 12), None), (32, (0,), None), (64, (3, 6, 9), TAPER), (16, range(-10, 11), TAPER)],
)
def test_plane_waves_take_what_is_foreseen(monkeypatch, n_elements, angles_deg, taper):
    foreseen = []
    monkeypatch.setattr(plan_size, "_require", lambda n_bytes, _: foreseen.append(n_bytes))
    probe = dataclasses.replace(PROBE, n_elements=n_elements)
    sequence = TransmitSequence.plane_waves(probe, np.deg2rad(angles_deg), 1540.0)
    acquisition = Acquisition(probe, range(n_elements), n_samples=1200, sampling_frequency_hz=25e6, sequence=sequence)
    tracemalloc.start()
    try:
        PlaneWaveBeamformer(acquisition, ImageGrid.for_acquisition(acquisition), apodization=taper, threads=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < foreseen[0] < 1.4 * peak


def test_a_band_between_two_frequencies_of_a_short_record_is_refused():
    probe = dataclasses.replace(PROBE, n_elements=4, fractional_bandwidth=0.01)
    acquisition = Acquisition(probe, range(4), n_samples=40, sampling_frequency_hz=25e6)
    with pytest.raises(ValueError, match="no frequency of a record of 40 samples lies in the band"):
        make_beamformer(acquisition, ImageGrid.for_acquisition(acquisition))
