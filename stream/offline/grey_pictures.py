"""Pictures of B-mode: PNG, JPEG and what else Pillow reads; and when a picture is none of B-mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.sim.picture_pages import Page, picture_pages
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.wanted_images import WantedImages

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
_COLOUR, _MOST_COLOURED = 40, 1e-3
"""Levels by which channels may differ, for JPEG's sake, in all but so many of the pixels: marks and logos are few."""
_NOMINAL_S = 0.04
_INCH_M = 0.0254


@dataclass(frozen=True)
class Pictures:
    """What a file of pictures shows of what was asked for.

    Args:
        images: each (n_z, n_x), grey 0..255 as uint8, or dB as float32.
        times_s: when each is shown, rising.
        first: the number of the first, of all that the file holds.
        rate_hz: images a second, where the file says.
        pixel_m: width and height of a pixel, where the file says.
    """

    images: Sequence[NDArray[np.uint8]] | NDArray[np.float32]
    times_s: NDArray[np.float64]
    first: int = 0
    rate_hz: float | None = None
    pixel_m: tuple[float, float] | None = None


def picture_file(path: Path, wanted: WantedImages) -> Pictures:
    """The picture, or the pages of it, that a file holds.

    Only pictures that this program has written tell the size of their pixels: what others write there is meant for
    printers.

    Raises:
        ConfigError: it cannot be read, has no such pages, or is not grey of 8 bits.
    """
    said: dict[Any, Any] = {}
    try:
        images, times_s = wanted.shown(path, _frames(path, said))
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(str(error)) from error
    own, dpi = str(said.get("Software", "")).startswith("Sonolucent"), said.get("dpi")
    pixel_m = (_INCH_M / float(dpi[0]), _INCH_M / float(dpi[1])) if own and dpi else None
    return Pictures(images, times_s, wanted.first, pixel_m=pixel_m)


def _frames(path: Path, said: dict[Any, Any]) -> Iterator[tuple[float, Callable[[], NDArray[np.uint8]]]]:
    """Times and pixels; `said` is filled with what the file tells beside its first page."""
    time_s = 0.0
    for page in picture_pages(path):
        if not said:
            said.update(page.info)
        yield time_s, partial(_grey_page, page, path)
        time_s += page.info.get("duration", 0) * 1e-3 or _NOMINAL_S


def _grey_page(page: Page, path: Path) -> NDArray[np.uint8]:
    require_8_bits(page.mode, path)
    return grey_of(page.pixels("RGB"), path)


def grey_of(rgb: NDArray[np.uint8], where: Path) -> NDArray[np.uint8]:
    """Grey (n_z, n_x) of a picture (n_z, n_x, 3) that is grey.

    Raises:
        ConfigError: it has colours.
    """
    spread = rgb.max(axis=2) - rgb.min(axis=2)
    coloured = spread > _COLOUR
    if coloured.mean() > _MOST_COLOURED:
        row, column = (int(place) for place in np.argwhere(coloured)[0])
        raise ConfigError(
            f"{where}: {100 * coloured.mean():.2g} % of its pixels have colour, such as that in row {row}, column "
            f"{column}; B-mode is grey: cut the coloured part away, or save it as grey"
        )
    return np.asarray(np.round(rgb.mean(axis=2)), np.uint8)


def require_8_bits(mode: str, path: Path) -> None:
    """Refuses a picture of Pillow's mode `mode` that has more. Raises ConfigError."""
    if mode.startswith("I") or mode == "F":
        bits = 16 if mode.startswith("I;16") or mode == "I" else 32
        raise ConfigError(
            f"{path}: {bits} bits of grey, of which nobody says what is white; save it with 8 bits, black to white"
        )
