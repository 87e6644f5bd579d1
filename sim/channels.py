"""Channel data of point scatterers seen by a linear array, one element transmitting at a time.

Single (Born) scattering in a homogeneous medium. Each leg spreads cylindrically, as behind an elevation lens, and is
averaged over the element's width: seen from a scatterer, a rectangular element smears time by a box-car as long as
the difference of the delays from its two edges. The box-cars of both legs convolve to a trapezoid, whose second
derivative is four spikes. So every pair and scatterer costs four spikes on an oversampled time axis, and one FFT a
trace turns spikes into echoes: integrated twice, times the pulse's spectrum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition
from sonolucent.beamform.kernels import kernel
from sonolucent.beamform.workers import Workers
from sonolucent.sim.pulse import PulseShaper

# Amplitudes are those of a scatterer of amplitude 1 at this distance from both elements.
_UNIT_DISTANCE_M = 20e-3
_NEPER_PER_DB = math.log(10) / 20


def simulate(
    acquisition: Acquisition,
    *,
    scatterers_m: NDArray[np.float64],
    amplitudes: NDArray[np.float64],
    snr_db: float | None = None,
    attenuation_db_cm_mhz: float = 0.0,
    seed: int = 0,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Channel data (n_tx, n_rx, n_samples), float32, of point scatterers.

    Args:
        acquisition: probe, transmits, sampling and time zero.
        scatterers_m: (n, 2), x and z of each scatterer; z > 0.
        amplitudes: (n,), signed reflectivity; 1 at 20 mm echoes with a peak of 1 on the element before it.
        snr_db: power of the signal over that of the added white noise, over the record; no noise when None.
        attenuation_db_cm_mhz: attenuation of the medium, applied at the centre frequency (the pulse keeps its shape).
        seed: of the noise.
        threads: worker threads; all cores by default.

    Raises:
        ValueError: shapes do not match, or a scatterer lies behind the array or is not finite.
    """
    positions, strength = _checked(scatterers_m, amplitudes)
    shaper = PulseShaper(acquisition)
    legs = _legs(acquisition, shaper, positions, attenuation_db_cm_mhz)
    shot_of = {element: shot for shot, element in enumerate(acquisition.tx_elements)}
    channels = np.zeros(acquisition.shape, np.float32)

    def simulate_shots(worker: int, shots: range) -> None:
        for shot in shots:
            transmitter = acquisition.tx_elements[shot]
            # The other order of two transmitting elements is the same trace, by reciprocity.
            receivers = [r for r in range(acquisition.n_rx) if r >= transmitter or r not in shot_of]
            traces = shaper.shape(_spikes(legs, transmitter, receivers, strength, shaper.n_spikes))
            channels[shot, receivers] = traces
            for receiver, trace in zip(receivers, traces, strict=True):
                if receiver in shot_of:
                    channels[shot_of[receiver], transmitter] = trace

    Workers(threads).map(simulate_shots, acquisition.n_tx, chunk=1)
    return channels if snr_db is None else _with_noise(channels, snr_db, np.random.default_rng(seed))


def digitize(channels: NDArray[np.float32], full_scale: float | None = None) -> NDArray[np.int16]:
    """Channel data as a 16-bit converter gives them; `full_scale` (the largest value by default) becomes 32767.

    Values beyond full scale saturate, as they do in a scanner.

    Raises:
        ValueError: `full_scale` is not positive.
    """
    if full_scale is None:
        full_scale = float(np.abs(channels).max()) or 1.0
    if not full_scale > 0:
        raise ValueError(f"full_scale must be positive, not {full_scale}")
    counts = np.rint(channels * np.float32(32767 / full_scale))
    return np.asarray(np.clip(counts, -32767, 32767), dtype=np.int16)


@dataclass(frozen=True)
class _Legs:
    """One way between every element and scatterer, arrays (n_elements, n_scatterers)."""

    delay: NDArray[np.float32]
    """Delay averaged over the element, in spike intervals."""
    smear: NDArray[np.int32]
    """Length of the element's box-car, in spike intervals, at least 1."""
    gain: NDArray[np.float32]
    """Spreading and attenuation over the box-car's length."""


def _legs(
    acquisition: Acquisition, shaper: PulseShaper, positions: NDArray[np.float64], attenuation_db_cm_mhz: float
) -> _Legs:
    probe = acquisition.probe
    per_m = shaper.spike_rate_hz / acquisition.sound_speed_m_s
    lateral = positions[:, 0] - probe.element_x_m[:, None]
    near_edge = np.hypot(lateral - probe.element_width_m / 2, positions[:, 1])
    far_edge = np.hypot(lateral + probe.element_width_m / 2, positions[:, 1])
    # The mean delay over the element, by Simpson's rule.
    distance = (near_edge + 4 * np.hypot(lateral, positions[:, 1]) + far_edge) / 6
    smear = np.maximum(np.rint(np.abs(far_edge - near_edge) * per_m), 1)
    neper_m = _NEPER_PER_DB * attenuation_db_cm_mhz * 100 * probe.center_frequency_hz / 1e6
    gain = np.sqrt(_UNIT_DISTANCE_M / distance) * np.exp(-neper_m * distance) / smear
    return _Legs(
        (distance * per_m).astype(np.float32),
        smear.astype(np.int32),
        gain.astype(np.float32),
    )


def _spikes(
    legs: _Legs, transmitter: int, receivers: list[int], strength: NDArray[np.float32], n_spikes: int
) -> NDArray[np.float32]:
    spikes = np.zeros((len(receivers), n_spikes), np.float32)
    for row, receiver in enumerate(receivers):
        _add_spikes(
            legs.delay[transmitter],
            legs.delay[receiver],
            legs.smear[transmitter],
            legs.smear[receiver],
            legs.gain[transmitter],
            legs.gain[receiver],
            strength,
            spikes[row],
        )
    return spikes


@kernel(fastmath={"contract", "nsz"}, boundscheck=False)
def _add_spikes(delay_t, delay_r, smear_t, smear_r, gain_t, gain_r, strength, spikes):  # type: ignore[no-untyped-def]
    last = spikes.size - 2
    for s in range(strength.size):
        sum_of_smears = smear_t[s] + smear_r[s]
        end = delay_t[s] + delay_r[s] + np.float32(0.5) * np.float32(sum_of_smears)
        i = int(end)
        # Both smears are whole, so all four spikes lie at the same fraction of an interval.
        if i - sum_of_smears >= 0 and i <= last:
            late = strength[s] * gain_t[s] * gain_r[s]
            after = late * (end - np.float32(i))
            here = late - after
            _add_spike(spikes, i, here, after)
            _add_spike(spikes, i - smear_r[s], -here, -after)
            _add_spike(spikes, i - smear_t[s], -here, -after)
            _add_spike(spikes, i - sum_of_smears, here, after)


@kernel(inline="always")
def _add_spike(spikes, i, here, after):  # type: ignore[no-untyped-def]
    spikes[np.uint64(i)] += here
    spikes[np.uint64(i + 1)] += after


def _with_noise(channels: NDArray[np.float32], snr_db: float, rng: np.random.Generator) -> NDArray[np.float32]:
    rms = float(np.sqrt(np.mean(np.square(channels, dtype=np.float64)))) * 10 ** (-snr_db / 20)
    return channels + np.float32(rms) * rng.standard_normal(channels.shape, dtype=np.float32)


def _checked(
    scatterers_m: NDArray[np.float64], amplitudes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    positions = np.asarray(scatterers_m, np.float64)
    strength = np.asarray(amplitudes, np.float32)
    if positions.ndim != 2 or positions.shape[1] != 2 or strength.shape != positions.shape[:1]:
        raise ValueError(f"scatterers_m must be (n, 2) and amplitudes (n,), not {positions.shape} and {strength.shape}")
    if not (np.isfinite(positions).all() and np.isfinite(strength).all()):
        raise ValueError("scatterers_m and amplitudes must be finite")
    if positions.size and positions[:, 1].min() <= 0:
        raise ValueError("every scatterer must lie before the array, z > 0")
    return positions, strength
