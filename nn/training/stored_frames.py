"""Beamformed frames of which no more than one at a time has to be in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn.training.array_file import Arrays, Keep
from sonolucent.nn.training.frames import Beamformed, TrainingFrame, sparse_of


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A frame whose images are read when they are asked for; otherwise as `TrainingFrame`."""

    subject: str
    name: str
    index: int
    images: Arrays
    sparse_images: Arrays | None

    @property
    def image(self) -> NDArray[np.complexfloating]:
        """The whole image, complex64 (n_z, n_x)."""
        return self.images[self.index]

    @property
    def sparse(self) -> NDArray[np.complexfloating] | None:
        """The image of few transmits, complex64 (n_z, n_x), where the recipe asks for one."""
        return None if self.sparse_images is None else self.sparse_images[self.index]


class FrameStore:
    """Puts frames away, so that `train` reads them when it needs them.

    Args:
        keep: makes a place for them, such as `functools.partial(ArrayFile, folder)`.
        with_sparse: whether they have images of few transmits.
    """

    def __init__(self, keep: Keep, *, with_sparse: bool = False) -> None:
        self.frames: list[Beamformed] = []
        """All that were put away."""
        self._images, self._sparse = keep(), keep() if with_sparse else None

    def put(self, frame: TrainingFrame) -> None:
        """Adds a frame.

        Raises:
            TrainingError: it lacks the image of few transmits that all have.
            ValueError: its images are not of the shape and type of the first.
            OSError: the disk refuses it.
        """
        if self._sparse is not None:
            self._sparse.append(sparse_of(frame))
        self._images.append(frame.image)
        index = len(self.frames)
        self.frames.append(StoredFrame(frame.subject, frame.name, index, self._images, self._sparse))
