"""PNG: one image, with the size of its pixels (pHYs) and every parameter of it as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, ImageFormat
from sonolucent.stream.exports.sheet import Sheet

_INCH_M = 0.0254


def _write(path: Path, clip: Clip, appearance: Appearance) -> None:
    sheet = Sheet(clip, appearance)
    text = PngInfo()
    text.add_text("Description", clip.description)
    text.add_text("Software", clip.facts["program"])
    text.add_text("Comment", json.dumps(clip.facts))
    dx_m, dz_m = sheet.spacing_m
    told: dict[str, Any] = {"dpi": (_INCH_M / dx_m, _INCH_M / dz_m)} if clip.pixels_known else {}
    Picture.fromarray(sheet.draw(clip.first)).save(path, pnginfo=text, **told)


FORMAT = ImageFormat(_write, one_image=True)
