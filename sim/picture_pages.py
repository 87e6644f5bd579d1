"""Pictures whose maker is not trusted, page by page: what is wrong is told in words, and no page takes all memory."""

from __future__ import annotations

import itertools
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import MOST_PIXELS

if TYPE_CHECKING:
    from PIL.Image import Image as OpenedPicture

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
"""By a file's content. Others have Pillow start programs: PostScript is one, whatever the file is called."""
# What Pillow raises on damaged files, by trial.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RuntimeError,
    EOFError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Page:
    """One picture of a file.

    Args:
        mode: as Pillow names it: "L" is grey of 8 bits, "I;16" of 16.
        info: what the file says beside it.
        pixels: its pixels in the mode that is asked for; those of more than 8 bits as they are. Raises ValueError.
    """

    mode: str
    info: Mapping[Any, Any]
    pixels: Callable[[str], NDArray[Any]]


def picture_pages(path: Path) -> Iterator[Page]:
    """The pages of a picture, one at least; each is there until the next one is asked for.

    Raises:
        ValueError: the file is missing, damaged or no picture, or a page has more pixels than any image may.
    """
    from PIL import Image as Picture

    with _in_words(path):
        opened = Picture.open(path, formats=_FORMATS)
    with opened:
        for number in itertools.count():
            with _in_words(path):
                if not _turned_to(opened, number):
                    return
                require_pixels(path, opened.width, opened.height)
            yield Page(opened.mode, opened.info, lambda mode: _pixels(path, opened, mode))


def first_page(path: Path, mode: str) -> tuple[str, NDArray[Any]]:
    """The mode and the pixels of the first page, as `picture_pages` gives them. Raises ValueError as that."""
    pages = picture_pages(path)
    page = next(pages)
    return page.mode, page.pixels(mode)


def require_pixels(path: Path, width: int, height: int) -> None:
    """Refuses an image of more pixels than any image may have. Raises ValueError."""
    if width * height > MOST_PIXELS:
        raise ValueError(
            f"{path} has too many pixels, {width} x {height}; {MOST_PIXELS} at most are possible: cut it, or make it "
            "smaller"
        )


def _turned_to(opened: OpenedPicture, number: int) -> bool:
    """Whether there is a page of that number."""
    try:
        opened.seek(number)
    except EOFError:
        return False
    return True


def _pixels(path: Path, page: OpenedPicture, mode: str) -> NDArray[Any]:
    with _in_words(path):
        is_deep = page.mode.startswith(("I", "F"))
        return np.asarray(page if is_deep else page.convert(mode))


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    from PIL import Image as Picture
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Picture.DecompressionBombWarning)
            yield
    except FileNotFoundError as error:
        raise ValueError(f"{path}: there is no such file") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is no picture that can be read; give a PNG, JPEG or TIFF") from error
    except (Picture.DecompressionBombError, Picture.DecompressionBombWarning) as error:
        raise ValueError(f"{path} has too many pixels to be a picture of B-mode; cut it, or make it smaller") from error
    except _DAMAGED as error:
        raise ValueError(f"{path}: {getattr(error, 'strerror', None) or error}; check the file") from error
