"""A network on a GPU: channels last, the full one in half precision, each image a single launch of a CUDA graph.

The graph holds all that happens to an image: from pinned memory to the GPU, from dB to grey, the network, back to dB
and back to pinned memory. So neither Python nor the driver's launch times stand between its hundred kernels.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque

import numpy as np
import torch
from torch import nn

from sonolucent.nn.images import BMode
from sonolucent.nn.inference.decibels import Decibels

_WARM_UP_RUNS = 3
_SLOTS = 2


def precision(network: nn.Module) -> torch.dtype:
    """Half precision, but single for separable networks.

    Half costs the full network 0.01 dB rms, which no screen shows, but the light one 0.2: its few depth-wise weights
    spread over a wide range. In single precision the light network is still the cheaper of the two.
    """
    return torch.float32 if getattr(network, "separable", False) else torch.float16


class GraphStage:
    """Enhances images on a GPU as `InferenceStage` does; one call at a time, others wait.

    Of several images two are under way at once: while one is computed the next is sent. A first image of another size
    takes longer: the graphs are captured anew.

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
        self._one_call = threading.Lock()
        self._shape: tuple[int, ...] = ()
        self._slots: list[_GraphSlot] = []

    def run(self, image_db: BMode, out: BMode) -> None:
        """Enhances `image_db`, (n_z, n_x) or (n, n_z, n_x) in dB, into `out`, of the same shape.

        Raises:
            RuntimeError: the GPU failed, or has no memory left.
        """
        shape = image_db.shape[-2:]
        images, enhanced = image_db.reshape(-1, *shape), out.reshape(-1, *shape)
        with self._one_call:
            self._prepare(shape, min(len(images), _SLOTS))
            under_way: deque[tuple[_GraphSlot, BMode]] = deque()
            for image, slot, made in zip(images, itertools.cycle(self._slots), enhanced, strict=False):
                if len(under_way) == len(self._slots):
                    first, room = under_way.popleft()
                    first.land(room)
                slot.send(image)
                under_way.append((slot, made))
            for slot, made in under_way:
                slot.land(made)

    def _prepare(self, shape: tuple[int, ...], n_slots: int) -> None:
        if shape != self._shape:
            self._shape, self._slots = shape, []
        while len(self._slots) < n_slots:
            self._slots.append(_GraphSlot(self._work, self.device, shape))


class _GraphSlot:
    """Room for an image under way: pinned memory at either end, and on a stream of its own a graph of all between."""

    @torch.inference_mode()
    def __init__(self, work: Decibels, device: str, shape: tuple[int, ...]) -> None:
        self._work = work
        self._sent, self._landed = (torch.zeros(shape, pin_memory=True) for _ in range(2))
        self._on_gpu = torch.zeros((1, 1, *shape), device=device)
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UP_RUNS):
                self._pass()
        self._stream.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        # Other threads, a beamformer's, may use the GPU meanwhile.
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
            self._pass()

    def send(self, image_db: BMode) -> None:
        """Starts with an image; the one before must have landed, for it lies in the same memory."""
        np.copyto(self._sent.numpy(), image_db)
        with torch.cuda.stream(self._stream):
            self._graph.replay()

    def land(self, out: BMode) -> None:
        """Waits for the image that was sent."""
        self._stream.synchronize()
        np.copyto(out, self._landed.numpy())

    def _pass(self) -> None:
        self._on_gpu[0, 0].copy_(self._sent, non_blocking=True)
        self._landed.copy_(self._work(self._on_gpu)[0, 0], non_blocking=True)
