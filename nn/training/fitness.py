"""What makes a frame of channel data unfit to be learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SATURATED, SILENT, MISSING, NOT_FINITE = "saturated", "nearly silent", "a transmit is missing", "not finite"
DEAD = "dead elements"
_MOST_CLIPPED = 2e-2
"""More than the bursts of transmits that reach the receivers by the straight way: 0.5 and 0.8 % of two recordings of
scanners that are sound."""
_LEAST_RAIL = 256
"""Counts: few levels are reached by many samples without any clipping."""
_QUIETER = 1e-2
_LEAST_RMS = 2.0
"""Counts of a converter, below which a frame is its noise."""
_MOST_DEAD = 0.125
_EVERY = 7
"""Of the samples, for a frame's loudness: a prime, so that no period of the data hides."""


class Fitness:
    """Judges the frames of one stream, one after another: it remembers how loud the loudest was."""

    def __init__(self) -> None:
        self._loudest = 0.0

    def unfit(self, channels: NDArray[Any]) -> str:
        """Why a frame, (n_tx, n_rx, n_samples), should be left out, in a few words; empty where it is fit.

        It is saturated where one sample in 50 lies at the greatest or the least value that there is, and nearly
        silent where it is 40 dB quieter than the loudest before it, or below two counts of a converter. More than one
        element in eight that receives nothing is a loose cable.
        """
        rms = np.sqrt([_mean_square(shot) for shot in channels])
        if not np.isfinite(rms).all():
            return NOT_FINITE
        loudness = float(np.sqrt(np.mean(rms**2)))
        self._loudest = max(self._loudest, loudness)
        if loudness < max(_QUIETER * self._loudest, _LEAST_RMS if channels.dtype.kind == "i" else 0.0):
            return SILENT
        if not all(shot.any() for shot in channels):
            return MISSING
        if np.mean(~channels[..., ::_EVERY].any(axis=(0, 2))) > _MOST_DEAD:
            return DEAD
        return SATURATED if _clipped(channels) > _MOST_CLIPPED else ""


def _mean_square(shot: NDArray[Any]) -> float:
    samples = shot.reshape(-1)
    # All of floating-point samples, of which one that is not finite must not be missed.
    some = samples[::_EVERY] if shot.dtype.kind == "i" else samples
    some = some.astype(np.complex128 if shot.dtype.kind == "c" else np.float64)
    return float(np.vdot(some, some).real / some.size)


def _clipped(channels: NDArray[Any]) -> float:
    """The share of samples at either end of the frame's range; 0 where that is but a few counts wide."""
    real = channels.view(channels.real.dtype) if channels.dtype.kind == "c" else channels
    low, high = real.min(), real.max()
    if real.dtype.kind == "i" and max(int(high), -int(low)) < _LEAST_RAIL:
        return 0.0
    return float(np.count_nonzero((real == low) | (real == high)) / real.size)
