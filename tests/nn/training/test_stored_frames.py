"""Frames that were put away are what they were."""

from functools import partial

import numpy as np
import pytest

from sonolucent.nn import ArrayFile, FrameStore, TrainingError, TrainingFrame

from ..speckle import a_grid, speckle

SMALL = a_grid(20, 10)


@pytest.mark.parametrize("with_sparse", [False, True])
def test_frames_come_back_with_their_names_and_images(tmp_path, with_sparse):
    images = [speckle(SMALL, seed) for seed in range(6)]
    store = FrameStore(partial(ArrayFile, tmp_path), with_sparse=with_sparse)
    for i in range(3):
        store.put(TrainingFrame(f"subject {i}", f"frame {i}", images[i], images[3 + i] if with_sparse else None))
    for i in (2, 0, 1):
        frame = store.frames[i]
        assert (frame.subject, frame.name) == (f"subject {i}", f"frame {i}")
        np.testing.assert_array_equal(frame.image, images[i])
        if with_sparse:
            np.testing.assert_array_equal(frame.sparse, images[3 + i])
        else:
            assert frame.sparse is None


def test_one_that_lacks_what_all_have_is_refused_and_shifts_nothing(tmp_path):
    store = FrameStore(list, with_sparse=True)
    with pytest.raises(TrainingError, match="frame 0 comes without an image of few transmits"):
        store.put(TrainingFrame("s", "frame 0", speckle(SMALL, 0)))
    store.put(TrainingFrame("s", "frame 1", speckle(SMALL, 1), speckle(SMALL, 2)))
    assert [frame.name for frame in store.frames] == ["frame 1"]
    np.testing.assert_array_equal(store.frames[0].sparse, speckle(SMALL, 2))
