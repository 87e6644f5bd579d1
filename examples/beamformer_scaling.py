"""Prints the scaling tables of BENCHMARKS.md: `python examples/beamformer_scaling.py`."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import tyro
from timing import milliseconds

from sonolucent.beamform import Acquisition, FourierBeamformer, ImageGrid, Probe

Case = tuple[Acquisition, ImageGrid]
RATE_HZ, DX_M, DZ_M = 37.5e6, 0.15625e-3, 0.0625e-3


def array(n_elements: int, n_samples: int = 2048) -> Acquisition:
    """The reference probe's elements, more or fewer of them."""
    probe = Probe.linear(n_elements=n_elements, pitch_m=0.625e-3, element_width_m=0.575e-3, center_frequency_hz=7.5e6)
    return Acquisition(probe, range(n_elements), n_samples, RATE_HZ)


def across_the_array(n_elements: int) -> ImageGrid:
    return ImageGrid(-2 * n_elements * DX_M, 1e-3, DX_M, DZ_M, 620, 4 * n_elements)


def down_to_the_record_s_end(n_samples: int) -> ImageGrid:
    return ImageGrid(-20e-3, 1e-3, DX_M, DZ_M, 620 * n_samples // 2048, 256)


def with_pixels(finer: float) -> ImageGrid:
    """The reference image with pixels this many times finer both ways."""
    return ImageGrid(-20e-3, 1e-3, DX_M / finer, DZ_M / finer, round(620 * finer), round(256 * finer))


TABLES: dict[str, dict[int, Case]] = {
    "elements, image as wide as the array": {n: (array(n), across_the_array(n)) for n in (32, 64, 128, 192)},
    "elements, image 40 mm wide": {n: (array(n), ImageGrid.sau64()) for n in (32, 64, 128, 192)},
    "samples, image down to the record's end": {
        n: (array(64, n), down_to_the_record_s_end(n)) for n in (1024, 2048, 3072, 4096)
    },
    "samples, image 310 x 256": {n: (array(64, n), down_to_the_record_s_end(1024)) for n in (1024, 2048, 3072, 4096)},
    "pixels, the same image": {grid.n_z * grid.n_x: (array(64), grid) for grid in map(with_pixels, (0.5, 1.0, 2.0))},
}


def main(rounds: int = 15, threads: int = 2) -> None:
    """Times frames of 16-bit noise, sizes in turn; the exponent is that of the best times."""
    for title, cases in TABLES.items():
        tasks, plan_mb = {}, {}
        for size, (acquisition, grid) in cases.items():
            tasks[size], plan_mb[size] = _task(acquisition, grid, threads)
        best = {size: ms.min() for size, ms in milliseconds(tasks, rounds).items()}
        exponent = np.polyfit(np.log(list(best)), np.log(list(best.values())), 1)[0]
        print(f"| {title} | {' | '.join(map(str, cases))} | exponent |\n|---|{'---|' * len(cases)}---|")
        print(f"| ms | {' | '.join(f'{ms:.1f}' for ms in best.values())} | {exponent:.2f} |")
        print(f"| plan, MB | {' | '.join(f'{mb:.0f}' for mb in plan_mb.values())} | |\n")


def _task(acquisition: Acquisition, grid: ImageGrid, threads: int) -> tuple[Callable[[], object], float]:
    """A frame's beamforming, and the memory of its plan and buffers in MB."""
    tracemalloc.start()
    beamformer = FourierBeamformer(acquisition, grid, threads=threads)
    plan_mb = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    frame = np.random.default_rng(0).integers(-2000, 2000, acquisition.shape, dtype=np.int16)
    image = np.empty(grid.shape, np.complex64)
    return lambda: beamformer(frame, out=image), plan_mb


if __name__ == "__main__":
    tyro.cli(main)
