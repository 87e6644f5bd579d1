"""The user's cache: what is derived once and costs time to derive anew.

A cache that cannot be written costs that time at every start, and nothing else.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import shutil
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

_log = logging.getLogger(__name__)


def cache_folder(*within: str) -> Path:
    """A folder of the cache, made if need be; one that ends with this process where none can be made or written."""
    folder = _usable(user_cache_path("sonolucent")).joinpath(*within)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@functools.cache
def _usable(folder: Path) -> Path:
    """The folder, or one that takes its place."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        why = "it cannot be written"
    except OSError as error:
        why = error.strerror or str(error)
    _log.warning(
        "%s: %s; nothing is kept there, and every start derives it anew. Set XDG_CACHE_HOME to a folder of yours",
        folder,
        why,
    )
    return temporary_folder()


@functools.cache
def temporary_folder() -> Path:
    """One that ends with this process, for what must be a file and finds no room in the cache."""
    temporary = Path(tempfile.mkdtemp(prefix="sonolucent-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary
