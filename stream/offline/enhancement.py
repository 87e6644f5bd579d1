"""What enhances the images that an imager makes of a recording, one after another."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sonolucent.beamform import BModeImager, log_compress
from sonolucent.nn import COMPOUNDS, Session
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Image

_log = logging.getLogger(__name__)
Enhancement = Callable[[Image], Image]


def enhancement(choice: str, imager: BModeImager) -> Enhancement:
    """Takes a plain image, the last that `imager` made, and adds its enhanced version.

    Args:
        choice: "none"; what `sonolucent.nn.Enhancer` takes; or the name of a compound, which needs the analytic image.
        imager: made the image; compounds are made of what it keeps.

    Raises:
        ConfigError: there is no such model, or it is broken, was trained for another dynamic range, or takes no images
            of this size.
    """
    if choice == "none":
        return lambda image: replace(image, skipped="not asked for")
    return _by_compound(choice, imager) if choice in COMPOUNDS else _by_session(choice, imager)


def _by_compound(name: str, imager: BModeImager) -> Enhancement:
    def enhance(image: Image) -> Image:
        envelope = COMPOUNDS[name](imager.analytic, imager.grid)
        compounded = log_compress(envelope, dynamic_range_db=imager.dynamic_range_db, reference=imager.level)
        layers = np.stack([image.bmode, compounded])
        return replace(image, layers=layers, model=name, device="cpu", backend="filter", skipped="")

    return enhance


def _by_session(choice: str, imager: BModeImager) -> Enhancement:
    try:
        session = Session(choice, imager.grid.shape, dynamic_range_db=imager.dynamic_range_db)
        session.warm_up()
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"model {choice!r}: {error}") from error
    _log.info("enhance: %s", session.describe())

    def enhance(image: Image) -> Image:
        layers = np.stack([image.bmode, image.bmode])
        model, device, backend, reason = session(layers[0], layers[1])
        if device == "none":
            return replace(image, skipped=reason)
        return replace(image, layers=layers, model=model, device=device, backend=backend, skipped="", reason=reason)

    return enhance
