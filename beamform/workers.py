"""One pool of threads for everything that beamforms: FFT plans run single-threaded inside it, kernels without the GIL.

The thread pools of FFTW and Numba fight for the same cores; a single pool whose threads take blocks of work does not.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class Workers:
    """`threads` threads that share out blocks of work; the calling thread is one of them."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or len(os.sched_getaffinity(0))
        if self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        self._pool = ThreadPoolExecutor(self.threads - 1, "beamform") if self.threads > 1 else None

    def map(self, task: Callable[[range], None], n: int, chunk: int) -> None:
        """Calls `task` on ranges of `chunk` items that cover 0..n; returns when all are done."""
        blocks = itertools.count(0, chunk)

        def work() -> None:
            while (first := next(blocks)) < n:
                task(range(first, min(first + chunk, n)))

        helpers = [self._pool.submit(work) for _ in range(self.threads - 1)] if self._pool else []
        work()
        for helper in helpers:
            helper.result()
