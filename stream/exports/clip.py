"""A clip: images with their times and all that a file says about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonolucent.stream.errors import OutputError
from sonolucent.stream.messages import Image, Stream

RESEARCH = "Research use only; not for diagnosis."
_NOMINAL_HZ = 25.0
_FULL_SCALE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


@dataclass(frozen=True)
class Clip:
    """Images of one stream, read once and in order.

    Args:
        stream: the geometry of the images, and the settings they were made with.
        first: the first image.
        rest: the others.
        times_s: when each was acquired, from 0 and rising, (n_frames,).
        enhanced: whether any of them has an enhanced layer.
        models: what enhanced them.
        begun_utc_ns: when the first was acquired, in nanoseconds since 1970 UTC; 0 where nobody knows.
        source: what they were made of, such as the name of a recording.
        dynamic_range_db: how far below 0 dB is black.
        acquisition_known: whether the stream's acquisition and settings are those of the images; where they were
            pictures before, nobody knows them.
        pixels_known: whether the grid's pixels are as large as it says; else no file tells their size.
        origin: names how the images were made and of what, for a file that is made again to have the same identifiers;
            where it is empty, each has new ones.
    """

    stream: Stream
    first: Image
    rest: Iterator[Image] = field(repr=False)
    times_s: NDArray[np.float64]
    enhanced: bool
    models: tuple[str, ...]
    begun_utc_ns: int
    source: str
    dynamic_range_db: float
    acquisition_known: bool = True
    pixels_known: bool = True
    origin: str = ""

    @classmethod
    def of(
        cls,
        stream: Stream,
        images: Iterable[Image],
        times_s: NDArray[np.float64],
        *,
        enhanced: bool | None = None,
        models: tuple[str, ...] | None = None,
        begun_utc_ns: int | None = None,
        source: str = "",
        dynamic_range_db: float | None = None,
    ) -> Clip:
        """A clip of at least one image; what is not given is taken from the first, which is made at once.

        Raises:
            OutputError: there is no image, or times do not rise.
        """
        rest = iter(images)
        first = next(rest, None)
        if first is None or len(times_s) == 0:
            raise OutputError("there is no image to write")
        if (np.diff(times_s) <= 0).any() or not np.isfinite(times_s).all():
            raise OutputError("the times of frames must rise from each to the next")
        named = (first.model,) if first.model else ()
        return cls(
            stream,
            first,
            rest,
            times_s - times_s[0],
            first.enhanced is not None if enhanced is None else enhanced,
            named if models is None else models,
            first.trail.acquired_utc_ns if begun_utc_ns is None else begun_utc_ns,
            source,
            min(first.dynamic_range_db, dynamic_range_db or np.inf),
        )

    def __len__(self) -> int:
        return len(self.times_s)

    def __iter__(self) -> Iterator[Image]:
        yield self.first
        yield from self.rest

    @property
    def durations_s(self) -> NDArray[np.float64]:
        """How long each image is shown, (n_frames,); the last as long as most."""
        steps_s = np.diff(self.times_s)
        last_s = float(np.median(steps_s)) if len(steps_s) else 1 / (self.stream.frame_rate_hz or _NOMINAL_HZ)
        return np.append(steps_s, last_s)

    @property
    def description(self) -> str:
        """In one line, what was done to the images."""
        what = f"B-mode, {self.dynamic_range_db:g} dB, by Sonolucent {version('sonolucent')}"
        return f"{what}; enhanced by {self.enhancement}" if self.enhanced and self.models else what

    @property
    def enhancement(self) -> str:
        """What enhanced the images, and how much of that the first shows if not all."""
        strength = self.first.strength
        return ", ".join(self.models) + (f" at strength {strength:g}" if strength != 1 else "")

    @property
    def facts(self) -> dict[str, Any]:
        """Every parameter of the images, as plain values: for the text that a picture carries."""
        grid, acquisition = self.stream.grid, self.stream.acquisition
        names = ("x0_m", "z0_m", "dx_m", "dz_m", "n_z", "n_x")
        acquired = {
            "center_frequency_hz": acquisition.probe.center_frequency_hz,
            "sound_speed_m_s": acquisition.sound_speed_m_s,
            "imaging": msgspec.to_builtins(self.stream.imaging),
        }
        return {
            "program": f"Sonolucent {version('sonolucent')}",
            "source": self.source,
            "first_frame_id": self.first.frame_id,
            "acquired_utc_ns": self.begun_utc_ns,
            "models": list(self.models),
            "strength": self.first.strength,
            "dynamic_range_db": self.dynamic_range_db,
            **(acquired if self.acquisition_known else {}),
            **({"grid": {name: getattr(grid, name) for name in names}} if self.pixels_known else {}),
            "note": RESEARCH,
        }


def frame_times_s(acquired_ns: ArrayLike, rate_hz: float | None) -> NDArray[np.float64]:
    """When frames were acquired, in seconds from the first, (n,).

    Args:
        acquired_ns: monotonic times in nanoseconds, (n,); all 0 where nobody noted them.
        rate_hz: the nominal frame rate, for when the times do not rise from each frame to the next; else 25.
    """
    times_ns = np.asarray(acquired_ns, np.int64)
    if len(times_ns) > 1 and (np.diff(times_ns) > 0).all():
        return np.asarray((times_ns - times_ns[0]) * 1e-9)
    return np.arange(len(times_ns)) / (rate_hz or _NOMINAL_HZ)


def images_of(
    pixels: NDArray[Any], dynamic_range_db: float, *, model: str = "", frame_ids: Sequence[int] | None = None
) -> Iterator[Image]:
    """Arrays of images as `Image`s, one after the other.

    Args:
        pixels: (n_frames, n_z, n_x), or (n_frames, n_layers, n_z, n_x) with the enhanced layer last; in dB, or as
            uint16 or uint8, which run from 0 for black to their full scale for 0 dB.
        dynamic_range_db: how far below 0 dB is black.
        model: what made the enhanced layer.
        frame_ids: their ids; from 0 by default.

    Raises:
        OutputError: arrays of another shape.
    """
    layered = pixels[:, np.newaxis] if pixels.ndim == 3 else pixels
    if layered.ndim != 4 or layered.shape[1] not in (1, 2):
        raise OutputError(f"images must be (n, n_z, n_x) or (n, 1 or 2, n_z, n_x), not {pixels.shape}")
    skipped = "" if layered.shape[1] == 2 else "not asked for"
    for i, layers in enumerate(layered):
        frame_id = i if frame_ids is None else frame_ids[i]
        named = (model or "unknown") if layered.shape[1] == 2 else ""
        yield Image(frame_id, _decibels(layers, dynamic_range_db), dynamic_range_db, named, skipped=skipped)


def _decibels(layers: NDArray[Any], dynamic_range_db: float) -> NDArray[np.float32]:
    full_scale = _FULL_SCALE.get(layers.dtype)
    if full_scale is None:
        return np.asarray(np.clip(layers, -dynamic_range_db, 0), np.float32)
    return np.asarray(dynamic_range_db * (layers / np.float32(full_scale) - 1), np.float32)
