"""From frames of channel data to those that networks are trained on: beamformed, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from numpy.typing import NDArray

from sonolucent.beamform import BModeImager, ImagingSettings, NotFiniteError
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.image_conditions import ImageConditions
from sonolucent.nn.training import TrainingFrame
from sonolucent.nn.training.array_file import IN_MEMORY, Keep
from sonolucent.nn.training.frames import Beamformed
from sonolucent.nn.training.sparse import sparse_beamformer, symmetric_pair
from sonolucent.nn.training.stored_frames import FrameStore
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.oddities import SeenFrames
from sonolucent.stream.offline.training_archive import ListedFrame, TrainingArchive, channels_of, is_simulated

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingData:
    """Beamformed frames on one grid, how their images are made, and what is odd about them."""

    grid: ImageGrid
    frames: list[Beamformed]
    conditions: ImageConditions
    warnings: tuple[str, ...]


def load(
    archive: TrainingArchive,
    frames: Sequence[ListedFrame],
    *,
    imaging: ImagingSettings,
    transmitters: tuple[int, int] | None = None,
    needs_sparse: bool = False,
    keep: Keep = IN_MEMORY,
    beamformed: Callable[[str], None] = lambda name: None,
) -> TrainingData:
    """Reads and beamforms frames, and puts them away in their order. What is odd about them goes to the log at once.

    Args:
        archive: how they were taken.
        frames: those of a recording follow each other.
        imaging: how frames are beamformed.
        transmitters: the elements of the sparse image; a symmetric pair by default.
        needs_sparse: make the sparse images too.
        keep: where images are put away.
        beamformed: told the name of each frame that is ready.

    Raises:
        RecordingError: a recording cannot be read.
        ConfigError: a frame cannot be used; the message names it.
    """
    grid, beamform = _beamformer(archive, imaging, transmitters, needs_sparse)
    store, warnings = FrameStore(keep, with_sparse=needs_sparse), list[str]()
    for source, of_source in groupby(channels_of(frames, imaging), key=lambda read: read[0].source):
        seen = None if is_simulated(source) else SeenFrames(source)
        for listed, channels in of_source:
            frame = beamform(listed, channels)
            if seen is not None:
                seen.note(channels, frame.image, grid)
            store.put(frame)
            beamformed(frame.name)
        warnings += [] if seen is None else seen.warnings()
    for warning in warnings:
        _log.warning(warning)
    conditions = ImageConditions.of(imaging.acquisition_of(archive.acquisition), grid)
    return TrainingData(grid, store.frames, conditions, tuple(warnings))


def _beamformer(
    archive: TrainingArchive, imaging: ImagingSettings, transmitters: tuple[int, int] | None, needs_sparse: bool
) -> tuple[ImageGrid, Callable[[ListedFrame, NDArray[Any]], TrainingFrame]]:
    try:
        imager = BModeImager(archive.acquisition, settings=imaging)
    except ValueError as error:
        raise ConfigError(f"{archive.frames[0].name}: {error}") from error
    sparse = None
    if needs_sparse:
        whole = msgspec.structs.replace(imaging, transmits=None, shots=None).acquisition_of(archive.acquisition)
        sparse = sparse_beamformer(whole, imager.grid, transmitters or symmetric_pair(whole))

    def beamform(frame: ListedFrame, channels: NDArray[Any]) -> TrainingFrame:
        silent = [i for i, shot in enumerate(channels) if not shot.any()]
        if silent:
            raise ConfigError(f"{frame.name}: transmit {silent[0]} is missing or silent; leave the frame out")
        try:
            imager(channels)
        except NotFiniteError as error:
            raise ConfigError(f"{frame.name}: {error}; leave the frame out") from error
        few = None if sparse is None else sparse(channels)
        return TrainingFrame(frame.subject, frame.name, imager.analytic.copy(), few)

    return imager.grid, beamform
