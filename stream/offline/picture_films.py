"""Films of B-mode: MP4 and what else FFmpeg reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.grey_pictures import Pictures, grey_of

FILMS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm")
_NOMINAL_HZ = 25.0
# A playlist by another name would have other files read, and shown.
_NO_OTHER_FILES = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,matroska,webm",
    "protocol_whitelist": "file",
}


def film_file(path: Path) -> Pictures:
    """The frames of a film.

    Raises:
        ConfigError: it cannot be read, or is not grey.
    """
    import av

    grey, times_s = [], []
    try:
        with av.open(str(path), options=_NO_OTHER_FILES) as container:
            video = next(iter(container.streams.video), None)
            if video is None:
                raise ConfigError(f"{path}: holds no film; check the file")
            rate_hz = float(video.average_rate or _NOMINAL_HZ)
            for frame in container.decode(video):
                grey.append(grey_of(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), path))
                times_s.append(frame.time if frame.time is not None else len(times_s) / rate_hz)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file") from error
    except (av.FFmpegError, OSError) as error:
        raise ConfigError(f"{path} is no film that can be read ({error.strerror}); give an MP4") from error
    if not grey:
        raise ConfigError(f"{path}: holds no frame")
    if len({image.shape for image in grey}) > 1:
        raise ConfigError(f"{path}: its frames are of different sizes; cut it where they change")
    return Pictures(np.stack(grey), np.array(times_s), rate_hz)
