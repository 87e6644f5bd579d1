"""From a model to the TorchScript file that the native stage loads."""

from __future__ import annotations

import io
import logging
import os
import tempfile
import warnings
import zipfile
import zlib
from pathlib import Path

import torch
from torch import Tensor, nn

import sonolucent._core  # noqa: F401  registers FusedUNet with TorchScript
from sonolucent.beamform.compute.cache_folder import cache_folder, temporary_folder
from sonolucent.nn.model_folder import Model
from sonolucent.nn.unet import UNet

_log = logging.getLogger(__name__)

_CONTENT = "fused2"
_UNREADABLE = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, OverflowError)
"""What zipfile raises for a damaged archive: it has no exception that covers all of it."""


class FusedUNet(nn.Module):
    """A network as a file carries it: the native stage's fused kernels, and the plain graph they stand for.

    The kernels run on the CPU; anywhere else, and where they are not wanted, the plain graph does. Loading the file
    needs `sonolucent._core` to be imported.
    """

    def __init__(self, network: UNet) -> None:
        super().__init__()
        self.plain = network
        self.fused = torch.classes.sonolucent.FusedUNet(network.state_dict())

    def forward(self, image: Tensor) -> Tensor:
        if image.device.type == "cpu":
            fused: Tensor = self.fused.forward(image)
            return fused
        plain: Tensor = self.plain(image)
        return plain


def torchscript_file(model: Model, cache: Path | None = None) -> Path:
    """The model's TorchScript file (float32, grey 0..1 in and out), derived once and kept in `cache`; anew if it was
    damaged there.

    The name carries the weights' hash, torch's version and what files hold today, so that a file never outlives them.
    `cache` defaults to the user's cache directory, or where that is full to one for temporary files.

    Raises:
        OSError: neither can be written.
        ModelError: the model is no U-Net.
    """
    folder = cache or cache_folder("models")
    path = folder / f"{model.info.kind}-{model.weights_sha256[:16]}-torch{torch.__version__}-{_CONTENT}.ts"
    if path.exists() and not _is_damaged(path):
        return path
    try:
        write_torchscript(model.unet, path)
    except OSError as error:
        if cache is not None:
            raise
        _log.warning("%s: %s; it is derived anew at every start", path, error.strerror)
        path = temporary_folder() / path.name
        write_torchscript(model.unet, path)
    return path


def _is_damaged(path: Path) -> bool:
    """Whether a checksum of the archive is wrong; libtorch reads on regardless, and may ask for all memory there is."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except _UNREADABLE as error:
        damaged = str(error)
    if damaged is not None:
        _log.warning("%s was damaged (%s); it is derived anew", path, damaged)
    return damaged is not None


def write_torchscript(network: nn.Module, path: Path) -> None:
    """Writes `network` as a TorchScript file at `path`: whole or not at all, so that two processes may both try."""
    deployed = FusedUNet(network) if isinstance(network, UNet) else network
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*torch\.jit", category=DeprecationWarning)
        scripted = torch.jit.script(deployed.eval())
    content = io.BytesIO()
    torch.jit.save(scripted, content)  # to a file on a full disk, it would end the program
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    os.close(handle)
    try:
        Path(draft).write_bytes(content.getbuffer())
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
