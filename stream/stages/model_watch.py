"""Notices that a model folder holds another model: training has written a new one, or a link points elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_PERIOD_S = 0.5
_FILES = ("model.json", "weights.safetensors")

_State = tuple[tuple[int, int, int], ...] | None


class ModelWatch:
    """Looks at a model folder at most twice a second, whenever it is asked.

    Args:
        folder: may be a symbolic link.
        clock: monotonic seconds.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._known = self._seen = _state(folder)
        self._looked_s = clock()

    def changed(self) -> bool:
        """Whether there are other files than before, and the same at two looks: nobody is writing them any more."""
        now_s = self._clock()
        if now_s - self._looked_s < _PERIOD_S:
            return False
        self._looked_s = now_s
        before, self._seen = self._seen, _state(self._folder)
        if self._seen is None or self._seen != before or self._seen == self._known:
            return False
        self._known = self._seen
        return True


def _state(folder: Path) -> _State:
    """What tells the files from others of the same names; None while one is missing."""
    try:
        found = [(folder / name).stat() for name in _FILES]
    except OSError:
        return None
    return tuple((file.st_ino, file.st_mtime_ns, file.st_size) for file in found)
