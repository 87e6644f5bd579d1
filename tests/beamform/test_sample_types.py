"""Arrays of whatever numbers, as channel data."""

import numpy as np
import pytest

from sonolucent.beamform import as_channel_data

VALUES = np.arange(-60, 60).reshape(2, 3, 20)


@pytest.mark.parametrize(
    ("dtype", "becomes"),
    [
        ("i1", "int16"),
        ("u1", "int16"),
        (">i2", "int16"),
        ("i4", "float32"),
        ("f8", "float32"),
        (">f4", "float32"),
        ("f2", "float32"),
        ("c16", "complex64"),
    ],
)
def test_numbers_stay_what_they_are(dtype, becomes):
    given = np.asfortranarray(np.abs(VALUES).astype(dtype))
    converted = as_channel_data(given)
    assert (converted.dtype, converted.flags.c_contiguous) == (np.dtype(becomes), True)
    np.testing.assert_array_equal(converted, np.abs(VALUES))


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.complex64])
def test_what_is_channel_data_already_is_not_copied(dtype):
    given = VALUES.astype(dtype)
    assert as_channel_data(given) is given


def test_what_would_be_infinite_is_refused():
    with pytest.raises(ValueError, match="too large for float32; scale them down"):
        as_channel_data(np.full((2, 3, 4), 1e300))
    with pytest.raises(ValueError, match="channel data are integers"):
        as_channel_data(np.full((2, 3, 4), "1"))
