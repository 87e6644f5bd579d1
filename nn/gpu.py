"""A network on a GPU: channels last, the full one in half precision, each image a single launch of a CUDA graph.

The graph holds all that happens to an image: from pinned memory to the GPU, from dB to grey, the network, back to dB
and back to pinned memory. So neither Python nor the driver's launch times stand between its hundred kernels.
"""

from __future__ import annotations

import threading

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sonolucent.nn.decibels import Decibels

Image = NDArray[np.float32]
_WARM_UP_RUNS = 3


def precision(network: nn.Module) -> torch.dtype:
    """Half precision, but single for separable networks.

    Half costs the full network 0.01 dB rms, which no screen shows, but the light one 0.2: its few depth-wise weights
    spread over a wide range. In single precision the light network is still the cheaper of the two.
    """
    return torch.float32 if getattr(network, "separable", False) else torch.float16


class GraphStage:
    """Enhances images on a GPU as `InferenceStage` does, one at a time; others wait.

    A first image of another size takes longer: the graph is captured anew.

    Args:
        network: of grey values 0..1; it is copied.
        device: a CUDA device that is there.
        dynamic_range_db: images lie in [-dynamic_range_db, 0].
    """

    backend = "cuda-graph"

    def __init__(self, network: nn.Module, device: str, dynamic_range_db: float) -> None:
        self.device = device
        dtype = precision(network)
        self.reason = f"{'half' if dtype == torch.float16 else 'single'} precision, channels last, an image a launch"
        self._work = Decibels(network.eval(), dynamic_range_db, dtype).to(device)
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._one_image = threading.Lock()
        self._shape: tuple[int, ...] = ()

    def run(self, image_db: Image, out: Image) -> None:
        """Enhances `image_db`, (n_z, n_x) or (n, n_z, n_x) in dB, into `out`, of the same shape.

        Raises:
            RuntimeError: the GPU failed, or has no memory left.
        """
        shape = image_db.shape[-2:]
        with self._one_image:
            if shape != self._shape:
                self._capture(shape)
            for image, enhanced in zip(image_db.reshape(-1, *shape), out.reshape(-1, *shape), strict=True):
                np.copyto(self._sent.numpy(), image)
                with torch.cuda.stream(self._stream):
                    self._graph.replay()
                self._stream.synchronize()
                np.copyto(enhanced, self._landed.numpy())

    @torch.inference_mode()
    def _capture(self, shape: tuple[int, ...]) -> None:
        self._shape = ()
        self._sent, self._landed = (torch.zeros(shape, pin_memory=True) for _ in range(2))
        self._on_gpu = torch.zeros((1, 1, *shape), device=self.device)
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UP_RUNS):
                self._pass()
        self._stream.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        # Other threads, a beamformer's, may use the GPU meanwhile.
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
            self._pass()
        self._shape = shape

    def _pass(self) -> None:
        self._on_gpu[0, 0].copy_(self._sent, non_blocking=True)
        self._landed.copy_(self._work(self._on_gpu)[0, 0], non_blocking=True)
