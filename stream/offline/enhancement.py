"""What enhances the images that an imager makes of a recording, one after another."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sonolucent.beamform import BModeImager
from sonolucent.nn import COMPOUNDS, Session
from sonolucent.nn.inference.strength import soften
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Image

_log = logging.getLogger(__name__)
Enhancement = Callable[[Image], Image]


class Enhancing(NamedTuple):
    """What is wanted of the enhancement of images.

    Args:
        choice: "none"; what `sonolucent.nn.Enhancer` takes; or the name of a compound, which needs the analytic image.
        strength: how much of it is shown, in dB: 0 the plain image, 1 the enhanced one.
        grain: of the images' speckle, as `Enhancer` takes it.
    """

    choice: str
    strength: float = 1.0
    grain: str = "auto"


def unenhanced(image: Image) -> Image:
    """The image as it is, which says so."""
    return replace(image, skipped="not asked for")


def enhancement(enhancing: Enhancing, imager: BModeImager) -> Enhancement:
    """Takes a plain image, the last that `imager` made, and adds its enhanced version.

    Args:
        imager: made the image; compounds are made of what it keeps.

    Raises:
        ConfigError: there is no such model, or it is broken, was trained for another dynamic range, or takes no images
            of this size.
    """
    if enhancing.choice == "none":
        return unenhanced
    return (
        by_compound(enhancing, imager)
        if enhancing.choice in COMPOUNDS
        else session_enhancement(enhancing, imager.grid.shape, imager.dynamic_range_db)
    )


def by_compound(enhancing: Enhancing, imager: BModeImager) -> Enhancement:
    """The enhancement by a compound of the last image that the imager made."""
    name, strength, _ = enhancing

    def enhance(image: Image) -> Image:
        envelope = COMPOUNDS[name](imager.analytic, imager.grid)
        compounded = imager.compress(envelope)
        layers = np.stack([image.bmode, compounded])
        soften(layers[0], layers[1], strength, imager.dynamic_range_db)
        return replace(image, layers=layers, model=name, device="cpu", backend="filter", skipped="", strength=strength)

    return enhance


def session_enhancement(enhancing: Enhancing, shape: tuple[int, int], dynamic_range_db: float) -> Enhancement:
    """As `enhancement`, for images (n_z, n_x) of that range alone, whatever made them; compounds cannot be made then.

    Raises:
        ConfigError: as `enhancement`, or `choice` is a compound.
    """
    return by_session(new_session(enhancing, shape, dynamic_range_db))


def new_session(
    enhancing: Enhancing, shape: tuple[int, int], dynamic_range_db: float, *, threads: int | None = None
) -> Session:
    """A session for images (n_z, n_x) of that range, warmed up.

    Args:
        threads: of the CPU, for one image; all by default.

    Raises:
        ConfigError: as `session_enhancement`.
    """
    choice, strength, grain = enhancing
    if choice in COMPOUNDS:
        raise ConfigError(f"{choice} is made of channel data, and there are images alone")
    try:
        session = Session(
            choice,
            shape,
            dynamic_range_db=dynamic_range_db,
            threads=threads,
            grain=grain,
            strength=strength,
            live=False,
        )
        session.warm_up()
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"model {choice!r}: {error}") from error
    _log.info("enhance: %s", session.describe())
    return session


def by_session(session: Session) -> Enhancement:
    """The enhancement of images by a session."""

    def enhance(image: Image) -> Image:
        layers = np.stack([image.bmode, image.bmode])
        label = session(layers[0], layers[1])
        if label.device == "none":
            return replace(image, skipped=label.reason)
        return replace(image, layers=layers, skipped="", **label._asdict())

    return enhance
