"""One pool of threads for everything that beamforms: FFT plans run single-threaded inside it, kernels without the GIL.

The thread pools of FFTW and Numba fight for the same cores; a single pool whose threads take blocks of work does not.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class ThreadPool:
    """`threads` threads that share out blocks of work; the calling thread is one of them.

    Args:
        threads: how many; as many as there are cores by default.

    Raises:
        ValueError: fewer than one.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = len(os.sched_getaffinity(0)) if threads is None else threads
        if self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        self._others = ThreadPoolExecutor(self.threads - 1, "beamform") if self.threads > 1 else None

    def map(self, task: Callable[[int, range], None], n: int, chunk: int) -> None:
        """Calls `task(thread, block)` on blocks of `chunk` items that cover 0..n; returns when all are done.

        `thread`, 0..threads-1, is the same for no two tasks that run at once: it names a workspace.
        """
        blocks = itertools.count(0, chunk)

        def take_blocks(thread: int) -> None:
            while (first := next(blocks)) < n:
                task(thread, range(first, min(first + chunk, n)))

        others = [self._others.submit(take_blocks, thread) for thread in range(1, self.threads)] if self._others else []
        take_blocks(0)
        for other in others:
            other.result()
