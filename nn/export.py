"""From a model to the TorchScript file that the native stage loads."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import platformdirs
import torch
from torch import nn

from sonolucent.nn.model import Model


def torchscript_file(model: Model, cache: Path | None = None) -> Path:
    """The model's TorchScript file (float32, grey 0..1 in and out), derived once and kept in `cache`.

    The name carries the weights' hash and torch's version, so that a file never outlives either. `cache` defaults to
    the user's cache directory.

    Raises:
        OSError: the cache cannot be written.
    """
    folder = cache or platformdirs.user_cache_path("sonolucent") / "models"
    path = folder / f"{model.info.kind}-{model.weights_sha256[:16]}-torch{torch.__version__}.ts"
    if not path.exists():
        write_torchscript(model.network, path)
    return path


def write_torchscript(network: nn.Module, path: Path) -> None:
    """Writes `network` as a TorchScript file at `path`: whole or not at all, so that two processes may both try."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*torch\.jit", category=DeprecationWarning)
        scripted = torch.jit.script(network.eval())
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    os.close(handle)
    try:
        torch.jit.save(scripted, draft)
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
