"""Step B: pairs of plane waves onto the image's wavenumbers (the Stolt mapping), and back to depth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, load, multiply, splat, store, times_i
from sonolucent.beamform.compute.split_complex import BLOCK, split_buffer
from sonolucent.beamform.fourier.depth_gridding import Gridding, Samples, gather_cells, samples_buffer
from sonolucent.beamform.fourier.leg_pairs import LegPairs, LegTables, leg_pairs, leg_tables, spread_pairs
from sonolucent.beamform.fourier.offset_sum import OffsetTables, cosine_table, offsets_per_block, sum_offsets
from sonolucent.beamform.fourier.plan import FourierPlan


class _Tables(NamedTuple):
    """What all residues and threads share."""

    legs: LegTables
    gridding: Gridding
    odd_phase: NDArray[np.complex64]
    """Moves the midpoints of odd offsets, rounded down to an element, to where they lie: (n_lateral,)."""
    tap_correction: NDArray[np.float32]
    """Undoes the spreading kernel's fall-off over depth, each number twice: (2 n_z,)."""
    wave_phase: NDArray[np.complex64]
    """Of each of the image's waves, (n_waves,)."""


class _Residue(NamedTuple):
    """The image's wavenumbers that equal +residue or -residue modulo the lateral period."""

    residues: tuple[int, int]
    """+residue and -residue, as 0 or more."""
    waves: NDArray[np.int64]
    """Those of the wavenumbers that are 0 or more; their negatives go with them: (n,)."""
    pairs: LegPairs
    """That make those."""
    offsets: OffsetTables
    fft_call: NDArray[np.int64]
    """Transforms the first 2 n rows of the thread's `depths`, for `fft.execute`."""


class _Buffers(NamedTuple):
    """Of one thread."""

    angles: NDArray[np.float32]
    """A block of the spectra of leg pairs for +residue, then for -residue, split: (2, n_angles, BLOCK)."""
    depths: NDArray[np.complex64]
    """Of each wave and its negative, in turn, the spectrum over depth, and then the depths: (2 n, n_depth)."""
    cells: NDArray[np.float32]
    """Of each wave, see `spread`: (n, 16 n_cells)."""
    samples: Samples


class StoltMap:
    """Tables of the mapping, shared by all threads; see `StoltWorkspace` for what each thread owns."""

    def __init__(self, plan: FourierPlan) -> None:
        n_lateral = plan.sampling.n_lateral
        self.plan = plan
        self.tables = _Tables(
            legs=leg_tables(plan.leg_waves),
            gridding=Gridding(plan.depth_bins.start, plan.taps),
            odd_phase=np.exp(-1j * np.pi * np.arange(n_lateral) / n_lateral).astype(np.complex64),
            tap_correction=np.repeat(plan.tap_correction, 2),
            wave_phase=plan.wave_phase,
        )
        self.waves = [_waves_of(plan, residue) for residue in range(n_lateral // 2 + 1)]
        """Those of each residue, see `_Residue`."""
        self.pairs = [leg_pairs(plan.leg_waves, waves, i, n_lateral) for i, waves in enumerate(self.waves)]
        self.offset_tables = [_offset_tables(plan, parity) for parity in (0, 1)]
        """Those of even and of odd residues."""


class StoltWorkspace:
    """Buffers and transforms of one thread.

    Args:
        stolt: the tables.
        spectra: of all pairs, read anew for every image, see `PairSpectra.by_wavenumber`.
    """

    def __init__(self, stolt: StoltMap, spectra: NDArray[np.float32]) -> None:
        plan = stolt.plan
        n_lateral, n_depth = plan.sampling.n_lateral, plan.sampling.n_depth
        most = max(waves.size for waves in stolt.waves)
        self._spectra = spectra
        self._tables = stolt.tables
        self._buffers = _Buffers(
            angles=split_buffer(2, n_lateral // 2 + 1, LANES),
            depths=fft.complex_buffer(2 * most, n_depth),
            cells=fft.real_buffer(most, len(plan.depth_bins) * LANES),
            samples=samples_buffer(),
        )
        self._plans = [fft.plan_backward(self._buffers.depths[: 2 * waves.size]) for waves in stolt.waves]
        self._residues = [
            _Residue((i, -i % n_lateral), waves, pairs, stolt.offset_tables[i % 2], fft_plan.call)
            for i, (waves, pairs, fft_plan) in enumerate(zip(stolt.waves, stolt.pairs, self._plans, strict=True))
        ]

    def __call__(self, residue: int, masks: NDArray[np.float32], columns: NDArray[np.complex64]) -> None:
        """Maps every image wavenumber of +-`residue` to its depths.

        Args:
            residue: of the image wavenumbers modulo the lateral period.
            masks: weights of the depth bins, (n_masks, n_depth).
            columns: written to, (n_masks, n_waves, n_z).
        """
        _map_residue(self._spectra, self._residues[residue], self._tables, self._buffers, masks, columns)


def _offset_tables(plan: FourierPlan, residue_parity: int) -> OffsetTables:
    sampling = plan.sampling
    even, odd = (cosine_table(residue_parity, sampling.n_lateral, sampling.n_offsets, parity) for parity in (0, 1))
    return OffsetTables(even, odd, offsets_per_block(sampling.bins_of_offset, sampling.n_bins))


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
        spectra: of all pairs, split: float32 (n_lateral, 2, offsets of a parity, 2 padded bins).
        residue: `_Residue`.
        tables: `_Tables`.
        buffers: `_Buffers`.
        masks: weights of the depth bins, float32 (n_masks, n_depth).
        columns: written to, complex64 (n_masks, n_waves, n_z).
    """
    waves, cells, spectra_of_waves = residue.waves, buffers.cells, buffers.depths
    cells[:] = 0
    _spread(spectra, residue, tables, buffers)
    for mask in range(masks.shape[0]):
        for i in range(waves.size):
            first_bin = tables.gridding.first_bin
            gather_cells(first_bin, cells[i], masks[mask], spectra_of_waves[2 * i], spectra_of_waves[2 * i + 1])
        fft.execute(residue.fft_call)
        write_columns(waves, spectra_of_waves, tables.tap_correction, tables.wave_phase, columns[mask])


@kernel(boundscheck=False)
def _spread(spectra, residue, tables, buffers):
    """Spreads all that makes the waves of a residue to their cells.

    A block of frequencies after the other: what one block has of spectra, tables and cells stays in the first cache.
    """
    # Taken apart once, and flat: in the loop each field and each row would be counted as a reference of its own.
    n_lateral, _, n_half, floats = spectra.shape
    even_cosines, odd_cosines, per_block = residue.offsets
    waves, legs_of, rows_of, shares, first_bins = residue.pairs
    depth_bin, weight, transmit_weight = tables.legs
    first_depth_bin, table = tables.gridding
    bins, taps, values = buffers.samples
    flat, angles, cells = spectra.reshape(-1), buffers.angles.reshape(-1), buffers.cells.reshape(-1)
    depth, receive, transmit = depth_bin.reshape(-1), weight.reshape(-1), transmit_weight.reshape(-1)
    alike = receive.ctypes.data == transmit.ctypes.data
    n_legs = weight.shape[1]
    cells_of_wave = buffers.cells.shape[1]
    for block in range(weight.shape[0]):
        n_offsets = per_block[0, block], per_block[1, block]
        for side in range(2):
            r = residue.residues[side]
            even = 2 * r * n_half * floats + block * BLOCK
            sum_offsets(
                (even_cosines, odd_cosines),
                n_offsets,
                flat,
                (even, even + n_half * floats),
                floats,
                tables.odd_phase[r],
                n_lateral // 2 + 1 - r % 2,
                angles,
                side * (n_lateral // 2 + 1) * BLOCK,
            )
        spread_pairs(
            block,
            waves,
            legs_of,
            rows_of,
            shares,
            first_bins,
            depth,
            transmit,
            receive,
            n_legs,
            alike,
            angles,
            first_depth_bin,
            table,
            bins,
            taps,
            values,
            cells,
            cells_of_wave,
        )


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
