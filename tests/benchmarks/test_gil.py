"""What a Python thread has left beside the enhancer on two threads: it needs the interpreter, the enhancer does not."""

import threading
import time

import numpy as np

from sonolucent.nn import Enhancer

SHAPE = (620, 256)
SECONDS = 0.3
ROUNDS = 20
LEAST_SHARE = 0.45
"""Of its rate alone: with two threads of the enhancer on two cores, half is all there is."""


def rate() -> float:
    """Turns of a pure Python loop a second."""
    turns, end = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        turns += 1
    return turns / SECONDS


def test_a_python_thread_keeps_its_share_beside_two_threads(benchmark):
    enhancer = Enhancer("cpu", threads=2)
    image = np.random.default_rng(0).uniform(-60, 0, SHAPE).astype(np.float32)
    out, ended = np.empty_like(image), threading.Event()
    enhancer.warm_up(SHAPE)

    def enhance() -> None:
        while not ended.is_set():
            enhancer(image, out)

    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(rate())
        worker = threading.Thread(target=enhance)
        worker.start()
        beside.append(rate())
        ended.set()
        worker.join()
        ended.clear()
    # The best of each: other programs take their share of the cores now and then.
    share = max(beside) / max(alone)
    benchmark.pedantic(enhancer, args=(image, out), rounds=20)
    benchmark.extra_info.update(share=share, turns_alone=max(alone), turns_beside=max(beside))
    assert share >= LEAST_SHARE
