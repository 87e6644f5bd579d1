"""Makes the figures of docs/explanations/image-formation.md: `python examples/imaging_figures.py docs/figures`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import tyro
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    DelayAndSum,
    FourierBeamformer,
    ImageGrid,
    WavenumberTaper,
    log_compress,
    measure_point,
)
from sonolucent.sim import simulate

ACQUISITION = Acquisition()
GRID = ImageGrid(-20e-3, 12e-3, 0.15625e-3, 0.0625e-3, 260, 256)
TARGETS_M = np.array([(-9.7e-3, 16e-3), (0.1e-3, 20e-3), (0.41e-3, 24e-3), (9.3e-3, 25e-3)])
ANGLE_RAD = math.radians(15)


@dataclass(frozen=True)
class FirstPeriodOnly(AngleTaper):
    """An angle taper cut at the element Nyquist: what a Fourier beamformer images without the periodic extension."""

    def weight(
        self, sin_theta: NDArray[np.floating], wavenumber_rad_m: NDArray[np.floating] | float
    ) -> NDArray[np.float64]:
        nyquist = math.pi / ACQUISITION.probe.pitch_m
        return super().weight(sin_theta, wavenumber_rad_m) * (np.abs(sin_theta * wavenumber_rad_m) <= nyquist)


def main(folder: Path, /) -> None:
    """Writes the figures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    channels = simulate(ACQUISITION, scatterers_m=TARGETS_M, amplitudes=np.ones(len(TARGETS_M)))
    angle, narrow, lateral = AngleTaper(ANGLE_RAD), FirstPeriodOnly(ANGLE_RAD), WavenumberTaper(7000.0)
    images = {
        "delay-and-sum, 15°": DelayAndSum(ACQUISITION, GRID, apodization=angle)(channels),
        "Fourier, 15°, with the extension": FourierBeamformer(ACQUISITION, GRID, apodization=angle)(channels),
        "Fourier, first period only": FourierBeamformer(ACQUISITION, GRID, apodization=narrow)(channels),
    }
    draw_images(images, folder / "extension.png")
    tapers = {
        "angle taper, 15°": images["Fourier, 15°, with the extension"],
        "wavenumber taper, 7 rad/mm": FourierBeamformer(ACQUISITION, GRID, apodization=lateral)(channels),
    }
    draw_profiles(tapers, folder / "tapers.png")
    for name, image in {**images, **tapers}.items():
        points = [measure_point(image, GRID, (x, z)) for x, z in TARGETS_M]
        across, along = (1e3 * np.array([getattr(p, f"{w}_width_m") for p in points]) for w in ("lateral", "axial"))
        peaks_db = 20 * np.log10([p.peak / points[1].peak for p in points])
        print(f"{name:34} lateral {across.round(3)} mm, axial {along.round(3)} mm, peaks {peaks_db.round(1)} dB")


def draw_images(images: dict[str, NDArray[np.complex64]], path: Path) -> None:
    figure, axes = plt.subplots(1, len(images), figsize=(11, 2.2), sharey=True, layout="constrained")
    extent = tuple(1e3 * v for v in (GRID.x_m[0], GRID.x_m[-1], GRID.z_m[-1], GRID.z_m[0]))
    for axis, (title, image) in zip(axes, images.items(), strict=True):
        db = log_compress(image, dynamic_range_db=50, reference=float(np.abs(image).max()))
        shown = axis.imshow(db, cmap="gray", extent=extent)
        axis.set(title=title, xlabel="x, mm")
    axes[0].set_ylabel("z, mm")
    figure.colorbar(shown, ax=axes, label="dB", shrink=0.8)
    figure.savefig(path, dpi=110)


def draw_profiles(images: dict[str, NDArray[np.complex64]], path: Path) -> None:
    """Through the target on the axis: across, and along."""
    figure, (across, along) = plt.subplots(1, 2, figsize=(11, 3.2), layout="constrained")
    row, column = (int(np.argmin(np.abs(a - v))) for a, v in ((GRID.z_m, TARGETS_M[1, 1]), (GRID.x_m, TARGETS_M[1, 0])))
    for name, image in images.items():
        envelope = np.abs(image)
        _draw(across, 1e3 * GRID.x_m, envelope[row - 8 : row + 9].max(axis=0), name)
        _draw(along, 1e3 * GRID.z_m, envelope[:, column], name)
    across.set(xlabel="x, mm", ylabel="dB", ylim=(-60, 3))
    along.set(xlabel="z, mm", xlim=(19, 21), ylim=(-60, 3))
    across.legend(loc="upper left")
    figure.savefig(path, dpi=110)


def _draw(axis: Axes, position: NDArray[np.float64], envelope: NDArray[np.float32], name: str) -> None:
    axis.plot(position, 20 * np.log10(np.maximum(envelope / envelope.max(), 1e-6)), label=name)


if __name__ == "__main__":
    tyro.cli(main)
