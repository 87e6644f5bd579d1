"""What ultrasound can be, of numbers that others tell: a wrong unit shows by its size, a wrong size fills memory."""

from __future__ import annotations

import numpy as np

from sonolucent.beamform.acquisition import Acquisition

Range = tuple[float, float]

# From concrete at 20 kHz to microscopes beyond 100 MHz.
FREQUENCY_HZ: Range = (2e4, 1e9)
SAMPLING_HZ: Range = (1e5, 2e10)
# From growth seen in a lapse of weeks to single waves.
FRAME_RATE_HZ: Range = (1e-6, 1e6)
# From gases to diamond.
SPEED_M_S: Range = (150.0, 2e4)
# Elements from a tenth of a hundredth of a wavelength to hundreds of them.
LENGTH_WAVELENGTHS: Range = (1e-3, 100.0)
# A wait before the record of a hundred times its length, which nobody has waited for.
TIME_RECORDS = 100.0
# Plans grow with the square of it.
MOST_ELEMENTS = 1024


def require_ultrasound(acquisition: Acquisition) -> None:
    """Refuses what nobody can have taken, before any plan for it is made: that could take all memory.

    Raises:
        ValueError: it says which number.
    """
    probe, length_m = acquisition.probe, acquisition.wavelength_m
    if probe.n_elements > MOST_ELEMENTS:
        raise ValueError(f"n_elements must lie within 1..{MOST_ELEMENTS}, not {probe.n_elements}")
    _require_within("center_frequency_hz", probe.center_frequency_hz, FREQUENCY_HZ)
    _require_within("sampling_frequency_hz", acquisition.sampling_frequency_hz, SAMPLING_HZ)
    _require_within("sound_speed_m_s", acquisition.sound_speed_m_s, SPEED_M_S)
    for name in ("pitch_m", "element_width_m"):
        _require_within(
            name, getattr(probe, name), (LENGTH_WAVELENGTHS[0] * length_m, LENGTH_WAVELENGTHS[1] * length_m)
        )
    if acquisition.is_baseband:
        _require_within("demodulation_frequency_hz", acquisition.demodulation_frequency_hz, FREQUENCY_HZ)
    longest_s = TIME_RECORDS * acquisition.n_samples / acquisition.sampling_frequency_hz
    _require_within("initial_time_s", acquisition.initial_time_s, (-longest_s, longest_s))
    if acquisition.sequence is not None:
        latest_s = float(np.abs(acquisition.sequence.delays_s).max())
        _require_within("the longest delay", latest_s, (0.0, longest_s))


def _require_within(name: str, value: float, plausible: Range) -> None:
    low, high = plausible
    if not low <= value <= high:
        raise ValueError(f"{name} must lie within {low:g}..{high:g}, not {value:g}; is it in SI units?")
