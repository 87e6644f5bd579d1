"""What an image shows where the tissue has no structure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, label

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.images import normalized

_SLOW_M = 4e-3
_DEVIATIONS = 3.0
_BORDER_M = 2e-3


def false_structures(image_db: NDArray[np.floating], grid: ImageGrid, *, above_db: float | None = None) -> int:
    """Blobs in the image (n_z, n_x), in dB, of a uniform phantom: structures that are not there.

    A blob is a connected region (neighbours by side or corner) in which the image deviates from its local mean, a
    Gaussian of 4 mm, by more than three of the image's own standard deviations, up or down. So it is what stands out
    of the speckle or of what the enhancement left of it, whatever the strength of that: an image that is smoother
    shows fainter blobs, and one that is all grain hides strong ones. With `above_db` a blob deviates by that much, in
    every image alike. The image's border, 2 mm, is left out: tissue that ends there would raise the standard
    deviation, and hide blobs.

    Raises:
        ValueError: the image does not have the grid's shape, or is all border.
    """
    if image_db.shape != grid.shape:
        raise ValueError(f"the image {image_db.shape} does not have the grid's shape {grid.shape}")
    z, x = (slice(n, -n) for n in (round(_BORDER_M / grid.dz_m), round(_BORDER_M / grid.dx_m)))
    image = image_db[z, x].astype(np.float64)
    if image.size == 0:
        raise ValueError(f"an image of {grid.shape} pixels is all border, {_BORDER_M * 1e3:g} mm on each side")
    deviation = image - gaussian_filter(image, (_SLOW_M / grid.dz_m, _SLOW_M / grid.dx_m))
    least = _DEVIATIONS * deviation.std() if above_db is None else above_db
    return sum(int(label(side > least, np.ones((3, 3)))[1]) for side in (deviation, -deviation))


def homogeneity(image_db: NDArray[np.floating], *, dynamic_range_db: float = 60.0) -> float:
    """Homogeneity sum P(i, j) / (1 + (i - j)^2) of the grey-level co-occurrence matrix, 0..1 (Haralick et al. 1973).

    256 levels, lateral neighbours: then it is the mean of 1 / (1 + difference^2) over neighbours. It depends on the
    pixels' size and on the grey map: compare images of one grid and range, beside a measure of edges.
    """
    levels = np.rint(255 * normalized(image_db, dynamic_range_db))
    return float(np.mean(1 / (1 + np.diff(levels, axis=1) ** 2)))
