"""Step B: pairs of plane waves onto the image's wavenumbers (the Stolt mapping), and back to depth."""

from __future__ import annotations

import math
from collections.abc import Iterator

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
        self.origin = math.floor(2 * used.min()) - 2
        self.n_cells = math.ceil(2 * used.max()) + 3 - self.origin
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

    def waves_of(self, residue: int) -> Iterator[int]:
        """Image wavenumbers >= 0 that equal +residue or -residue modulo the lateral period."""
        n = self.sampling.n_lateral
        return (wave for wave in range(self.steepest_wave + 1) if wave % n in (residue, (n - residue) % n))


class StoltWorkspace:
    """Buffers and transforms of one worker."""

    def __init__(self, stolt: StoltMap) -> None:
        sampling, n_bins = stolt.sampling, offsets.padded_bins(stolt.sampling)
        n_angles = sampling.n_lateral // 2 + 1
        self._stolt = stolt
        self._weight = stolt.legs.weight.view(np.float32)
        self._angles = fft.real_buffer(2, n_angles, 2 * n_bins)
        self._cells = fft.real_buffer(stolt.n_cells * LANES)
        self._scratch = fft.real_buffer(5, 2 * n_bins)
        self._spectrum = fft.complex_buffer(2, sampling.n_depth)
        self._depths = fft.complex_buffer(2, sampling.n_depth)
        self._transform = fft.plan_backward(self._spectrum, self._depths, axis=-1)

    def __call__(self, spectra: NDArray[np.complex64], residue: int, columns: NDArray[np.complex64]) -> None:
        """Maps every image wavenumber of +-`residue` from `spectra` to its depths, `columns` (n_waves, n_z)."""
        stolt, n_lateral = self._stolt, self._stolt.sampling.n_lateral
        opposite = (n_lateral - residue) % n_lateral
        angles = {residue: self._sum_offsets(spectra, residue, 0), opposite: self._sum_offsets(spectra, opposite, 1)}
        for wave in stolt.waves_of(residue):
            plus, minus = angles[wave % n_lateral], angles[-wave % n_lateral]
            spreading.spread_wave(
                wave, stolt.legs.depth_bin, self._weight, stolt.legs.first_bin, plus, minus,
                n_lateral, np.float32(stolt.origin), stolt.taps, self._cells, self._scratch,
            )  # fmt: skip
            spreading.gather_cells(self._cells, stolt.origin, self._spectrum[0], self._spectrum[1])
            self._transform()
            for sign, depths in zip((1, -1), self._depths, strict=True):
                row = sign * wave + stolt.steepest_wave
                _write_column(depths, stolt.correction, stolt.phase[row], columns[row])

    def _sum_offsets(self, spectra: NDArray[np.complex64], residue: int, slot: int) -> NDArray[np.float32]:
        """Spectra of every pair of legs (n_angles, 2 n_bins) that add up to an image wavenumber of this residue."""
        even, odd = spectra[residue].view(np.float32)
        even_cosines, odd_cosines = self._stolt.cosines[residue % 2]
        angles = self._angles[slot, : self._stolt.sampling.n_lateral // 2 + 1 - residue % 2]
        offsets.sum_offsets(even_cosines, odd_cosines, even, odd, self._stolt.odd_phase[residue], angles)
        return angles


@numba.njit(nogil=True, cache=True)
def _write_column(spectrum, correction, phase, column):  # type: ignore[no-untyped-def]
    half = column.size // 2
    for row in range(half):
        column[row] = spectrum[spectrum.size - half + row] * (correction[row] * phase)
    for row in range(half, column.size):
        column[row] = spectrum[row - half] * (correction[row] * phase)
