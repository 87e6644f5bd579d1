"""PyMUST's `dasmtx`: one sparse matrix a transmit, built in advance, linear interpolation of I/Q data.

Its f-number is a box on receive. Here the matrices' entries carry the taper of both legs, so that they form the very
image: once with a row for every pixel, as PyMUST makes them, and once with rows only for those pixels that a transmit
lights within the taper, which PyMUST leaves to its user. A product runs on one thread; the loop on two is ours. Single
precision was tried and gains nothing: products wait for single samples, not for memory's bandwidth.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
import pymust
import scipy.sparse
from numpy.typing import NDArray

from peers.scene import Beamformer, Image, Scene


def beamformers(scene: Scene) -> list[Beamformer]:
    weights = scene.weights().reshape(-1, scene.acquisition.n_rx)
    lit = [np.flatnonzero(weights[:, element] > 0) for element in scene.acquisition.tx_elements]
    every = [np.arange(len(weights))] * len(lit)
    return [
        Beamformer(name, version("PyMUST"), threads, product.on(threads))
        for name, pixels in (("PyMUST dasmtx", every), ("PyMUST dasmtx, only lit pixels", lit))
        for product in [_Product(scene, weights, pixels)]
        for threads in (1, 2)
    ]


class _Product:
    """The sum over transmits of matrix times baseband data, added to the pixels of each transmit's matrix."""

    def __init__(self, scene: Scene, weights: NDArray[np.float32], pixels: list[NDArray[np.int64]]) -> None:
        self._shape = scene.grid.shape
        self._pixels = pixels
        transmits = zip(scene.acquisition.tx_elements, pixels, strict=True)
        self._matrices = [_matrix(scene, weights, element, chosen) for element, chosen in transmits]
        self._baseband = scene.baseband().reshape(len(pixels), -1).astype(np.complex128)

    def on(self, threads: int) -> Callable[[], Image]:
        """The image, made by a loop over transmits on some threads."""
        pool = ThreadPoolExecutor(threads)
        shares = [range(first, len(self._matrices), threads) for first in range(threads)]
        return lambda: sum(pool.map(self._sum, shares))

    def _sum(self, transmits: range) -> Image:
        image = np.zeros(self._shape, np.complex128)
        for t in transmits:
            image.reshape(-1)[self._pixels[t]] += self._matrices[t] @ self._baseband[t]
        return image


def _matrix(
    scene: Scene, weights: NDArray[np.float32], element: int, pixels: NDArray[np.int64]
) -> scipy.sparse.csr_array:
    """The product with one transmit's baseband data (n_rx * n_samples) is its image at some pixels."""
    acquisition, grid = scene.acquisition, scene.grid
    x, z = (axis.ravel() for axis in np.meshgrid(grid.x_m, grid.z_m))
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
