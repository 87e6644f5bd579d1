"""What a training has to learn from, before any of it is read: frames of recordings and phantoms, by their names."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import ImagingSettings
from sonolucent.beamform.acquisition import Acquisition
from sonolucent.nn.evaluate.seeds import TRAINING
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.recording.file_words import files_meant, means_several, unlisted
from sonolucent.stream.recording.open import open_recording

_DESCRIBED = 20
"""Recordings that are told of one by one."""


@dataclass(frozen=True)
class PhantomFamily:
    """A family to train on: the name of its phantoms, and between which limits the SNR of each one's channels lies."""

    phantom: str
    snr_db: tuple[float, float]

    def snr_of(self, seed: int) -> float:
        """The SNR of one phantom in dB."""
        return float(np.random.default_rng([seed]).uniform(*self.snr_db))

    def description(self, n: int) -> str:
        """The first `n` phantoms, in words."""
        snr_db = "..".join(f"{level:g}" for level in dict.fromkeys(self.snr_db))
        return f"{n} {self.phantom} phantoms of sonolucent.sim, seeds 0..{n - 1}, SNR {snr_db} dB"


FAMILIES = {
    "sim": PhantomFamily("random_tissue", (20.0, 20.0)),
    "anatomy": PhantomFamily("anatomy", (12.0, 30.0)),
}
"""By the word that `train` takes before the number of them."""


@dataclass(frozen=True, slots=True)
class ListedFrame:
    """A frame of channel data that is yet to be read.

    Args:
        subject: who or what it shows.
        name: for messages.
        source: the recording, or the words that stand for phantoms.
        index: in the recording, or the seed of a phantom.
    """

    subject: str
    name: str
    source: str
    index: int


@dataclass(frozen=True)
class TrainingArchive:
    """Frames, and how all of them were taken."""

    acquisition: Acquisition
    frames: list[ListedFrame]


def single_sources(words: Sequence[str]) -> list[str]:
    """Recordings one by one in place of folders, patterns and @FILE, which lists them; other words as they are.

    Raises:
        ConfigError: one of them means no file.
    """
    return [source for word in unlisted(words) for source in (_files_of(word) if means_several(word) else [word])]


def list_frames(sources: Sequence[str], imaging: ImagingSettings) -> TrainingArchive:
    """Looks into every recording, and reads no frame.

    Args:
        sources: recordings, each of one subject, or phantoms of a family: "sim:N", random tissue, or "anatomy:N".
        imaging: its speed of sound takes the place of the recordings'.

    Raises:
        RecordingError: a recording cannot be read.
        ConfigError: there are no frames, recordings differ in geometry, or there are not that many phantoms.
    """
    archive: TrainingArchive | None = None
    for source in sources:
        acquisition, frames = _of_source(source, imaging)
        if not frames:
            continue
        archive = archive or TrainingArchive(acquisition, [])
        if acquisition != archive.acquisition:
            raise ConfigError(
                f"{frames[0].name} was taken with another geometry (probe, transmits, sampling or sound speed) than "
                f"{archive.frames[0].name}; train on each alone"
            )
        archive.frames.extend(frames)
    if archive is None:
        raise ConfigError(f"there are no frames of channel data in {', '.join(sources)}")
    return archive


def channels_of(frames: Sequence[ListedFrame], imaging: ImagingSettings) -> Iterator[tuple[ListedFrame, NDArray[Any]]]:
    """Reads frames one after the other, (n_tx, n_rx, n_samples); those of a recording should follow each other.

    Raises:
        RecordingError: a recording cannot be read.
    """
    for source, of_source in groupby(frames, key=lambda frame: frame.source):
        simulated = _simulated(source)
        if simulated is not None:
            yield from ((frame, _phantom(simulated[0], frame.index)) for frame in of_source)
        else:
            recording = open_recording(source, sound_speed_m_s=imaging.sound_speed_m_s)
            yield from ((frame, recording[frame.index]) for frame in of_source)


def is_simulated(source: str) -> bool:
    """Whether it stands for phantoms.

    Raises:
        ConfigError: there are not that many to train on.
    """
    return _simulated(source) is not None


def _files_of(word: str) -> list[str]:
    _, files = files_meant(word)
    return [str(file) if os.path.isabs(word) else os.path.relpath(file) for file in sorted(files)]


def _of_source(source: str, imaging: ImagingSettings) -> tuple[Acquisition, list[ListedFrame]]:
    if simulated := _simulated(source):
        family, n = simulated
        names = {seed: f"{family.phantom} {seed}" for seed in TRAINING[:n]}
        return Acquisition(), [ListedFrame(name, name, source, seed) for seed, name in names.items()]
    recording = open_recording(source, sound_speed_m_s=imaging.sound_speed_m_s)
    frames = [ListedFrame(source, f"{source} frame {i}", source, i) for i in range(len(recording))]
    return recording.acquisition, frames


def _simulated(source: str) -> tuple[PhantomFamily, int] | None:
    """The family of phantoms and how many of them, or None where the source is a recording.

    Raises:
        ConfigError: there are not that many to train on.
    """
    named = re.fullmatch(rf"({'|'.join(FAMILIES)}):(\d+)", source)
    if named is None:
        return None
    n = int(named[2])
    if n > len(TRAINING):
        raise ConfigError(f"{source}: figures are measured on the seeds after {TRAINING[-1]}; at most {len(TRAINING)}")
    return FAMILIES[named[1]], n


def _phantom(family: PhantomFamily, seed: int) -> NDArray[Any]:
    from sonolucent.sim import phantoms, simulate

    phantom = phantoms.make(family.phantom, seed=seed)
    return simulate(
        Acquisition(),
        scatterers_m=phantom.scatterers_m,
        amplitudes=phantom.amplitudes,
        snr_db=family.snr_of(seed),
        seed=seed,
    )


def describe(sources: Sequence[str], frames: Sequence[ListedFrame]) -> str:
    """What frames of the sources were trained on, in words."""
    families = [simulated[0].description(simulated[1]) for source in sources if (simulated := _simulated(source))]
    recordings = [source for source in sources if not is_simulated(source)]
    n_frames = Counter(frame.source for frame in frames)
    if len(recordings) > _DESCRIBED:
        first, last = (Path(source).name for source in (recordings[0], recordings[-1]))
        n_in_all = sum(n_frames[source] for source in recordings)
        return "; ".join([f"{len(recordings)} recordings, {first} to {last}, {n_in_all} frames", *families])
    return "; ".join([*(f"{Path(source).name}, {n_frames[source]} frames" for source in recordings), *families])
