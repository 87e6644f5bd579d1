"""From a model to what runs it on a device: the native stage on the CPU, a CUDA graph on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

import numpy as np

from sonolucent._fused import FusedStage
from sonolucent.nn.images import BMode, ImageShape
from sonolucent.nn.inference.devices import cuda_device_count, default_threads, require_torch
from sonolucent.nn.model_folder import Model

T = TypeVar("T")
PACKAGE = "aotinductor"
TORCHSCRIPT = "torchscript"
"""The backends that need torch. The fused kernels outrun both, and need none."""


def run_in(executor: Executor | None, work: Callable[[], T]) -> T:
    """Waits for the work to be done in the executor, or does it in the calling thread when there is none."""
    return work() if executor is None else executor.submit(work).result()


class Runner(NamedTuple):
    """What enhances images in dB, its name, and why it was picked."""

    run: Callable[[BMode, BMode], None]
    backend: str
    reason: str

    @property
    def takes_any_shape(self) -> bool:
        """Whether images of another shape than before are no slower than the rest: nothing is compiled for one."""
        return self.backend.startswith("fused")

    @property
    def is_of_its_shape(self) -> bool:
        """Whether images of another shape need something else: a package is made for one."""
        return self.backend == PACKAGE


def runner(
    model: Model,
    folder: Path,
    device: str,
    shape: ImageShape | None,
    threads: int | None,
    backend: str | None,
    executor: Executor | None,
) -> Runner:
    """The fastest of what can run the model of `folder` on "cpu" or "cuda:N".

    Args:
        shape: of all images, where it is known beforehand.
        threads: of the CPU, for one image; `default_threads` by default.
        backend: of the CPU; by default the fused kernels, the fastest that compute in f32.
        executor: does the loading, which takes long and holds no lock of Python's; the calling thread when None.

    Raises:
        ValueError: `threads` is not positive, or `backend` not to be had for this model, device or processor.
        RuntimeError: the CUDA device is not there.
    """
    if model.info.kind == "speckle2self":
        return _eager(model, device, backend)
    if device.startswith("cuda"):
        if backend is not None:
            raise ValueError(f"the backend {backend!r} is one of the CPU, and the model is to run on {device}")
        return _on_gpu(model, device)
    n_threads = default_threads() if threads is None else threads
    if backend in (PACKAGE, TORCHSCRIPT):
        return _in_torch(model, folder, shape, n_threads, backend, executor)
    range_db = model.info.dynamic_range_db
    by = run_in(
        executor,
        lambda: FusedStage(model.weights, dynamic_range_db=range_db, threads=n_threads, backend=backend),
    )
    return Runner(by.run, by.backend, by.reason)


def _in_torch(
    model: Model, folder: Path, shape: ImageShape | None, threads: int, backend: str, executor: Executor | None
) -> Runner:
    """
    Raises:
        ValueError: as `runner`.
    """
    require_torch(f"backend {backend!r}")
    from sonolucent.nn.export.torchscript import torchscript_file
    from sonolucent.nn.inference.torch_stage import torch_stage

    range_db = model.info.dynamic_range_db
    file = _package(model, folder, shape) if backend == PACKAGE else torchscript_file(model)
    by = run_in(
        executor,
        lambda: torch_stage(file, dynamic_range_db=range_db, threads=threads, backend=backend),
    )
    return Runner(by.run, by.backend, by.reason)


def _package(model: Model, folder: Path, shape: ImageShape | None) -> Path:
    """
    Raises:
        ValueError: the folder holds none for images of this shape that may be run here.
    """
    from sonolucent.nn.export.derived_files import usable_package

    package, why = usable_package(folder, model, shape) if shape else (None, "the images' size is not known beforehand")
    if package is None:
        raise ValueError(f"backend {PACKAGE!r}: {why}")
    return package


def _on_gpu(model: Model, device: str) -> Runner:
    require_torch(device)
    _require_device(device)
    from sonolucent.nn.inference.cuda_graph import GraphStage

    stage = GraphStage(model.unet, device, model.info.dynamic_range_db)
    return Runner(stage.run, stage.backend, stage.reason)


def _eager(model: Model, device: str, backend: str | None) -> Runner:
    """Each image is calibrated by itself, which no exporter takes and no stream of images would look well by."""
    if backend is not None:
        raise ValueError(f"the backend {backend!r} runs U-Nets, and this is a network of Speckle2Self; leave it out")
    require_torch(model.id)
    if device.startswith("cuda"):
        _require_device(device)
    import torch

    from sonolucent.nn.speckle2self_net import Speckle2SelfNet, despeckled

    network, range_db = cast(Speckle2SelfNet, model.network), model.info.dynamic_range_db
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(images_db: BMode, out: BMode) -> None:
        shape = images_db.shape[-2:]
        for image, made in zip(images_db.reshape(-1, *shape), out.reshape(-1, *shape), strict=True):
            made[:] = despeckled(network, np.nan_to_num(image, nan=-range_db).clip(-range_db, 0))

    return Runner(run, "torch", "each image is calibrated by itself, which eager torch alone does")


def _require_device(device: str) -> None:
    count, index = cuda_device_count(), int(device.partition(":")[2] or 0)
    if index >= count:
        raise RuntimeError(f"{device!r} is not there: {count} CUDA devices are visible to this build of torch; use cpu")
