"""Films of B-mode: MP4 and what else FFmpeg reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sonolucent.sim.picture_pages import require_pixels
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.grey_pictures import Pictures, grey_of
from sonolucent.stream.offline.wanted_images import WantedImages

if TYPE_CHECKING:
    from av import VideoFrame

FILMS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm")
_NOMINAL_HZ = 25.0
# A playlist by another name would have other files read, and shown.
_NO_OTHER_FILES = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,matroska,webm",
    "protocol_whitelist": "file",
}


def film_file(path: Path, wanted: WantedImages) -> Pictures:
    """The frames of a film.

    Raises:
        ConfigError: it cannot be read, has no such frames, or is not grey.
    """
    import av

    try:
        with av.open(str(path), options=_NO_OTHER_FILES) as container:
            video = next(iter(container.streams.video), None)
            if video is None:
                raise ConfigError(f"{path}: holds no film; check the file")
            rate_hz = float(video.average_rate or _NOMINAL_HZ)
            images, times_s = wanted.shown(path, _frames(container.decode(video), rate_hz, path))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file") from error
    except ConfigError:
        raise
    except (av.FFmpegError, OSError) as error:
        raise ConfigError(f"{path} is no film that can be read ({error.strerror}); give an MP4") from error
    except ValueError as error:  # of require_pixels; those of FFmpeg are told above
        raise ConfigError(str(error)) from error
    return Pictures(images, times_s, wanted.first, rate_hz)


def _frames(
    decoded: Iterator[VideoFrame], rate_hz: float, path: Path
) -> Iterator[tuple[float, Callable[[], NDArray[np.uint8]]]]:
    for i, frame in enumerate(decoded):
        require_pixels(path, frame.width, frame.height)
        yield (i / rate_hz if frame.time is None else frame.time), partial(_grey, frame, path)


def _grey(frame: VideoFrame, path: Path) -> NDArray[np.uint8]:
    return grey_of(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), path)
