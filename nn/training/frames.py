"""What is trained on: beamformed frames, grouped by the subject or phantom that they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import log_compress
from sonolucent.nn.images import BMode
from sonolucent.nn.speckle_grain import SpeckleGrain, median_grain

MIN_FRAMES = 4
"""With fewer, a network learns their speckle by heart."""
_HELD_OUT_SHARE = 0.15
_MAX_HELD_OUT = 8


class TrainingError(ValueError):
    """Data or settings that cannot be trained with. The message says which, where and what to try."""


class OfSubject(Protocol):
    """Whatever shows somebody or something."""

    @property
    def subject(self) -> str:
        """Who or what it shows; what shows one subject is never parted between training and validation."""


Frame = TypeVar("Frame", bound=OfSubject)


class Beamformed(OfSubject, Protocol):
    """A beamformed frame, in memory (`TrainingFrame`) or elsewhere (`StoredFrame`)."""

    @property
    def name(self) -> str:
        """Where it comes from, for messages."""

    @property
    def image(self) -> NDArray[np.complexfloating]:
        """The whole image, complex64 (n_z, n_x)."""

    @property
    def sparse(self) -> NDArray[np.complexfloating] | None:
        """The image of few transmits, complex64 (n_z, n_x), where there is one."""


@dataclass(frozen=True)
class TrainingFrame:
    """One beamformed frame, in memory.

    Args:
        subject: who or what it shows; frames of one subject are never parted between training and validation.
        name: where it comes from, for messages: "carotid.h5 frame 3".
        image: the whole image, complex64 (n_z, n_x).
        sparse: the image of few transmits, complex64 (n_z, n_x), where the recipe asks for one.
    """

    subject: str
    name: str
    image: NDArray[np.complexfloating]
    sparse: NDArray[np.complexfloating] | None = None


def sparse_of(frame: Beamformed) -> NDArray[np.complexfloating]:
    """Its image of few transmits.

    Raises:
        TrainingError: it has none.
    """
    sparse = frame.sparse
    if sparse is None:
        raise TrainingError(f"{frame.name} comes without an image of few transmits, which this recipe is given")
    return sparse


def held_out(frames: Sequence[Frame], seed: int) -> tuple[list[Frame], list[Frame]]:
    """Frames to train on, and those of some subjects held out: about one subject in seven, at most 8 of their frames.

    With a single subject nothing is held out: its frames show the same tissue, and would only test the memory.

    Raises:
        TrainingError: there are fewer than `MIN_FRAMES` frames.
    """
    require_enough(frames)
    subjects = {name: list(group) for name, group in groupby(sorted(frames, key=_subject), key=_subject)}
    names = np.random.default_rng(seed).permutation(sorted(subjects))
    n_held_out = min(max(1, round(_HELD_OUT_SHARE * len(names))), len(names) - 1)
    set_aside = [frame for name in names[:n_held_out] for frame in subjects[name]]
    spread = np.unique(np.linspace(0, len(set_aside) - 1, min(len(set_aside), _MAX_HELD_OUT)).round().astype(int))
    kept = set(names[n_held_out:])
    training = [frame for frame in frames if frame.subject in kept]
    if len(training) < MIN_FRAMES:
        return list(frames), []
    return training, [set_aside[i] for i in spread] if set_aside else []


def require_enough(frames: Sequence[OfSubject]) -> None:
    """
    Raises:
        TrainingError: there are fewer than `MIN_FRAMES` frames.
    """
    if len(frames) < MIN_FRAMES:
        raise TrainingError(f"{len(frames)} frame(s) are too few to train on; record at least {MIN_FRAMES}")


def grain_of_frames(frames: Sequence[Beamformed], dynamic_range_db: float) -> SpeckleGrain | None:
    """The grain that the speckle of frames has in their images; None where they show too little of it to tell."""
    return median_grain((_b_mode(frame, dynamic_range_db) for frame in frames), dynamic_range_db)


def _b_mode(frame: Beamformed, dynamic_range_db: float) -> BMode:
    """With its median in the middle: speckle is neither at the floor nor at the ceiling."""
    image = frame.image.astype(np.complex64)
    middle = float(np.median(np.abs(image))) * 10 ** (dynamic_range_db / 40)
    return log_compress(image, dynamic_range_db=dynamic_range_db, reference=middle)


def _subject(frame: OfSubject) -> str:
    return frame.subject
