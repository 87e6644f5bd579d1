"""Enhancements of real tissue whose truth nobody knows: `python tests/campaigns/nine_angles.py pig_eye_9_angles.mat`.

The file (MATLAB 7.3, github.com/WuRuncong-XDU/Fourier-Ptychography-in-Ultrasound-Image, BSD-3) holds amplitudes of one
scene under plane waves of nine angles, each with other speckle. One of them is enhanced, and compared with the mean in
dB of the eight others where that is above -40 dB: the rms of the difference less its median, and the correlation. Both
are means over the angles.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.nn import Enhancer
from sonolucent.nn.baselines import FILTERS

RANGE_DB = 60.0
SEEN_DB = -40.0
FULL_SCALE = 255
Image = NDArray[np.float32]


def images_of(file: Path) -> list[Image]:
    """In dB, (n_z, n_x) each; the file has the axes of an image exchanged."""
    with h5py.File(file) as content:
        amplitudes = np.asarray(content["data"], np.float32).transpose(0, 2, 1)
    levels = 20 * np.log10(np.maximum(amplitudes, 0.5) / FULL_SCALE)
    return [np.ascontiguousarray(np.maximum(level, -RANGE_DB)) for level in levels]


def compared(enhance: Callable[[Image], Image], images: list[Image]) -> tuple[float, float]:
    """The rms difference in dB, and the correlation."""
    figures = []
    for i, image in enumerate(images):
        others = np.mean([other for j, other in enumerate(images) if j != i], axis=0)
        seen = others > SEEN_DB
        shown = enhance(image)[seen]
        differences = shown - others[seen]
        rms_db = np.sqrt(np.mean((differences - np.median(differences)) ** 2))
        figures.append((rms_db, np.corrcoef(shown, others[seen])[0, 1]))
    rms_db, correlation = np.mean(figures, axis=0)
    return float(rms_db), float(correlation)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--models", nargs="+", default=["light-quadrant", "full-quadrant"])
    options = parser.parse_args()
    images = images_of(options.file)
    methods: dict[str, Callable[[Image], Image]] = {"plain": lambda image: image, **FILTERS}
    for name, enhance in (methods | {name: Enhancer(name) for name in options.models}).items():
        rms_db, correlation = compared(enhance, images)
        print(f"{name:16} {rms_db:.2f} dB, correlation {correlation:.3f}", flush=True)


if __name__ == "__main__":
    main()
