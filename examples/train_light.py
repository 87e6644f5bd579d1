"""Trains the light network that the package ships, on simulated frames alone, and measures it on others.

    python examples/train_light.py nn/models/light-quadrant

Simulates random tissue, beamforms it, trains with the quadrant recipe (no clean image is seen), then measures contrast
and speckle on cyst phantoms that were not trained on. About six minutes on two cores.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import rich.progress
import torch
import tyro
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, FourierBeamformer, ImageGrid, ReferenceLevel, log_compress, uniform_gain
from sonolucent.nn import metrics
from sonolucent.nn.model import ModelInfo, Training, save_model
from sonolucent.nn.train import train_quadrant
from sonolucent.nn.unet import UNet
from sonolucent.sim import phantoms, simulate

SNR_DB = 20.0
HELD_OUT_SEEDS = range(900, 908)
DYNAMIC_RANGE_DB = 60.0
# Pixels nearer to a cyst's edge belong to neither side: the resolution blurs them.
EDGE_M, RING_M = 0.6e-3, 2.2e-3

Image = NDArray[np.complex64]


def main(out: Path, /, n_phantoms: int = 48, steps: int = 1300, seed: int = 0) -> None:
    """Trains a light network and writes its model folder.

    Args:
        out: the model folder to write.
        n_phantoms: random tissue phantoms to train on.
        steps: training steps; 400 in a hurry.
        seed: of the network's weights and of the batches.
    """
    code = commit()
    acquisition = Acquisition()
    grid = ImageGrid.for_acquisition(acquisition)
    frames = beamformed(acquisition, grid, "random_tissue", range(n_phantoms))
    with rich.progress.Progress() as bar:
        task = bar.add_task("training", total=steps)
        network = train_quadrant(
            frames,
            grid,
            steps=steps,
            seed=seed,
            dynamic_range_db=DYNAMIC_RANGE_DB,
            progress=lambda step, loss: bar.update(task, completed=step, description=f"training, loss {loss:.4f}"),
        )
    measured = measure(network, grid, beamformed(acquisition, grid, "cysts", HELD_OUT_SEEDS))
    data = f"{n_phantoms} frames of sonolucent.sim random_tissue, seeds 0..{n_phantoms - 1}, SNR {SNR_DB:g} dB"
    info = ModelInfo(
        name="light-quadrant",
        kind="light",
        dynamic_range_db=DYNAMIC_RANGE_DB,
        training=Training(data, "quadrant", steps, seed, code),
        measured=measured,
    )
    save_model(out, network, info)
    for name, value in measured.items():
        print(f"{name:28} {value:8.3f}")


def beamformed(acquisition: Acquisition, grid: ImageGrid, name: str, seeds: range) -> list[Image]:
    """One frame of each phantom, complex (n_z, n_x)."""
    beamform = FourierBeamformer(acquisition, grid, gain=uniform_gain(acquisition, grid))
    images = []
    for seed in rich.progress.track(seeds, f"simulating {name}"):
        phantom = phantoms.make(name, seed=seed)
        channels = simulate(
            acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes, snr_db=SNR_DB, seed=seed
        )
        images.append(beamform(channels).copy())
    return images


def measure(network: UNet, grid: ImageGrid, images: list[Image]) -> dict[str, float]:
    """Mean figures over the cysts of the held-out phantoms, plain and enhanced."""
    rows: list[tuple[float, ...]] = []
    for seed, image in zip(HELD_OUT_SEEDS, images, strict=True):
        plain = log_compress(image, dynamic_range_db=DYNAMIC_RANGE_DB, reference=ReferenceLevel().update(image))
        with torch.inference_mode():
            grey = network(torch.from_numpy(plain / DYNAMIC_RANGE_DB + 1)[None, None])[0, 0].clamp(0, 1)
        enhanced = (grey.numpy() - 1) * DYNAMIC_RANGE_DB
        for cyst in phantoms.make("cysts", seed=seed).inclusions:
            rows.append((cyst.contrast_db, *_figures(plain, grid, cyst), *_figures(enhanced, grid, cyst)))
    table = np.array(rows)
    measured: dict[str, float] = {"held_out_cysts": float(len(table))}
    for column, label in ((1, "plain"), (5, "enhanced")):
        cnr, gcnr, _, spread = table[:, column : column + 4].mean(axis=0)
        measured |= {f"cnr_{label}": cnr, f"gcnr_{label}": gcnr, f"speckle_std_db_{label}": spread}
    for contrast in np.unique(table[:, 0]):
        of_it = table[table[:, 0] == contrast].mean(axis=0)
        for column, label in ((3, "plain"), (7, "enhanced")):
            measured[f"contrast_db_of_{contrast:+.0f}_{label}"] = of_it[column]
    return {name: round(float(value), 3) for name, value in measured.items()}


def _figures(db: NDArray[np.float32], grid: ImageGrid, cyst: phantoms.Inclusion) -> tuple[float, float, float, float]:
    """CNR, gCNR, contrast in dB, and the standard deviation around the cyst in dB."""
    distance = np.hypot(grid.z_m[:, None] - cyst.z_m, grid.x_m - cyst.x_m)
    inside = db[distance < cyst.radius_x_m - EDGE_M]
    around = db[(distance > cyst.radius_x_m + EDGE_M) & (distance < cyst.radius_x_m + RING_M)]
    return (
        metrics.cnr(inside, around),
        metrics.gcnr(inside, around),
        metrics.contrast_db(inside, around),
        float(around.std()),
    )


def commit() -> str:
    """The commit that the code is at."""
    asked = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


if __name__ == "__main__":
    tyro.cli(main)
