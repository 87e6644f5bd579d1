"""Frames are learned from in epochs."""

from itertools import chain

import pytest

from sonolucent.nn.training.shuffling import ShuffledOrder


def drawn(n_frames, size, n_steps, *seed):
    order = ShuffledOrder(n_frames, *seed)
    return list(chain.from_iterable(order.batch(step, size) for step in range(n_steps)))


@pytest.mark.parametrize(("n_frames", "size"), [(12, 4), (7, 4), (3, 4), (1, 4)])
def test_every_frame_comes_once_an_epoch(n_frames, size):
    frames = drawn(n_frames, size, 5 * n_frames, 0)
    epochs = [frames[i : i + n_frames] for i in range(0, len(frames), n_frames)]
    assert all(sorted(epoch) == list(range(n_frames)) for epoch in epochs)


def test_each_epoch_and_each_seed_has_an_order_of_its_own():
    frames = drawn(20, 4, 10, 0)
    assert frames[:20] != frames[20:]
    assert frames == drawn(20, 4, 10, 0)
    assert frames != drawn(20, 4, 10, 1)
    assert frames != drawn(20, 4, 10, 0, 1)


def test_a_training_that_goes_on_draws_what_it_would_have():
    whole = drawn(7, 4, 10, 3)
    assert ShuffledOrder(7, 3).batch(6, 4) == whole[24:28]
