"""When the centre of a pulse comes, out of its waveform."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from sonolucent.stream.recording.read_budget import charge

# Of a sample, padded to three of 8 bytes: its spectrum, and the signal that comes of it.
_WORK_BYTES = 200


def pulse_peak_s(waveform: NDArray[np.float64], sampling_frequency_hz: float) -> float | None:
    """The time of the peak of a waveform's envelope, (n,), between samples; None where it is silent.

    The three samples around the highest lie on a parabola.
    """
    if not waveform.any():
        return None
    charge(_WORK_BYTES * waveform.size, "a waveform")
    # As long again in silence on both sides, so that the envelope does not wrap round.
    envelope = np.abs(scipy.signal.hilbert(np.pad(waveform, waveform.size)))
    peak = int(envelope[1:-1].argmax()) + 1
    before, at, after = envelope[peak - 1 : peak + 2]
    curvature = before - 2 * at + after
    between = 0.5 * (before - after) / curvature if curvature else 0.0
    return float(peak - waveform.size + between) / sampling_frequency_hz
