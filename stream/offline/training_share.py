"""What one process of a training has to learn from, and all of them to judge by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sonolucent.beamform import ImagingSettings
from sonolucent.nn.speckle_grain import SpeckleGrain
from sonolucent.nn.training.array_file import Keep
from sonolucent.nn.training.distributed import Rank
from sonolucent.nn.training.frames import Beamformed, grain_of_frames, held_out, require_enough
from sonolucent.stream.offline.training_archive import ListedFrame, describe, list_frames
from sonolucent.stream.offline.training_data import TrainingData, load


@dataclass(frozen=True)
class TrainingShare:
    """What there is to learn from.

    Args:
        data: the frames of this process, then those to judge by.
        frames: those of this process.
        judging: those that are held out, the same in all processes.
        n_training: how many there are to train on in all processes.
        grain: of the images to train on, in all processes.
        description: of the sources, in words.
    """

    data: TrainingData
    frames: Sequence[Beamformed]
    judging: Sequence[Beamformed]
    n_training: int
    grain: SpeckleGrain | None
    description: str


def share_of(
    sources: Sequence[str],
    apart: Sequence[str],
    *,
    rank: Rank,
    seed: int,
    imaging: ImagingSettings,
    transmitters: tuple[int, int] | None,
    needs_sparse: bool,
    keep: Keep,
    beamformed: Callable[[str], None],
) -> TrainingShare:
    """Lists all frames, and beamforms those that this process needs.

    Args:
        sources: recordings to train on, or words for phantoms.
        apart: those to judge by; where there are none, some subjects of the sources.
        rank: the process.
        seed: of the choice of subjects.
        imaging, transmitters, needs_sparse, keep, beamformed: as `load` takes them.

    Raises:
        TrainingError: there are too few frames.
        RecordingError, ConfigError: as `list_frames` and `load` raise them.
    """
    archive = list_frames([*sources, *apart], imaging)
    training, judging = parted(archive.frames, apart, seed)
    own = rank.share(training)
    data = load(
        archive,
        [*own, *judging],
        imaging=imaging,
        transmitters=transmitters,
        needs_sparse=needs_sparse,
        keep=keep,
        beamformed=beamformed,
    )
    frames = data.frames[: len(own)]
    grain = _grain(frames, imaging.dynamic_range_db, rank)
    described = describe(sources, archive.frames)
    return TrainingShare(data, frames, data.frames[len(own) :], len(training), grain, described)


def parted(
    frames: Sequence[ListedFrame], apart: Sequence[str], seed: int
) -> tuple[list[ListedFrame], list[ListedFrame]]:
    """Frames to train on, and those held out: those of `apart`, or of some subjects where there is none.

    Raises:
        TrainingError: there are too few to train on.
    """
    if not apart:
        return held_out(frames, seed)
    chosen = set(apart)
    training = [frame for frame in frames if frame.source not in chosen]
    require_enough(training)
    return training, [frame for frame in frames if frame.source in chosen]


def _grain(frames: Sequence[Beamformed], dynamic_range_db: float, rank: Rank) -> SpeckleGrain | None:
    """The median over the processes of their frames' median."""
    own = grain_of_frames(frames, dynamic_range_db)
    of_all = rank.rows(np.array((np.nan, np.nan) if own is None else own.both))
    known = of_all[np.isfinite(of_all[:, 0])]
    return SpeckleGrain(*np.median(known, axis=0).round(3).tolist()) if len(known) else None
