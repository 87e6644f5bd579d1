"""Arrays that are read back one at a time, from a file that nobody sees."""

import resource

import numpy as np
import pytest

from sonolucent.nn.training.array_file import ArrayFile


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_what_was_put_away_comes_back_in_any_order(tmp_path, dtype):
    arrays = np.random.default_rng(0).standard_normal((5, 7, 3)).astype(dtype)
    kept = ArrayFile(tmp_path)
    for array in arrays:
        kept.append(array)
    assert len(kept) == 5
    for i in (3, 0, 4, 4, 1):
        np.testing.assert_array_equal(kept[i], arrays[i])
        assert kept[i].dtype == dtype


def test_one_that_is_not_contiguous_comes_back_too(tmp_path):
    kept, array = ArrayFile(tmp_path), np.arange(12.0).reshape(3, 4)
    kept.append(array.T)
    np.testing.assert_array_equal(kept[0], array.T)


def test_nothing_is_to_be_seen_in_the_folder(tmp_path):
    kept = ArrayFile(tmp_path)
    kept.append(np.ones(3))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", [np.ones(4, np.float32), np.ones(3)])
def test_another_shape_or_type_is_refused(tmp_path, other):
    kept = ArrayFile(tmp_path)
    kept.append(np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"arrays are float32 \(3,\); one is"):
        kept.append(other)
    assert len(kept) == 1


@pytest.mark.parametrize("index", [-1, 1])
def test_what_is_not_there_is_not_read(tmp_path, index):
    kept = ArrayFile(tmp_path)
    kept.append(np.ones(3))
    with pytest.raises(IndexError, match=f"1 arrays, and no number {index}"):
        kept[index]


def test_a_disk_that_takes_no_more_is_told_and_what_is_there_stays(tmp_path):
    kept, limits = ArrayFile(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    kept.append(np.ones(1000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"takes no more of what a training prepares, .*make room"):
            kept.append(np.ones(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    kept.append(np.full(1000, 2.0))
    np.testing.assert_array_equal(kept[1], np.full(1000, 2.0))
    np.testing.assert_array_equal(kept[0], np.ones(1000))
