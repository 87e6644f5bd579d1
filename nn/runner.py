"""From a model to what runs it on a device: the native stage on the CPU, a CUDA graph on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import torch

from sonolucent._core import InferenceStage, cuda_device_count
from sonolucent.nn.export import torchscript_file
from sonolucent.nn.gpu import GraphStage
from sonolucent.nn.model import Model

T = TypeVar("T")
Runner = InferenceStage | GraphStage


class Aside(Protocol):
    """Does some work, perhaps in another thread, and returns what came of it."""

    def __call__(self, work: Callable[[], T], /) -> T: ...


def here(work: Callable[[], T], /) -> T:
    """Does the work in the calling thread."""
    return work()


def runner(model: Model, device: str, threads: int | None, aside: Aside) -> Runner:
    """What runs `model` on `device`; loading, which takes long and holds no lock of Python's, is done `aside`.

    Raises:
        ValueError: `threads` is not positive.
        RuntimeError: the CUDA device is not there.
    """
    if device.startswith("cuda"):
        return _on_gpu(model, device)
    file, range_db = str(torchscript_file(model)), model.info.dynamic_range_db
    n_threads = max(1, torch.get_num_threads() // 2) if threads is None else threads
    return aside(lambda: InferenceStage(file, device=device, dynamic_range_db=range_db, threads=n_threads))


def _on_gpu(model: Model, device: str) -> GraphStage:
    count, index = cuda_device_count(), int(device.partition(":")[2] or 0)
    if index >= count:
        raise RuntimeError(f"{device!r} is not there: {count} CUDA devices are visible to this build of torch; use cpu")
    return GraphStage(model.network, device, model.info.dynamic_range_db)
