"""Frames that show something new: what a frame shows is told from others by its speckle.

A probe that is held still shows the same speckle again and again, and a network learns as little from a thousand such
frames as from one. Speckle is the same only where the very same tissue is seen from the same place.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid

ALIKE = 0.25
"""Likeness from which two frames show the same. A probe held still has 0.45 and more, over a vessel that pulsates too,
0.29 and more in vivo, and other tissue 0.02 and less (docs/decisions/0030). In between lie probes that have moved by
most of their image."""
_STRUCTURE_M = 1e-3
_RANGE_DB = 20.0
_TILE = 64
_MOST_COMPARED = 32


class Speckle(NamedTuple):
    """The speckle of a frame: spectra of patterns of energy 1, of the whole frame and of its tiles, (n, rows, columns).

    Args:
        whole: complex64 (n_z, n_x // 2 + 1).
        tiles: complex64.
        shape: (n_z, n_x) of the frame.
    """

    whole: NDArray[np.complex64]
    tiles: NDArray[np.complex64]
    shape: tuple[int, int]


def speckle_of(image: NDArray[np.complexfloating], grid: ImageGrid) -> Speckle:
    """The speckle of an analytic image, (n_z, n_x): its envelope in dB, less what is wider than a millimetre."""
    envelope = np.abs(image).astype(np.float32)
    level = 20 * np.log10(np.maximum(envelope, np.finfo(np.float32).tiny))
    # What is far below the tissue is noise, and other noise in every frame.
    level = np.maximum(level, np.median(level) - _RANGE_DB)
    detail = level - scipy.ndimage.gaussian_filter(level, (_STRUCTURE_M / grid.dz_m, _STRUCTURE_M / grid.dx_m))
    return Speckle(_spectra(detail[None])[0], _spectra(_tiles(detail)), grid.shape)


def likeness(a: Speckle, b: Speckle) -> float:
    """The correlation of two frames' speckle, 0 of different tissue to 1 of the same.

    Tissue that has only moved is no news: a network looks at every place of an image in the same way. So the shift is
    taken at which the frames are most alike, of the whole where the probe has moved, or of each tile where tissue has
    been deformed. A peak among many shifts is above 0 by chance: by as much as that with the frame turned by half a
    turn, or of tiles with others.
    """
    whole = _beyond(_peaks(a.whole, b.whole, a.shape), _peaks(a.whole, b.whole.conj(), a.shape))
    tile = _tile_shape(a.shape)
    return max(whole, _beyond(_peaks(a.tiles, b.tiles, tile), _peaks(a.tiles, np.roll(b.tiles, 1, axis=0), tile)))


def _tile_shape(shape: tuple[int, int]) -> tuple[int, int]:
    n_z, n_x = (min(_TILE, max(1, n // 2)) for n in shape)
    return n_z, n_x


def _tiles(detail: NDArray[np.float32]) -> NDArray[np.float32]:
    """The parts of an image, (n, rows, columns); what is left over at its lower and right edge belongs to none."""
    n_z, n_x = _tile_shape(detail.shape)
    down, across = detail.shape[0] // n_z, detail.shape[1] // n_x
    cut = detail[: down * n_z, : across * n_x].reshape(down, n_z, across, n_x)
    return cut.swapaxes(1, 2).reshape(-1, n_z, n_x)


def _spectra(patterns: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Of patterns without what whole rows or columns have in common: borders of layers, and elements."""
    centred = patterns - patterns.mean(axis=2, keepdims=True)
    centred -= centred.mean(axis=1, keepdims=True)
    energy = np.linalg.norm(centred, axis=(1, 2), keepdims=True)
    return np.asarray(scipy.fft.rfft2(centred / np.maximum(energy, np.finfo(np.float32).tiny)), np.complex64)


def _peaks(a: NDArray[np.complex64], b: NDArray[np.complex64], shape: tuple[int, int]) -> float:
    """The mean over patterns of the greatest correlation of each."""
    return float(scipy.fft.irfft2(a * b.conj(), shape).max(axis=(-2, -1)).mean())


def _beyond(same: float, by_chance: float) -> float:
    return (same - by_chance) / max(1 - by_chance, float(np.finfo(np.float32).eps))


class VariedFrames:
    """Keeps apart frames that show something new.

    Args:
        grid: of the frames.
    """

    def __init__(self, grid: ImageGrid) -> None:
        self._grid = grid
        self._last: deque[Speckle] = deque(maxlen=_MOST_COMPARED)
        self._n_kept = 0

    def __len__(self) -> int:
        """How many showed something new."""
        return self._n_kept

    def compare(self, image: NDArray[np.complexfloating], alike: float = ALIKE) -> float:
        """How much a frame is like that of those kept, the last 32 of them, that it is most like. It is kept itself
        where that is less than `alike`; otherwise the first one found is told of."""
        speckle = speckle_of(image, self._grid)
        most = 0.0
        for kept in reversed(self._last):
            most = max(most, likeness(speckle, kept))
            if most >= alike:
                return most
        self._last.append(speckle)
        self._n_kept += 1
        return most
