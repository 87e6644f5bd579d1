"""Delay-and-sum as one would write it in an afternoon: tables of delays and phasors, linear interpolation, prange."""

import numba
import numpy as np

from peers import THREADS
from peers.scene import Beamformer, Image, Scene


def beamformers(scene: Scene) -> list[Beamformer]:
    acquisition, grid = scene.acquisition, scene.grid
    lateral_m = grid.x_m[:, None, None] - acquisition.probe.element_x_m
    delay_s = np.hypot(lateral_m, grid.z_m[:, None]) / acquisition.sound_speed_m_s
    weight = scene.weights().transpose(1, 0, 2)
    phasor = (weight * np.exp(2j * np.pi * acquisition.probe.center_frequency_hz * delay_s)).astype(np.complex64)
    delay = (delay_s * acquisition.sampling_frequency_hz).astype(np.float32)
    first = (weight > 0).argmax(-1)
    last = first + (weight > 0).sum(-1)
    baseband, image = scene.baseband(), np.empty((grid.n_x, grid.n_z), np.complex64)

    def form_image() -> Image:
        _delay_and_sum(baseband, delay, phasor, first, last, image)
        return image.T

    return [Beamformer("plain Numba delay-and-sum", numba.__version__, THREADS, form_image)]


# Over columns, not rows: deep rows sum many more pairs, and the threads' shares would be unequal.
@numba.njit(parallel=True, fastmath=True, boundscheck=False)
def _delay_and_sum(baseband, delay, phasor, first, last, image):
    n_x, n_z, _ = delay.shape
    for column in numba.prange(n_x):
        for row in range(n_z):
            elements = range(first[column, row], last[column, row])
            image[column, row] = _pixel(baseband, delay[column, row], phasor[column, row], elements)


@numba.njit(fastmath=True, boundscheck=False)
def _pixel(baseband, delay, phasor, elements):
    pixel = np.complex64(0)
    for t in elements:
        received = np.complex64(0)
        for r in elements:
            position = delay[t] + delay[r]
            i = int(position)
            if i < baseband.shape[2] - 1:
                here, after = baseband[t, r, i], baseband[t, r, i + 1]
                received += phasor[r] * (here + (position - np.float32(i)) * (after - here))
        pixel += phasor[t] * received
    return pixel
