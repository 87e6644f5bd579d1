"""From recordings to the frames that networks are trained on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sonolucent.beamform import BModeImager, NotFiniteError
from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.nn.training import TrainingFrame
from sonolucent.nn.training.sparse import sparse_beamformer, symmetric_pair
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.recording.open import open_recording

_PHANTOM = "random_tissue"
_SNR_DB = 20.0


@dataclass(frozen=True)
class ChannelFrame:
    """A frame of channel data, (n_tx, n_rx, n_samples), with the subject it shows and its name for messages."""

    subject: str
    name: str
    acquisition: Acquisition
    data: NDArray[Any]


@dataclass(frozen=True)
class TrainingData:
    """Beamformed frames on one grid, and where they come from."""

    grid: ImageGrid
    frames: list[TrainingFrame] = field(default_factory=list)
    description: str = ""


def load(
    sources: Sequence[str],
    *,
    transmitters: tuple[int, int] | None,
    needs_sparse: bool,
    beamformed: Callable[[str], None],
) -> TrainingData:
    """Reads and beamforms every frame of the sources.

    Args:
        sources: recordings, each of one subject, or "sim:N", N phantoms of random tissue.
        transmitters: the elements of the sparse image; a symmetric pair by default.
        needs_sparse: make the sparse images too.
        beamformed: told the name of each frame that is ready.

    Raises:
        RecordingError: a recording cannot be read.
        ConfigError: a frame cannot be used, or recordings differ in geometry; the message names file and frame.
    """
    beamform: Callable[[ChannelFrame], TrainingFrame] | None = None
    first: ChannelFrame | None = None
    frames = []
    for source in sources:
        for frame in _channel_frames(source):
            if first is None or beamform is None:
                first, grid = frame, ImageGrid.for_acquisition(frame.acquisition)
                beamform = _beamformer(frame.acquisition, grid, transmitters, needs_sparse)
            _require_same_geometry(first, frame)
            frames.append(beamform(frame))
            beamformed(frame.name)
    if not frames:
        raise ConfigError(f"there are no frames of channel data in {', '.join(sources)}")
    return TrainingData(grid, frames, "; ".join(_description(source, frames) for source in sources))


def _channel_frames(source: str) -> Iterator[ChannelFrame]:
    if simulated := re.fullmatch(r"sim:(\d+)", source):
        yield from _simulated(int(simulated[1]))
        return
    recording = open_recording(source)
    for i in range(len(recording)):
        yield ChannelFrame(source, f"{source} frame {i}", recording.acquisition, recording[i])


def _simulated(n: int) -> Iterator[ChannelFrame]:
    from sonolucent.sim import phantoms, simulate

    acquisition = Acquisition()
    for seed in range(n):
        phantom = phantoms.make(_PHANTOM, seed=seed)
        channels = simulate(
            acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes, snr_db=_SNR_DB, seed=seed
        )
        name = f"{_PHANTOM} {seed}"
        yield ChannelFrame(name, name, acquisition, channels)


def _beamformer(
    acquisition: Acquisition, grid: ImageGrid, transmitters: tuple[int, int] | None, needs_sparse: bool
) -> Callable[[ChannelFrame], TrainingFrame]:
    imager = BModeImager(acquisition, grid)
    sparse = None
    if needs_sparse:
        sparse = sparse_beamformer(acquisition, grid, transmitters or symmetric_pair(acquisition))

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

    return beamform


def _require_same_geometry(first: ChannelFrame, frame: ChannelFrame) -> None:
    if frame.acquisition != first.acquisition:
        raise ConfigError(
            f"{frame.name} was taken with another geometry (probe, transmits, sampling or sound speed) than "
            f"{first.name}; train on each alone"
        )


def _description(source: str, frames: Sequence[TrainingFrame]) -> str:
    if source.startswith("sim:"):
        n = int(source.removeprefix("sim:"))
        return f"{n} {_PHANTOM} phantoms of sonolucent.sim, seeds 0..{n - 1}, SNR {_SNR_DB:g} dB"
    return f"{Path(source).name}, {sum(frame.subject == source for frame in frames)} frames"
