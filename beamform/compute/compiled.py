"""Numba kernels that are compiled once: their machine code is kept in the user's cache directory, beside FFTW's wisdom.

Not beside the sources, as Numba would have it: an installation may be read-only. And in a folder for each state of the
sources: Numba compiles a kernel anew when its own file changes, but not when that of a kernel it calls does.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core.caching import FunctionCache, _Cache

from sonolucent.beamform.compute.cache_folder import cache_folder

Array = TypeVar("Array", bound=np.ndarray[Any, Any])
_KEPT = 4
"""States of the sources whose machine code is kept."""
_log = logging.getLogger(__name__)


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` of a function that runs without the GIL, cached; `options` are further ones of Numba's."""

    def compile_(function: Callable[..., Any]) -> Any:
        compiled = numba.njit(nogil=True, **options)(function)
        compiled._cache = _KernelCache(function)
        return compiled

    return compile_


def read_only(array: Array) -> Array:
    """A view that cannot be written to: frames come as either kind, and a kernel is compiled for each that it meets."""
    view = array.view()
    view.flags.writeable = False
    return view


class _KernelCache(_Cache):  # type: ignore[misc]  # Numba is not typed
    """Numba's cache of one kernel, opened when that is first called: who only imports a kernel touches no file."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @functools.cached_property
    def _opened(self) -> Any:
        with _numba_caches_in(_folder()):
            return FunctionCache(self._function)

    @property
    def cache_path(self) -> Any:
        return self._opened.cache_path

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        return self._opened.load_overload(sig, target_context)

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            self._opened.save_overload(sig, data)
        except OSError as error:  # as on a full disk
            _tell_of(error.strerror)

    def enable(self) -> None:
        self._opened.enable()

    def disable(self) -> None:
        self._opened.disable()

    def flush(self) -> None:
        self._opened.flush()


@functools.cache
def _tell_of(why: str) -> None:
    _log.warning("%s: %s; kernels are compiled anew at every start", _folder(), why)


@contextmanager
def _numba_caches_in(folder: Path) -> Iterator[None]:
    """Other packages' kernels are none of ours: the setting holds for one function."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


@functools.cache
def _folder() -> Path:
    """The folder for this state of the sources, or NUMBA_CACHE_DIR."""
    if numba.config.CACHE_DIR:
        return Path(numba.config.CACHE_DIR)
    folder = cache_folder("numba", _state_of_the_sources())
    os.utime(folder)
    with suppress(FileNotFoundError):  # another process tidies up as well
        for old in sorted(folder.parent.iterdir(), key=lambda f: f.stat().st_mtime)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _state_of_the_sources() -> str:
    """Of all of the two packages: kernels have constants and the order of tuples' fields from other files in them."""
    packages = Path(__file__).parents[1], Path(__file__).parents[2] / "sim"
    texts = [path.read_bytes() for package in packages for path in sorted(package.rglob("*.py"))]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]
