"""Weights that the user brings: of networks that others have trained."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from sonolucent.nn.image_methods import FitError


def read_weights(path: Path, wanted: Mapping[str, tuple[int, ...]], network: str) -> dict[str, Tensor]:
    """The wanted tensors of a file of PyTorch or safetensors, by name; no code in it is run.

    Args:
        path: the file.
        wanted: the shape of each.
        network: what they are of.

    Raises:
        FitError: it cannot be read, or holds other weights.
    """
    try:
        if path.suffix == ".safetensors":
            found: Any = safetensors.torch.load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
        held = {name: found[name] for name in wanted if name in found}
    except (OSError, RuntimeError, SafetensorError, pickle.UnpicklingError, EOFError, TypeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise FitError(f"{path}: no weights can be read ({why}); give a file of PyTorch or safetensors") from error
    wrong = [name for name, shape in wanted.items() if tuple(getattr(held.get(name), "shape", ())) != shape]
    if wrong:
        raise FitError(f"{path} holds no weights of {network} by torchvision's names; {wrong[0]} is missing or other")
    return held
