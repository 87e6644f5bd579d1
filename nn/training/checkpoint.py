"""Checkpoints: a training that was killed goes on, and ends where it would have ended."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from sonolucent.nn.training.frames import TrainingError


def save(path: Path, plan: str, state: Mapping[str, Any]) -> None:
    """Writes the state of the training that `plan` identifies: whole, or not at all."""
    draft, content = path.with_suffix(".part"), io.BytesIO()
    torch.save({"plan": plan, **state}, content)  # to a file, it would not say why the disk refuses
    try:
        draft.write_bytes(content.getbuffer())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def load(path: Path, plan: str) -> dict[str, Any] | None:
    """The state saved for the training that `plan` identifies; None where there is none.

    Only tensors and plain values are read, never code.

    Raises:
        TrainingError: the file is broken, or of another training.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        found = state.pop("plan")
    except (RuntimeError, pickle.UnpicklingError, KeyError, EOFError, AttributeError) as error:
        raise TrainingError(f"{path} is not a checkpoint ({type(error).__name__}); remove it to begin anew") from error
    if found != plan:
        raise TrainingError(
            f"{path} belongs to a training with other data or settings; remove it, or give another --out"
        )
    return state
