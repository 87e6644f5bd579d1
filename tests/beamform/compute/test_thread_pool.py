"""Blocks of work, shared out."""

import threading

import pytest

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
