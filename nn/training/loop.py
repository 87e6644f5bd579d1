"""The training loop: pairs in, a network out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.training import checkpoint as checkpoints
from sonolucent.nn.training.distributed import ranked
from sonolucent.nn.training.examples import Examples
from sonolucent.nn.training.frames import TrainingFrame
from sonolucent.nn.training.recipes import RECIPES, Recipe, RecipeName
from sonolucent.nn.training.state import CurvePoint, Trained, TrainingState
from sonolucent.nn.training.validation import Validation
from sonolucent.nn.unet import UNet
from sonolucent.nn.unet_layout import Kind

_CURVE_POINTS = 20
FINE_TUNING_STEPS = 300
"""Of a training that begins with a trained network, unless the user says otherwise."""
_FINE_TUNING_RATE = 0.3
"""Of the recipe's learning rate: the network has little to unlearn."""
TrainingProgress = Callable[[int, int, list[CurvePoint]], None]


def train(
    frames: Sequence[TrainingFrame],
    grid: ImageGrid,
    *,
    held_out: Sequence[TrainingFrame] = (),
    recipe: RecipeName = "quadrant",
    kind: Kind = "light",
    begin_with: UNet | None = None,
    begun_as_shown: nn.Module | None = None,
    steps: int | None = None,
    seed: int = 0,
    dynamic_range_db: float = 60.0,
    device: str = "cpu",
    checkpoint: Path | None = None,
    progress: TrainingProgress = lambda step, steps, curve: None,
) -> Trained:
    """Trains a network on beamformed frames; the same seed gives the same weights on the same machine.

    Adam, and the loss that the recipe names. With held-out frames, the weights of the least validation error are taken,
    be they those that it began with; otherwise the last. Under `torchrun` each process draws batches of its own, and
    gradients are averaged.

    Args:
        frames: to train on.
        grid: their pixels.
        held_out: frames of other subjects, to judge by.
        recipe: "quadrant", "frequency" or "paper".
        kind: "light" or "full".
        begin_with: a trained network of that kind, to be fine-tuned; a new one by default.
        begun_as_shown: the same as it is used, if that is not bare (see `AsShown`); it is judged in its stead.
        steps: the recipe's own number by default, or `FINE_TUNING_STEPS`.
        seed: of the network's weights and of the batches.
        dynamic_range_db: the range that the network will be fed.
        device: "cpu", "cuda" or "cuda:N".
        checkpoint: a file that keeps the state; a training that was killed goes on from it.
        progress: called after each step with its number, from 1, how many there are, and the curve so far.

    Raises:
        TrainingError: frames do not suit the recipe, or the checkpoint is of another training.
    """
    how = RECIPES[recipe]
    examples = how.examples(frames, grid, dynamic_range_db)
    validation = Validation(held_out, grid, dynamic_range_db) if held_out else None
    n_steps = _n_steps(how, len(frames), begin_with) if steps is None else steps
    weights = None if begin_with is None else begin_with.state_dict()
    rate = 1.0 if begin_with is None else _FINE_TUNING_RATE
    with ranked(device) as rank:
        settings = (recipe, kind, n_steps, seed, dynamic_range_db, rank.n_processes)
        plan = _plan([*frames, *held_out], weights or {}, *settings)
        state = TrainingState.begin(kind, seed, rank, weights)
        if checkpoint is not None and (saved := checkpoints.load(checkpoint, plan)):
            state.restore(saved)
        elif begin_with is not None and validation is not None:
            state.judge_beginning(validation, begun_as_shown or begin_with)
        parallel = rank.parallel(state.network)
        while state.step < n_steps:
            rng = np.random.default_rng([seed, state.step, rank.number])
            given, wanted = _batch(examples, how.batch_size, rng, rank.device)
            state.set_rate(rate * how.learning_rate(state.step, n_steps))
            levels = parallel(given), wanted, given
            state.descend(how.loss(*(dynamic_range_db * grey for grey in levels)))
            if state.step % max(1, n_steps // _CURVE_POINTS) == 0 or state.step == n_steps:
                state.note(validation)
                if checkpoint is not None and rank.leads:
                    checkpoints.save(checkpoint, plan, state.saved())
            progress(state.step, n_steps, state.curve)
    trained = state.chosen()
    if begin_with is None or validation is None:
        return trained
    return replace(trained, comparison=validation.compare(begun_as_shown or begin_with, trained.network))


def _batch(examples: Examples, size: int, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, Tensor]:
    """Inputs and targets, (size, 1, n_z, n_x) each, grey 0..1."""
    pairs = [examples.draw(rng) for _ in range(size)]
    given, wanted = (np.stack(side)[:, None] for side in zip(*pairs, strict=True))
    return torch.from_numpy(given).to(device), torch.from_numpy(wanted).to(device)


def _n_steps(how: Recipe, n_frames: int, begin_with: UNet | None) -> int:
    return how.steps(n_frames) if begin_with is None else FINE_TUNING_STEPS


def _plan(frames: Sequence[TrainingFrame], weights: Mapping[str, Tensor], *settings: object) -> str:
    """Identifies a training: its settings, the weights it begins with, and the content of its frames."""
    digest = hashlib.sha256(repr(settings).encode())
    for tensor in weights.values():
        digest.update(tensor.numpy(force=True).tobytes())
    for frame in frames:
        for image in (frame.image, frame.sparse):
            if image is not None:
                digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()
