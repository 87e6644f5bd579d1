"""Geometry that files spell out element by element and transmit by transmit, as the few numbers that we need."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Probe


def linear_probe(x_m: NDArray[Any], width_m: float, center_frequency_hz: float, bandwidth: float | None) -> Probe:
    """The probe of element centres `x_m`, (n_el,); without a `bandwidth`, of the default one.

    Raises:
        ValueError: they are not in order at one pitch, centred on x = 0.
    """
    pitch = float(np.diff(x_m).mean()) if len(x_m) > 1 else 0.0
    # Files hold single precision: a millionth of the aperture.
    if not pitch > 0 or np.ptp(np.diff(x_m)) > 1e-3 * pitch or abs(x_m.mean()) > 1e-3 * pitch:
        raise ValueError("the elements are not at one pitch from left to right, centred on x = 0")
    known = {} if bandwidth is None else {"fractional_bandwidth": bandwidth}
    return Probe.linear(
        n_elements=len(x_m),
        pitch_m=pitch,
        element_width_m=width_m,
        center_frequency_hz=center_frequency_hz,
        **known,
    )


def the_one(values: NDArray[Any], what: str, tolerance: float) -> float:
    """The one value that all transmits share.

    Raises:
        ValueError: they differ by more than `tolerance`.
    """
    if not np.size(values) or not np.ptp(values) <= tolerance:
        raise ValueError(f"{what} differs from transmit to transmit; only recordings with one for all can be read")
    return float(np.mean(values))
