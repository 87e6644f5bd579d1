"""One run of a comparison: every image is held against the exact one, then beamformers take turns and are timed.

Round after round, so that whatever else the machine does falls on all alike; slow ones sit most rounds out.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np

from peers import THREADS
from peers.scene import Beamformer, Image, Scene
from sonolucent.beamform import measure_point

CORRELATION_BAR = 0.995
OFFSET_BAR_M = 20e-6
MIN_DEPTH_M = 3e-3
ROUNDS = 20
SLOW_MS = 2000
SLOW_EVERY = 7
"""Rounds of which slow ones take part in one."""


@dataclass
class Row:
    """What was measured of one beamformer."""

    beamformer: Beamformer
    correlation: float
    """Complex, 0..1, with the exact image, below the near field."""
    offset_m: float
    """Between the points of both images, the largest."""
    first_ms: float
    times_ms: dict[int, float] = field(default_factory=dict)
    """By the number of the round."""


def compare(scene: Scene, modules: Sequence[ModuleType]) -> None:
    """Prints a Markdown table of the modules' beamformers, of which the first module's are ours.

    Exits with a message where an image is not that of delay-and-sum.
    """
    reference = scene.reference()
    rows = []
    for module in modules:
        for beamformer in module.beamformers(scene):
            row = judge(scene, beamformer, reference)
            rows.append(row)
            print(f"{beamformer.name}: correlation {row.correlation:.5f}, {row.first_ms:.0f} ms", file=sys.stderr)
    take_turns(rows)
    print_table(rows)
    load, python = os.getloadavg()[0], platform.python_version()
    print(f"\nLoad {load:.1f} (ours is at most {THREADS}) on {os.cpu_count()} cores, Python {python}.")
    if wrong := [row.beamformer.name for row in rows if not is_exact(row)]:
        sys.exit(
            f"not the image of delay-and-sum (correlation below {CORRELATION_BAR} or points off by more than "
            f"{1e6 * OFFSET_BAR_M:.0f} um): {', '.join(wrong)}"
        )


def judge(scene: Scene, beamformer: Beamformer, reference: Image) -> Row:
    """How true the image is, and how long the second one takes."""
    image = beamformer.image()
    correlation = correlation_of(scene, image, reference)
    return Row(beamformer, correlation, offset_m(scene, image, reference), time_ms(beamformer))


def is_exact(row: Row) -> bool:
    return row.correlation >= CORRELATION_BAR and row.offset_m <= OFFSET_BAR_M


def correlation_of(scene: Scene, image: Image, reference: Image) -> float:
    deep = scene.grid.z_m > MIN_DEPTH_M
    a, b = image[deep].astype(np.complex128), reference[deep]
    return float(abs(np.vdot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b)))


def offset_m(scene: Scene, image: Image, reference: Image) -> float:
    """Speckle moves the points of either image alike, so neither is held against the truth."""
    near = [(float(x), float(z)) for x, z in scene.points_m]
    found, expected = ([measure_point(i, scene.grid, point) for point in near] for i in (image, reference))
    return max(float(np.hypot(a.x_m - b.x_m, a.z_m - b.z_m)) for a, b in zip(found, expected, strict=True))


def time_ms(beamformer: Beamformer) -> float:
    start = time.perf_counter()
    beamformer.image()
    return 1e3 * (time.perf_counter() - start)


def take_turns(rows: list[Row]) -> None:
    """Times every round; a call before each, so that none pays for another's caches, which slow ones do not notice."""
    for turn in range(ROUNDS):
        for row in rows:
            is_fast = row.first_ms < SLOW_MS
            if is_fast:
                row.beamformer.image()
            if is_fast or turn % SLOW_EVERY == 0:
                row.times_ms[turn] = time_ms(row.beamformer)


def print_table(rows: list[Row]) -> None:
    print(
        "| | version | threads | median ms | best..worst | times ours | at least | rounds | correlation | points, um |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    own = {row.beamformer.threads: row for row in rows if row.beamformer.name == rows[0].beamformer.name}
    for row in rows:
        b, times, times_ours = row.beamformer, row.times_ms.values(), ratios(row, own[row.beamformer.threads])
        print(
            f"| {b.name} | {b.version} | {b.threads} | {statistics.median(times):.1f} "
            f"| {min(times):.1f}..{max(times):.1f} | {statistics.median(times_ours):.1f} | {min(times_ours):.1f} "
            f"| {len(times)} | {row.correlation:.5f} | {1e6 * row.offset_m:.1f} |"
        )


def ratios(row: Row, own: Row) -> list[float]:
    """Round by round against ours on as many threads."""
    return [ms / own.times_ms[turn] for turn, ms in row.times_ms.items()]
