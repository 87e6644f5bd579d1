"""The sheet that an image is drawn on: one panel or two, with or without rulers, every pixel of one physical size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw

from sonolucent.beamform.bmode import to_grey
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.errors import OutputError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance
from sonolucent.stream.exports.rulers import GREY, draw_bar, draw_rulers, letters, line_height
from sonolucent.stream.messages import Image

_MAX_PIXELS = 2000
_WHOLE = 1e-6
"""Of a pixel: an extent that is whole pixels but for rounding keeps its last one."""


@dataclass(frozen=True)
class Panel:
    """Where an image lies on the sheet, in pixels, and what it is."""

    left: int
    top: int
    width: int
    height: int
    title: str


class Sheet:
    """Draws the images of a clip in grey.

    Args:
        clip: what is drawn.
        appearance: how.
        square: pixels are made square, so that proportions are true wherever the picture is shown; else they are left
            as they were imaged.

    Raises:
        OutputError: the appearance asks for an enhanced image, and there is none.
    """

    def __init__(self, clip: Clip, appearance: Appearance, *, square: bool = True) -> None:
        if appearance.side_by_side and not clip.enhanced:
            raise OutputError("side by side needs an enhanced image beside the plain one; add --enhance")
        grid = clip.stream.grid
        self._clip, self._appearance = clip, appearance
        self.spacing_m = _square(grid) if square else (grid.dx_m, grid.dz_m)
        """Of pixels, (dx, dz)."""
        self._box = _box(grid, self.spacing_m)
        (dx_m, dz_m), (columns, rows) = self.spacing_m, self._box
        width, height = round(columns * grid.dx_m / dx_m), round(rows * grid.dz_m / dz_m)
        self.corner_m = (grid.x0_m - grid.dx_m / 2 + dx_m / 2, grid.z0_m - grid.dz_m / 2 + dz_m / 2)
        """Where the first pixel of a panel lies, (x, z)."""
        line = line_height(width, height)
        titles = ("plain", f"enhanced: {clip.enhancement}") if appearance.side_by_side else ("",)
        margin_left, margin_right = (4 * line, 5 * line) if appearance.axes else (0, 0)
        margin_top = 2 * line if appearance.side_by_side else line if appearance.axes else 0
        gap = line if appearance.side_by_side else 0
        lefts = [margin_left + i * (width + gap) for i in range(len(titles))]
        self.panels = tuple(
            Panel(left, margin_top, width, height, title) for left, title in zip(lefts, titles, strict=True)
        )
        size = lefts[-1] + width + margin_right, margin_top + height + (4 * line if appearance.axes else 0)
        self._background = self._draw_background(size, line)

    @property
    def shape(self) -> tuple[int, int]:
        """Of the sheet, (rows, columns)."""
        return self._background.height, self._background.width

    def draw(self, image: Image) -> NDArray[np.uint8]:
        """The sheet with an image of the clip, uint8 (rows, columns)."""
        sheet = self._background.copy()
        layers = (image.bmode, image.enhanced) if self._appearance.side_by_side else (image.best,)
        for panel, layer in zip(self.panels, layers, strict=True):
            if layer is not None:
                sheet.paste(self._scaled(layer, panel), (panel.left, panel.top))
        if self._clip.enhanced and image.enhanced is None:
            self._say_plain(sheet, self.panels[-1])
        return np.asarray(sheet)

    def _scaled(self, layer: NDArray[np.float32], panel: Panel) -> Picture.Image:
        picture = Picture.fromarray(to_grey(layer, self._clip.dynamic_range_db))
        size = (panel.width, panel.height)
        return picture.resize(size, Picture.Resampling.BICUBIC, box=(0, 0, *self._box))

    def _draw_background(self, size: tuple[int, int], line: int) -> Picture.Image:
        sheet = Picture.new("L", size)
        draw = ImageDraw.Draw(sheet)
        for i, panel in enumerate(self.panels):
            box = panel.left, panel.top, panel.width, panel.height
            if panel.title:
                draw.text((panel.left, 0), _fitting(draw, panel, line), GREY, letters(line))
            if self._appearance.axes:
                draw_rulers(draw, box, self.corner_m, self.spacing_m, line, depths=i == 0)
        if self._appearance.axes:
            last = self.panels[-1]
            left = last.left + last.width + line
            draw_bar(sheet, (left, last.top, line, last.height), self._clip.dynamic_range_db, line)
        return sheet

    def _say_plain(self, sheet: Picture.Image, panel: Panel) -> None:
        """A frame that no network has touched must not pass for an enhanced one."""
        line = line_height(panel.width, panel.height)
        place = panel.left + line // 2, panel.top + panel.height - 2 * line
        ImageDraw.Draw(sheet).text(place, "not enhanced", 255, letters(line))


def _square(grid: ImageGrid) -> tuple[float, float]:
    """The finer of the two spacings, or what leaves 2000 pixels to a side."""
    side_m = max(min(grid.dx_m, grid.dz_m), grid.n_x * grid.dx_m / _MAX_PIXELS, grid.n_z * grid.dz_m / _MAX_PIXELS)
    return side_m, side_m


def _box(grid: ImageGrid, spacing_m: tuple[float, float]) -> tuple[float, float]:
    """How much of the image, in its own pixels, makes whole pixels of that spacing; never less than one."""
    sizes = ((grid.n_x, grid.dx_m), (grid.n_z, grid.dz_m))
    boxes = [max(1, int(n * d / s + _WHOLE)) * s / d for (n, d), s in zip(sizes, spacing_m, strict=True)]
    return min(boxes[0], grid.n_x), min(boxes[1], grid.n_z)


def _fitting(draw: ImageDraw.ImageDraw, panel: Panel, line: int) -> str:
    """As much of the title as there is room for."""
    shortened = [f"{panel.title[:n]}..." for n in range(len(panel.title) - 1, 0, -1)]
    titles = [panel.title, *shortened, ""]
    return next(title for title in titles if draw.textlength(title, letters(line)) <= panel.width)
