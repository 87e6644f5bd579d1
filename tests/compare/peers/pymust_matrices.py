"""PyMUST's `dasmtx`: one sparse matrix a transmit, built in advance, linear interpolation of I/Q data.

Its f-number is a box on receive. Here each matrix covers the pixels that its transmit lights, and its entries carry the
taper of both legs, so that it forms the very image. Entries are single precision, which halves what a product reads.
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
    lit = [weights[:, element] > 0 for element in scene.acquisition.tx_elements]
    lit = [np.flatnonzero(pixels) for pixels in lit]
    baseband = scene.baseband().reshape(scene.acquisition.n_tx, -1)

    def sum_transmits(transmits: range) -> Image:
        image = np.zeros(scene.grid.n_z * scene.grid.n_x, np.complex64)
        for t in transmits:
            image[lit[t]] += matrices[t] @ baseband[t]
        return image.reshape(scene.grid.shape)

    everything = range(scene.acquisition.n_tx)
    pool = ThreadPoolExecutor(2)
    return [
        Beamformer("PyMUST dasmtx, pre-built", version("PyMUST"), 1, lambda: sum_transmits(everything)),
        Beamformer(
            "PyMUST dasmtx, pre-built, our loop over transmits on 2 threads",
            version("PyMUST"),
            2,
            lambda: sum(pool.map(sum_transmits, (everything[::2], everything[1::2]))),
        ),
    ]


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
    return matrix.astype(np.complex64)


def _param(scene: Scene) -> pymust.utils.Param:
    acquisition = scene.acquisition
    param = pymust.utils.Param()
    param.fs, param.fc = acquisition.sampling_frequency_hz, acquisition.probe.center_frequency_hz
    param.c, param.pitch = acquisition.sound_speed_m_s, acquisition.probe.pitch_m
    param.Nelements, param.radius = acquisition.n_rx, np.inf
    param.fnumber = scene.f_number
    return param
