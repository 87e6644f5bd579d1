"""Channel data to B-mode: the first transform of the pipeline."""

from __future__ import annotations

import logging

import numpy as np

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, Frame, Image, Stream
from sonolucent.stream.stages.protocol import FrameRefused, Transform

_log = logging.getLogger(__name__)


def beamform(config: Config, stream: Stream) -> Transform:
    """Channel data to B-mode, by the Fourier beamformer and the stream's own reference level.

    Raises:
        ConfigError: there is no such device, or the stream's geometry cannot be imaged.
    """
    from sonolucent.beamform import BModeImager, NotFiniteError

    try:
        imager = BModeImager(
            stream.acquisition,
            stream.grid,
            dynamic_range_db=config.dynamic_range_db,
            threads=config.beamform_threads,
            device=config.beamform_device,
        )
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"beamform: {error}") from error
    imager.warm_up(stream.dtype)
    _log.info("beamform: %s", imager.describe())

    def run(frame: Frame) -> Image:
        if not isinstance(frame, Channels):
            raise TypeError("beamform takes channel data")
        layers = np.empty((1, *stream.grid.shape), np.float32)
        try:
            imager(frame.data, out=layers[0])
        except NotFiniteError as error:
            raise FrameRefused("not finite", f"frame {frame.frame_id}: {error}") from error
        return Image(frame.frame_id, layers, config.dynamic_range_db, trail=frame.trail)

    return run
