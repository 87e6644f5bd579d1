"""The last step: from lateral wavenumbers, per depth, to the pixels of a row."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.fourier.sampling import TransformSizes, wavenumber_step
from sonolucent.beamform.image_grid import ImageGrid

_ROWS = 16
"""Rows of the image transformed together."""


class _RowTransform(NamedTuple):
    """From waves to pixels, for `_ROWS` rows at a time."""

    slot: NDArray[np.int64]
    """Column of `spectrum` to which each wave is added, (n_waves,)."""
    spectrum: NDArray[np.complex64]
    """Buffer, (_ROWS, n)."""
    fft_call: NDArray[np.int64]
    """Transforms `spectrum` in place, for `fft.execute`."""
    matrix: NDArray[np.complex64]
    """The exponentials to multiply with instead, (n, n_x); empty where the FFT will do."""


class ImagePlan(Protocol):
    """What a plan says of its image."""

    @property
    def acquisition(self) -> Acquisition: ...
    @property
    def grid(self) -> ImageGrid: ...
    @property
    def sampling(self) -> TransformSizes: ...
    @property
    def image_waves(self) -> NDArray[np.int64]:
        """The image's lateral wavenumbers K, rising, in units of the step: (n_waves,)."""

    @property
    def pixel_gain(self) -> NDArray[np.float32]:
        """The scale of the sums times the gain asked for: (n_z, n_x)."""


class LateralTransform:
    """Sums exp(i K x) over the image's wavenumbers, for blocks of rows: one for each thread, for its buffers.

    An FFT where the columns divide the lateral period, else a product with the matrix of exponentials, which is
    slower. Wavenumbers beyond the columns' Nyquist alias, as they do in an image sampled at its columns.
    """

    def __init__(self, plan: ImagePlan) -> None:
        grid, waves = plan.grid, plan.image_waves
        period = plan.sampling.n_lateral * plan.acquisition.probe.pitch_m / grid.dx_m
        is_fft = abs(period - round(period)) < 1e-6 * period
        n = round(period) if is_fft else waves.size
        spectrum = fft.complex_buffer(_ROWS, n)
        step = wavenumber_step(plan.acquisition, plan.sampling) * grid.dx_m
        columns = np.zeros(0) if is_fft else np.arange(grid.n_x)
        self._gain = plan.pixel_gain
        self._plan = fft.plan_backward(spectrum)
        self._transform = _RowTransform(
            slot=waves % n if is_fft else np.arange(n),
            spectrum=spectrum,
            fft_call=self._plan.call,
            matrix=np.exp(1j * step * waves[:, None] * columns).astype(np.complex64),
        )

    def __call__(
        self, columns: NDArray[np.complex64], mask: NDArray[np.float32], rows: range, image: NDArray[np.complex64]
    ) -> None:
        """Writes some rows of `image` (n_z, n_x), gain included.

        Args:
            columns: the lateral spectrum of each row, (n_waves, n_z).
            mask: weight of each wave, (n_waves,).
            rows: which to write.
            image: written to.
        """
        block = slice(rows.start, rows.stop)
        _write_image(columns[:, block], mask, self._transform, self._gain[block], image[block])


@kernel()
def _write_image(columns, mask, transform, gain, image):
    """Writes rows `image` (n, n_x), times `gain` (n, n_x), from `columns` (n_waves, n) by a `_RowTransform`."""
    spectrum, n_x = transform.spectrum, image.shape[1]
    for first in range(0, image.shape[0], spectrum.shape[0]):
        n = min(spectrum.shape[0], image.shape[0] - first)
        _read_rows(columns[:, first : first + n], mask, transform.slot, spectrum)
        if transform.matrix.size:
            pixels = np.dot(spectrum, transform.matrix)
        else:
            fft.execute(transform.fft_call)
            pixels = spectrum
        for i in range(n):
            image[first + i] = pixels[i, :n_x] * gain[first + i]


@kernel()
def _read_rows(columns, mask, slot, spectrum):
    """Adds each wave of `columns` (n_waves, n), times its mask (n_waves,), to its slot of the rows of `spectrum`."""
    spectrum[:] = 0
    for wave in range(columns.shape[0]):
        if mask[wave] > 0:
            for i in range(columns.shape[1]):
                spectrum[i, slot[wave]] += mask[wave] * columns[wave, i]
