"""Does the validation figure rank networks as the truth does? It needs no clean image; simulations have one.

    python examples/validation_ranking.py MODEL [MODEL ...]

Judges each model folder on simulated tissue that was not trained on: by `nn.training.validation` (blind), and by its
error to the phantoms' echogenicity (true). Prints both and Spearman's rank correlation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import tyro
from scipy.stats import spearmanr
from torch import nn

from sonolucent.beamform import Acquisition, FourierBeamformer, ImageGrid, ReferenceLevel, log_compress, uniform_gain
from sonolucent.nn import metrics
from sonolucent.nn.model import load_model
from sonolucent.nn.training import Frame
from sonolucent.nn.training.validation import Validation
from sonolucent.sim import phantoms, simulate

SEEDS = range(700, 708)
DYNAMIC_RANGE_DB = 60.0


def main(models: tyro.conf.Positional[tuple[Path, ...]]) -> None:
    """Ranks model folders, blind and by the truth.

    Args:
        models: model folders, three at least.
    """
    acquisition = Acquisition()
    grid = ImageGrid.for_acquisition(acquisition)
    frames = simulated_frames(acquisition, grid)
    truths = [phantoms.make("random_tissue", seed=seed).echogenicity_db(grid) for seed in SEEDS]
    validation = Validation(frames, grid, DYNAMIC_RANGE_DB)
    blind, true = [], []
    print(f"{'model':32} {'blind dB':>9} {'true dB':>9}")
    for folder in models:
        network = load_model(folder).network
        blind.append(validation.error_db(network))
        true.append(float(np.mean([true_error(network, f, t) for f, t in zip(frames, truths, strict=True)])))
        print(f"{folder.name:32} {blind[-1]:9.3f} {true[-1]:9.3f}")
    print(f"Spearman's rank correlation of {len(models)} models: {spearmanr(blind, true).statistic:.3f}")


def simulated_frames(acquisition: Acquisition, grid: ImageGrid) -> list[Frame]:
    beamform = FourierBeamformer(acquisition, grid, gain=uniform_gain(acquisition, grid))
    frames = []
    for seed in SEEDS:
        phantom = phantoms.make("random_tissue", seed=seed)
        channels = simulate(
            acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes, snr_db=20.0, seed=seed
        )
        frames.append(Frame(f"{seed}", f"random_tissue {seed}", beamform(channels).copy()))
    return frames


def true_error(network: nn.Module, frame: Frame, truth_db: np.ndarray) -> float:
    """Rms error in dB of the enhanced image to the echogenicity, at its level."""
    plain = log_compress(frame.image, dynamic_range_db=DYNAMIC_RANGE_DB, reference=ReferenceLevel().update(frame.image))
    with torch.inference_mode():
        grey = network(torch.from_numpy(plain / DYNAMIC_RANGE_DB + 1)[None, None])[0, 0].clamp(0, 1).numpy()
    enhanced = (grey - 1) * DYNAMIC_RANGE_DB
    shown = metrics.at_level_of(enhanced, truth_db, dynamic_range_db=DYNAMIC_RANGE_DB)
    return float(np.sqrt(np.mean((enhanced - shown) ** 2)))


if __name__ == "__main__":
    tyro.cli(main)
