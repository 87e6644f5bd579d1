"""PyMUST's `dasmtx`: one sparse matrix a transmit, built in advance, linear interpolation of I/Q data.

Its f-number is a box on receive. Here each matrix covers the pixels that its transmit lights, and its entries carry the
taper of both legs, so that it forms the very image. A product runs on one thread; the loop on two is ours. Single
precision was tried and gains nothing: products wait for single samples, not for memory's bandwidth.
"""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
import pymust
import scipy.sparse
from numpy.typing import NDArray

from peers.scene import Beamformer, Image, Scene


def beamformers(scene: Scene) -> list[Beamformer]:
    weights = scene.weights().reshape(-1, scene.acquisition.n_rx)
    matrices = [_matrix(scene, weights, element) for element in scene.acquisition.tx_elements]
    return [
        Beamformer("PyMUST dasmtx", version("PyMUST"), threads, _Product(scene, weights, matrices, threads))
        for threads in (1, 2)
    ]


class _Product:
    """The sum over transmits of matrix times baseband data, added to the pixels that each transmit lights."""

    def __init__(
        self, scene: Scene, weights: NDArray[np.float32], matrices: list[scipy.sparse.csr_array], threads: int
    ) -> None:
        self._shape = scene.grid.shape
        self._lit = [np.flatnonzero(weights[:, element] > 0) for element in scene.acquisition.tx_elements]
        self._matrices = matrices
        self._baseband = scene.baseband().reshape(len(matrices), -1).astype(np.complex128)
        self._pool = ThreadPoolExecutor(threads)
        self._shares = [range(first, len(matrices), threads) for first in range(threads)]

    def __call__(self) -> Image:
        return sum(self._pool.map(self._sum, self._shares))

    def _sum(self, transmits: range) -> Image:
        image = np.zeros(self._shape, np.complex128)
        for t in transmits:
            image.reshape(-1)[self._lit[t]] += self._matrices[t] @ self._baseband[t]
        return image


def _matrix(scene: Scene, weights: NDArray[np.float32], element: int) -> scipy.sparse.csr_array:
    """The product with one transmit's baseband data (n_rx * n_samples) is the image of the pixels it lights."""
    acquisition, grid = scene.acquisition, scene.grid
    x, z = (axis.ravel() for axis in np.meshgrid(grid.x_m, grid.z_m))
    pixels = np.flatnonzero(weights[:, element] > 0)
    delays_s = np.full(acquisition.n_rx, np.nan)
    delays_s[element] = 0
    size = 1j * np.array([acquisition.n_samples, acquisition.n_rx])
    matrix = pymust.dasmtx(size, x[pixels], z[pixels], delays_s, _param(scene)).tocsr()
    rows = np.repeat(pixels, np.diff(matrix.indptr))
    matrix.data *= weights[rows, element] * weights[rows, matrix.indices // acquisition.n_samples]
    return matrix


def _param(scene: Scene) -> pymust.utils.Param:
    acquisition = scene.acquisition
    param = pymust.utils.Param()
    param.fs, param.fc = acquisition.sampling_frequency_hz, acquisition.probe.center_frequency_hz
    param.c, param.pitch = acquisition.sound_speed_m_s, acquisition.probe.pitch_m
    param.Nelements, param.radius = acquisition.n_rx, np.inf
    param.fnumber = scene.f_number
    return param
