"""NL-means (Buades, Coll and Morel, CVPR 2005): each pixel is the mean of those whose surroundings look alike."""

from __future__ import annotations

import numpy as np
import skimage.restoration
from numpy.typing import NDArray


def nlm(image_db: NDArray[np.float32], *, strength_db: float = 8.0) -> NDArray[np.float32]:
    """A B-mode image in dB, float32 (n_z, n_x), despeckled (Buades et al. 2005); the range stays within the input's."""
    return np.asarray(nl_means(image_db, strength=strength_db), np.float32)


def nl_means(image: NDArray[np.floating], *, strength: float, patch: int = 5, reach: int = 8) -> NDArray[np.floating]:
    """Weights exp(-d^2 / strength^2), where d^2 is the mean squared difference of two patches: (n_z, n_x).

    Args:
        image: (n_z, n_x), in any unit.
        strength: the filter's h, in the image's unit.
        patch: pixels to a side of the patches.
        reach: pixels to each side within which patches are searched for.
    """
    return np.asarray(
        skimage.restoration.denoise_nl_means(image, patch_size=patch, patch_distance=reach, h=strength, fast_mode=True)
    )
