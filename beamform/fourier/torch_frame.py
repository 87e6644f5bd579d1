"""The GPU: which one, and the way of channel data there and of images back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute.thread_pool import ThreadPool

SampleType = np.dtype[Any]
_SHOTS = 4
"""Shots sent to the GPU together."""


class DeviceShots:
    """The shots of a frame in memory that torch's device works on, and the way of images back."""

    def __init__(self, acquisition: Acquisition, dtype: SampleType, device: torch.device, pool: ThreadPool) -> None:
        n_tx, n_rx, n_samples = acquisition.shape
        self.dtype = dtype
        sample = {np.int16: torch.int16, np.float32: torch.float32, np.complex64: torch.complex64}[dtype.type]
        # One trace more, which stays zero, stands for the transmits that are missing.
        self._traces = torch.zeros((n_tx * n_rx + 1, n_samples), dtype=sample, device=device)
        self._shots = self._traces[:-1].view(n_tx, n_rx, n_samples)

    def clear(self) -> None:
        """Makes all shots silent."""
        self._shots.zero_()

    def write(self, shots: ChannelData, first: int) -> None:
        """Takes in the shots (n, n_rx, n_samples) from transmit `first` on."""
        np.copyto(self._shots.numpy()[first : first + len(shots)], shots)

    def traces(self) -> torch.Tensor:
        """All traces, once they are there."""
        return self._traces

    def read(self, image: torch.Tensor, out: NDArray[np.complex64]) -> None:
        """Writes an image (n_z, n_x) of the device's to `out`."""
        np.copyto(out, image.numpy())


class PinnedShots(DeviceShots):
    """Shots on a GPU. They go there through pinned memory on a stream of their own: while the threads copy some
    there, others are already on their way."""

    def __init__(self, acquisition: Acquisition, dtype: SampleType, device: torch.device, pool: ThreadPool) -> None:
        super().__init__(acquisition, dtype, device, pool)
        self._pool = pool
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._sent = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._pinned = torch.empty(self._shots.shape, dtype=self._shots.dtype, pin_memory=True)
        self._landing: torch.Tensor | None = None

    def write(self, shots: ChannelData, first: int) -> None:
        def send(thread: int, block: range) -> None:
            of_frame = slice(first + block.start, first + block.stop)
            np.copyto(self._pinned.numpy()[of_frame], shots[block.start : block.stop])
            with torch.cuda.stream(self._stream):
                self._shots[of_frame].copy_(self._pinned[of_frame], non_blocking=True)

        self._sent.synchronize()  # what is being sent must not be overwritten
        self._stream.wait_stream(torch.cuda.current_stream(self._stream.device))
        self._pool.map(send, len(shots), chunk=_SHOTS)
        self._sent.record(self._stream)

    def traces(self) -> torch.Tensor:
        torch.cuda.current_stream(self._stream.device).wait_stream(self._stream)
        return self._traces

    def read(self, image: torch.Tensor, out: NDArray[np.complex64]) -> None:
        if self._landing is None:
            self._landing = torch.empty(image.shape, dtype=image.dtype, pin_memory=True)
        self._landing.copy_(image, non_blocking=True)
        torch.cuda.current_stream(self._stream.device).synchronize()
        np.copyto(out, self._landing.numpy())


def cuda_device(name: str) -> torch.device:
    """The GPU of that name.

    Raises:
        ValueError: no name of a CUDA device.
        RuntimeError: no such device here.
    """
    kind, _, index = name.partition(":")
    if kind != "cuda" or (index and not index.isdecimal()):
        raise ValueError(f"device must be 'cpu' or a CUDA device such as 'cuda:0', not {name!r}")
    if not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        raise RuntimeError(
            f"the beamformer cannot run on {name}: torch {torch.__version__}, {built}, sees no CUDA device; "
            "use device='cpu', or install a driver and a torch built for CUDA"
        )
    if int(index or 0) >= torch.cuda.device_count():
        raise RuntimeError(f"there is no {name}; the CUDA devices here are cuda:0..{torch.cuda.device_count() - 1}")
    return torch.device("cuda", int(index or 0))
