"""Does the validation figure rank networks as the truth does? It needs no clean image; simulations have one.

    python examples/validation_ranking.py MODEL [MODEL ...]

Judges each model folder on simulated tissue set aside for choosing: by `Validation` (blind), and by its
error to the phantoms' echogenicity (true). Prints both and Spearman's rank correlation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import tyro
from scipy.stats import spearmanr
from torch import nn

from sonolucent.nn import Decibels, TrainingFrame, Validation, evaluate, load_model, metrics

SCENES = 8


def main(models: tyro.conf.Positional[tuple[Path, ...]]) -> None:
    """Ranks model folders, blind and by the truth.

    Args:
        models: model folders, three at least.
    """
    scanner = evaluate.PhantomScanner(evaluate.CONDITIONS["reference"])
    scenes = [scanner.scene("random_tissue", seed) for seed in evaluate.CHOOSING[:SCENES]]
    frames = [TrainingFrame(f"{i}", f"scene {i}", scene.image) for i, scene in enumerate(scenes)]
    validation = Validation(frames, scanner.grid, evaluate.DYNAMIC_RANGE_DB)
    blind, true = [], []
    print(f"{'model':32} {'blind dB':>9} {'true dB':>9}")
    for folder in models:
        network = load_model(folder).network
        blind.append(validation.error_db(network))
        true.append(float(np.mean([true_error_db(network, scene) for scene in scenes])))
        print(f"{folder.name:32} {blind[-1]:9.3f} {true[-1]:9.3f}")
    print(f"Spearman's rank correlation of {len(models)} models: {spearmanr(blind, true).statistic:.3f}")


def true_error_db(network: nn.Module, scene: evaluate.Scene) -> float:
    """Rms error of the enhanced image to the echogenicity, at its level."""
    enhance = Decibels(network, evaluate.DYNAMIC_RANGE_DB)
    with torch.inference_mode():
        enhanced = enhance(torch.from_numpy(scene.plain_db)[None, None])[0, 0].numpy()
    truth_db = metrics.at_level_of(enhanced, scene.phantom.echogenicity_db(scene.true_grid))
    return float(np.sqrt(np.mean((enhanced - truth_db) ** 2)))


if __name__ == "__main__":
    tyro.cli(main)
