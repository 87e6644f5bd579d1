"""The image of few transmits, which the `paper` recipe is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import DelayAndSum, WavenumberTaper, uniform_gain
from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.training.frames import TrainingError


def symmetric_pair(acquisition: Acquisition) -> tuple[int, int]:
    """The transmitting elements a quarter of the array in from both ends (16 and 47 of 64)."""
    n = acquisition.probe.n_elements
    return n // 4, n - 1 - n // 4


def sparse_beamformer(
    acquisition: Acquisition, grid: ImageGrid, transmitters: Sequence[int]
) -> Callable[[NDArray[Any]], NDArray[np.complex64]]:
    """Whole channel data (n_tx, n_rx, n_samples) to the image of some of its transmitting elements, complex64.

    Delay-and-sum, the cheaper method for few transmits; the angle is limited on the receive leg alone, since one wide
    element lights only a cone.

    Raises:
        TrainingError: an element of `transmitters` is not among those that transmit.
    """
    shots = [_shot(acquisition, element) for element in transmitters]
    sparse = replace(acquisition, tx_elements=tuple(transmitters))
    taper = WavenumberTaper.for_acquisition(acquisition).at_center(acquisition)
    gain = uniform_gain(sparse, grid, taper, limit_transmit=False)
    beamformer = DelayAndSum(sparse, grid, apodization=taper, limit_transmit=False, gain=gain)
    return lambda channels: np.asarray(beamformer(np.ascontiguousarray(channels[shots])))


def _shot(acquisition: Acquisition, element: int) -> int:
    try:
        return list(acquisition.tx_elements).index(element)
    except ValueError:
        raise TrainingError(
            f"element {element} does not transmit in these data; choose two of {list(acquisition.tx_elements)}"
        ) from None
