"""Channel data to B-mode: the first transform of the pipeline."""

from __future__ import annotations

import numpy as np

from sonolucent.beamform import BModeImager, NotFiniteError
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, Frame, Image, Stream
from sonolucent.stream.stages.transform import FrameRefused, Transform


class Beamform(Transform):
    """The Fourier beamformer and the stream's own reference level.

    Raises:
        ConfigError: there is no such device, or the stream's geometry cannot be imaged.
    """

    def __init__(self, config: Config, stream: Stream) -> None:
        self._dtype = stream.dtype
        try:
            self._imager = BModeImager(
                stream.acquisition,
                stream.grid,
                dynamic_range_db=config.dynamic_range_db,
                threads=config.beamform_threads,
                device=config.beamform_device,
            )
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"beamform: {error}") from error

    def warm_up(self) -> None:
        self._imager.warm_up(self._dtype)

    def describe(self) -> str:
        return self._imager.describe()

    def __call__(self, frame: Frame) -> Image:
        if not isinstance(frame, Channels):
            raise ConfigError("beamform takes channel data; in `transforms` it comes before all that take images")
        layers = np.empty((1, *self._imager.grid.shape), np.float32)
        try:
            self._imager(frame.data, out=layers[0])
        except NotFiniteError as error:
            raise FrameRefused("not finite", f"frame {frame.frame_id}: {error}") from error
        return Image(frame.frame_id, layers, self._imager.dynamic_range_db, trail=frame.trail)


open_transform = Beamform
