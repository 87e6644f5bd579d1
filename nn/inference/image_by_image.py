"""What enhances images one by one and is no model folder's network: filters, methods that learn from the image."""

from __future__ import annotations

import numpy as np

from sonolucent.nn.baselines import Filter
from sonolucent.nn.image_methods import Fitting, ImageMethod
from sonolucent.nn.images import BMode, larger_shape

_RANGE_DB = 60.0


def filtered(filter_: Filter, image_db: BMode, out: BMode) -> None:
    """The filter on every image, defined for undefined and infinite pixels as the networks are."""
    copied(image_db, out)
    for image in out.reshape(-1, *out.shape[-2:]):
        image[:] = filter_(np.nan_to_num(image, nan=-_RANGE_DB).clip(-_RANGE_DB, 0))


def fitted(method: ImageMethod, fitting: Fitting, image_db: BMode, out: BMode) -> None:
    """The method, fitted to every image anew; undefined and infinite pixels are defined as for filters."""
    defined = np.nan_to_num(image_db, nan=-_RANGE_DB).clip(-_RANGE_DB, 0)
    for image, larger in zip(defined.reshape(-1, *image_db.shape[-2:]), out.reshape(-1, *out.shape[-2:]), strict=True):
        method.fit([image], fitting)
        larger[:] = method(image)


def plain_enlarged(images_db: BMode, scale: int) -> BMode:
    """Plain images on the finer grid, bicubically."""
    if scale == 1:
        return images_db
    from sonolucent.nn.super_resolution.resize import resize

    images = images_db.reshape(-1, *images_db.shape[-2:])
    return np.stack([resize(image, scale) for image in images]).reshape(larger_shape(images_db.shape, scale))


def copied(image_db: BMode, out: BMode) -> None:
    """The images as they are."""
    np.copyto(out, image_db)
