"""The Enhancer: picks a device and a model, and enhances B-mode images through the native stage."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sonolucent._core import InferenceStage, cuda_device_count
from sonolucent.nn.baselines import COMPOUNDS, FILTERS, Filter
from sonolucent.nn.export import torchscript_file
from sonolucent.nn.gpu import GraphStage
from sonolucent.nn.model import Model, ModelError, load_model

Image = NDArray[np.float32]

_log = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "models"
_LIGHT, _FULL = SHIPPED / "light-quadrant", SHIPPED / "full-quadrant"
_WARM_UP_RUNS = 3  # TorchScript profiles the first two and compiles on the third
_DEFAULT_RANGE_DB = 60.0


@dataclass(frozen=True)
class _Pick:
    folder: Path | None
    device: str
    reason: str
    filter: Filter | None = None


class Enhancer:
    """Enhances B-mode images (n_z, n_x), or several at a time (n, n_z, n_x), float32 in [-dynamic_range_db, 0] dB.

    Values beyond the range are clipped, infinite ones too; undefined ones (NaN) count as its floor.

    Args:
        choice: "auto" (a CUDA device present: the full network on it; otherwise the light one on the CPU), "cpu",
            "cuda:N", "none" (images pass through unchanged), the name of a classical filter (median, srad, nlm, obnlm:
            `sonolucent.nn.baselines`), or the path of a model folder.
        threads: threads of the CPU that one image may use; half of torch's by default, because threads that work in
            step wait for the slowest, and another stage's thread on the same core makes it slow.

    Attributes:
        model: id of the model on every image it makes, `name@hash`, or the filter's name; "none" when images pass
            through.
        device: "cpu", "cuda:N", or "none".
        backend: what runs it, such as "fused-avx512", "torchscript" or "filter"; "none" when images pass through.
        reason: why these were picked.
        dynamic_range_db: the range the model was trained for.

    Raises:
        ModelError: the model folder is missing or broken, or `choice` is none of the above.
        RuntimeError: the CUDA device asked for is not there.
    """

    def __init__(self, choice: str | Path = "auto", *, threads: int | None = None) -> None:
        pick = _pick(choice)
        self.device, self.reason = pick.device, pick.reason
        self.model, self.dynamic_range_db = "none", _DEFAULT_RANGE_DB
        self.backend = "none"
        self._model: Model | None = None
        self._run: Callable[[Image, Image], None] = _copy
        if pick.folder is not None:
            self._model = load_model(pick.folder)
            self.model, self.dynamic_range_db = self._model.id, self._model.info.dynamic_range_db
            stage = _stage(self._model, pick.device, threads)
            self._run = stage.run
            self.backend, self.reason = stage.backend, f"{pick.reason}; {stage.backend}: {stage.reason}"
        if pick.filter is not None:
            self.model, self.backend = str(choice), "filter"
            self._run = partial(_apply, pick.filter)
        _log.info("enhance with %s on %s by %s: %s", self.model, self.device, self.backend, self.reason)

    def __call__(self, image_db: Image, out: Image | None = None) -> Image:
        """The enhanced images, of the same shape and range; the GIL is released meanwhile.

        Args:
            image_db: C-contiguous.
            out: written to and returned when given; must not overlap `image_db`.

        Raises:
            TypeError: an array is not float32.
            ValueError: a shape the model does not take, an array that is not contiguous, an `out` that does not fit.
        """
        out = np.empty_like(image_db) if out is None else out
        _require_images(image_db, out)
        if self._model is not None:
            _require_shape(self._model, image_db.shape)
        self._run(image_db, out)
        return out

    def warm_up(self, shape: tuple[int, int]) -> None:
        """Runs the model on images of `shape` until it is at full speed.

        Raises:
            ModelError: what it makes of speckle is not finite.
            ValueError: a shape the model does not take.
        """
        envelope = np.random.default_rng(0).rayleigh(0.1, shape)
        image_db = np.maximum(20 * np.log10(envelope), -self.dynamic_range_db).astype(np.float32)
        for _ in range(_WARM_UP_RUNS):
            if not np.isfinite(self(image_db)).all():
                raise ModelError(f"{self.model} makes undefined values of plain speckle; its weights are bad")

    def torch_module(self) -> nn.Module:
        """The network with its weights, grey 0..1 in and out, (n, 1, n_z, n_x); the identity for "none".

        Raises:
            ModelError: a filter is no network.
        """
        if self.backend == "filter":
            raise ModelError(f"{self.model} is a filter, not a network; choose a model folder, or auto")
        return nn.Identity() if self._model is None else self._model.network


def _pick(choice: str | Path) -> _Pick:
    name = str(choice)
    if name == "none":
        return _Pick(None, "none", "no enhancement was asked for; images pass through unchanged")
    if name == "cpu":
        return _Pick(_LIGHT, "cpu", "the CPU was asked for")
    if name in FILTERS:
        return _Pick(None, "cpu", f"the filter {name} was asked for", FILTERS[name])
    if name in COMPOUNDS:
        raise ModelError(f"{name} needs the complex image, not its B-mode: `sonolucent image --enhance {name}` has it")
    if re.fullmatch(r"cuda(:\d+)?", name):
        return _on_gpu(name, f"{name} was asked for")
    if name != "auto":
        return _own_model(Path(choice))
    if cuda_device_count() > 0:
        return _on_gpu("cuda:0", "a CUDA device is present")
    return _Pick(_LIGHT, "cpu", "no CUDA device is visible, and the light network is the one for a CPU")


def _on_gpu(device: str, reason: str) -> _Pick:
    if _FULL.is_dir():
        return _Pick(_FULL, device, reason)
    return _Pick(_LIGHT, device, f"{reason}; the light network, because no full one is shipped yet")


def _own_model(folder: Path) -> _Pick:
    if not folder.is_dir():
        raise ModelError(
            f"{folder}: no such model folder; the other choices are auto, cpu, cuda:N, none, {', '.join(FILTERS)}"
        )
    device = "cuda:0" if cuda_device_count() > 0 else "cpu"
    return _Pick(folder, device, f"the model {folder} was asked for, and {device} is what this machine has")


def _stage(model: Model, device: str, threads: int | None) -> InferenceStage | GraphStage:
    if device.startswith("cuda"):
        return _gpu_stage(model, device)
    if threads is None:
        threads = max(1, torch.get_num_threads() // 2)
    return InferenceStage(
        str(torchscript_file(model)),
        device=device,
        dynamic_range_db=model.info.dynamic_range_db,
        threads=threads,
    )


def _gpu_stage(model: Model, device: str) -> GraphStage:
    count, index = cuda_device_count(), int(device.partition(":")[2] or 0)
    if index >= count:
        raise RuntimeError(f"{device!r} is not there: {count} CUDA devices are visible to this build of torch; use cpu")
    return GraphStage(model.network, device, model.info.dynamic_range_db)


def _require_shape(model: Model, shape: tuple[int, ...]) -> None:
    rule = model.info.input
    size = shape[-2:]
    if len(shape) in (2, 3) and min(size) >= rule.min_size and not any(n % rule.multiple_of for n in size):
        return
    multiple = f", multiples of {rule.multiple_of}" if rule.multiple_of > 1 else ""
    raise ValueError(
        f"{model.id} takes images (n_z, n_x), or (n, n_z, n_x), with n_z and n_x at least {rule.min_size}{multiple}, "
        f"not {shape}"
    )


def _apply(filter_: Filter, image_db: Image, out: Image) -> None:
    """The filter on every image, defined for undefined and infinite pixels as the networks are."""
    _copy(image_db, out)
    for image in out.reshape(-1, *out.shape[-2:]):
        image[:] = filter_(np.nan_to_num(image, nan=-_DEFAULT_RANGE_DB).clip(-_DEFAULT_RANGE_DB, 0))


def _require_images(image_db: Image, out: Image) -> None:
    for name, array in (("the image", image_db), ("out", out)):
        if array.dtype != np.float32:
            raise TypeError(f"{name} must be float32, not {array.dtype}")
    if image_db.ndim not in (2, 3) or out.shape != image_db.shape:
        raise ValueError(
            "images must be (n_z, n_x) or (n, n_z, n_x), and out of the same shape, "
            f"not {image_db.shape} and {out.shape}"
        )


def _copy(image_db: Image, out: Image) -> None:
    np.copyto(out, image_db)
