"""Wrong units show by their size; whatever is no number is named."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sonolucent.stream.recording import sanity
from sonolucent.stream.recording.sanity import Claim


@pytest.mark.parametrize(
    ("check", "value", "words"),
    [
        (sanity.frequency_hz, 5, "f is 5, which is likely in MHz; give it in Hz"),
        (sanity.frequency_hz, 5000, "likely in kHz"),
        (sanity.frequency_hz, -5e6, "it must be positive, in Hz"),
        (sanity.frequency_hz, 1e12, "f is 1e\\+12, beyond what is possible in Hz"),
        (sanity.sampling_frequency_hz, 25, "likely in MHz"),
        (sanity.frame_rate_hz, -0.25, "f is -0.25; it must be positive, in Hz"),
        (sanity.frame_rate_hz, float("nan"), "f is nan, not a finite number"),
        (sanity.frame_rate_hz, 2e6, "beyond what is possible in Hz"),
        (sanity.sound_speed_m_s, 1.54, "likely in mm/us"),
        (sanity.sound_speed_m_s, 154000, "likely in cm/s"),
        (sanity.sound_speed_m_s, float("inf"), "f is inf, not a finite number"),
        (sanity.sound_speed_m_s, "fast", "holds <U4 where numbers are due"),
        (sanity.sound_speed_m_s, [], "holds no number"),
        (sanity.sound_speed_m_s, [1480, 1540], "holds 2 numbers from 1480 to 1540 where one"),
        (lambda claim: sanity.length_m(claim, 0.3e-3), 0.3, "likely in mm"),
        (lambda claim: sanity.length_m(claim, 30e-6), 0.03, "likely in mm"),
        (lambda claim: sanity.length_m(claim, 0.3e-3), 300, "likely in um"),
        (lambda claim: sanity.times_s(claim, 1e-5), [0.0, 5.2], "f is 5.2, which is likely in us; give it in s"),
        (lambda claim: sanity.times_s(claim, 1e-5), [-2.0], "f is 2, which is likely in us"),
        (lambda claim: sanity.times_s(claim, 1e-5), [0.0, np.nan], "f is nan"),
    ],
)
def test_what_cannot_be_is_named(check: Callable[[Claim], Any], value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check(Claim("f", value))


@pytest.mark.parametrize("frequency_hz", [50e3, 1e6, 5e6, 120e6])
@pytest.mark.parametrize("pitch_wavelengths", [0.2, 0.5, 3.0])
@pytest.mark.parametrize("sound_speed_m_s", [343.0, 1540.0, 6300.0])
def test_whatever_is_built_passes(frequency_hz: float, pitch_wavelengths: float, sound_speed_m_s: float) -> None:
    """From concrete in air to microscopes in aluminium."""
    wavelength_m = sound_speed_m_s / frequency_hz
    assert sanity.frequency_hz(Claim("f", np.float32([frequency_hz]))) == pytest.approx(frequency_hz)
    assert sanity.sampling_frequency_hz(Claim("f", 4 * frequency_hz)) == 4 * frequency_hz
    assert sanity.sound_speed_m_s(Claim("c", sound_speed_m_s)) == sound_speed_m_s
    assert sanity.length_m(Claim("p", pitch_wavelengths * wavelength_m), wavelength_m) > 0
    assert sanity.times_s(Claim("t", -2e-6), 1e-5) == -2e-6
