"""What an engine of the Fourier beamformer does: the work of a plan, on one device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.fourier.looks import LookMasks
from sonolucent.beamform.fourier.plan import FourierPlan


class Engine(Protocol):
    """Takes in channel data and makes images of them. All arguments have been checked before they come here.

    `columns` are the lateral spectrum of each row of the image before its gain, complex64 (n_waves, n_z), for the
    waves of `FourierPlan.image_waves`; their phases count from the first column of pixels.
    """

    def take_frame(self, channels: ChannelData) -> None:
        """Takes in a whole frame (n_tx, n_rx, n_samples), in place of whatever came before."""

    def begin_shots(self, dtype: np.dtype[Any]) -> None:
        """Forgets whatever came before; single shots follow, of samples of that type."""

    def push(self, shot: ChannelData, tx_index: int) -> None:
        """Takes in one shot (n_rx, n_samples), in place of the last one of its transmit."""

    def form_images(self, masks: LookMasks, images: NDArray[np.complex64]) -> None:
        """Writes the images (n_looks, n_z, n_x) of what was taken in."""

    def form_columns(self) -> NDArray[np.complex64]:
        """The columns of what was taken in, until the next call of any method."""

    def write_image(self, columns: NDArray[np.complex64], image: NDArray[np.complex64]) -> None:
        """Writes the image (n_z, n_x) of such columns."""

    def describe(self) -> str:
        """The engine and what was planned, in one line."""


EngineMaker = Callable[[FourierPlan, ThreadPool], Engine]
