"""Whether everything that can run a model computes what eager torch does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import torch

from sonolucent._fused import FusedStage, fused_kernels
from sonolucent.nn.export.derived_files import usable_package
from sonolucent.nn.export.torchscript import torchscript_file
from sonolucent.nn.images import BMode, ImageShape
from sonolucent.nn.inference.cuda_graph import GraphStage, precision
from sonolucent.nn.inference.devices import cuda_device_count
from sonolucent.nn.inference.torch_stage import torch_stage
from sonolucent.nn.model_folder import Model, load_model

TOLERANCE = 1e-4
HALF_TOLERANCE = 1e-2
BF16_TOLERANCE = 5e-2
"""Of single precision, half precision and pointwise convolutions in bf16: the largest difference over an image, in grey
values 0..1."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """How one backend fared: `max_difference` from eager, of grey values 0..1; None, and why, if it could not run."""

    backend: str
    max_difference: float | None = None
    tolerance: float = TOLERANCE
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ran, and differs by no more than the tolerance."""
        return self.max_difference is not None and self.max_difference <= self.tolerance

    @property
    def verdict(self) -> str:
        """ok, off, or not run."""
        return "not run" if self.max_difference is None else "ok" if self.passed else "off"


def check_model(folder: Path, shape: ImageShape) -> list[Check]:
    """Runs the model of `folder` by every backend on the same speckle, (n_z, n_x).

    Raises:
        ModelError: it is no model folder.
        ValueError: the model takes no images of this shape.
    """
    model = load_model(folder)
    model.require_shape(shape)
    example = _Example(model, shape)
    file = torchscript_file(model)
    return [
        *_fused(model, example),
        example.run_file(file, "torchscript"),
        _package(folder, model, example),
        _gpu(model, example),
    ]


def _fused(model: Model, example: _Example) -> list[Check]:
    single, pairs = (fused_kernels(bf16=bf16, full=not model.unet.separable) for bf16 in (False, True))
    wanted = {**dict.fromkeys(single, TOLERANCE), **dict.fromkeys(pairs, BF16_TOLERANCE)}
    range_db = model.info.dynamic_range_db
    stages = {
        f"fused-{name}": FusedStage(model.weights, dynamic_range_db=range_db, backend=f"fused-{name}")
        for name in wanted
    }
    return [
        example.run(stage.run, backend, tolerance)
        for (backend, stage), tolerance in zip(stages.items(), wanted.values(), strict=True)
    ]


def _package(folder: Path, model: Model, example: _Example) -> Check:
    package, why = usable_package(folder, model, example.shape)
    return Check(backend="aotinductor", reason=why) if package is None else example.run_file(package, "aotinductor")


def _gpu(model: Model, example: _Example) -> Check:
    if cuda_device_count() == 0:
        return Check(backend=GraphStage.backend, reason="no CUDA device is visible")
    stage = GraphStage(model.unet, "cuda:0", model.info.dynamic_range_db)
    tolerance = TOLERANCE if precision(model.unet) == torch.float32 else HALF_TOLERANCE
    return example.run(stage.run, stage.backend, tolerance)


class _Example:
    """Speckle in dB, and what eager torch makes of it, in grey values 0..1."""

    def __init__(self, model: Model, shape: ImageShape) -> None:
        self.shape, self._range_db = shape, model.info.dynamic_range_db
        decades = np.log10(np.random.default_rng(0).rayleigh(0.1, shape))
        self._image_db = np.maximum(20 * decades, -self._range_db).clip(max=0).astype(np.float32)
        with torch.inference_mode():
            grey = torch.from_numpy(self._image_db / self._range_db + 1)[None, None]
            self._expected = model.unet(grey)[0, 0].clamp(0, 1).numpy()

    def run_file(self, file: Path, backend: str) -> Check:
        stage = torch_stage(file, dynamic_range_db=self._range_db, backend=backend)
        return self.run(stage.run, backend)

    def run(self, run: Callable[[BMode, BMode], None], backend: str, tolerance: float = TOLERANCE) -> Check:
        out = np.empty_like(self._image_db)
        run(self._image_db, out)
        difference = float(np.abs(out / self._range_db + 1 - self._expected).max())
        return Check(backend=backend, max_difference=difference, tolerance=tolerance)
