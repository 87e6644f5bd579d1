"""The device that a fit or a training runs on."""

from __future__ import annotations

import re

import torch

from sonolucent.stream.errors import ConfigError


def fit_device(name: str) -> str:
    """What torch calls it; "auto" takes a GPU where there is one.

    Raises:
        ConfigError: there is no such device, or none here.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(f"device {name}: torch sees no CUDA device here; use --device cpu")
    if name != "cpu" and not re.fullmatch(r"cuda(:\d+)?", name):
        raise ConfigError(f"device {name!r} is none of auto, cpu, cuda, cuda:N")
    return name
