"""Numba kernels that are compiled once: their machine code is kept in the user's cache directory, beside FFTW's wisdom.

Not beside the sources, as Numba would have it: an installation may be read-only. And in a folder for each state of the
sources: Numba compiles a kernel anew when its own file changes, but not when that of a kernel it calls does.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
from platformdirs import user_cache_path

_KEPT = 4
"""States of the sources whose machine code is kept."""
_log = logging.getLogger(__name__)


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` of a function that runs without the GIL, cached; `options` are further ones of Numba's."""

    def compile_(function: Callable[..., Any]) -> Any:
        with _numba_caches_in(_FOLDER):
            return numba.njit(nogil=True, cache=_FOLDER is not None, **options)(function)

    return compile_


@contextmanager
def _numba_caches_in(folder: Path | None) -> Iterator[None]:
    """Other packages' kernels are none of ours: the setting holds for one function."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder or before)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def _prepare_folder() -> Path | None:
    """The folder for this state of the sources, or NUMBA_CACHE_DIR; None, and a warning, where nothing can be kept."""
    if numba.config.CACHE_DIR:
        return Path(numba.config.CACHE_DIR)
    folder = user_cache_path("sonolucent") / "numba" / _state_of_the_sources()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
    except OSError as error:
        _log.warning("compiled kernels cannot be kept (%s); every start compiles them anew", error)
        return None
    with suppress(FileNotFoundError):  # another process tidies up as well
        for old in sorted(folder.parent.iterdir(), key=lambda f: f.stat().st_mtime)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _state_of_the_sources() -> str:
    texts = [path.read_bytes() for path in sorted(Path(__file__).parents[1].rglob("*.py"))]
    return hashlib.sha256(b"".join(t for t in texts if b"@kernel" in t or b"@intrinsic" in t)).hexdigest()[:16]


_FOLDER = _prepare_folder()
