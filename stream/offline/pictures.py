"""Images as files: PNG, MP4 and HDF5. Pictures have square pixels, so that proportions are true."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.bmode import to_grey
from sonolucent.beamform.geometry import ImageGrid
from sonolucent.stream.messages import Image, Stream
from sonolucent.stream.recording.writer import RecordingWriter

_MAX_PIXELS = 2000


def write_png(path: Path, stream: Stream, images: Iterator[Image]) -> None:
    """The first image."""
    from PIL import Image as Picture

    Picture.fromarray(_square(next(images), stream.grid)).save(path)


def write_mp4(path: Path, stream: Stream, images: Iterator[Image]) -> None:
    """A cine loop, H.264, at the stream's frame rate or 25 frames/s."""
    import av

    rate = Fraction(stream.frame_rate_hz or 25.0).limit_denominator(1000)
    with av.open(str(path), "w") as container:
        video: av.VideoStream = container.add_stream("libx264", rate=rate, options={"crf": "16"})
        for image in images:
            grey = _square(image, stream.grid)
            # H.264 halves the resolution of colour, so both sides must be even.
            even = np.ascontiguousarray(grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2])
            if not video.codec_context.is_open:
                video.height, video.width, video.pix_fmt = even.shape[0], even.shape[1], "yuv420p"
            container.mux(video.encode(av.VideoFrame.from_ndarray(even, format="gray")))
        container.mux(video.encode())


def write_hdf5(path: Path, stream: Stream, images: Iterator[Image]) -> None:
    """A recording of the images in dB (docs/reference/recording.md): the axes are in scan/grid."""
    writer = RecordingWriter(path, stream, channels=False, images=True)
    for image in images:
        writer.write(image)
    writer.flush({})  # no edge was crossed
    writer.close()


def _square(image: Image, grid: ImageGrid) -> NDArray[np.uint8]:
    """Grey levels on square pixels of the finer of the two spacings, at most 2000 to a side."""
    from PIL import Image as Picture

    width_m, height_m = grid.n_x * grid.dx_m, grid.n_z * grid.dz_m
    side = max(min(grid.dx_m, grid.dz_m), width_m / _MAX_PIXELS, height_m / _MAX_PIXELS)
    size = max(1, round(width_m / side)), max(1, round(height_m / side))
    picture = Picture.fromarray(to_grey(image.best, image.dynamic_range_db))
    return np.asarray(picture.resize(size, Picture.Resampling.BICUBIC))
