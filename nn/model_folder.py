"""A model on disk: a folder with `model.json`, which says what it is, and `weights.safetensors`."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import msgspec
import numpy as np
import safetensors
import safetensors.numpy
from msgspec import Meta
from numpy.typing import NDArray

from sonolucent.nn.image_conditions import ImageConditions
from sonolucent.nn.image_methods import Cost
from sonolucent.nn.speckle_grain import SpeckleGrain
from sonolucent.nn.unet_layout import LAYOUTS, MIN_SIZE, Kind, weight_shapes

if TYPE_CHECKING:
    from sonolucent.nn.speckle2self_net import Speckle2SelfNet
    from sonolucent.nn.unet import FullUNet, LightUNet, UNet

SCHEMA = 1
OfflineKind = Literal["speckle2self"]
"""Networks that a live stream does not wait for, and that torch alone runs."""
_MOST_BYTES = {"model.json": 1 << 20, "weights.safetensors": 1 << 28}


def cost_of(kind: Kind | OfflineKind) -> Cost:
    """Whether a live stream may wait for such a network."""
    return "live" if kind in LAYOUTS else "offline"


class ModelError(ValueError):
    """A model folder that cannot be used. The message says which, why and what to try."""


class InputRule(msgspec.Struct, frozen=True):
    """Images the model takes: n_z and n_x at least `min_size`, each a multiple of `multiple_of`."""

    min_size: Annotated[int, Meta(ge=1)] = MIN_SIZE
    multiple_of: Annotated[int, Meta(ge=1)] = 1


class Provenance(msgspec.Struct, frozen=True):
    """Where the weights come from: frames trained on, recipe, length, seed, the commit of the code, the id of the model
    that was fine-tuned, and that of what was taught to a student."""

    data: str
    recipe: str
    steps: int
    seed: int
    commit: str = ""
    began_with: str = ""
    teacher: str = ""


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What `model.json` holds. `measured` are figures on held-out data, named with their units; `trained_on` is how the
    images were made that it was trained on, and `speckle_grain_px` the grain of their speckle, where that is known."""

    schema: int = SCHEMA
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: Kind | OfflineKind
    input: InputRule = InputRule()
    normalization: Literal["dB / dynamic_range_db + 1"] = "dB / dynamic_range_db + 1"
    dynamic_range_db: Annotated[float, Meta(gt=0, le=300)] = 60.0
    training: Provenance
    trained_on: ImageConditions | None = None
    speckle_grain_px: SpeckleGrain | None = None
    licence: str = "Apache-2.0"
    measured: dict[str, float] = {}


@dataclass(frozen=True)
class Model:
    """A loaded model folder: its description, the weights by their names, float32, and the sha256 of their file."""

    info: ModelInfo
    weights: Mapping[str, NDArray[np.float32]]
    weights_sha256: str

    @cached_property
    def network(self) -> UNet | Speckle2SelfNet:
        """The network with its weights, in evaluation mode, on the CPU; made when it is first asked for, by torch.

        Raises:
            ModelError: the weights are those of another network.
        """
        import torch

        network = _network_class(self.info.kind)()
        try:
            network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in self.weights.items()})
        except RuntimeError as error:
            raise ModelError(_not_its_weights(self.id, self.info.kind)) from error
        return network.eval()

    @property
    def id(self) -> str:
        """Name and weights in short, such as `light-quadrant@1a2b3c4d`. It travels on every enhanced frame."""
        return f"{self.info.name}@{self.weights_sha256[:8]}"

    @property
    def unet(self) -> UNet:
        """The network, where it is a U-Net.

        Raises:
            ModelError: it is none, so no kernel runs it, and nothing is fine-tuned from it.
        """
        if self.info.kind in LAYOUTS:
            return cast("UNet", self.network)
        raise ModelError(
            f"{self.id} is a network of {self.info.kind}; that can be done with U-Nets, {', '.join(LAYOUTS)}"
        )

    def require_shape(self, shape: tuple[int, ...]) -> None:
        """Raises ValueError if the model takes no images, or batches of images, of this shape."""
        rule, size = self.info.input, shape[-2:]
        if len(shape) in (2, 3) and min(size) >= rule.min_size and not any(n % rule.multiple_of for n in size):
            return
        multiple = f", multiples of {rule.multiple_of}" if rule.multiple_of > 1 else ""
        raise ValueError(
            f"{self.id} takes images (n_z, n_x), or (n, n_z, n_x), with n_z and n_x at least "
            f"{rule.min_size}{multiple}, not {shape}"
        )


def save_model(folder: Path, network: UNet | Speckle2SelfNet, info: ModelInfo) -> None:
    """Writes the model folder, replacing one that is there file by file, each whole or not at all.

    Raises:
        ModelError: the network is not of the kind that `info` names.
    """
    import safetensors.torch

    if type(network) is not _network_class(info.kind):
        raise ModelError(f"{folder}: info names kind {info.kind!r}, but the network is a {type(network).__name__}")
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    _write(folder / "weights.safetensors", safetensors.torch.save(tensors))
    _write(folder / "model.json", msgspec.json.format(msgspec.json.encode(info), indent=2) + b"\n")


def load_model(folder: Path) -> Model:
    """Reads a model folder.

    Raises:
        ModelError: a file is missing or broken, of another schema, or the weights do not fit the kind.
    """
    info = _read_info(folder)
    weights = _read(folder, "weights.safetensors")
    arrays = _arrays(folder, weights)
    if info.kind in LAYOUTS and _shapes(arrays) != weight_shapes(LAYOUTS[info.kind]):
        raise ModelError(_not_its_weights(folder, info.kind))
    return Model(info, arrays, hashlib.sha256(weights).hexdigest())


def _network_class(kind: Kind | OfflineKind) -> type[FullUNet | LightUNet | Speckle2SelfNet]:
    if kind == "speckle2self":
        from sonolucent.nn.speckle2self_net import Speckle2SelfNet

        return Speckle2SelfNet
    from sonolucent.nn.unet import NETWORKS

    return NETWORKS[kind]


def _not_its_weights(where: Path | str, kind: Kind | OfflineKind) -> str:
    return f"{where}: weights.safetensors does not hold the weights of a {kind} network, which model.json names"


def _shapes(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in arrays.items()}


def _read_info(folder: Path) -> ModelInfo:
    text = _read(folder, "model.json")
    try:
        schema = msgspec.json.decode(text, type=dict).get("schema")
        if schema != SCHEMA:
            raise ModelError(f"{folder}: model.json has schema {schema}, this program reads {SCHEMA}")
        return msgspec.json.decode(text, type=ModelInfo)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{folder}: model.json is not a model description: {error}") from None


def _arrays(folder: Path, weights: bytes) -> dict[str, NDArray[np.float32]]:
    try:
        arrays = safetensors.numpy.load(weights)
    except (safetensors.SafetensorError, KeyError) as error:  # a type that NumPy does not have
        raise ModelError(f"{folder}: weights.safetensors is broken: {error}") from None
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise ModelError(f"{folder}: weights.safetensors holds {name} as {array.dtype}, not float32")
    return arrays


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _read(folder: Path, name: str) -> bytes:
    path, most = folder / name, _MOST_BYTES[name]
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{folder}: {name} is no file but a pipe, folder or device; copy the model again")
        if status.st_size > most:
            raise ModelError(f"{folder}: {name} has {status.st_size} bytes; no model here needs more than {most}")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{folder}: cannot read {name} ({error.strerror}); "
            "a model is a folder with model.json and weights.safetensors"
        ) from None
