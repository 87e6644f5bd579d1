import numpy as np
import pytest

from sonolucent.beamform import Acquisition, AngleTaper, DelayAndSum, FourierBeamformer, ImageGrid, Probe, measure_point
from sonolucent.sim import phantoms, simulate

from ..conftest import correlation, point

TAPER = AngleTaper(0.2618)


@pytest.fixture(scope="module")
def fourier(acquisition, grid):
    return FourierBeamformer(acquisition, grid, apodization=TAPER, threads=1)


@pytest.fixture(scope="module")
def das(acquisition, grid):
    return DelayAndSum(acquisition, grid, apodization=TAPER, dtype=np.complex128, threads=1)


@pytest.mark.parametrize("name", ["wires", "cysts"])
def test_makes_the_image_of_delay_and_sum(name, fourier, das, grid, request):
    channels = request.getfixturevalue(name)
    deep = grid.z_m > 3e-3
    image, reference = fourier(channels)[deep], das(channels)[deep]
    assert correlation(image, reference) > 0.9995
    assert np.linalg.norm(image) == pytest.approx(np.linalg.norm(reference), rel=0.01)


def test_places_every_wire_where_it_is_as_sharp_as_delay_and_sum(fourier, das, wires, acquisition, grid):
    image, reference = fourier(wires), das(wires)
    for x_m, z_m in phantoms.make("wires").wires_m:
        seen = measure_point(image, grid, (x_m, z_m))
        assert abs(seen.z_m - z_m) < acquisition.wavelength_m / 10
        assert abs(seen.x_m - x_m) < acquisition.wavelength_m / 5
        expected = measure_point(reference, grid, (x_m, z_m))
        near = z_m < 8e-3  # where 15 degrees are three elements
        assert seen.lateral_width_m == pytest.approx(expected.lateral_width_m, rel=0.1 if near else 0.02)
        assert seen.axial_width_m == pytest.approx(expected.axial_width_m, rel=0.02)


@pytest.mark.parametrize("shift", [0.37, -11.81, 40.5])
def test_any_initial_time_gives_the_same_image(shift, acquisition, grid):
    later = Acquisition(initial_time_s=shift / acquisition.sampling_frequency_hz)
    shallow = ImageGrid(grid.x0_m, 8e-3, grid.dx_m, grid.dz_m, 200, grid.n_x)
    images = [
        FourierBeamformer(a, shallow, apodization=TAPER, threads=1)(point(a, 2.2e-3, 14e-3))
        for a in (acquisition, later)
    ]
    assert np.abs(images[1] - images[0]).max() < 3e-3 * np.abs(images[0]).max()


def test_images_of_parts_of_the_transmits_add_up(acquisition, grid, cysts, fourier):
    whole = fourier(cysts)
    parts = np.zeros_like(whole)
    for elements in (range(0, 64, 3), [e for e in range(64) if e % 3]):
        part = Acquisition(tx_elements=elements)
        parts += FourierBeamformer(part, grid, apodization=TAPER, threads=1)(
            np.ascontiguousarray(cysts[list(elements)])
        )
    assert np.abs(parts - whole).max() < 1e-4 * np.abs(whole).max()


def test_exchanging_transmitters_and_receivers_changes_nothing(fourier, wires):
    image = fourier(wires)
    exchanged = fourier(np.ascontiguousarray(wires.transpose(1, 0, 2)))
    assert np.abs(exchanged - image).max() < 1e-5 * np.abs(image).max()


def test_a_target_moved_by_one_pitch_moves_four_columns(fourier, acquisition):
    here, there = (fourier(point(acquisition, x_m, 20e-3))[200:420] for x_m in (0.1e-3, 0.1e-3 + 0.625e-3))
    inner = slice(60, 190)
    assert np.abs(there[:, 64:194] - here[:, inner]).max() < 0.01 * np.abs(here).max()


def test_sixteen_bit_samples_give_the_same_image(fourier, cysts):
    counts = np.rint(cysts * (20000 / np.abs(cysts).max())).astype(np.int16)
    image = fourier(counts)
    assert np.array_equal(image, fourier(counts.astype(np.float32)))


def assert_equal_but_for_rounding(image, expected):
    """Pairs are transformed two at a time; a pair's last bits depend on which other pair shares its transform."""
    assert np.abs(image - expected).max() < 1e-6 * np.abs(expected).max()


def test_shots_pushed_in_any_order_make_the_whole_frame_s_image(fourier, cysts):
    whole = fourier(cysts)
    for t in np.random.default_rng(0).permutation(64):
        fourier.push(cysts[t], int(t))
    assert_equal_but_for_rounding(fourier.image(), whole)


def test_each_shot_replaces_the_last_of_its_transmit(fourier, cysts, wires):
    """A sliding aperture: images on the way, too, are those of the latest shots, without drift."""
    mixed = wires.copy()
    for frame in (cysts, wires, wires):
        for t in range(64):
            fourier.push(frame[t], t)
    for t in range(24):
        fourier.push(cysts[t], t)
        mixed[t] = cysts[t]
        if t in (5, 6, 23):
            sliding = fourier.image()
    assert_equal_but_for_rounding(sliding, fourier(mixed))


def test_an_image_needs_no_whole_frame(fourier, acquisition, grid, cysts):
    fourier(cysts)  # after which shots begin anew
    for t in (3, 40, 41):
        fourier.push(cysts[t], t)
    part = FourierBeamformer(Acquisition(tx_elements=(3, 40, 41)), grid, apodization=TAPER, threads=1)
    assert_equal_but_for_rounding(fourier.image(), part(np.ascontiguousarray(cysts[[3, 40, 41]])))


def test_pushing_refuses_what_is_no_shot(fourier, cysts):
    with pytest.raises(IndexError, match="tx_index"):
        fourier.push(cysts[0], 64)
    with pytest.raises(ValueError, match="shape"):
        fourier.push(cysts[0, :10], 0)
    fourier(cysts)
    with pytest.raises(RuntimeError, match="push"):
        fourier.image()


def test_two_threads_make_the_image_of_one(acquisition, grid, cysts, fourier):
    image = FourierBeamformer(acquisition, grid, apodization=TAPER, threads=2)(cysts)
    assert np.allclose(image, fourier(cysts), rtol=0, atol=1e-5 * np.abs(image).max())


@pytest.mark.parametrize(
    "probe",
    [
        Probe.linear(n_elements=64, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=7.5e6),
        Probe.linear(n_elements=32, pitch_m=1e-3, element_width_m=0.9e-3, center_frequency_hz=5e6),
        Probe.linear(n_elements=128, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6),
    ],
)
def test_other_arrays_image_as_delay_and_sum_does(probe):
    acquisition = Acquisition(
        probe=probe,
        tx_elements=range(probe.n_elements),
        n_samples=2048,
        sampling_frequency_hz=30e6,
        initial_time_s=2e-6,
    )
    grid = ImageGrid(-7e-3, 18e-3, 0.1e-3, 0.1e-3, 180, 141)
    targets = np.array([[0.0, 24e-3], [4.03e-3, 31.77e-3]])
    channels = simulate(acquisition, scatterers_m=targets, amplitudes=np.ones(2))
    image = FourierBeamformer(acquisition, grid, apodization=TAPER, threads=1)(channels)
    reference = DelayAndSum(acquisition, grid, apodization=TAPER, dtype=np.complex128, threads=1)(channels)
    assert correlation(image, reference) > 0.999
    for x_m, z_m in targets:
        seen, expected = (measure_point(i, grid, (x_m, z_m)) for i in (image, reference))
        assert seen.x_m == pytest.approx(expected.x_m, abs=20e-6)
        assert seen.z_m == pytest.approx(expected.z_m, abs=20e-6)


def test_columns_that_do_not_divide_the_pitch_are_imaged_all_the_same(acquisition, wires):
    odd = ImageGrid.linear(x_m=(-6.1e-3, 6.3e-3), z_m=(15e-3, 25e-3), shape=(160, 91))
    image = FourierBeamformer(acquisition, odd, apodization=TAPER, threads=1)(wires)
    reference = DelayAndSum(acquisition, odd, apodization=TAPER, threads=1)(wires)
    assert correlation(image, reference) > 0.999


def test_bad_input_is_refused(fourier, acquisition, grid, wires):
    with pytest.raises(TypeError, match="int16 or float32"):
        fourier(wires.astype(np.float64))
    with pytest.raises(ValueError, match="shape"):
        fourier(wires[:10])
    with pytest.raises(ValueError, match="contiguous"):
        fourier(wires.transpose(1, 0, 2))
    with pytest.raises(ValueError, match="out has shape"):
        fourier(wires, out=np.empty((3, 3), np.complex64))
    with pytest.raises(ValueError, match="the record holds"):
        FourierBeamformer(Acquisition(n_samples=512), grid)
    with pytest.raises(ValueError, match="gain"):
        FourierBeamformer(acquisition, grid, gain=np.ones((2, 2), np.float32))
