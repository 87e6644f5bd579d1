"""What to enhance with: from the user's word for it to a model folder or a filter, a device, and the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sonolucent.nn.baselines import COMPOUNDS, FILTERS, Filter
from sonolucent.nn.image_methods import OFFLINE_METHODS, ImageMethod, is_offline, offline_method
from sonolucent.nn.inference.devices import cuda_device_count
from sonolucent.nn.model_folder import ModelError
from sonolucent.nn.shipped_models import SHIPPED_MODELS, find_model, shipped_names

_CUDA = re.compile(r"cuda(:\d+)?")
_LIGHT, _FULL = SHIPPED_MODELS / "light-quadrant", SHIPPED_MODELS / "full-quadrant"


@dataclass(frozen=True)
class Choice:
    """A model folder, a filter or a method that learns from the image, or none; "cpu", "cuda:N" or "none"; why."""

    folder: Path | None
    device: str
    reason: str
    filter: Filter | None = None
    method: ImageMethod | None = None


def choose(word: str | Path) -> Choice:
    """What `Enhancer(word)` stands for.

    Raises:
        ModelError: there is no such folder, or what it names is no enhancement of B-mode.
    """
    name = str(word)
    if name == "none":
        return Choice(None, "none", "no enhancement was asked for; images pass through unchanged")
    if name == "cpu":
        return Choice(_LIGHT, "cpu", "the CPU was asked for")
    if name in FILTERS:
        return Choice(None, "cpu", f"the filter {name} was asked for", FILTERS[name])
    if is_offline(name):
        return _offline(name)
    if name in COMPOUNDS:
        raise ModelError(f"{name} needs the complex image, not its B-mode: `sonolucent image --enhance {name}` has it")
    if _CUDA.fullmatch(name):
        return Choice(_FULL, name, f"{name} was asked for")
    if name != "auto":
        return _folder_of(name)
    if cuda_device_count() > 0:
        return Choice(_FULL, "cuda:0", "a CUDA device is present")
    return Choice(_LIGHT, "cpu", "no CUDA device is visible, and the light network is the one for a CPU")


def names_no_folder(word: str) -> bool:
    """Whether `choose` takes a word for what is built in, whatever lies at a path of that name."""
    return word in ("none", "cpu", "auto", *FILTERS) or _CUDA.fullmatch(word) is not None


def best_to_lightest() -> tuple[str, ...]:
    """What "auto" stands for, then whatever is lighter on the same device, at last "none"."""
    return ("cuda:0", str(_LIGHT), "none") if cuda_device_count() > 0 else ("cpu", "none")


def _offline(name: str) -> Choice:
    method = offline_method(name)
    if method.learns_from == "others":
        raise ModelError(f"{name} learns from other images: fit `offline_method({name!r})` to them, and call that")
    return Choice(None, "cpu", f"{name} was asked for; it learns from each image", method=method)


def _folder_of(name: str) -> Choice:
    folder = find_model(name)
    if not folder.is_dir():
        others = ", ".join(["auto", "cpu", "cuda:N", "none", *shipped_names(), *FILTERS, *OFFLINE_METHODS])
        raise ModelError(f"{name}: no such model folder; the other choices are {others}")
    device = "cuda:0" if cuda_device_count() > 0 else "cpu"
    return Choice(folder, device, f"the model {name} was asked for, and {device} is what this machine has")
