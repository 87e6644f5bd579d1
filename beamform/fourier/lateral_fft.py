"""The last step: from lateral wavenumbers, per depth, to the pixels of a row."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.column_fft import (
    ColumnFft,
    can_plan_columns,
    column_buffer,
    plan_columns,
    transform_columns,
)
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, even_lanes, fma, load, odd_lanes, splat
from sonolucent.beamform.compute.split_complex import BLOCK, load_block, store_block
from sonolucent.beamform.compute.taking import Taken, take
from sonolucent.beamform.fourier.sampling import TransformSizes, wavenumber_step
from sonolucent.beamform.image_grid import ImageGrid

_ROWS = 64
"""That a thread takes at a time."""


class _RowTransform(NamedTuple):
    """From waves to pixels by an FFT, for 16 rows at a time."""

    slot: NDArray[np.int64]
    """Of the transform's n inputs, the one to which each wave is added, (n_waves,)."""
    columns: ColumnFft
    spectrum: NDArray[np.float32]
    """Buffer, n blocks as in `split_complex.py` but for the imaginary parts, which come first: (n BLOCK,)."""
    pixels: NDArray[np.float32]
    """The same of its transform."""
    work: NDArray[np.float32]
    """See `column_buffer`."""


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
    """Sums exp(i K x) over the image's wavenumbers, row by row: one for each thread, for its buffers.

    An FFT where the columns divide the lateral period, else a product with the matrix of exponentials, which is
    slower. Wavenumbers beyond the columns' Nyquist alias, as they do in an image sampled at its columns.
    """

    def __init__(self, plan: ImagePlan) -> None:
        grid, waves = plan.grid, plan.image_waves
        period = plan.sampling.n_lateral * plan.acquisition.probe.pitch_m / grid.dx_m
        n = round(period)
        is_fft = abs(period - n) < 1e-6 * period and can_plan_columns(n)
        step = wavenumber_step(plan.acquisition, plan.sampling) * grid.dx_m
        self._gain = plan.pixel_gain
        self._transform = _row_transform(waves, n) if is_fft else None
        columns = np.zeros(0) if is_fft else np.arange(grid.n_x)
        self._matrix = np.exp(1j * step * waves[:, None] * columns).astype(np.complex64)

    def __call__(
        self,
        taken: Taken,
        columns: NDArray[np.complex64],
        mask: NDArray[np.float32],
        image: NDArray[np.complex64],
    ) -> None:
        """Writes rows of `image` that nobody else takes, gain included.

        Args:
            taken: see `take`.
            columns: the lateral spectrum of each row, (n_waves, n_z).
            mask: weight of each wave, (n_waves,).
            image: written to, (n_z, n_x).
        """
        if self._transform is None:
            _multiply(taken, columns, mask, self._matrix, self._gain, image)
        else:
            _transform(taken, columns, mask, self._transform, self._gain, image)


def _row_transform(waves: NDArray[np.int64], n: int) -> _RowTransform:
    return _RowTransform(
        slot=waves % n,
        columns=plan_columns(n),
        spectrum=fft.real_buffer(n * BLOCK),
        pixels=fft.real_buffer(n * BLOCK),
        work=column_buffer(n),
    )


@kernel()
def _multiply(taken, columns, mask, matrix, gain, image):
    """Writes rows of `image`, see `LateralTransform`."""
    for block in take(taken, -(-image.shape[0] // _ROWS)):
        first = _ROWS * block
        behind = min(first + _ROWS, image.shape[0])
        spectrum = np.ascontiguousarray(columns[:, first:behind].T) * mask
        image[first:behind] = np.dot(spectrum, matrix) * gain[first:behind]


@kernel(boundscheck=False)
def _transform(taken, columns, mask, transform, gain, image):
    """The same by a `_RowTransform`.

    The transform is a forward one. With real and imaginary parts exchanged, before and after, it is the backward one.
    """
    for block in take(taken, -(-image.shape[0] // _ROWS)):
        first = _ROWS * block
        _transform_rows(columns, mask, transform, gain, (first, min(first + _ROWS, image.shape[0])), image)


@kernel(boundscheck=False)
def _transform_rows(columns, mask, transform, gain, rows, image):
    """Those from rows[0] to before rows[1]."""
    slot, fft_columns, spectrum, pixels, work = transform
    at = fft_columns.buffer_at
    for first in range(rows[0], rows[1], LANES):
        n = min(LANES, rows[1] - first)
        _read_rows(columns, mask, slot, first, n, spectrum)
        transform_columns(fft_columns, spectrum, at, pixels, at, BLOCK, 1, work)
        for lane in range(n):
            row, row_gain = image[first + lane], gain[first + lane]
            for x in range(image.shape[1]):
                imaginary = x * BLOCK + lane
                row[x] = complex(pixels[imaginary + LANES], pixels[imaginary]) * row_gain[x]


@kernel(boundscheck=False)
def _read_rows(columns, mask, slot, first, n, spectrum):
    """Adds each wave of n rows of `columns` (n_waves, n_z), times its mask (n_waves,), to its slot of the spectrum."""
    floats, n_z = columns.reshape(-1).view(np.float32), columns.shape[1]
    spectrum[:] = 0
    for wave in range(slot.size):
        source, target = 2 * (wave * n_z + first), slot[wave] * BLOCK
        if n == LANES:
            low, high, weight = load(floats, source), load(floats, source + LANES), splat(mask[wave])
            imaginary, real = load_block(spectrum, target)
            imaginary = fma(weight, odd_lanes(low, high), imaginary)
            store_block(spectrum, target, (imaginary, fma(weight, even_lanes(low, high), real)))
        else:
            for lane in range(n):
                spectrum[target + lane] += mask[wave] * floats[source + 2 * lane + 1]
                spectrum[target + LANES + lane] += mask[wave] * floats[source + 2 * lane]
