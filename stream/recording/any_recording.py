"""What every recording offers, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition


class AnyRecording(Protocol):
    """What every reader offers: the acquisition, and frames of channel data by index."""

    @property
    def format(self) -> str:
        """The format's name, such as "UFF"."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def acquisition(self) -> Acquisition:
        """How the channel data were taken."""

    @property
    def frame_rate_hz(self) -> float | None:
        """Frames a second; None where the file does not say."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader had to decide or convert, a sentence each."""

    def __len__(self) -> int:
        """How many frames of channel data it holds."""

    def __getitem__(self, index: int) -> NDArray[Any]:
        """A frame (n_tx, n_rx, n_samples), int16, float32 or complex64, by its place from 0."""

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """The frames in order."""
