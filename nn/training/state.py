"""All that a training must remember, and what comes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sonolucent.nn.model_folder import UNETS, Kind
from sonolucent.nn.training.distributed import Rank
from sonolucent.nn.training.fused_norm import fuse_norms
from sonolucent.nn.training.validation import Comparison, Validation
from sonolucent.nn.unet import UNet


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


@dataclass(frozen=True)
class Trained:
    """A trained network, in evaluation mode on the CPU.

    Args:
        network: the network.
        step: that its weights are of; 0 where no step was better than the network that the training began with.
        curve: of the training.
        began_db: the validation figure of the network that the training began with; None without one, or without
            held-out frames.
        comparison: of that network with this one, on the held-out frames.
    """

    network: UNet
    step: int
    curve: list[CurvePoint]
    began_db: float | None = None
    comparison: Comparison | None = None


@dataclass
class TrainingState:
    """All that a training must remember."""

    kind: Kind
    network: UNet
    optimizer: torch.optim.Adam
    step: int = 0
    losses: list[float] = field(default_factory=list)
    curve: list[CurvePoint] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    began_db: float | None = None

    @classmethod
    def begin(cls, kind: Kind, seed: int, rank: Rank, weights: dict[str, Tensor] | None = None) -> TrainingState:
        """With new weights, drawn by seed, or with those of another network of that kind."""
        network = _untrained(kind, seed)
        if weights is not None:
            network.load_state_dict(weights)
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

    def judge_beginning(self, validation: Validation, network: nn.Module) -> None:
        """Notes how good the network is that the training begins with: only better weights take its place."""
        self.began_db, self.best = validation.error_db(network), self._weights()

    def note(self, validation: Validation | None) -> None:
        """Adds a point to the curve and keeps the weights if they are the best so far."""
        error_db = None if validation is None else validation.error_db(self.network)
        earlier = [
            figure for figure in (self.began_db, *(point.error_db for point in self.curve)) if figure is not None
        ]
        if error_db is None or not earlier or error_db < min(earlier):
            self.best = self._weights()
        self.curve.append(CurvePoint(self.step, float(np.mean(self.losses)), error_db))
        self.losses = []

    def saved(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "curve": [asdict(point) for point in self.curve],
            "best": self.best,
            "began_db": self.began_db,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        self.step = saved["step"]
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.curve = [CurvePoint(**point) for point in saved["curve"]]
        self.best, self.began_db = saved["best"], saved["began_db"]

    def chosen(self) -> Trained:
        network = _untrained(self.kind)
        network.load_state_dict(self.best)
        judged = [point for point in self.curve if point.error_db is not None]
        best = min(judged, key=lambda point: point.error_db or 0.0) if judged else self.curve[-1]
        is_better = self.began_db is None or best.error_db is None or best.error_db < self.began_db
        return Trained(network.eval(), best.step if is_better else 0, self.curve, self.began_db)

    def _weights(self) -> dict[str, Tensor]:
        return {name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()}


def _untrained(kind: Kind, seed: int = 0) -> UNet:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return UNETS[kind]()
