"""The loop of every fit: steps until they or the time are used up, with checkpoints."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sonolucent.nn.image_methods import FitError, Fitting

_CHECKPOINTS = 20
_CHECKPOINT_S = 20.0


class Learner(Protocol):
    """What is fitted: all that changes is in its state."""

    @property
    def done(self) -> bool:
        """Whether it would learn nothing more."""

    def step(self, number: int, rng: np.random.Generator) -> float:
        """Learns once; `number` counts from 0, and all that is drawn is drawn from `rng`. Returns the loss."""

    def state(self) -> dict[str, Any]:
        """Tensors and plain values."""

    def restore(self, state: dict[str, Any]) -> None:
        """Takes over what `state` gave."""


class NetworkLearner:
    """What a `Learner` of one network and one optimizer has in common with others; it learns for all its steps."""

    network: nn.Module
    optimizer: torch.optim.Optimizer

    @property
    def done(self) -> bool:
        """As `Learner`."""
        return False

    def state(self) -> dict[str, Any]:
        """As `Learner`."""
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """As `Learner`."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])


def fit(learner: Learner, what: str, n_steps: int, fitting: Fitting, plan: str) -> int:
    """Fits until the steps are done, the time is over, or the learner is; goes on from a checkpoint.

    Every step draws from numbers of its own, so that one which is done again comes out the same.

    Args:
        learner: is fitted.
        what: is told to `progress`.
        n_steps: at most.
        fitting: gives the limit of time, the checkpoint, the seed.
        plan: identifies the fit; see `plan_of`.

    Returns:
        How many steps have been done, those before a kill among them.

    Raises:
        FitError: the checkpoint is broken, or of another fit.
    """
    number, before_s = _resumed(learner, fitting.checkpoint, plan)
    begun = saved = time.monotonic()
    n_saved, every = number, max(1, n_steps // _CHECKPOINTS)

    def save() -> None:
        nonlocal saved, n_saved
        saved, n_saved = time.monotonic(), number
        if fitting.checkpoint is not None:
            _save(fitting.checkpoint, plan, number, before_s + saved - begun, learner)

    while number < n_steps and not learner.done:
        if fitting.seconds is not None and before_s + time.monotonic() - begun >= fitting.seconds:
            break
        loss = learner.step(number, np.random.default_rng([fitting.seed, number]))
        number += 1
        if number % every == 0 or time.monotonic() - saved > _CHECKPOINT_S:
            save()
        fitting.progress(what, number, n_steps, loss)
    if number > n_saved:
        save()
    return number


def plan_of(images: Sequence[NDArray[np.floating]], *settings: object) -> str:
    """Identifies a fit: its settings and the content of its images."""
    digest = hashlib.sha256(repr(settings).encode())
    for image in images:
        digest.update(repr(image.shape).encode())
        digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def seeded(make: type[nn.Module], seed: int, device: str, *arguments: Any) -> Any:
    """A new network with weights of a seed, on its device."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make(*arguments)
    # Twice as fast on a CPU; torch's stubs do not know this form.
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def descend(loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> float:
    """One step down the loss; returns it."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def _resumed(learner: Learner, path: Path | None, plan: str) -> tuple[int, float]:
    """Steps and seconds before."""
    if path is None or not path.exists():
        return 0, 0.0
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        found, number, seconds = saved["plan"], saved["number"], saved["seconds"]
    except (RuntimeError, pickle.UnpicklingError, KeyError, EOFError, AttributeError, ValueError) as error:
        raise FitError(f"{path} is no checkpoint of a fit ({type(error).__name__}); remove it to begin anew") from error
    if found != plan:
        raise FitError(f"{path} is of a fit of other images or settings; remove it, or give another checkpoint")
    learner.restore(saved["state"])
    return int(number), float(seconds)


def _save(path: Path, plan: str, number: int, seconds: float, learner: Learner) -> None:
    """Whole, or not at all."""
    draft, content = path.with_name(f"{path.name}.part"), io.BytesIO()
    torch.save({"plan": plan, "number": number, "seconds": seconds, "state": learner.state()}, content)
    try:
        draft.write_bytes(content.getbuffer())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
