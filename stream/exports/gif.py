"""GIF: an endless loop that lasts as long as what was recorded; it counts hundredths of a second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, ImageFormat
from sonolucent.stream.exports.sheet import Sheet

# Browsers take a shorter one for a mistake, and show it for a tenth of a second.
_LEAST_CS = 2


def _write(path: Path, clip: Clip, appearance: Appearance) -> None:
    sheet = Sheet(clip, appearance)
    ends_cs = np.rint(100 * np.append(clip.times_s[1:], clip.durations_s.sum())).astype(int)
    shown, durations_ms = _shown(ends_cs.tolist())
    pictures = _pictures(clip, sheet, shown)
    first = next(pictures)
    first.save(
        path,
        save_all=True,
        append_images=chain(pictures),
        duration=durations_ms,
        loop=0,
        comment=json.dumps(clip.facts).encode(),
    )


def _shown(ends_cs: list[int]) -> tuple[set[int], list[int]]:
    """Which images are shown, and for how many ms: those that come too fast one upon the other are left out."""
    shown: list[int] = []
    durations: list[int] = []
    begun = 0
    for i, end in enumerate(ends_cs):
        if end - begun >= _LEAST_CS:
            shown.append(i)
            durations.append(10 * (end - begun))
            begun = end
    return (set(shown), durations) if shown else ({0}, [10 * _LEAST_CS])


def _pictures(clip: Clip, sheet: Sheet, shown: set[int]) -> Iterator[Picture.Image]:
    return (Picture.fromarray(sheet.draw(image)) for i, image in enumerate(clip) if i in shown)


FORMAT = ImageFormat(_write)
