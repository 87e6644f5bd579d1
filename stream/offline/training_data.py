"""From recordings to the frames that networks are trained on."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import BModeImager, ImagingSettings, NotFiniteError
from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.evaluate.seeds import TRAINING
from sonolucent.nn.image_conditions import ImageConditions
from sonolucent.nn.training import TrainingFrame
from sonolucent.nn.training.sparse import sparse_beamformer, symmetric_pair
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.oddities import SeenFrames
from sonolucent.stream.recording.open import open_recording

_log = logging.getLogger(__name__)


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


@dataclass(frozen=True)
class ChannelFrame:
    """A frame of channel data, (n_tx, n_rx, n_samples), with the subject it shows and its name for messages."""

    subject: str
    name: str
    acquisition: Acquisition
    data: NDArray[Any]


@dataclass(frozen=True)
class TrainingData:
    """Beamformed frames on one grid, how their images are made, and what is odd about them."""

    grid: ImageGrid
    frames: list[TrainingFrame] = field(default_factory=list)
    conditions: ImageConditions | None = None
    warnings: tuple[str, ...] = ()


def load(
    sources: Sequence[str],
    *,
    transmitters: tuple[int, int] | None,
    needs_sparse: bool,
    imaging: ImagingSettings,
    beamformed: Callable[[str], None],
) -> TrainingData:
    """Reads and beamforms every frame of the sources. What is odd about them goes to the log at once.

    Args:
        sources: recordings, each of one subject, or phantoms of a family: "sim:N", random tissue, or "anatomy:N".
        transmitters: the elements of the sparse image; a symmetric pair by default.
        needs_sparse: make the sparse images too.
        imaging: how frames are beamformed.
        beamformed: told the name of each frame that is ready.

    Raises:
        RecordingError: a recording cannot be read.
        ConfigError: a frame cannot be used, or recordings differ in geometry; the message names file and frame.
    """
    beamform: Callable[[ChannelFrame], TrainingFrame] | None = None
    first: ChannelFrame | None = None
    frames: list[TrainingFrame] = []
    warnings: list[str] = []
    for source in sources:
        seen = None if _simulated(source) else SeenFrames(source)
        for frame in _channel_frames(source, imaging):
            if first is None or beamform is None:
                first = frame
                grid, beamform = _beamformer(frame, imaging, transmitters, needs_sparse)
            _require_same_geometry(first, frame)
            frames.append(beamform(frame))
            if seen is not None:
                seen.note(frame.data, frames[-1].image, grid)
            beamformed(frame.name)
        warnings += [] if seen is None else seen.warnings()
    if not frames:
        raise ConfigError(f"there are no frames of channel data in {', '.join(sources)}")
    for warning in warnings:
        _log.warning(warning)
    conditions = None if first is None else ImageConditions.of(imaging.acquisition_of(first.acquisition), grid)
    return TrainingData(grid, frames, conditions, tuple(warnings))


def is_simulated(source: str) -> bool:
    """Whether it stands for phantoms.

    Raises:
        ConfigError: there are not that many to train on.
    """
    return _simulated(source) is not None


def _channel_frames(source: str, imaging: ImagingSettings) -> Iterator[ChannelFrame]:
    if simulated := _simulated(source):
        yield from _phantom_frames(*simulated)
        return
    recording = open_recording(source, sound_speed_m_s=imaging.sound_speed_m_s)
    for i in range(len(recording)):
        yield ChannelFrame(source, f"{source} frame {i}", recording.acquisition, recording[i])


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


def _phantom_frames(family: PhantomFamily, n: int) -> Iterator[ChannelFrame]:
    from sonolucent.sim import phantoms, simulate

    acquisition = Acquisition()
    for seed in TRAINING[:n]:
        phantom = phantoms.make(family.phantom, seed=seed)
        channels = simulate(
            acquisition,
            scatterers_m=phantom.scatterers_m,
            amplitudes=phantom.amplitudes,
            snr_db=family.snr_of(seed),
            seed=seed,
        )
        name = f"{family.phantom} {seed}"
        yield ChannelFrame(name, name, acquisition, channels)


def _beamformer(
    first: ChannelFrame, imaging: ImagingSettings, transmitters: tuple[int, int] | None, needs_sparse: bool
) -> tuple[ImageGrid, Callable[[ChannelFrame], TrainingFrame]]:
    try:
        imager = BModeImager(first.acquisition, settings=imaging)
    except ValueError as error:
        raise ConfigError(f"{first.name}: {error}") from error
    sparse = None
    if needs_sparse:
        whole = msgspec.structs.replace(imaging, transmits=None, shots=None).acquisition_of(first.acquisition)
        sparse = sparse_beamformer(whole, imager.grid, transmitters or symmetric_pair(whole))

    def beamform(frame: ChannelFrame) -> TrainingFrame:
        silent = [i for i, shot in enumerate(frame.data) if not shot.any()]
        if silent:
            raise ConfigError(f"{frame.name}: transmit {silent[0]} is missing or silent; leave the frame out")
        try:
            imager(frame.data)
        except NotFiniteError as error:
            raise ConfigError(f"{frame.name}: {error}; leave the frame out") from error
        return TrainingFrame(
            frame.subject, frame.name, imager.analytic.copy(), None if sparse is None else sparse(frame.data)
        )

    return imager.grid, beamform


def _require_same_geometry(first: ChannelFrame, frame: ChannelFrame) -> None:
    if frame.acquisition != first.acquisition:
        raise ConfigError(
            f"{frame.name} was taken with another geometry (probe, transmits, sampling or sound speed) than "
            f"{first.name}; train on each alone"
        )


def describe(sources: Sequence[str], frames: Sequence[TrainingFrame]) -> str:
    """What frames of the sources were trained on, in words."""
    return "; ".join(_description(source, frames) for source in sources)


def _description(source: str, frames: Sequence[TrainingFrame]) -> str:
    if simulated := _simulated(source):
        family, n = simulated
        return family.description(n)
    return f"{Path(source).name}, {sum(frame.subject == source for frame in frames)} frames"
