"""Figures of real images, where nobody knows the truth: how well a vessel stands out, and how even the image is."""

from __future__ import annotations

import msgspec

from sonolucent.beamform import ImageGrid
from sonolucent.nn import metrics
from sonolucent.nn.images import BMode


class PixelRectangle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows and columns of a rectangle of pixels, first and last."""

    rows: tuple[int, int]
    columns: tuple[int, int]

    def of(self, image: BMode) -> BMode:
        """Its pixels.

        Raises:
            ValueError: it does not lie in the image.
        """
        (top, bottom), (left, right) = self.rows, self.columns
        if not (0 <= top <= bottom < image.shape[0] and 0 <= left <= right < image.shape[1]):
            raise ValueError(f"the box of rows {self.rows} and columns {self.columns} is not in {image.shape}")
        return image[top : bottom + 1, left : right + 1]


def vessel_figures(image_db: BMode, lumen: PixelRectangle, tissue: PixelRectangle) -> dict[str, float]:
    """CNR and gCNR of a vessel's lumen against tissue, and the speckle of that tissue."""
    inside, outside = lumen.of(image_db), tissue.of(image_db)
    return {
        "cnr": metrics.cnr(inside, outside),
        "cnr_as_printed": metrics.cnr_as_printed(inside, outside),
        "gcnr": metrics.gcnr(inside, outside),
        "tissue_std_db": float(outside.std()),
        "homogeneity": metrics.homogeneity(image_db),
    }


def reflector_figures(image_db: BMode, grid: ImageGrid, at_m: tuple[float, float]) -> dict[str, float]:
    """Lateral width of a reflector near `at_m` (x, z), and its height over what is around it."""
    return {
        "width_mm": 1e3 * metrics.wire_width_m(image_db, grid, at_m),
        "peak_db": metrics.point_peak_db(image_db, grid, at_m),
    }
