"""Which images of a file are asked for. No others are kept in memory, and those only as far as there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.errors import ConfigError

MOST_BYTES = 1 << 31
"""Of all images of a file, grey or in colours. Pages and frames may share what they show: its own size says nothing."""


@dataclass(frozen=True)
class WantedImages:
    """The images from `first` to `last`, or to the last that there is."""

    first: int = 0
    last: int | None = None

    def of(self, file: Path, n: int) -> range:
        """Those of a file that holds n.

        Raises:
            ConfigError: they are not there.
        """
        end = n - 1 if self.last is None else self.last
        if self.last is not None and self.last < self.first:
            raise ConfigError(f"{file}: there are no images {self.first} to {end}; the last comes before the first")
        if n == 0:
            raise ConfigError(f"{file}: holds no image")
        if not 0 <= self.first <= end < n:
            raise ConfigError(f"{file}: holds images 0 to {n - 1}; there are no {self.first} to {end}")
        return range(self.first, end + 1)

    def shown(
        self, file: Path, frames: Iterable[tuple[float, Callable[[], NDArray[np.uint8]]]]
    ) -> tuple[list[NDArray[np.uint8]], NDArray[np.float64]]:
        """Those of a file that is gone through from its first image on, and their times.

        Args:
            frames: the time of each, and what gives its pixels until the next one is asked for.

        Raises:
            ConfigError: they are not there, are of several sizes, or take too much memory.
        """
        images: list[NDArray[np.uint8]] = []
        times_s: list[float] = []
        n = n_bytes = 0
        for n, (time_s, pixels) in enumerate(frames, 1):
            if n > self.first:
                images.append(pixels())
                times_s.append(time_s)
                require_room(file, n_bytes := n_bytes + images[-1].nbytes)
            if self.last is not None and n > self.last:
                break
        self.of(file, n)
        if len({image.shape for image in images}) > 1:
            raise ConfigError(
                f"{file}: its images are of different sizes; give them one by one, or cut it where they change"
            )
        return images, np.array(times_s)


def require_room(file: Path, n_bytes: int) -> None:
    """Refuses images that would take too much memory. Raises ConfigError."""
    if n_bytes > MOST_BYTES:
        raise ConfigError(
            f"{file}: the images that are asked for take more than {MOST_BYTES} bytes; ask for fewer at a time"
        )
