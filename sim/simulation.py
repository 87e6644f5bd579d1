"""Channel data of point scatterers seen by a linear array, one element transmitting at a time or many.

Single (Born) scattering in a homogeneous medium. Each leg spreads cylindrically, as behind an elevation lens, and is
averaged over the element's width: seen from a scatterer, a rectangular element smears time by a box-car as long as
the difference of the delays from its two edges. The box-cars of both legs convolve to a trapezoid, whose second
derivative is four spikes (the far field of a rectangle, as in Jensen and Svendsen, IEEE TUFFC 39(2), 1992). So every
pair and scatterer costs four spikes on an oversampled time axis, and one FFT a trace turns spikes into echoes:
integrated twice, times the pulse's spectrum.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.channel_data import require_real
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.transmit.decoder import encode
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.sim.aberration import PhaseScreen
from sonolucent.sim.attenuation import Attenuation, AttenuationLayers
from sonolucent.sim.propagation import Paths, Propagation
from sonolucent.sim.pulse import PulseShaper
from sonolucent.sim.spikes import spikes_of


class _Scatterers(NamedTuple):
    positions_m: NDArray[np.float64]
    """(n, 2)"""
    strength: NDArray[np.float32]
    """(n,)"""


class _Medium(NamedTuple):
    scatterers: _Scatterers
    attenuation: Attenuation
    screen: PhaseScreen | None

    def propagation(self, acquisition: Acquisition, shaper: PulseShaper) -> Propagation:
        return Propagation(acquisition, shaper.spike_rate_hz, self.attenuation, self.screen)


def simulate(
    acquisition: Acquisition,
    *,
    scatterers_m: NDArray[np.float64],
    amplitudes: NDArray[np.float64],
    snr_db: float | None = None,
    attenuation_db_cm_mhz: AttenuationLayers = 0.0,
    screen: PhaseScreen | None = None,
    motion_m_per_shot: NDArray[np.float64] | tuple[float, float] | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Channel data (n_tx, n_rx, n_samples), float32, of point scatterers.

    Args:
        acquisition: probe, transmits, sampling and time zero. Shots of a sequence are the sums of what its elements
            send, each at its delay and with its weight.
        scatterers_m: (n, 2), x and z of each scatterer; z > 0.
        amplitudes: (n,), signed reflectivity; 1 at 20 mm echoes with a peak of 1 on the element before it.
        snr_db: power of the signal over that of the added white noise, over the record; no noise when None.
        attenuation_db_cm_mhz: proportional to frequency, so that echoes lose their high frequencies with depth; of the
            whole medium, or of layers: pairs of the depth in m at which a layer begins and its attenuation.
        screen: aberration at the array's face.
        motion_m_per_shot: how far (x, z) scatterers move from one transmit to the next, velocity over pulse repetition
            frequency: (2,) for all or (n, 2). They are at `scatterers_m` in the middle of the frame. About four times
            the work, since no two shots see the same medium.
        seed: of the noise.
        threads: threads that share the work; all cores by default.

    Raises:
        ValueError: shapes do not match, a scatterer lies (or moves) behind the array or is not finite, the medium is
            impossible, or the acquisition is at baseband (simulate RF and take `beamform.to_baseband`).
    """
    require_real(acquisition, "simulate")
    scatterers = _checked_scatterers(scatterers_m, amplitudes)
    medium = _Medium(scatterers, Attenuation(attenuation_db_cm_mhz), screen)
    pool = ThreadPool(threads)
    if motion_m_per_shot is None:
        channels = _simulate_still(acquisition, medium, pool)
    else:
        motion = _checked_motion(np.asarray(motion_m_per_shot, np.float64), scatterers.positions_m, acquisition.n_tx)
        channels = _simulate_moving(acquisition, medium, motion, pool)
    return channels if snr_db is None else _with_noise(channels, snr_db, np.random.default_rng(seed))


def digitize(channels: NDArray[np.float32], full_scale: float | None = None) -> NDArray[np.int16]:
    """Channel data (n_tx, n_rx, n_samples), int16 of the same shape, as a 16-bit converter gives them.

    `full_scale`, the largest value by default, becomes 32767. Values beyond it saturate, as they do in a scanner.

    Raises:
        ValueError: `full_scale` is not positive.
    """
    if full_scale is None:
        full_scale = float(np.abs(channels).max()) or 1.0
    if not full_scale > 0:
        raise ValueError(f"full_scale must be positive, not {full_scale}")
    counts = np.rint(channels * np.float32(32767 / full_scale))
    return np.asarray(np.clip(counts, -32767, 32767), dtype=np.int16)


def _simulate_still(acquisition: Acquisition, medium: _Medium, pool: ThreadPool) -> NDArray[np.float32]:
    if acquisition.sequence is not None:
        return _simulate_sequence(acquisition, acquisition.sequence, medium, pool)
    shaper = PulseShaper(acquisition, medium.attenuation)
    paths = medium.propagation(acquisition, shaper).paths(medium.scatterers.positions_m, pool)
    strength = medium.scatterers.strength
    shot_of = {element: shot for shot, element in enumerate(acquisition.tx_elements)}
    channels = np.zeros(acquisition.shape, np.float32)

    def simulate_shots(thread: int, shots: range) -> None:
        for shot in shots:
            transmitter = acquisition.tx_elements[shot]
            # The other order of two transmitting elements is the same trace, by reciprocity.
            receivers = [r for r in range(acquisition.n_rx) if r >= transmitter or r not in shot_of]
            traces = shaper.shape(spikes_of(paths, transmitter, receivers, strength, shaper.n_spikes))
            channels[shot, receivers] = traces
            for receiver, trace in zip(receivers, traces, strict=True):
                if receiver in shot_of:
                    channels[shot_of[receiver], transmitter] = trace

    pool.map(simulate_shots, acquisition.n_tx, chunk=1)
    return channels


def _simulate_sequence(
    acquisition: Acquisition, sequence: TransmitSequence, medium: _Medium, pool: ThreadPool
) -> NDArray[np.float32]:
    """Sums of single elements' echoes, whose record begins earlier and ends later by what the delays reach."""
    rate_hz = acquisition.sampling_frequency_hz
    before = math.ceil(max(float(sequence.delays_s.max()), 0.0) * rate_hz)
    behind = math.ceil(max(-float(sequence.delays_s.min()), 0.0) * rate_hz)
    longer = replace(
        acquisition,
        initial_time_s=acquisition.initial_time_s - before / rate_hz,
        n_samples=before + acquisition.n_samples + behind,
    )
    shots = encode(_simulate_still(longer.full_matrix, medium, pool), longer, threads=pool.threads)
    return np.ascontiguousarray(shots[..., before : before + acquisition.n_samples])


def _simulate_moving(
    acquisition: Acquisition, medium: _Medium, motion: NDArray[np.float64], pool: ThreadPool
) -> NDArray[np.float32]:
    channels = np.empty(acquisition.shape, np.float32)
    shaper = PulseShaper(acquisition, medium.attenuation)
    propagation = medium.propagation(acquisition, shaper)
    for shot in range(acquisition.n_tx):
        shots_from_middle = shot - (acquisition.n_tx - 1) / 2
        moved = medium.scatterers._replace(positions_m=medium.scatterers.positions_m + shots_from_middle * motion)
        if acquisition.sequence is None:
            paths = propagation.paths(moved.positions_m, pool)
            _simulate_shot(shaper, paths, acquisition.tx_elements[shot], moved.strength, pool, channels[shot])
        else:
            one = acquisition.firing(acquisition.sequence.of_shots([shot]))
            channels[shot] = _simulate_still(one, medium._replace(scatterers=moved), pool)[0]
    return channels


def _simulate_shot(
    shaper: PulseShaper,
    paths: Paths,
    transmitter: int,
    strength: NDArray[np.float32],
    pool: ThreadPool,
    out: NDArray[np.float32],
) -> None:
    """Writes the traces of all receivers, (n_rx, n_samples)."""

    def receive(thread: int, receivers: range) -> None:
        spikes = spikes_of(paths, transmitter, list(receivers), strength, shaper.n_spikes)
        out[receivers.start : receivers.stop] = shaper.shape(spikes)

    pool.map(receive, len(out), chunk=8)


def _with_noise(channels: NDArray[np.float32], snr_db: float, rng: np.random.Generator) -> NDArray[np.float32]:
    rms = float(np.sqrt(np.mean(np.square(channels, dtype=np.float64)))) * 10 ** (-snr_db / 20)
    return channels + np.float32(rms) * rng.standard_normal(channels.shape, dtype=np.float32)


def _checked_scatterers(scatterers_m: NDArray[np.float64], amplitudes: NDArray[np.float64]) -> _Scatterers:
    positions = np.asarray(scatterers_m, np.float64)
    strength = np.asarray(amplitudes, np.float32)
    if positions.ndim != 2 or positions.shape[1] != 2 or strength.shape != positions.shape[:1]:
        raise ValueError(f"scatterers_m must be (n, 2) and amplitudes (n,), not {positions.shape} and {strength.shape}")
    if not (np.isfinite(positions).all() and np.isfinite(strength).all()):
        raise ValueError("scatterers_m and amplitudes must be finite")
    if positions.size and positions[:, 1].min() <= 0:
        raise ValueError("every scatterer must lie before the array, z > 0")
    return _Scatterers(positions, strength)


def _checked_motion(motion: NDArray[np.float64], positions: NDArray[np.float64], n_tx: int) -> NDArray[np.float64]:
    if motion.shape not in {(2,), positions.shape} or not np.isfinite(motion).all():
        raise ValueError(f"motion_m_per_shot must be finite and (2,) or {positions.shape}, not {motion.shape}")
    farthest = positions[:, 1] - (n_tx - 1) / 2 * np.abs(motion[..., 1])
    if farthest.size and farthest.min() <= 0:
        raise ValueError("a scatterer moves behind the array within the frame; every z must stay positive")
    return motion
