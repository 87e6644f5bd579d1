"""Shots that begin at different times, put on one clock.

A shot that begins a whole number of samples after the record is shifted, sample for sample. What is left, a part of a
sample, is a convolution with a sinc under a Kaiser window (Oppenheim & Schafer, "Discrete-Time Signal Processing",
7.6): 64 taps, beta 10, flat to 0.4 of the sampling frequency within 1e-4. No echo reaches further than 32 samples, so
that strong ones at one end of the record leave nothing at the other, as an FFT's wrapped-round shift would.
"""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import ChannelData

_HALF_TAPS = 32
_BETA = 10.0
_WHOLE = 1e-3
"""Parts of a sample that are the rounding of times in single precision."""


def are_whole(late_samples: NDArray[np.float64]) -> bool:
    """Whether all shots are late by whole numbers of samples, within what single precision tells."""
    return bool((np.abs(late_samples - np.round(late_samples)) < _WHOLE).all())


def align_shots(shots: ChannelData, late_samples: NDArray[np.float64], n_samples: int) -> ChannelData:
    """Shots on the clock of a record that begins no later than any of them; zero where they hold nothing.

    Args:
        shots: (n_shots, n_rx, n), int16, float32 or complex64.
        late_samples: how many samples after the record each shot begins, (n_shots,), not negative.
        n_samples: of the record.

    Returns:
        (n_shots, n_rx, n_samples), of the same type where all are late by whole numbers of samples; else of float32 or
        complex64.
    """
    whole = are_whole(late_samples)
    dtype = shots.dtype if whole or np.iscomplexobj(shots) else np.dtype(np.float32)
    aligned = np.zeros((*shots.shape[:2], n_samples), dtype)
    for out, shot, late in zip(aligned, shots, late_samples, strict=True):
        if abs(late - round(late)) < _WHOLE:
            _put(out, shot, round(late))
        else:
            first = int(np.floor(late))
            _put(out, _delayed(shot, late - first), first - _HALF_TAPS + 1)
    return aligned


def _delayed(shot: ChannelData, part: float) -> ChannelData:
    """Traces later by `part` of a sample, 0..1, (n_rx, n + 63): they begin 31 samples before the shot."""
    taps = np.arange(1 - _HALF_TAPS, 1 + _HALF_TAPS) - part
    window = np.i0(_BETA * np.sqrt(1 - (taps / _HALF_TAPS) ** 2)) / np.i0(_BETA)
    kernel = np.sinc(taps) * window
    wide = shot.astype(np.complex128 if np.iscomplexobj(shot) else np.float64)
    delayed: ChannelData = scipy.signal.oaconvolve(wide, kernel[np.newaxis], axes=-1)
    return delayed


def _put(out: ChannelData, traces: ChannelData, first: int) -> None:
    """Copies traces into a record, their first sample at `first` of it, as far as they lie within."""
    begin, end = max(first, 0), min(first + traces.shape[-1], out.shape[-1])
    if begin < end:
        out[:, begin:end] = traces[:, begin - first : end - first]
