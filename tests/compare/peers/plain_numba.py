"""Delay-and-sum as one would write it in an afternoon: tables of delays and phasors, linear interpolation, prange."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from peers import THREADS
from peers.scene import Beamformer, Image, Scene


class _Leg(NamedTuple):
    """Columns first: (n_x, n_z, n_shots or n_rx)."""

    delay: NDArray[np.float32]
    """In samples."""
    phasor: NDArray[np.complex64]
    first: NDArray[np.int64]
    """The first with any weight, (n_x, n_z)."""
    last: NDArray[np.int64]
    """Behind the last."""


def beamformers(scene: Scene) -> list[Beamformer]:
    acquisition, grid = scene.acquisition, scene.grid
    lateral_m = grid.x_m[:, None, None] - acquisition.probe.element_x_m
    receive = _leg(scene, np.hypot(lateral_m, grid.z_m[:, None]), scene.receive_weights())
    x_m, z_m = grid.x_m[:, None], grid.z_m
    ways_m = [wave.way_m(x_m, z_m, acquisition.sound_speed_m_s) for wave in scene.waves]
    transmit = _leg(scene, np.stack(ways_m, axis=-1), scene.transmit_weights()) if ways_m else receive
    baseband, image = scene.baseband(), np.empty((grid.n_x, grid.n_z), np.complex64)

    def form_image() -> Image:
        _delay_and_sum(baseband, transmit, receive, image)
        return image.T

    return [Beamformer("plain Numba delay-and-sum", numba.__version__, THREADS, form_image)]


def _leg(scene: Scene, way_m: NDArray[np.float64], weights: NDArray[np.float32]) -> _Leg:
    acquisition = scene.acquisition
    delay_s, weight = way_m / acquisition.sound_speed_m_s, weights.transpose(1, 0, 2)
    first = (weight > 0).argmax(-1)
    return _Leg(
        delay=(delay_s * acquisition.sampling_frequency_hz).astype(np.float32),
        phasor=(weight * np.exp(2j * np.pi * acquisition.probe.center_frequency_hz * delay_s)).astype(np.complex64),
        first=first,
        last=first + (weight > 0).sum(-1),
    )


# Over columns, not rows: deep rows sum many more pairs, and the threads' shares would be unequal.
@numba.njit(parallel=True, fastmath=True, boundscheck=False)
def _delay_and_sum(baseband, transmit, receive, image):
    n_x, n_z = image.shape
    for column in numba.prange(n_x):
        for row in range(n_z):
            image[column, row] = _pixel(baseband, transmit, receive, column, row)


@numba.njit(fastmath=True, boundscheck=False)
def _pixel(baseband, transmit, receive, column, row):
    delay, phasor = receive.delay[column, row], receive.phasor[column, row]
    pixel = np.complex64(0)
    for t in range(transmit.first[column, row], transmit.last[column, row]):
        received = np.complex64(0)
        for r in range(receive.first[column, row], receive.last[column, row]):
            position = transmit.delay[column, row, t] + delay[r]
            i = int(position)
            if i < baseband.shape[2] - 1:
                here, after = baseband[t, r, i], baseband[t, r, i + 1]
                received += phasor[r] * (here + (position - np.float32(i)) * (after - here))
        pixel += transmit.phasor[column, row, t] * received
    return pixel
