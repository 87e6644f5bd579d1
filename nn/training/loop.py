"""The training loop: pairs in, a network out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sonolucent.beamform.geometry import ImageGrid
from sonolucent.nn.model_folder import NETWORKS, Kind
from sonolucent.nn.training import checkpoint as checkpoints
from sonolucent.nn.training.distributed import Rank, ranked
from sonolucent.nn.training.examples import Examples
from sonolucent.nn.training.frames import TrainingFrame
from sonolucent.nn.training.fused_norm import fuse_norms
from sonolucent.nn.training.recipes import RECIPES, RecipeName
from sonolucent.nn.training.validation import Validation
from sonolucent.nn.unet import UNet

_POINTS = 20


@dataclass(frozen=True)
class CurvePoint:
    """A point of the training's curve.

    Args:
        step: steps done.
        loss: mean of the recipe's loss since the point before, in dB.
        error_db: the validation figure, see `Validation`; None without held-out frames.
    """

    step: int
    loss: float
    error_db: float | None


TrainingProgress = Callable[[int, int, list[CurvePoint]], None]


@dataclass(frozen=True)
class Trained:
    """A trained network, in evaluation mode on the CPU; the step its weights are of; the curve of the training."""

    network: UNet
    step: int
    curve: list[CurvePoint]


def train(
    frames: Sequence[TrainingFrame],
    grid: ImageGrid,
    *,
    held_out: Sequence[TrainingFrame] = (),
    recipe: RecipeName = "quadrant",
    kind: Kind = "light",
    steps: int | None = None,
    seed: int = 0,
    dynamic_range_db: float = 60.0,
    device: str = "cpu",
    checkpoint: Path | None = None,
    progress: TrainingProgress = lambda step, steps, curve: None,
) -> Trained:
    """Trains a network on beamformed frames; the same seed gives the same weights on the same machine.

    Adam, and the loss that the recipe names. With held-out frames, the weights of the least validation error are taken,
    otherwise the last. Under `torchrun` each process draws batches of its own, and gradients are averaged.

    Args:
        frames: to train on.
        grid: their pixels.
        held_out: frames of other subjects, to judge by.
        recipe: "quadrant", "frequency" or "paper".
        kind: "light" or "full".
        steps: the recipe's own number by default.
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
    n_steps = how.steps(len(frames)) if steps is None else steps
    with ranked(device) as rank:
        plan = _plan([*frames, *held_out], recipe, kind, n_steps, seed, dynamic_range_db, rank.n_processes)
        state = _State.begin(kind, seed, rank)
        if checkpoint is not None and (saved := checkpoints.load(checkpoint, plan)):
            state.restore(saved)
        parallel = rank.parallel(state.network)
        while state.step < n_steps:
            rng = np.random.default_rng([seed, state.step, rank.number])
            given, wanted = _batch(examples, how.batch_size, rng, rank.device)
            state.set_rate(how.learning_rate(state.step, n_steps))
            levels = parallel(given), wanted, given
            state.descend(how.loss(*(dynamic_range_db * grey for grey in levels)))
            if state.step % max(1, n_steps // _POINTS) == 0 or state.step == n_steps:
                state.note(validation)
                if checkpoint is not None and rank.leads:
                    checkpoints.save(checkpoint, plan, state.saved())
            progress(state.step, n_steps, state.curve)
    return state.chosen()


@dataclass
class _State:
    """All that a training must remember."""

    kind: Kind
    network: UNet
    optimizer: torch.optim.Adam
    step: int = 0
    losses: list[float] = field(default_factory=list)
    curve: list[CurvePoint] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def begin(cls, kind: Kind, seed: int, rank: Rank) -> _State:
        network = _fresh(kind, seed)
        if rank.device.type == "cpu":
            fuse_norms(network)
        # Nearly twice as fast to train on a CPU; torch's stubs do not know this form.
        network.to(rank.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cls(kind, network, torch.optim.Adam(network.parameters()))

    def set_rate(self, learning_rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate

    def descend(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.step += 1
        self.losses.append(loss.item())

    def note(self, validation: Validation | None) -> None:
        """Adds a point to the curve and keeps the weights if they are the best so far."""
        error_db = None if validation is None else validation.error_db(self.network)
        earlier = [point.error_db for point in self.curve if point.error_db is not None]
        if error_db is None or not earlier or error_db < min(earlier):
            self.best = {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}
        self.curve.append(CurvePoint(self.step, float(np.mean(self.losses)), error_db))
        self.losses = []

    def saved(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "curve": [asdict(point) for point in self.curve],
            "best": self.best,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        self.step = saved["step"]
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.curve = [CurvePoint(**point) for point in saved["curve"]]
        self.best = saved["best"]

    def chosen(self) -> Trained:
        network = _fresh(self.kind)
        network.load_state_dict(self.best)
        judged = [point for point in self.curve if point.error_db is not None]
        best = min(judged, key=lambda point: point.error_db or 0.0) if judged else self.curve[-1]
        return Trained(network.eval(), best.step, self.curve)


def _fresh(kind: Kind, seed: int = 0) -> UNet:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return NETWORKS[kind]()


def _batch(examples: Examples, size: int, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, Tensor]:
    """Inputs and targets, (size, 1, n_z, n_x) each, grey 0..1."""
    pairs = [examples.draw(rng) for _ in range(size)]
    given, wanted = (np.stack(side)[:, None] for side in zip(*pairs, strict=True))
    return torch.from_numpy(given).to(device), torch.from_numpy(wanted).to(device)


def _plan(frames: Sequence[TrainingFrame], *settings: object) -> str:
    """Identifies a training: its settings, and the content of its frames."""
    digest = hashlib.sha256(repr(settings).encode())
    for frame in frames:
        for image in (frame.image, frame.sparse):
            if image is not None:
                digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()
