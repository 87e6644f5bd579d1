"""Channel data to B-mode: the first transform of the pipeline."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import BModeImager, NotFiniteError, ReferenceLevel
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, Frame, Image, Stream
from sonolucent.stream.stages.transform import FrameRefused, Transform


class Beamform(Transform):
    """A beamformer and the stream's own reference level, which outlives changes of the settings.

    Raises:
        ConfigError: there is no such device, or the stream's geometry cannot be imaged.
    """

    def __init__(self, config: Config, stream: Stream) -> None:
        self._config = config
        self._reference = ReferenceLevel()
        self._stream, self._imager = stream, self._imager_of(stream)
        self._next = (stream, self._imager)
        self._arriving = _Arriving()
        self._seen: set[int] = set()
        """Shots of a sliding aperture that there have been."""
        self._require_shots(self._imager)

    def warm_up(self) -> None:
        self._imager.warm_up(self._stream.dtype)

    def describe(self) -> str:
        return self._imager.describe()

    def prepare(self, stream: Stream) -> None:
        self._next = (stream, self._ready_for(stream))

    def begin(self, stream: Stream) -> None:
        ready_for, imager = self._next
        imager = imager if ready_for == stream else self._ready_for(stream)
        if imager.beamformer is not self._imager.beamformer:
            self._seen = set()
        self._stream, self._imager = stream, imager
        self._arriving = _Arriving()

    def hasten(self, shots: Channels) -> None:
        if shots.frame_id != self._arriving.frame_id:
            self._arriving = _Arriving(shots.frame_id)
        if self._imager.takes_shots:
            self._push(shots)

    def __call__(self, frame: Frame) -> Image:
        if not isinstance(frame, Channels):
            raise ConfigError("beamform takes channel data; in `transforms` it comes before all that take images")
        layers = np.empty((1, *self._imager.grid.shape), np.float32)
        try:
            self._image(frame, layers[0])
        except NotFiniteError as error:
            raise FrameRefused("not finite", f"frame {frame.frame_id}: {error}") from error
        range_db = self._imager.dynamic_range_db
        return Image(
            frame.frame_id,
            layers,
            range_db,
            trail=frame.trail,
            revision=self._stream.revision,
            n_shots=self._n_shots(frame),
        )

    def _n_shots(self, frame: Channels) -> tuple[int, int] | None:
        """Of a sliding aperture: the shots that its image is made of by now, and those that there are."""
        if self._config.every is None:
            return None
        self._seen.update(range(frame.first_tx, frame.first_tx + len(frame.data)))
        return len(self._seen), self._stream.acquisition.n_tx

    def _image(self, frame: Channels, out: NDArray[np.float32]) -> None:
        """Images a frame: what is left of it, where its shots have come ahead."""
        arriving, self._arriving = self._arriving, _Arriving()
        is_whole = len(frame.data) == self._stream.acquisition.n_tx
        if is_whole and (frame.frame_id != arriving.frame_id or not arriving.pushed):
            self._imager(frame.data, out=out)
            return
        already = arriving.pushed if arriving.frame_id == frame.frame_id else set()
        for i, shot in enumerate(frame.data, frame.first_tx):
            if i not in already:
                self._imager.push(shot, i)
        self._imager.image(out=out)

    def _push(self, shots: Channels) -> None:
        for i, shot in enumerate(shots.data, shots.first_tx):
            with suppress(NotFiniteError):  # the whole frame will say it
                self._imager.push(shot, i)
                self._arriving.pushed.add(i)

    def _ready_for(self, stream: Stream) -> BModeImager:
        imager = self._imager.shown_by(stream.imaging)
        if imager is not None:
            return imager
        imager = self._imager_of(stream)
        self._require_shots(imager)
        # One of the same kind is compiled already, and images made now would only take frames their cores. But a
        # sliding aperture may show an image before a shot that is used.
        if self._config.every is not None or type(imager.beamformer) is not type(self._imager.beamformer):
            imager.warm_up(stream.dtype)
        return imager

    def _require_shots(self, imager: BModeImager) -> None:
        if self._config.every is not None and not imager.takes_shots:
            raise ConfigError(
                "every takes a beamformer to which shots can be pushed: method fourier, single elements or plane waves"
            )

    def _imager_of(self, stream: Stream) -> BModeImager:
        try:
            return BModeImager(
                stream.acquisition,
                stream.grid,
                settings=stream.imaging,
                reference=self._reference,
                threads=self._config.beamform_threads,
                device=self._config.beamform_device,
            )
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"beamform: {error}") from error


@dataclass(frozen=True)
class _Arriving:
    """A frame whose shots are coming ahead, and which of them have been pushed."""

    frame_id: int | None = None
    pushed: set[int] = field(default_factory=set)


open_transform = Beamform
