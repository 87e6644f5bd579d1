import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolucent.beamform import Acquisition, ImageGrid, Probe


def test_reference_probe_spans_forty_millimetres_around_zero():
    x = Probe.sau64().element_x_m
    assert x.size == 64
    assert x.mean() == pytest.approx(0, abs=1e-12)
    assert x[-1] - x[0] + 0.625e-3 == pytest.approx(40e-3)


def test_reference_acquisition_has_the_reference_grid():
    grid = ImageGrid.for_acquisition(Acquisition())
    assert grid.shape == (620, 256)
    assert grid.x_m[[0, -1]] == pytest.approx([-20e-3, 19.84375e-3])
    assert grid.z_m[[0, -1]] == pytest.approx([1e-3, 39.6875e-3])


@given(st.integers(2, 300), st.integers(2, 300), st.floats(-0.1, 0.0), st.floats(0.001, 0.1))
def test_linear_grid_ends_where_it_was_told_to(n_z, n_x, x0, x1):
    grid = ImageGrid.linear(x_m=(x0, x1), z_m=(1e-3, 5e-2), shape=(n_z, n_x))
    assert grid.x_m[[0, -1]] == pytest.approx([x0, x1])
    assert grid.z_m[[0, -1]] == pytest.approx([1e-3, 5e-2])


@pytest.mark.parametrize("spacing_m", [(5e-324, 1e-4), (1e-4, 5e-324), (0.0, 1e-4), (1e-300, 1e-300)])
def test_pixels_beyond_all_number_are_refused(spacing_m):
    with pytest.raises(ValueError, match="change spacing"):
        ImageGrid.spaced(x_m=(-0.02, 0.02), z_m=(1e-3, 3e-2), spacing_m=spacing_m)


def test_time_axis_begins_at_the_initial_time():
    time_s = Acquisition(initial_time_s=-1.3e-6).time_s
    assert time_s[0] == -1.3e-6
    assert np.diff(time_s) == pytest.approx(1 / 37.5e6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tx_elements": []}, "at least one element"),
        ({"tx_elements": [3, 3]}, "twice"),
        ({"tx_elements": [64]}, r"0\.\.63"),
        ({"n_samples": 0}, "n_samples"),
        ({"sampling_frequency_hz": float("nan")}, "sampling_frequency_hz"),
        ({"initial_time_s": float("inf")}, "initial_time_s"),
    ],
)
def test_impossible_acquisitions_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Acquisition(**change)


def test_impossible_probes_and_grids_are_refused():
    with pytest.raises(ValueError, match="exceeds pitch"):
        Probe.linear(n_elements=8, pitch_m=1e-4, element_width_m=2e-4, center_frequency_hz=5e6)
    with pytest.raises(ValueError, match="behind the array"):
        ImageGrid.linear(x_m=(0, 1e-2), z_m=(-1e-3, 1e-2), shape=(10, 10))
    with pytest.raises(ValueError, match="too little"):
        ImageGrid.for_acquisition(Acquisition(n_samples=20))
