"""MP4 (H.264): every image is shown when it was acquired, so the film lasts as long as what was recorded."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, ImageFormat
from sonolucent.stream.exports.sheet import Sheet

_TICKS_HZ = 90_000
"""The clock of MPEG's own streams."""
# Without images that refer to later ones: those come out of order, and the last would not tell when the film ends.
_OPTIONS: dict[str, object] = {"crf": "16", "bf": "0"}
_N_THREADS = 1
"""The encoder decides a little differently on every other number: with one, a film is the same on all machines."""


def _write(path: Path, clip: Clip, appearance: Appearance) -> None:
    sheet = Sheet(clip, appearance)
    edges = np.rint(_TICKS_HZ * np.append(clip.times_s, clip.durations_s.sum())).astype(int)
    lasts = {begin: end - begin for begin, end in pairwise(_rising(edges).tolist())}
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        container.metadata["title"] = clip.description
        container.metadata["comment"] = json.dumps(clip.facts)
        film = _Film(container, sheet.shape, Fraction(1 / float(np.median(clip.durations_s))), lasts)
        for begin, image in zip(lasts, clip, strict=True):
            film.show(_even(sheet.draw(image)), begin)
        film.end()


class _Film:
    """The encoder and the file it writes to; `lasts` tells by its beginning how many ticks an image is shown."""

    def __init__(
        self, container: av.container.OutputContainer, shape: tuple[int, int], rate: Fraction, lasts: dict[int, int]
    ) -> None:
        self._container, self._lasts = container, lasts
        rows, columns = (n + n % 2 for n in shape)
        self._video: av.VideoStream = container.add_stream("libx264", rate=rate.limit_denominator(1000))
        self._video.options = _OPTIONS
        self._video.height, self._video.width, self._video.pix_fmt = rows, columns, "yuv420p"
        self._video.codec_context.time_base = Fraction(1, _TICKS_HZ)
        self._video.codec_context.thread_count = _N_THREADS

    def show(self, grey: NDArray[np.uint8], begin: int) -> None:
        frame = av.VideoFrame.from_ndarray(grey, format="gray")
        frame.pts, frame.time_base = begin, Fraction(1, _TICKS_HZ)
        self._write(frame)

    def end(self) -> None:
        self._write(None)

    def _write(self, frame: av.VideoFrame | None) -> None:
        for packet in self._video.encode(frame):
            if packet.pts is not None:
                packet.duration = self._lasts[packet.pts]
            self._container.mux(packet)


def _rising(ticks: NDArray[np.int_]) -> NDArray[np.int_]:
    """Each later than the one before, as images of a film are: those that are not come a tick after it."""
    counted = np.arange(len(ticks))
    return np.maximum.accumulate(ticks - counted) + counted


def _even(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """H.264 halves the resolution of colour, so both sides must be even: a black row or column is added."""
    return np.pad(grey, [(0, n % 2) for n in grey.shape])


FORMAT = ImageFormat(_write)
