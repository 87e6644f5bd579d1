"""Blocks of work, shared out."""

import threading
import time

import numpy as np
import pytest

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.taking import take
from sonolucent.beamform.compute.thread_pool import ThreadPool


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("n", "chunk"), [(0, 4), (1, 4), (10, 4), (12, 4), (5, 1)])
def test_every_item_is_worked_on_once(threads, n, chunk):
    done = []
    ThreadPool(threads).map(lambda _, block: done.extend(block), n, chunk)
    assert sorted(done) == list(range(n))


def test_a_workspace_belongs_to_one_thread_at_a_time():
    pool, in_use = ThreadPool(3), [threading.Lock() for _ in range(3)]

    def task(thread, block):
        assert in_use[thread].acquire(blocking=False)
        in_use[thread].release()

    pool.map(task, 300, chunk=1)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_task_raises_comes_out(threads):
    def fail(thread, block):
        raise ArithmeticError(f"block {block.start}")

    with pytest.raises(ArithmeticError, match="block"):
        ThreadPool(threads).map(fail, 4, chunk=1)


def test_no_threads_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        ThreadPool(0)


@kernel()
def _take_pieces(taken, n, done):
    for piece in take(taken, n):
        done[piece] += 1


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("n", [0, 1, 5000])
def test_each_piece_is_taken_by_one_thread(threads, n):
    done, by = np.zeros((threads, n), np.int64), set()

    def task(thread, taken):
        by.add(thread)
        _take_pieces(taken, n, done[thread])

    ThreadPool(threads).share(task)
    assert (done.sum(axis=0) == 1).all()
    assert 0 in by


def test_what_shared_work_raises_comes_out():
    def fail(thread, taken):
        if thread == 0:
            time.sleep(0.05)  # the other has begun meanwhile
        else:
            raise ArithmeticError("in the other thread")

    with pytest.raises(ArithmeticError, match="other thread"):
        ThreadPool(2).share(fail)


def test_a_thread_that_has_not_begun_is_not_waited_for():
    pool, held = ThreadPool(2), threading.Event()
    pool._others.submit(held.wait)
    pool.share(lambda thread, taken: None)
    held.set()


def test_nobody_works_any_more_when_a_failure_comes_out():
    over = threading.Event()
    begun = threading.Event()

    def task(thread, taken):
        if thread == 0:
            assert begun.wait(20)
            raise ArithmeticError("in the calling thread")
        begun.set()
        time.sleep(0.2)
        over.set()

    with pytest.raises(ArithmeticError, match="calling thread"):
        ThreadPool(2).share(task)
    assert over.is_set()
