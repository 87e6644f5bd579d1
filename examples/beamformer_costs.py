"""Prints what each option costs, in docs/explanations/why-it-is-fast.md: `python examples/beamformer_costs.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tyro
from timing import milliseconds

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    FourierBeamformer,
    ImageGrid,
    WavenumberTaper,
    grating_level_db,
    measure_point,
    measure_side_lobes,
    quadrant_looks,
    steering_looks,
    uniform_gain,
)
from sonolucent.sim import digitize, simulate

ACQUISITION, GRID = Acquisition(), ImageGrid.sau64()
TARGET_M = (0.2e-3, 20e-3)
DEFAULT = "default: 7 rad/mm, 620 x 256"


@dataclass
class Option:
    """A beamformer and how to call it."""

    grid: ImageGrid = GRID
    arguments: dict[str, Any] = field(default_factory=dict)
    looks: list[Any] | None = None
    dtype: type = np.int16


def options() -> dict[str, Option]:
    tapers = {
        f"AngleTaper, {degrees} degrees": Option(arguments={"apodization": AngleTaper(math.radians(degrees))})
        for degrees in (10, 15, 20)
    }
    limits = {
        f"WavenumberTaper, {limit} rad/mm": Option(arguments={"apodization": WavenumberTaper(1e3 * limit)})
        for limit in (5, 6, 8)
    }
    grids = {
        "columns of pitch/2": ImageGrid(-20e-3, 1e-3, 0.3125e-3, 0.0625e-3, 620, 128),
        "columns of pitch/8": ImageGrid(-20e-3, 1e-3, 0.078125e-3, 0.0625e-3, 620, 512),
        "rows of 0.125 mm": ImageGrid(-20e-3, 1e-3, 0.15625e-3, 0.125e-3, 310, 256),
        "rows of 0.03125 mm": ImageGrid(-20e-3, 1e-3, 0.15625e-3, 0.03125e-3, 1240, 256),
        "upper half of the image": ImageGrid(-20e-3, 1e-3, 0.15625e-3, 0.0625e-3, 310, 256),
        # The last one: the matrix library's threads go on spinning for a while.
        "columns that do not divide the pitch": ImageGrid(-20e-3, 1e-3, 0.157e-3, 0.0625e-3, 620, 256),
    }
    return {
        DEFAULT: Option(),
        **tapers,
        **limits,
        "gain=uniform_gain(...)": Option(arguments={"gain": uniform_gain(ACQUISITION, GRID)}),
        "looks: left and right": Option(looks=steering_looks()),
        "looks: four quadrants": Option(looks=quadrant_looks(ACQUISITION)),
        "float32 samples": Option(dtype=np.float32),
        **{name: Option(grid=grid) for name, grid in grids.items()},
    }


def main(rounds: int = 40, threads: int = 1) -> None:
    """Times each option in turn, and measures the image of one point."""
    point = simulate(ACQUISITION, scatterers_m=np.array([TARGET_M]), amplitudes=np.ones(1), snr_db=60)
    frames = {np.int16: digitize(point), np.float32: point}
    tasks, quality = {}, {}
    for name, option in options().items():
        beamformer = FourierBeamformer(ACQUISITION, option.grid, **{"threads": threads, **option.arguments})
        tasks[name] = _task(beamformer, option, frames[option.dtype])
        quality[name] = _quality(beamformer, option.grid, frames[np.int16])
    taken = milliseconds(tasks, rounds)
    print(f"| | ms, best of {rounds} | of the default | lateral width, mm | side lobes, dB | grating lobes, dB |")
    print("|---|---|---|---|---|---|")
    for name, ms in taken.items():
        print(f"| {name} | {ms.min():.1f} | {ms.min() / taken[DEFAULT].min():.2f} | {quality[name]} |")


def _task(beamformer: FourierBeamformer, option: Option, frame: np.ndarray) -> Callable[[], object]:
    out = np.empty((len(option.looks), *option.grid.shape) if option.looks else option.grid.shape, np.complex64)
    if option.looks:
        return lambda: beamformer.looks(frame, option.looks, out=out)
    return lambda: beamformer(frame, out=out)


def _quality(beamformer: FourierBeamformer, grid: ImageGrid, frame: np.ndarray) -> str:
    image = beamformer(frame)
    seen = measure_point(image, grid, TARGET_M)
    lobes, grating_db = measure_side_lobes(image, grid, seen), grating_level_db(image, grid, seen, ACQUISITION)
    return f"{1e3 * seen.lateral_width_m:.2f} | {lobes.peak_db:.1f} | {grating_db:.1f}"


if __name__ == "__main__":
    tyro.cli(main)
