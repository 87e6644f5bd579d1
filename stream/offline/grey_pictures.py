"""Pictures of B-mode: PNG, JPEG and what else Pillow reads; and when a picture is none of B-mode."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolucent.sim.picture import PICTURE_FORMATS
from sonolucent.stream.errors import ConfigError

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
_COLOUR, _MOST_COLOURED = 40, 1e-3
"""Levels by which channels may differ, for JPEG's sake, in all but so many of the pixels: marks and logos are few."""
_NOMINAL_S = 0.04
_INCH_M = 0.0254


@dataclass(frozen=True)
class Pictures:
    """What a file of pictures holds.

    Args:
        pixels: (n, n_z, n_x), grey 0..255 as uint8, or dB as float32.
        times_s: when each is shown, rising, (n,).
        rate_hz: images a second, where the file says.
        pixel_m: width and height of a pixel, where the file says.
    """

    pixels: NDArray[np.uint8] | NDArray[np.float32]
    times_s: NDArray[np.float64]
    rate_hz: float | None = None
    pixel_m: tuple[float, float] | None = None


def picture_file(path: Path) -> Pictures:
    """The picture, or the pages of it, that a file holds.

    Only pictures that this program has written tell the size of their pixels: what others write there is meant for
    printers.

    Raises:
        ConfigError: it cannot be read, or is not grey of 8 bits.
    """
    from PIL import Image as Picture
    from PIL import ImageSequence, UnidentifiedImageError

    pages, times_s, time_s = [], [], 0.0
    try:
        with Picture.open(path, formats=PICTURE_FORMATS) as opened:
            own = str(opened.info.get("Software", "")).startswith("Sonolucent")
            dpi = opened.info.get("dpi")
            for page in ImageSequence.Iterator(opened):
                _require_8_bits(page.mode, path)
                pages.append(grey_of(np.asarray(page.convert("RGB")), path))
                times_s.append(time_s)
                time_s += page.info.get("duration", 0) * 1e-3 or _NOMINAL_S
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file") from error
    except UnidentifiedImageError as error:
        raise ConfigError(f"{path} is no picture that can be read; give a PNG, JPEG or TIFF") from error
    except Picture.DecompressionBombError as error:
        raise ConfigError(f"{path} has too many pixels to be a picture of B-mode; cut it") from error
    except (OSError, SyntaxError) as error:
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}; check the file") from error
    if len({page.shape for page in pages}) > 1:
        raise ConfigError(f"{path}: its pages are of different sizes; give them one by one")
    pixel_m = (_INCH_M / float(dpi[0]), _INCH_M / float(dpi[1])) if own and dpi else None
    return Pictures(np.stack(pages), np.array(times_s), pixel_m=pixel_m)


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


def _require_8_bits(mode: str, path: Path) -> None:
    if mode.startswith("I") or mode == "F":
        bits = 16 if mode.startswith("I;16") or mode == "I" else 32
        raise ConfigError(
            f"{path}: {bits} bits of grey, of which nobody says what is white; save it with 8 bits, black to white"
        )
