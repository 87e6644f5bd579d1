"""Step B: pairs of plane waves onto the image's wavenumbers (the Stolt mapping), and back to depth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, load, multiply, splat, store, times_i
from sonolucent.beamform.compute.split_complex import BLOCK
from sonolucent.beamform.fourier.depth_gridding import Samples, gather_cells, samples_buffer
from sonolucent.beamform.fourier.leg_pairs import LegPairs, LegTables, leg_pairs, leg_tables, spread_pairs
from sonolucent.beamform.fourier.offset_sum import OffsetSum, plan_offset_sum, sum_offsets
from sonolucent.beamform.fourier.plan import FourierPlan


class _Tables(NamedTuple):
    """What all residues and threads share."""

    legs: LegTables
    first_cell: int
    """The depth bin of the first cell."""
    taps: NDArray[np.float32]
    """`kaiser_bessel.tap_table`"""
    tap_correction: NDArray[np.float32]
    """Undoes the spreading kernel's fall-off over depth, each number twice: (2 n_z,)."""
    wave_phase: NDArray[np.complex64]
    """Of each of the image's waves, (n_waves,)."""


class _Residue(NamedTuple):
    """The image's wavenumbers that equal +residue or -residue modulo the lateral period."""

    waves: NDArray[np.int64]
    """Those of the wavenumbers that are 0 or more; their negatives go with them: (n,)."""
    pairs: LegPairs
    """That make those."""
    offsets: OffsetSum
    fft_call: NDArray[np.int64]
    """Transforms the first 2 n rows of the thread's `depths`, for `fft.execute`."""


class _Buffers(NamedTuple):
    """Of one thread."""

    angles: NDArray[np.float32]
    """A block of the spectra of leg pairs for +residue, and for -residue, split: (2, n_angles, BLOCK)."""
    samples: Samples
    cells: NDArray[np.float32]
    """Of each wave, see `spread`: (n, 16 n_cells)."""
    depths: NDArray[np.complex64]
    """Of each wave and its negative, in turn, the spectrum over depth, and then the depths: (2 n, n_depth)."""


class StoltMap:
    """Tables of the mapping, shared by all threads; see `StoltWorkspace` for what each thread owns.

    Args:
        plan: the tables.
        spectra: of all pairs, read anew for every image, see `PairSpectra.by_wavenumber`.
    """

    def __init__(self, plan: FourierPlan, spectra: NDArray[np.float32]) -> None:
        n_lateral, legs, first_cell = plan.sampling.n_lateral, plan.leg_waves, plan.depth_bins.start
        residues = range(n_lateral // 2 + 1)
        self.plan = plan
        self.spectra = spectra
        self.tables = _Tables(
            leg_tables(legs, first_cell), first_cell, plan.taps, np.repeat(plan.tap_correction, 2), plan.wave_phase
        )
        self.waves = [_waves_of(plan, residue) for residue in residues]
        """Those of each residue, see `_Residue`."""
        self.pairs = [leg_pairs(legs, waves, i, n_lateral) for i, waves in enumerate(self.waves)]
        self.offsets = [plan_offset_sum(plan.sampling, spectra.shape, residue) for residue in residues]


class StoltWorkspace:
    """Buffers and transforms of one thread."""

    def __init__(self, stolt: StoltMap) -> None:
        plan, most = stolt.plan, max(waves.size for waves in stolt.waves)
        self._spectra = stolt.spectra
        self._tables = stolt.tables
        self._buffers = _Buffers(
            angles=fft.real_buffer(2, plan.sampling.n_lateral // 2 + 1, BLOCK),
            cells=fft.real_buffer(most, len(plan.depth_bins) * LANES),
            depths=fft.complex_buffer(2 * most, plan.sampling.n_depth),
            samples=samples_buffer(),
        )
        self._plans = [fft.plan_backward(self._buffers.depths[: 2 * waves.size]) for waves in stolt.waves]
        calls = [fft_plan.call for fft_plan in self._plans]
        self._residues = list(map(_Residue, stolt.waves, stolt.pairs, stolt.offsets, calls))

    def __call__(self, residue: int, masks: NDArray[np.float32], columns: NDArray[np.complex64]) -> None:
        """Maps every image wavenumber of +-`residue` to its depths.

        Args:
            residue: of the image wavenumbers modulo the lateral period.
            masks: weights of the depth bins, (n_masks, n_depth).
            columns: written to, (n_masks, n_waves, n_z).
        """
        _map_residue(self._spectra, self._residues[residue], self._tables, self._buffers, masks, columns)


def _waves_of(plan: FourierPlan, residue: int) -> NDArray[np.int64]:
    """Image wavenumbers >= 0 that equal +residue or -residue modulo the lateral period."""
    n = plan.sampling.n_lateral
    waves = np.arange(plan.steepest_wave + 1)
    chosen: NDArray[np.int64] = waves[(waves % n == residue) | (-waves % n == residue)]
    return chosen


@kernel()
def _map_residue(spectra, residue, tables, buffers, masks, columns):
    """Writes the columns of all waves of a residue.

    Args:
        spectra: `PairSpectra.by_wavenumber`.
        residue: `_Residue`.
        tables: `_Tables`.
        buffers: `_Buffers`.
        masks: weights of the depth bins, float32 (n_masks, n_depth).
        columns: written to, complex64 (n_masks, n_waves, n_z).
    """
    waves, cells, depths = residue.waves, buffers.cells, buffers.depths
    _spread(spectra, residue, tables, buffers)
    for mask in range(masks.shape[0]):
        for i in range(waves.size):
            gather_cells(tables.first_cell, cells[i], masks[mask], depths[2 * i], depths[2 * i + 1])
        fft.execute(residue.fft_call)
        write_columns(waves, depths, tables.tap_correction, tables.wave_phase, columns[mask])


@kernel(boundscheck=False)
def _spread(spectra, residue, tables, buffers):
    """Fills the cells of a residue's waves.

    A block of frequencies after the other: what one has of spectra, tables and cells stays in the first cache.
    """
    pairs, offsets, legs, taps = residue.pairs, residue.offsets, tables.legs, tables.taps
    angles, samples, cells = buffers.angles, buffers.samples, buffers.cells
    cells[:] = 0
    for block in range(legs.weight.shape[0]):
        sum_offsets(block, offsets, spectra, angles)
        spread_pairs(block, pairs, legs, angles, taps, samples, cells)


@kernel(boundscheck=False)
def write_columns(waves, depths, correction, phase, columns):
    """From depths (2 n, n_depth) about the centre row, each wave followed by its negative, to their columns
    (n_waves, n_z); times `correction`, each twice, (2 n_z,) and `phase` (n_waves,)."""
    n_z = columns.shape[1]
    half = n_z // 2
    for i in range(2 * waves.size):
        wave = columns.shape[0] // 2 + waves[i // 2] * (1 - i % 2 * 2)
        depth, column = depths[i].view(np.float32), columns[wave].view(np.float32)
        _write_rows(depth[depth.size - 2 * half :], correction, phase[wave], column[: 2 * half])
        _write_rows(depth, correction[2 * half :], phase[wave], column[2 * half :])


@kernel(boundscheck=False)
def _write_rows(depth, correction, phase, column):
    """column = depth * correction * phase, for complex numbers of two floats as many as `column` has."""
    real, imaginary = splat(phase.real), splat(phase.imag)
    whole = column.size - column.size % LANES
    for first in range(0, whole, LANES):
        row = multiply(load(correction, first), load(depth, first))
        store(column, first, fma(imaginary, times_i(row), multiply(real, row)))
    for k in range(whole, column.size, 2):
        a, b = correction[k] * depth[k], correction[k] * depth[k + 1]
        column[k], column[k + 1] = a * phase.real - b * phase.imag, a * phase.imag + b * phase.real
