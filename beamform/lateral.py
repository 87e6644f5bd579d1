"""The last step: from lateral wavenumbers, per depth, to the pixels of a row."""

from __future__ import annotations

import functools

import numba
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import fft
from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.beamform.wavenumbers import Sampling, wavenumber_step

ROWS = 16
"""Rows of the image transformed together."""


class LateralTransform:
    """Sums exp(i K x) over the image's wavenumbers, for blocks of rows: one per worker, for its buffers.

    An FFT where the columns divide the lateral period, else a product with the matrix of exponentials, which is
    slower. Wavenumbers beyond the columns' Nyquist alias, as they do in an image sampled at its columns.
    """

    def __init__(self, acquisition: Acquisition, grid: ImageGrid, sampling: Sampling, waves: NDArray[np.int64]) -> None:
        period = sampling.n_lateral * acquisition.probe.pitch_m / grid.dx_m
        self.is_fft = abs(period - round(period)) < 1e-6 * period
        n = round(period) if self.is_fft else waves.size
        self._slot = waves % n if self.is_fft else np.arange(n)
        self._spectrum = fft.complex_buffer(ROWS, n)
        self._rows = fft.complex_buffer(ROWS, n if self.is_fft else grid.n_x)
        if self.is_fft:
            self._transform = fft.plan_backward(self._spectrum, self._rows, axis=-1)
        else:
            step = wavenumber_step(acquisition, sampling) * grid.dx_m
            matrix = np.exp(1j * step * waves[:, None] * np.arange(grid.n_x)).astype(np.complex64)
            self._transform = functools.partial(_multiply, self._spectrum, matrix, self._rows)

    def __call__(
        self,
        columns: NDArray[np.complex64],
        mask: NDArray[np.float32],
        first: int,
        gain: NDArray[np.float32],
        image: NDArray[np.complex64],
    ) -> None:
        """Writes rows first..first + ROWS of `image` (n_z, n_x), times `gain`, from `columns` (n_waves, n_z), whose
        waves are weighted by `mask` (n_waves,)."""
        _read_rows(columns, mask, first, self._slot, self._spectrum)
        self._transform()
        _write_rows(self._rows, first, gain, image)


def _multiply(spectrum: NDArray[np.complex64], matrix: NDArray[np.complex64], rows: NDArray[np.complex64]) -> None:
    np.matmul(spectrum, matrix, out=rows)


@numba.njit(nogil=True, cache=True)
def _read_rows(columns, mask, first, slot, rows):  # type: ignore[no-untyped-def]
    rows[:] = 0
    n_rows = min(rows.shape[0], columns.shape[1] - first)
    for wave in range(columns.shape[0]):
        if mask[wave] > 0:
            for i in range(n_rows):
                rows[i, slot[wave]] += mask[wave] * columns[wave, first + i]


@numba.njit(nogil=True, cache=True)
def _write_rows(rows, first, gain, image):  # type: ignore[no-untyped-def]
    for i in range(min(rows.shape[0], image.shape[0] - first)):
        for x in range(image.shape[1]):
            image[first + i, x] = rows[i, x] * gain[first + i, x]
