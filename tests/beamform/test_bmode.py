import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolucent.beamform import ReferenceLevel, log_compress


@given(st.floats(0.1, 1e6), st.floats(20, 90))
def test_log_compression_is_twenty_log_ten_within_the_range(reference, dynamic_range_db):
    levels_db = np.array([[5.0, 0.0, -6.0, -0.9 * dynamic_range_db, -2 * dynamic_range_db]])
    image = (reference * 10 ** (levels_db / 20) * np.exp(0.7j)).astype(np.complex64)
    db = log_compress(image, dynamic_range_db=dynamic_range_db, reference=reference)
    assert db.dtype == np.float32
    assert db == pytest.approx(np.clip(levels_db, -dynamic_range_db, 0), abs=1e-3)


@pytest.mark.parametrize("reference", [1e-37, 1e-25, 1e-20, 1e20, 1e37])
def test_faint_and_strong_envelopes_are_compressed_like_others(reference):
    """Their squares lie beyond float32."""
    levels_db = np.array([[5.0, 0.0, -20.0, -55.0, -90.0]])
    image = (reference * 10 ** (levels_db / 20)).astype(np.complex64)
    assert log_compress(image, reference=reference) == pytest.approx(np.clip(levels_db, -60, 0), abs=1e-3)
    assert (log_compress(np.zeros((2, 3), np.complex64), reference=reference) == -60).all()


@pytest.mark.parametrize(("reference", "shown_db"), [(1e-300, 0), (5e-324, 0), (1e300, -60)])
def test_references_that_no_envelope_can_have_are_shown_too(reference, shown_db):
    assert (log_compress(np.ones((2, 3), np.complex64), reference=reference) == shown_db).all()


def test_an_empty_image_is_black():
    assert (log_compress(np.zeros((3, 4), np.complex64), reference=1.0) == -60).all()


def test_the_reference_rises_at_once_and_falls_slowly():
    bright, dark = np.full((64, 64), 8, np.complex64), np.full((64, 64), 1, np.complex64)
    reference = ReferenceLevel(half_life_frames=10)
    assert reference.update(dark) == pytest.approx(1)
    assert reference.update(bright) == pytest.approx(8)
    levels = [reference.update(dark) for _ in range(10)]
    assert levels[-1] == pytest.approx(4)
    assert all(later < earlier for earlier, later in itertools.pairwise(levels))


def test_one_hot_pixel_does_not_set_the_reference():
    image = np.ones((400, 200), np.complex64)
    image[::100, ::100] = 1e6
    assert ReferenceLevel().update(image) == pytest.approx(1)


def test_a_frame_of_nan_leaves_the_reference_alone():
    reference = ReferenceLevel(3.0)
    assert reference.update(np.full((8, 8), np.nan, np.complex64)) == 3.0


def test_bad_levels_are_refused():
    image = np.ones((2, 2), np.complex64)
    with pytest.raises(ValueError, match="reference"):
        log_compress(image, reference=0)
    with pytest.raises(ValueError, match="dynamic_range_db"):
        log_compress(image, reference=1, dynamic_range_db=-5)
    with pytest.raises(ValueError, match="out"):
        log_compress(image, reference=1, out=np.empty((3, 3), np.float32))
    with pytest.raises(ValueError, match="level"):
        ReferenceLevel(-1)
