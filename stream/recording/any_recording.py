"""What every recording offers, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition


class AnyRecording(Protocol):
    """What every reader offers: the acquisition, and frames of channel data by index."""

    @property
    def format(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def acquisition(self) -> Acquisition: ...
    @property
    def frame_rate_hz(self) -> float | None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> NDArray[Any]: ...
    def __iter__(self) -> Iterator[NDArray[Any]]: ...
