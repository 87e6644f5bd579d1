"""`make bench-peers`: whole frames through the Fourier beamformer and through other people's delay-and-sum.

First every image is held against delay-and-sum in double precision; then the fast ones take turns, round after round,
so that whatever else the machine does falls on all alike. Prints a Markdown table.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time

import numpy as np
from peers import THREADS, ours, plain_numba, pymust_matrices, ultraspy_sta, vbeam_jax
from peers.scene import Beamformer, Image, Scene

CORRELATION_BAR = 0.995
MIN_DEPTH_M = 3e-3
ROUNDS = 20
SLOW_MS = 1000


def main() -> None:
    scene = Scene()
    reference = scene.reference()
    times_ms: dict[Beamformer, list[float]] = {}
    correlations: dict[Beamformer, float] = {}
    for module in (ours, plain_numba, pymust_matrices, ultraspy_sta, vbeam_jax):
        for beamformer in module.beamformers(scene):
            correlations[beamformer] = correlation(scene, beamformer.image(), reference)
            times_ms[beamformer] = [time_ms(beamformer)]
            print(f"{beamformer.name}: correlation {correlations[beamformer]:.5f}", file=sys.stderr)
    take_turns({b: t for b, t in times_ms.items() if t[0] < SLOW_MS})
    print_table(times_ms, correlations)
    load, python = os.getloadavg()[0], platform.python_version()
    print(f"\nLoad {load:.1f} (ours is at most {THREADS}) on {os.cpu_count()} cores, Python {python}.")
    if worst := [b.name for b, c in correlations.items() if c < CORRELATION_BAR]:
        sys.exit(f"not the image of delay-and-sum (correlation below {CORRELATION_BAR}): {', '.join(worst)}")


def correlation(scene: Scene, image: Image, reference: Image) -> float:
    """Complex correlation 0..1 below the near field."""
    deep = scene.grid.z_m > MIN_DEPTH_M
    a, b = image[deep].astype(np.complex128), reference[deep]
    return float(abs(np.vdot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b)))


def time_ms(beamformer: Beamformer) -> float:
    start = time.perf_counter()
    beamformer.image()
    return 1e3 * (time.perf_counter() - start)


def take_turns(times_ms: dict[Beamformer, list[float]]) -> None:
    """Replaces each first time by those of all rounds; a call before each, so that none pays for another's caches."""
    for times in times_ms.values():
        times.clear()
    for _ in range(ROUNDS):
        for beamformer, times in times_ms.items():
            beamformer.image()
            times.append(time_ms(beamformer))


def print_table(times_ms: dict[Beamformer, list[float]], correlations: dict[Beamformer, float]) -> None:
    print("| | version | threads | median ms | best..worst | times ours | rounds | correlation |")
    print("|---|---|---|---|---|---|---|---|")
    own = {b.threads: times for b, times in times_ms.items() if b.name == ours.NAME}
    for b, times in times_ms.items():
        median_ms, ratio = statistics.median(times), statistics.median(ratios(times, own[b.threads]))
        print(
            f"| {b.name} | {b.version} | {b.threads} | {median_ms:.1f} | {min(times):.1f}..{max(times):.1f} "
            f"| {ratio:.1f} | {len(times)} | {correlations[b]:.5f} |"
        )


def ratios(times: list[float], own: list[float]) -> list[float]:
    """Round by round against ours on as many threads; a slow one's single time against our median."""
    if len(times) < len(own):
        return [t / statistics.median(own) for t in times]
    return [t / o for t, o in zip(times, own, strict=True)]


if __name__ == "__main__":
    main()
