"""What `versions.py` starts under each version's own Python: times what it is told on standard input, line by line.

    WHAT THREADS FRAMES

WHAT is beamform or enhance. Answers each line with the median of its frames, in milliseconds. Only what every version
since November 2026 has is used here.
"""

from __future__ import annotations

import functools
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from sonolucent.beamform import Acquisition, BModeImager
from sonolucent.nn import Enhancer
from sonolucent.sim import phantoms, simulate

_N_FRAMES = 4
"""67 MB in turn: more than caches hold, as in a stream."""


def noise_frames() -> list[np.ndarray]:
    """int16 frames of the reference probe, (n_tx, n_rx, n_samples)."""
    rng = np.random.default_rng(0)
    return [rng.integers(-2000, 2000, Acquisition().shape, np.int16) for _ in range(_N_FRAMES)]


@functools.cache
def imaging(threads: int) -> tuple[Callable[[np.ndarray], np.ndarray], list[np.ndarray]]:
    return BModeImager(Acquisition(), threads=threads), noise_frames()


@functools.cache
def enhancing(threads: int) -> tuple[Callable[[np.ndarray], np.ndarray], list[np.ndarray]]:
    # Speckle as the network knows it: images of noise have another grain, and would be matched to it first.
    acquisition, phantom = Acquisition(), phantoms.make("cysts", seed=1)
    channels = simulate(acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes, snr_db=20)
    image = BModeImager(acquisition)(channels)
    return Enhancer("cpu", shape=image.shape, threads=threads), [
        np.roll(image, 9 * i, axis=0) for i in range(_N_FRAMES)
    ]


def median_ms(run: Callable[[np.ndarray], np.ndarray], given: list[np.ndarray], n_frames: int) -> float:
    times_ms = []
    for i in range(n_frames + 1):
        begin = time.perf_counter()
        run(given[i % len(given)])
        times_ms.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times_ms[1:])


def main() -> None:
    parts = {"beamform": imaging, "enhance": enhancing}
    for line in sys.stdin:
        what, threads, n_frames = line.split()
        print(median_ms(*parts[what](int(threads)), int(n_frames)), flush=True)


if __name__ == "__main__":
    main()
