"""TIFF: a page for each image, pixels as they were imaged, with their size in the resolution tags."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image as Picture
from PIL.TiffImagePlugin import AppendingTiffWriter

from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, ImageFormat
from sonolucent.stream.exports.sheet import Sheet

_PER_CM = 3


def _write(path: Path, clip: Clip, appearance: Appearance) -> None:
    sheet = Sheet(clip, appearance, square=False)
    dx_m, dz_m = sheet.spacing_m
    times = [round(time_s, 6) for time_s in clip.times_s.tolist()]
    size = {"resolution_unit": _PER_CM, "x_resolution": 0.01 / dx_m, "y_resolution": 0.01 / dz_m}
    tags = {
        **(size if clip.pixels_known else {}),
        "software": clip.facts["program"],
        "description": json.dumps({**clip.facts, "times_s": times}),
        "compression": "tiff_adobe_deflate",
    }
    with AppendingTiffWriter(str(path), True) as file:
        for image in clip:
            Picture.fromarray(sheet.draw(image)).save(file, format="TIFF", **tags)
            file.newFrame()


FORMAT = ImageFormat(_write)
