"""Step B: pairs of plane waves onto the image's wavenumbers (the Stolt mapping), and back to depth."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import fft, offsets, spreading
from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.beamform.simd import LANES
from sonolucent.beamform.wavenumbers import Legs, Sampling, wavenumber_step


class StoltMap:
    """Tables of the mapping, shared by all workers; see `StoltWorkspace` for what each worker owns."""

    def __init__(self, acquisition: Acquisition, grid: ImageGrid, sampling: Sampling, legs: Legs) -> None:
        self.sampling = sampling
        self.legs = legs
        self.steepest_wave = 2 * (legs.depth_bin.shape[0] - 1)
        self.waves = np.arange(-self.steepest_wave, self.steepest_wave + 1)
        used = legs.depth_bin[np.abs(legs.weight) > 0]
        self.origin = math.floor(2 * used.min()) - 4
        self.n_cells = math.ceil(2 * used.max()) + 4 - self.origin
        self.cosines = [
            [offsets.cosine_table(residue, sampling.n_lateral, sampling.n_offsets, parity) for parity in (0, 1)]
            for residue in (0, 1)
        ]
        self.odd_phase = np.exp(-1j * np.pi * np.arange(sampling.n_lateral) / sampling.n_lateral).astype(np.complex64)
        beta = spreading.shape_parameter(sampling.n_depth / grid.n_z)
        self.taps = spreading.tap_table(beta)
        self.correction = spreading.de_apodization(beta, grid.n_z, sampling.n_depth)
        shift_m = grid.x0_m - acquisition.probe.element_x_m[0]
        self.phase = (1j * np.exp(1j * wavenumber_step(acquisition, sampling) * shift_m * self.waves)).astype(
            np.complex64
        )

    def depth_wavenumbers(self, depth_step_rad_m: float) -> NDArray[np.float64]:
        """The depth wavenumber, rad/m, that each bin of the depth FFT stands for: (n_depth,)."""
        n = self.sampling.n_depth
        bins = self.origin + (np.arange(n) - self.origin) % n
        return np.asarray(bins * depth_step_rad_m, dtype=np.float64)

    def waves_of(self, residue: int) -> NDArray[np.int64]:
        """Image wavenumbers >= 0 that equal +residue or -residue modulo the lateral period."""
        n = self.sampling.n_lateral
        waves = np.arange(self.steepest_wave + 1)
        chosen: NDArray[np.int64] = waves[(waves % n == residue) | (-waves % n == residue)]
        return chosen


class StoltWorkspace:
    """Buffers and transforms of one worker."""

    def __init__(self, stolt: StoltMap) -> None:
        sampling, n_bins = stolt.sampling, offsets.padded_bins(stolt.sampling)
        n_angles = sampling.n_lateral // 2 + 1
        self._stolt = stolt
        self._weight = fft.complex_buffer(stolt.legs.weight.shape[0], n_bins).view(np.float32)
        self._weight[:, : 2 * sampling.n_bins] = stolt.legs.weight.view(np.float32)
        self._angles = fft.real_buffer(2, n_angles, 2 * n_bins)
        self._cells = fft.real_buffer(stolt.n_cells * LANES)
        self._scratch = fft.real_buffer(6, n_bins)
        self._waves = [stolt.waves_of(residue) for residue in range(n_angles)]
        most = max(waves.size for waves in self._waves)
        self._whole = fft.complex_buffer(most, 2, sampling.n_depth)
        self._spectrum = fft.complex_buffer(most, 2, sampling.n_depth)
        self._depths = fft.complex_buffer(most, 2, sampling.n_depth)
        self._transform = fft.plan_backward(self._spectrum, self._depths, axis=-1)

    def __call__(
        self,
        spectra: NDArray[np.complex64],
        residue: int,
        masks: NDArray[np.float32],
        columns: NDArray[np.complex64],
    ) -> None:
        """Maps every image wavenumber of +-`residue` from `spectra` to its depths.

        Args:
            spectra: of all pairs, see `PairSpectra.by_wavenumber`.
            residue: of the image wavenumbers modulo the lateral period.
            masks: weights of the depth bins, (n_masks, n_depth).
            columns: written to, (n_masks, n_waves, n_z).
        """
        stolt = self._stolt
        opposite = -residue % stolt.sampling.n_lateral
        _spread_waves(
            self._waves[residue],
            residue,
            self._sum_offsets(spectra, residue, 0),
            self._sum_offsets(spectra, opposite, 1),
            stolt.sampling.n_lateral,
            (stolt.legs.depth_bin, self._weight, stolt.legs.first_bin),
            stolt.origin,
            stolt.taps,
            self._cells,
            self._scratch,
            self._whole,
        )
        waves = self._waves[residue]
        for mask, masked in zip(masks, columns, strict=True):
            np.multiply(self._whole, mask, out=self._spectrum)
            self._transform()
            _write_columns(waves, stolt.steepest_wave, self._depths, stolt.correction, stolt.phase, masked)

    def _sum_offsets(self, spectra: NDArray[np.complex64], residue: int, slot: int) -> NDArray[np.float32]:
        """Spectra of every pair of legs (n_angles, 2 n_bins) that add up to an image wavenumber of this residue."""
        even, odd = spectra[residue].view(np.float32)
        even_cosines, odd_cosines = self._stolt.cosines[residue % 2]
        angles = self._angles[slot, : self._stolt.sampling.n_lateral // 2 + 1 - residue % 2]
        offsets.sum_offsets(even_cosines, odd_cosines, even, odd, self._stolt.odd_phase[residue], angles)
        return angles


@numba.njit(nogil=True, cache=True)
def _spread_waves(  # type: ignore[no-untyped-def]
    waves, residue, angles, opposite, n_lateral, legs, origin, taps, cells, scratch, spectrum
):
    """Depth spectra (n, 2, n_depth) of each wave and its negative, from the leg pairs of +residue and -residue."""
    for i in range(waves.size):
        plus, minus = (angles, opposite) if waves[i] % n_lateral == residue else (opposite, angles)
        spreading.spread_wave(waves[i], *legs, plus, minus, n_lateral, np.float32(origin), taps, cells, scratch)
        spreading.gather_cells(cells, origin, spectrum[i, 0], spectrum[i, 1])


@numba.njit(nogil=True, cache=True)
def _write_columns(waves, steepest, depths, correction, phase, columns):  # type: ignore[no-untyped-def]
    """From depths (n, 2, n_depth) about the centre row to the columns of each wave and its negative."""
    n_z = columns.shape[1]
    half, behind = n_z // 2, depths.shape[2] - n_z // 2
    for i in range(waves.size):
        for side in range(2):
            wave = steepest + waves[i] * (1 - 2 * side)
            for row in range(half):
                columns[wave, row] = depths[i, side, behind + row] * (correction[row] * phase[wave])
            for row in range(half, n_z):
                columns[wave, row] = depths[i, side, row - half] * (correction[row] * phase[wave])
