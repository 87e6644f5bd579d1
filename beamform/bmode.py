"""From the analytic image to B-mode: envelope, stream-level reference, log compression."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.powers_of_two import log2

_FAINTEST, _STRONGEST = 2.0**-126, 2.0**125
"""Envelopes that complex64 holds with full precision; others are shown as if these were the reference."""


class ReferenceLevel:
    """The envelope that a stream shows as 0 dB: a slow running maximum.

    It rises to a brighter image at once and falls with a half-life, so that no single frame sets its own brightness
    (that would flicker). The maximum is the `quantile` of the envelope, which one hot pixel does not move.

    Args:
        level: the first level; taken from the first image when None.
        half_life_frames: frames in which the level falls by half (6 dB) under a dark image; `math.inf` keeps it.
        quantile: of the envelope, 0..1.

    Raises:
        ValueError: `level` or `half_life_frames` is not positive, or `quantile` not within 0..1.
    """

    def __init__(self, level: float | None = None, *, half_life_frames: float = 250.0, quantile: float = 0.999) -> None:
        if level is not None and not level > 0:
            raise ValueError(f"level must be positive, not {level}")
        if not half_life_frames > 0 or not 0 < quantile <= 1:
            raise ValueError("half_life_frames must be positive and quantile within 0..1")
        self.level = level
        self._decay = 0.5 ** (1 / half_life_frames)
        self._quantile = quantile

    def update(self, image: NDArray[np.complexfloating]) -> float:
        """Takes in one analytic image (n_z, n_x) and returns the level that holds for it."""
        envelope = np.abs(image[::4, ::2]).ravel()
        rank = min(int(self._quantile * envelope.size), envelope.size - 1)
        peak = float(np.partition(envelope, rank)[rank])
        if math.isfinite(peak) and peak > 0:
            self.level = max(peak, self._decay * (self.level or 0.0))
        return self.level or 1.0


def log_compress(
    image: NDArray[np.complex64],
    *,
    dynamic_range_db: float = 60.0,
    reference: float,
    row_gain: NDArray[np.float32] | None = None,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """20 log10(|image| / reference), clipped to [-dynamic_range_db, 0]: float32 (n_z, n_x).

    Args:
        image: analytic image, complex64 (n_z, n_x).
        dynamic_range_db: the range shown, positive.
        reference: the envelope at 0 dB, of the whole stream (see `ReferenceLevel`).
        row_gain: factors of the rows, (n_z,): time-gain compensation; none by default.
        out: written to and returned when given.

    Raises:
        ValueError: `reference` or `dynamic_range_db` is not positive, or shapes differ.
    """
    if not (math.isfinite(reference) and reference > 0):
        raise ValueError(f"reference must be a positive envelope, not {reference}")
    if not dynamic_range_db > 0:
        raise ValueError(f"dynamic_range_db must be positive, not {dynamic_range_db}")
    if out is None:
        out = np.empty(image.shape, np.float32)
    if out.shape != image.shape or out.dtype != np.float32:
        raise ValueError(f"out must be float32 of shape {image.shape}, not {out.dtype} {out.shape}")
    near_one, scale = _scales_of(reference)
    scales = np.full(len(image), scale) if row_gain is None else scale * np.square(row_gain, dtype=np.float32)
    _compress(np.ascontiguousarray(image, np.complex64), near_one, scales, np.float32(dynamic_range_db), out)
    return out


def _scales_of(reference: float) -> tuple[np.float32, np.float32]:
    """The power of two that brings envelopes at the reference near 1, and what their squares are multiplied by then.

    Squares of faint or strong envelopes lie beyond float32. A power of two rounds nothing.
    """
    within = min(max(reference, _FAINTEST), _STRONGEST)
    exponent = math.frexp(within)[1]
    return np.float32(math.ldexp(1.0, -exponent)), np.float32(1 / math.ldexp(within, -exponent) ** 2)


def to_grey(image_db: NDArray[np.float32], dynamic_range_db: float) -> NDArray[np.uint8]:
    """Grey levels of images in dB (..., n_z, n_x), uint8 of the same shape: 0 at -dynamic_range_db, 255 at 0 dB."""
    grey: NDArray[np.uint8] = np.clip(image_db * (255 / dynamic_range_db) + 255.5, 0, 255).astype(np.uint8)
    return grey


@kernel(fastmath={"contract", "nsz", "arcp"}, error_model="numpy", boundscheck=False)
def _compress(image, near_one, scales, dynamic_range_db, out):
    """Decibels of |image * near_one|^2 times `scales`, one a row, clipped to [-dynamic_range_db, 0]: complex64 to
    float32, both (n_z, n_x)."""
    for row in range(image.shape[0]):
        scale = scales[row]
        for column in range(image.shape[1]):
            real, imag = image[row, column].real * near_one, image[row, column].imag * near_one
            power = (real * real + imag * imag) * scale
            db = np.float32(10 * math.log10(2)) * log2(power + np.float32(1e-30))
            out[row, column] = min(max(db, -dynamic_range_db), np.float32(0))
