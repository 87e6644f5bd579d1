"""Step B: pairs of plane waves onto the image's wavenumbers (the Stolt mapping), and back to depth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, load, multiply, splat, store, times_i
from sonolucent.beamform.compute.split_complex import BLOCK
from sonolucent.beamform.compute.taking import Taken, take
from sonolucent.beamform.fourier.depth_gridding import Samples, gather_cells, samples_buffer
from sonolucent.beamform.fourier.leg_pairs import LegPairs, LegTables, leg_pairs, leg_tables, spread_pairs
from sonolucent.beamform.fourier.offset_sum import OffsetSums, plan_offset_sums, sum_offsets
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


class _Residues(NamedTuple):
    """For each residue, the image's wavenumbers that equal +residue or -residue modulo the lateral period."""

    waves: NDArray[np.int64]
    """Those of the wavenumbers that are 0 or more, by residue; their negatives go with them."""
    first_wave: NDArray[np.int64]
    """Of each residue, and the number of all: (n_residues + 1,)."""
    pairs: LegPairs
    """That make the waves of each residue, one residue after the other."""
    first_pair: NDArray[np.int64]
    """Of each residue, and the number of all: (n_residues + 1,)."""
    offsets: OffsetSums


class _Buffers(NamedTuple):
    """Of one thread."""

    angles: NDArray[np.float32]
    """A block of the spectra of leg pairs for +residue, and for -residue, split: (2, n_angles, BLOCK)."""
    samples: Samples
    cells: NDArray[np.float32]
    """Of each wave, see `spread`: (n, 16 n_cells)."""
    depths: NDArray[np.complex64]
    """Of each wave and its negative, in turn, the spectrum over depth, and then the depths: (2 n, n_depth)."""
    fft_calls: NDArray[np.int64]
    """Transforms of the first 2, 4, .. rows of `depths`, for `fft.execute`: (n, 2)."""


class StoltMap:
    """Tables of the mapping, shared by all threads; see `StoltWorkspace` for what each thread owns.

    Args:
        plan: the tables.
        spectra: of all pairs, read anew for every image, see `PairSpectra.by_wavenumber`.
    """

    def __init__(self, plan: FourierPlan, spectra: NDArray[np.float32]) -> None:
        legs, first_cell = plan.leg_waves, plan.depth_bins.start
        self.plan = plan
        self.spectra = spectra
        self.tables = _Tables(
            leg_tables(legs, first_cell), first_cell, plan.taps, np.repeat(plan.tap_correction, 2), plan.wave_phase
        )
        self.residues = _residues(plan, spectra.shape)


class StoltWorkspace:
    """Buffers and transforms of one thread."""

    def __init__(self, stolt: StoltMap) -> None:
        plan, most = stolt.plan, int(np.diff(stolt.residues.first_wave).max())
        self._spectra = stolt.spectra
        self._residues, self._tables = stolt.residues, stolt.tables
        depths = fft.complex_buffer(2 * most, plan.sampling.n_depth)
        self._plans = [fft.plan_backward(depths[: 2 * n]) for n in range(1, most + 1)]
        self._buffers = _Buffers(
            angles=fft.real_buffer(2, plan.sampling.n_lateral // 2 + 1, BLOCK),
            cells=fft.real_buffer(most, len(plan.depth_bins) * LANES),
            depths=depths,
            samples=samples_buffer(),
            fft_calls=fft.calls(self._plans),
        )

    def __call__(self, taken: Taken, masks: NDArray[np.float32], columns: NDArray[np.complex64]) -> None:
        """Maps the image's wavenumbers of residues that nobody else takes to their depths.

        Args:
            taken: see `take`.
            masks: weights of the depth bins, (n_masks, n_depth).
            columns: written to, (n_masks, n_waves, n_z).
        """
        _map_residues(taken, self._spectra, self._residues, self._tables, self._buffers, masks, columns)


def _residues(plan: FourierPlan, spectra_shape: tuple[int, ...]) -> _Residues:
    n_lateral = plan.sampling.n_lateral
    waves = [_waves_of(plan, residue) for residue in range(n_lateral // 2 + 1)]
    pairs = [leg_pairs(plan.leg_waves, of_one, residue, n_lateral) for residue, of_one in enumerate(waves)]
    return _Residues(
        waves=np.concatenate(waves),
        first_wave=np.cumsum([0, *(of_one.size for of_one in waves)]),
        pairs=LegPairs(*map(np.concatenate, zip(*pairs, strict=True))),
        first_pair=np.cumsum([0, *(of_one.share.size for of_one in pairs)]),
        offsets=plan_offset_sums(plan.sampling, spectra_shape),
    )


def _waves_of(plan: FourierPlan, residue: int) -> NDArray[np.int64]:
    """Image wavenumbers >= 0 that equal +residue or -residue modulo the lateral period."""
    n = plan.sampling.n_lateral
    waves = np.arange(plan.steepest_wave + 1)
    chosen: NDArray[np.int64] = waves[(waves % n == residue) | (-waves % n == residue)]
    return chosen


@kernel()
def _map_residues(taken, spectra, residues, tables, buffers, masks, columns):
    """Writes the columns of all waves, residue by residue.

    Args:
        taken: see `take`.
        spectra: `PairSpectra.by_wavenumber`.
        residues: `_Residues`.
        tables: `_Tables`.
        buffers: `_Buffers`.
        masks: weights of the depth bins, float32 (n_masks, n_depth).
        columns: written to, complex64 (n_masks, n_waves, n_z).
    """
    cells, depths = buffers.cells, buffers.depths
    for residue in take(taken, residues.first_wave.size - 1):
        waves = residues.waves[residues.first_wave[residue] : residues.first_wave[residue + 1]]
        _spread(spectra, residue, residues, tables, buffers)
        for mask in range(masks.shape[0]):
            for i in range(waves.size):
                gather_cells(tables.first_cell, cells[i], masks[mask], depths[2 * i], depths[2 * i + 1])
            if waves.size > 0:
                fft.execute(buffers.fft_calls[waves.size - 1])
            write_columns(waves, depths, tables.tap_correction, tables.wave_phase, columns[mask])


@kernel(boundscheck=False)
def _spread(spectra, residue, residues, tables, buffers):
    """Fills the cells of a residue's waves.

    A block of frequencies after the other: what one has of spectra, tables and cells stays in the first cache.
    """
    first, behind = residues.first_pair[residue], residues.first_pair[residue + 1]
    pairs = LegPairs(residues.pairs.rows[first:behind], residues.pairs.share[first:behind])
    legs, taps = tables.legs, tables.taps
    angles, samples, cells = buffers.angles, buffers.samples, buffers.cells
    cells[:] = 0
    for block in range(legs.weight.shape[0]):
        sum_offsets(block, residue, residues.offsets, spectra, angles)
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
