"""What ultrasound can be, of numbers that others tell: a wrong unit shows by its size, a wrong size fills memory."""

from __future__ import annotations

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
