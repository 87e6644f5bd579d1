"""What `sonolucent model export` derives from a model and leaves in its folder, and whether it may be run.

A package is a program, made for one kind of machine. So it is run only where it was made: the user's cache holds a note
of each, found by the SHA-256 of its bytes, and that note, not the package, says what it is. Without a note it is not
even opened.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import msgspec
import torch

from sonolucent.beamform.compute.cache_folder import cache_folder
from sonolucent.nn.export.aotinductor import write_package
from sonolucent.nn.export.torchscript import write_torchscript
from sonolucent.nn.images import ImageShape
from sonolucent.nn.model_folder import Model, load_model

_log = logging.getLogger(__name__)


class PackageNote(msgspec.Struct, frozen=True):
    """What a package made here is good for: these weights, images (n_z, n_x), this torch, these vector instructions."""

    weights_sha256: str
    shape: ImageShape
    torch: str
    instructions: str


def export_torchscript(folder: Path) -> Path:
    """Writes `network.ts` (float32, grey 0..1 in and out) into the model folder.

    Raises:
        ModelError: it is no model folder.
    """
    path = folder / "network.ts"
    write_torchscript(load_model(folder).unet, path)
    path.chmod(0o644)
    return path


def export_package(folder: Path, shape: ImageShape) -> Path:
    """Compiles the model for images (n_z, n_x) into its folder, and notes that it was done here. It takes a minute.

    Raises:
        ModelError: it is no model folder.
        RuntimeError: there is no C++ compiler, or it failed.
    """
    model, path = load_model(folder), package_path(folder, shape)
    write_package(model.unet, path, shape)
    note = _note_path(path)
    note.write_bytes(msgspec.json.encode(_wanted(model, shape)))
    return path


def package_path(folder: Path, shape: ImageShape) -> Path:
    """Where the package for images (n_z, n_x) lies."""
    return folder / f"network-{shape[0]}x{shape[1]}.pt2"


def usable_package(folder: Path, model: Model, shape: ImageShape) -> tuple[Path | None, str]:
    """The folder's package for images (n_z, n_x) if it may be run, and why it is, or is not. The log warns of one that
    is there but of no use."""
    path = package_path(folder, shape)
    if not path.is_file():
        return None, f"there is no package for images of {shape[0]} x {shape[1]} (`sonolucent model export --package`)"
    fault = _fault(path, model, shape)
    if fault is None:
        return path, f"{path.name} was compiled for this network, these images and this machine"
    why = f"{path.name} {fault}; `sonolucent model export --package` makes it anew"
    _log.warning("%s: %s", folder, why)
    return None, why


def _fault(path: Path, model: Model, shape: ImageShape) -> str | None:
    try:
        note = msgspec.json.decode(_note_path(path).read_bytes(), type=PackageNote)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "was not made on this machine, and a package is a program"
    wanted = _wanted(model, shape)
    differing = [name for name in PackageNote.__struct_fields__ if getattr(note, name) != getattr(wanted, name)]
    says = {
        "weights_sha256": "is of other weights",
        "shape": f"is for images of {note.shape[0]} x {note.shape[1]}",
        "torch": f"was made by torch {note.torch}",
        "instructions": f"was made for {note.instructions}",
    }
    return says[differing[0]] if differing else None


def _wanted(model: Model, shape: ImageShape) -> PackageNote:
    return PackageNote(model.weights_sha256, shape, str(torch.__version__), torch.backends.cpu.get_cpu_capability())


def _note_path(package: Path) -> Path:
    with package.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return cache_folder("packages") / f"{digest}.json"
