"""The training loop: pairs in, a network out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.training import checkpoint as checkpoints
from sonolucent.nn.training.array_file import IN_MEMORY, Keep
from sonolucent.nn.training.distributed import ranked
from sonolucent.nn.training.examples import Pair
from sonolucent.nn.training.frames import Beamformed, TrainingError
from sonolucent.nn.training.recipes import RECIPES, Recipe, RecipeName
from sonolucent.nn.training.shuffling import ShuffledOrder
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
    frames: Sequence[Beamformed],
    grid: ImageGrid,
    *,
    held_out: Sequence[Beamformed] = (),
    recipe: RecipeName = "quadrant",
    kind: Kind = "light",
    begin_with: UNet | None = None,
    begun_as_shown: nn.Module | None = None,
    steps: int | None = None,
    seed: int = 0,
    dynamic_range_db: float = 60.0,
    device: str = "cpu",
    checkpoint: Path | None = None,
    keep: Keep = IN_MEMORY,
    progress: TrainingProgress = lambda step, steps, curve: None,
) -> Trained:
    """Trains a network on beamformed frames; the same seed gives the same weights on the same machine.

    Adam, and the loss that the recipe names. Every frame is learned from once an epoch, each epoch in another order.
    With held-out frames, the weights of the least validation error are taken, be they those that it began with;
    otherwise the last. Under `torchrun` each process learns from frames of its own, and gradients are averaged.

    Args:
        frames: to train on; under `torchrun` a share of them in each process.
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
        keep: where what is prepared of each frame is put away; it takes some two to three times the frame's image.
        progress: called after each step with its number, from 1, how many there are, and the curve so far.

    Raises:
        TrainingError: there are no frames, they do not suit the recipe, or the checkpoint is of another training.
    """
    if not frames:
        raise TrainingError("there are no frames to train on")
    how = RECIPES[recipe]
    weights = None if begin_with is None else begin_with.state_dict()
    rate = 1.0 if begin_with is None else _FINE_TUNING_RATE
    with ranked(device) as rank:
        n_steps = _n_steps(how, rank.most(len(frames)), begin_with) if steps is None else steps
        examples = how.examples(frames, grid, dynamic_range_db, keep, rank.total)
        order = ShuffledOrder(len(frames), seed, rank.number)
        validation = Validation(held_out, grid, dynamic_range_db, keep=keep) if held_out else None
        settings = (recipe, kind, n_steps, seed, dynamic_range_db, rank.n_processes)
        plan = _plan(rank.rows(_digest([*frames, *held_out])), weights or {}, *settings)
        state = TrainingState.begin(kind, seed, rank, weights)
        if checkpoint is not None and (saved := checkpoints.load(checkpoint, plan)):
            state.restore(saved)
        elif begin_with is not None and validation is not None:
            state.judge_beginning(validation, begun_as_shown or begin_with)
        parallel = rank.parallel(state.network)
        while state.step < n_steps:
            rng = np.random.default_rng([seed, state.step, rank.number])
            pairs = [examples.draw(frame, rng) for frame in order.batch(state.step, how.batch_size)]
            given, wanted = _batch(pairs, rank.device)
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


def _batch(pairs: Sequence[Pair], device: torch.device) -> tuple[Tensor, Tensor]:
    """Inputs and targets, (n_pairs, 1, n_z, n_x) each, grey 0..1."""
    given, wanted = (np.stack(side)[:, None] for side in zip(*pairs, strict=True))
    return torch.from_numpy(given).to(device), torch.from_numpy(wanted).to(device)


def _n_steps(how: Recipe, n_frames: int, begin_with: UNet | None) -> int:
    return how.steps(n_frames) if begin_with is None else FINE_TUNING_STEPS


def _plan(digests: NDArray[np.uint8], weights: Mapping[str, Tensor], *settings: object) -> str:
    """Identifies a training: its settings, the weights it begins with, and the frames of every process."""
    digest = hashlib.sha256(repr(settings).encode())
    digest.update(digests.tobytes())
    for tensor in weights.values():
        digest.update(tensor.numpy(force=True).tobytes())
    return digest.hexdigest()


def _digest(frames: Sequence[Beamformed]) -> NDArray[np.uint8]:
    """Of what they show, (32,)."""
    digest = hashlib.sha256()
    for frame in frames:
        for image in (frame.image, frame.sparse):
            if image is not None:
                digest.update(np.ascontiguousarray(image).data)
    return np.frombuffer(digest.digest(), np.uint8)
