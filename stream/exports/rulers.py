"""Rulers in mm around an image, and the bar that tells what grey means."""

from __future__ import annotations

import functools
import math

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

GREY = 190
_LEAST_LINE, _LINES = 11, 45
_FEWEST_TICKS = 4


def line_height(width: int, height: int) -> int:
    """The height of text that suits an image of that many pixels, in pixels."""
    return max(_LEAST_LINE, max(width, height) // _LINES)


@functools.lru_cache(maxsize=8)
def letters(line: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of that height."""
    return ImageFont.load_default(size=line)


def draw_rulers(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    corner_m: tuple[float, float],
    spacing_m: tuple[float, float],
    line: int,
    *,
    depths: bool,
) -> None:
    """A ruler below an image, and one on its left where `depths` are wanted.

    Args:
        draw: of the sheet.
        box: the image on the sheet: left, top, width, height in pixels.
        corner_m: the position (x, z) of its first pixel.
        spacing_m: of its pixels, (dx, dz).
        line: the height of the text in pixels.
    """
    left, top, width, height = box
    text, bottom, tick = letters(line), top + height, line // 2
    for x_mm, along in _ticks(corner_m[0], spacing_m[0], width):
        draw.line((left + along, bottom, left + along, bottom + tick), GREY)
        draw.text((left + along, bottom + tick + 2), f"{x_mm:g}", GREY, text, anchor="ma")
    draw.text((left + width / 2, bottom + tick + 4 + 1.2 * line), "lateral, mm", GREY, text, anchor="ma")
    if not depths:
        return
    for z_mm, along in _ticks(corner_m[1], spacing_m[1], height):
        draw.line((left - tick, top + along, left - 1, top + along), GREY)
        draw.text((left - tick - 3, top + along), f"{z_mm:g}", GREY, text, anchor="rm")
    draw.text((left - tick - 3, bottom + tick + 4 + 1.2 * line), "depth, mm", GREY, text, anchor="ma")


def draw_bar(sheet: Picture.Image, box: tuple[int, int, int, int], dynamic_range_db: float, line: int) -> None:
    """Grey from 0 dB at the top of the box to the floor of the range at its bottom, with its numbers on the right."""
    left, top, width, height = box
    greys = np.linspace(255, 0, height).round().astype(np.uint8)
    sheet.paste(Picture.fromarray(np.ascontiguousarray(np.tile(greys[:, None], width))), (left, top))
    draw = ImageDraw.Draw(sheet)
    step = _step(dynamic_range_db)
    for level_db in np.arange(0, dynamic_range_db + step / 100, step):
        at = top + level_db / dynamic_range_db * (height - 1)
        draw.text((left + width + 4, at), f"{0 - level_db:g}", GREY, letters(line), anchor="lm")
    draw.text((left + width / 2, top + height + line // 2 + 2), "dB", GREY, letters(line), anchor="ma")


def _ticks(first_m: float, spacing_m: float, n: int) -> list[tuple[float, float]]:
    """Round positions in mm, and where they lie in pixels from the outer edge of the first pixel."""
    first_mm, spacing_mm = 1e3 * first_m, 1e3 * spacing_m
    step = _step(n * spacing_mm)
    ticks = np.arange(math.ceil(first_mm / step), math.floor((first_mm + (n - 1) * spacing_mm) / step) + 1) * step
    return [(round(float(mm), 6) + 0.0, float((mm - first_mm) / spacing_mm + 0.5)) for mm in ticks]


def _step(extent: float) -> float:
    """1, 2 or 5 times a power of ten: the largest that an extent holds four times at least."""
    power = 10.0 ** math.floor(math.log10(extent / _FEWEST_TICKS))
    return max(factor * power for factor in (1, 2, 5) if factor * power * _FEWEST_TICKS <= extent * (1 + 1e-9))
