"""ExecuTorch with XNNPACK, in a process of its own: a process has one pool of threads, of one size for good."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.extension.pybindings import portable_lib
from executorch.runtime import Runtime
from numpy.typing import NDArray


def program_of(network: torch.nn.Module, image: torch.Tensor) -> bytes:
    """The network for images of that shape; what XNNPACK does not take over is left to portable kernels."""
    exported = torch.export.export(network, (image,))
    lowered = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
    return bytes(lowered.to_executorch().buffer)


def started(program: bytes, image: NDArray[np.float32], threads: int) -> Callable[[], NDArray[np.float32]]:
    """What runs the program on (1, 1, n_z, n_x); it gives the image (n_z, n_x)."""
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    context.Process(target=_serve, args=(there, program, image, threads), daemon=True).start()

    def run() -> NDArray[np.float32]:
        here.send_bytes(b"go")
        return np.frombuffer(here.recv_bytes(), np.float32).reshape(image.shape[-2:])

    return run


def _serve(parent: Connection[Any, Any], program: bytes, image: NDArray[np.float32], threads: int) -> None:
    portable_lib._unsafe_reset_threadpool(threads)
    method = Runtime.get().load_program(program).load_method("forward")
    assert method is not None
    frame = torch.from_numpy(image)
    with suppress(EOFError):  # the parent has ended
        while True:
            parent.recv_bytes()
            parent.send_bytes(method.execute([frame])[0][0, 0].numpy().tobytes())
