"""A model on disk: a folder with `model.json`, which says what it is, and `weights.safetensors`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import safetensors
import safetensors.torch

from sonolucent.nn.unet import MIN_SIZE, FullUNet, LightUNet, UNet

SCHEMA = 1
Kind = Literal["full", "light"]
NETWORKS: dict[Kind, type[FullUNet | LightUNet]] = {"full": FullUNet, "light": LightUNet}


class ModelError(ValueError):
    """A model folder that cannot be used. The message says which, why and what to try."""


class InputRule(msgspec.Struct, frozen=True):
    """Images the model takes: n_z and n_x at least `min_size`, each a multiple of `multiple_of`."""

    min_size: int = MIN_SIZE
    multiple_of: int = 1


class Training(msgspec.Struct, frozen=True):
    """Where the weights come from: frames trained on, recipe, length, seed and the commit of the code."""

    data: str
    recipe: str
    steps: int
    seed: int
    commit: str = ""


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What `model.json` holds. `measured` are figures on held-out data, named with their units."""

    schema: int = SCHEMA
    name: str
    kind: Kind
    input: InputRule = InputRule()
    normalization: Literal["dB / dynamic_range_db + 1"] = "dB / dynamic_range_db + 1"
    dynamic_range_db: float = 60.0
    training: Training
    licence: str = "Apache-2.0"
    measured: dict[str, float] = {}


@dataclass(frozen=True)
class Model:
    """A loaded model folder: its description, the network with its weights, and the sha256 of those."""

    info: ModelInfo
    network: UNet
    weights_sha256: str

    @property
    def id(self) -> str:
        """Name and weights, short: `light-quadrant@1a2b3c4d`. It travels on every enhanced frame."""
        return f"{self.info.name}@{self.weights_sha256[:8]}"


def save_model(folder: Path, network: UNet, info: ModelInfo) -> None:
    """Writes the model folder, replacing one that is there.

    Raises:
        ModelError: the network is not of the kind that `info` names.
    """
    if type(network) is not NETWORKS[info.kind]:
        raise ModelError(f"{folder}: info names kind {info.kind!r}, but the network is a {type(network).__name__}")
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    (folder / "weights.safetensors").write_bytes(safetensors.torch.save(tensors))
    (folder / "model.json").write_bytes(msgspec.json.format(msgspec.json.encode(info), indent=2) + b"\n")


def load_model(folder: Path) -> Model:
    """Reads a model folder; the network is in evaluation mode, on the CPU.

    Raises:
        ModelError: a file is missing or broken, of another schema, or the weights do not fit the kind.
    """
    info = _read_info(folder)
    weights = _read(folder, "weights.safetensors")
    network = NETWORKS[info.kind]()
    try:
        network.load_state_dict(safetensors.torch.load(weights))
    except safetensors.SafetensorError as error:
        raise ModelError(f"{folder}: weights.safetensors is broken: {error}") from None
    except RuntimeError as error:
        raise ModelError(
            f"{folder}: weights.safetensors does not hold the weights of a {info.kind} network, which model.json names"
        ) from error
    return Model(info, network.eval(), hashlib.sha256(weights).hexdigest())


def _read_info(folder: Path) -> ModelInfo:
    text = _read(folder, "model.json")
    try:
        schema = msgspec.json.decode(text, type=dict).get("schema")
        if schema != SCHEMA:
            raise ModelError(f"{folder}: model.json has schema {schema}, this program reads {SCHEMA}")
        return msgspec.json.decode(text, type=ModelInfo)
    except msgspec.DecodeError as error:
        raise ModelError(f"{folder}: model.json is not a model description: {error}") from None


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ModelError(
            f"{folder}: cannot read {name} ({error.strerror}); "
            "a model is a folder with model.json and weights.safetensors"
        ) from None
