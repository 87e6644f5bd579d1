"""PyMUST's `dasmtx`: one sparse matrix a shot, built in advance, linear interpolation of I/Q data.

Its f-number is a box on receive. Here the matrices' entries carry the taper of the legs that have one, so that they
form the very image: once with a row for every pixel, as PyMUST makes them, and, of single elements, once with rows only
for those pixels that a transmit lights within the taper, which PyMUST leaves to its user. A product runs on one thread;
the loop on two is ours. Single precision was tried and gains nothing: products wait for single samples, not for
memory's bandwidth. A wave is the earliest of all elements' waves, as it is for ultraspy.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
import pymust
import scipy.sparse
from numpy.typing import NDArray

from peers.scene import Beamformer, Image, Scene

_NAME = "PyMUST dasmtx"


def beamformers(scene: Scene) -> list[Beamformer]:
    n_tx, n_pixels = scene.acquisition.n_tx, scene.grid.n_z * scene.grid.n_x
    transmit_weights = scene.transmit_weights().reshape(n_pixels, n_tx).T
    pixels = {_NAME: [np.arange(n_pixels)] * n_tx}
    if not scene.waves:
        pixels[f"{_NAME}, only lit pixels"] = [np.flatnonzero(weights > 0) for weights in transmit_weights]
    return [
        Beamformer(name, version("PyMUST"), threads, product.on(threads))
        for name, chosen in pixels.items()
        for product in [_Product(scene, transmit_weights, chosen)]
        for threads in (1, 2)
    ]


class _Product:
    """The sum over shots of matrix times baseband data, added to the pixels of each shot's matrix."""

    def __init__(self, scene: Scene, transmit_weights: NDArray[np.float32], pixels: list[NDArray[np.int64]]) -> None:
        self._shape = scene.grid.shape
        self._pixels = pixels
        receive_weights = scene.receive_weights().reshape(-1, scene.acquisition.n_rx)
        shots = zip(scene.transmit_delays_s(), transmit_weights, pixels, strict=True)
        self._matrices = [
            _matrix(scene, delays_s, weights[:, None] * receive_weights, chosen) for delays_s, weights, chosen in shots
        ]
        self._baseband = scene.baseband().reshape(len(pixels), -1).astype(np.complex128)

    def on(self, threads: int) -> Callable[[], Image]:
        """The image, made by a loop over shots on some threads."""
        pool = ThreadPoolExecutor(threads)
        shares = [range(first, len(self._matrices), threads) for first in range(threads)]
        return lambda: sum(pool.map(self._sum, shares))

    def _sum(self, shots: range) -> Image:
        image = np.zeros(self._shape, np.complex128)
        for shot in shots:
            image.reshape(-1)[self._pixels[shot]] += self._matrices[shot] @ self._baseband[shot]
        return image


def _matrix(
    scene: Scene, delays_s: NDArray[np.float64], weights: NDArray[np.float32], pixels: NDArray[np.int64]
) -> scipy.sparse.csr_array:
    """The product with one shot's baseband data (n_rx * n_samples) is its image at some pixels."""
    acquisition, grid = scene.acquisition, scene.grid
    x, z = (axis.ravel() for axis in np.meshgrid(grid.x_m, grid.z_m))
    size = 1j * np.array([acquisition.n_samples, acquisition.n_rx])
    matrix = pymust.dasmtx(size, x[pixels], z[pixels], delays_s, _param(scene)).tocsr()
    rows = np.repeat(pixels, np.diff(matrix.indptr))
    matrix.data *= weights[rows, matrix.indices // acquisition.n_samples]
    return matrix


def _param(scene: Scene) -> pymust.utils.Param:
    acquisition = scene.acquisition
    param = pymust.utils.Param()
    param.fs, param.fc = acquisition.sampling_frequency_hz, acquisition.probe.center_frequency_hz
    param.c, param.pitch = acquisition.sound_speed_m_s, acquisition.probe.pitch_m
    param.Nelements, param.radius = acquisition.n_rx, np.inf
    param.fnumber = scene.f_number
    return param
