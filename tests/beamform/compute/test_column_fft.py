import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonolucent.beamform.compute.column_fft import (
    can_plan_columns,
    column_buffer,
    column_length,
    plan_columns,
    transform_columns,
)
from sonolucent.beamform.compute.simd import LANES
from sonolucent.beamform.compute.split_complex import split, split_buffer
from tests.beamform.compute.splitting import joined


def transformed(columns, n_blocks=None):
    n, width = columns.shape
    plan, rows, target = plan_columns(n), split(columns, width), split_buffer(n, width)
    at = 2 * width * np.arange(n)
    blocks = width // LANES if n_blocks is None else n_blocks
    transform_columns(plan, rows.reshape(-1), at, target.reshape(-1), at, 2 * LANES, blocks, column_buffer(n))
    return joined(target)


def noise(n, width, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n, width)) + 1j * rng.standard_normal((n, width))).astype(np.complex64)


@pytest.mark.parametrize("n", [4 * 2, 3 * 3, 2 * 5, 4 * 3, 4 * 4 * 5, 4 * 4 * 4 * 5, 4 * 2 * 3 * 5, 5 * 5 * 5])
def test_columns_are_transformed_as_numpy_does(n):
    columns = noise(n, 2 * LANES)
    expected = np.fft.fft(columns.astype(complex), axis=0)
    np.testing.assert_allclose(transformed(columns), expected, atol=3e-7 * np.abs(expected).max())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 79), st.integers(0, 15))
def test_one_row_becomes_a_wave_of_its_own_column(row, column):
    columns = np.zeros((80, LANES), np.complex64)
    columns[row, column] = 1
    expected = np.zeros((80, LANES), complex)
    expected[:, column] = np.exp(-2j * np.pi * row * np.arange(80) / 80)
    np.testing.assert_allclose(transformed(columns), expected, atol=1e-6)


def test_only_the_blocks_asked_for_are_written():
    result = transformed(noise(16, 3 * LANES), n_blocks=2)
    assert np.all(result[:, 2 * LANES :] == 0)
    assert np.all(result[:, : 2 * LANES] != 0)


def test_rows_are_read_and_written_where_they_are_said_to_lie():
    columns = noise(8, LANES)
    rows, target = split(columns, LANES).reshape(-1), split_buffer(8, LANES).reshape(-1)
    at = 2 * LANES * np.arange(8)
    transform_columns(plan_columns(8), rows, at[::-1].copy(), target, at[::-1].copy(), 2 * LANES, 1, column_buffer(8))
    expected = np.fft.fft(columns[::-1].astype(complex), axis=0)[::-1]
    np.testing.assert_allclose(joined(target.reshape(8, -1)), expected, atol=1e-5)


@pytest.mark.parametrize(("minimum", "length"), [(0, 8), (1, 8), (8, 8), (79.5, 80), (81, 96), (97, 120), (161, 192)])
def test_lengths_are_the_next_that_can_be_transformed(minimum, length):
    assert column_length(minimum) == length
    assert can_plan_columns(length)


@pytest.mark.parametrize("n", [1, 2, 5, 7, 22, 88])
def test_other_lengths_are_refused_with_one_that_can(n):
    assert not can_plan_columns(n)
    with pytest.raises(ValueError, match=f"{n} rows, but one of {column_length(n)}"):
        plan_columns(n)
