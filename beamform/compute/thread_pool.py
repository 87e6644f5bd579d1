"""One pool of threads for everything that beamforms: FFT plans run single-threaded inside it, kernels without the GIL.

Kernels share a frame's work out among themselves (`share`); a block at a time (`map`) is for what Python takes part in.
The thread pools of FFTW and Numba fight for the same cores; a single pool whose threads take what there is does not.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from sonolucent.beamform.compute.taking import Taken


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

        self._on_all(take_blocks)

    def share(self, task: Callable[[int, Taken], None]) -> None:
        """Calls `task(thread, taken)` in all threads at once; returns when all are done.

        Each does the pieces of work whose numbers its kernel takes, see `taking.py`, until there are none.
        """
        taken = np.zeros(1, np.int64)
        self._on_all(lambda thread: task(thread, taken))

    def _on_all(self, work: Callable[[int], None]) -> None:
        others = [self._others.submit(work, thread) for thread in range(1, self.threads)] if self._others else []
        try:
            work(0)
        finally:
            # One that has not begun yet would find nothing left to do. The others still use their workspaces.
            begun = [other for other in others if not other.cancel()]
            wait(begun)
        for other in begun:
            other.result()
