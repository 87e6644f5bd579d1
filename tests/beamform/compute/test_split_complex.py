import numpy as np
import pytest

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES
from sonolucent.beamform.compute.split_complex import (
    BLOCK,
    in_blocks,
    load_block,
    minus,
    n_blocks,
    pad_edge,
    padded_length,
    plus,
    scaled,
    split,
    split_buffer,
    store_block,
    times,
)
from tests.beamform.compute.splitting import joined


@kernel()
def products(a, b, out):
    one, other = load_block(a, 0), load_block(b, 0)
    store_block(out[0], 0, times(one, other))
    store_block(out[1], 0, plus(one, other))
    store_block(out[2], 0, minus(one, other))
    store_block(out[3], 0, scaled(np.float32(-2.5), one))


def noise(*shape):
    rng = np.random.default_rng(1)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


def test_blocks_are_complex_numbers():
    a, b = noise(2, LANES)
    out = split_buffer(4, LANES)
    products(split(a, LANES), split(b, LANES), out)
    np.testing.assert_allclose(joined(out), [a * b, a + b, a - b, -2.5 * a], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n", [1, 15, 16, 17, 492])
def test_rows_are_split_and_padded_with_zeros(n):
    rows, width = noise(3, n), padded_length(n)
    again = joined(split(rows, width))
    np.testing.assert_array_equal(again[:, :n], rows)
    assert np.all(again[:, n:] == 0)
    assert width >= n
    assert width // LANES % 2 == 1


def test_real_rows_that_go_with_them_repeat_their_last_number():
    padded = pad_edge(np.array([[1.0, 2.0, 3.0]], np.float32))
    assert padded.shape == (1, LANES)
    assert np.all(padded[0, 2:] == 3)
    assert n_blocks(3) == 1


def test_blocks_follow_each_other():
    rows = np.arange(2 * 3 * BLOCK, dtype=np.float32).reshape(2, 3 * BLOCK)
    np.testing.assert_array_equal(in_blocks(rows, BLOCK)[1], rows[:, BLOCK : 2 * BLOCK])
