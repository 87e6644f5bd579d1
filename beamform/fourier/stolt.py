"""Step B: pairs of plane waves onto the image's wavenumbers (the Stolt mapping), and back to depth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, load, multiply, splat, store, times_i
from sonolucent.beamform.compute.split_complex import pad_edge, padded_length, split
from sonolucent.beamform.fourier import offset_sum
from sonolucent.beamform.fourier.depth_gridding import AngleSpectra, Gridding, LegTables, gather_cells, spread_wave
from sonolucent.beamform.fourier.plan import FourierPlan


class _Tables(NamedTuple):
    """What all residues and threads share. Flat, as every tuple in a tuple costs half a microsecond a call."""

    leg_depth_bin: NDArray[np.float32]
    leg_weight: NDArray[np.float32]
    transmit_weight: NDArray[np.float32]
    leg_first_bin: NDArray[np.int64]
    """See `LegTables`."""
    first_depth_bin: int
    taps: NDArray[np.float32]
    """See `Gridding`."""
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
    offsets: offset_sum.OffsetTables
    fft_call: NDArray[np.int64]
    """Transforms the first 2 n rows of the thread's `masked` to depth, for `fft.execute`."""


class _Buffers(NamedTuple):
    """Of one thread."""

    angles: NDArray[np.float32]
    """Spectra of leg pairs for +residue and -residue, split: (2, n_angles, 2 padded bins)."""
    whole: NDArray[np.complex64]
    """Spectra over depth of each wave and its negative, in turn: (2 n, n_depth)."""
    masked: NDArray[np.complex64]
    """The same under a mask, and then over depth."""
    cells: NDArray[np.float32]
    scratch: NDArray[np.float32]
    """See `Gridding`."""


class StoltMap:
    """Tables of the mapping, shared by all threads; see `StoltWorkspace` for what each thread owns."""

    def __init__(self, plan: FourierPlan) -> None:
        n_lateral = plan.sampling.n_lateral
        self.plan = plan
        odd_phase = np.exp(-1j * np.pi * np.arange(n_lateral) / n_lateral).astype(np.complex64)
        n_bins = padded_length(plan.sampling.n_bins)
        weight = split(plan.leg_waves.weight, n_bins)
        alike = plan.leg_waves.transmit_weight is plan.leg_waves.weight
        self.tables = _Tables(
            leg_depth_bin=pad_edge(plan.leg_waves.depth_bin),
            leg_weight=weight,
            transmit_weight=weight if alike else split(plan.leg_waves.transmit_weight, n_bins),
            leg_first_bin=plan.leg_waves.first_bin,
            first_depth_bin=plan.depth_bins.start,
            taps=plan.taps,
            odd_phase=odd_phase,
            tap_correction=np.repeat(plan.tap_correction, 2),
            wave_phase=plan.wave_phase,
        )
        self.waves = [_waves_of(plan, residue) for residue in range(n_lateral // 2 + 1)]
        """Those of each residue, see `_Residue`."""
        self.offset_tables = [_offset_tables(plan, parity) for parity in (0, 1)]
        """Those of even and of odd residues."""


class StoltWorkspace:
    """Buffers and transforms of one thread.

    Args:
        stolt: the tables.
        spectra: of all pairs, read anew for every image, see `PairSpectra.by_wavenumber`.
    """

    def __init__(self, stolt: StoltMap, spectra: NDArray[np.float32]) -> None:
        plan, n_residues = stolt.plan, len(stolt.waves)
        n_bins, n_depth = padded_length(plan.sampling.n_bins), plan.sampling.n_depth
        most = max(waves.size for waves in stolt.waves)
        self._spectra = spectra
        self._tables = stolt.tables
        self._buffers = _Buffers(
            angles=fft.real_buffer(2, n_residues, 2 * n_bins),
            whole=fft.complex_buffer(2 * most, n_depth),
            masked=fft.complex_buffer(2 * most, n_depth),
            cells=fft.real_buffer(len(plan.depth_bins) * LANES),
            scratch=fft.real_buffer(6, n_bins),
        )
        self._plans = [fft.plan_backward(self._buffers.masked[: 2 * waves.size]) for waves in stolt.waves]
        self._residues = [
            _Residue((i, -i % plan.sampling.n_lateral), waves, stolt.offset_tables[i % 2], fft_plan.call)
            for i, (waves, fft_plan) in enumerate(zip(stolt.waves, self._plans, strict=True))
        ]

    def __call__(self, residue: int, masks: NDArray[np.float32], columns: NDArray[np.complex64]) -> None:
        """Maps every image wavenumber of +-`residue` to its depths.

        Args:
            residue: of the image wavenumbers modulo the lateral period.
            masks: weights of the depth bins, (n_masks, n_depth).
            columns: written to, (n_masks, n_waves, n_z).
        """
        _map_residue(self._spectra, self._residues[residue], self._tables, self._buffers, masks, columns)


def _offset_tables(plan: FourierPlan, residue_parity: int) -> offset_sum.OffsetTables:
    sampling = plan.sampling
    even, odd = (
        offset_sum.cosine_table(residue_parity, sampling.n_lateral, sampling.n_offsets, parity) for parity in (0, 1)
    )
    offsets_per_block = offset_sum.offsets_per_block(sampling.bins_of_offset, sampling.n_bins)
    return offset_sum.OffsetTables(even, odd, offsets_per_block)


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
    waves, whole = residue.waves, buffers.whole
    legs = LegTables(tables.leg_depth_bin, tables.leg_weight, tables.transmit_weight, tables.leg_first_bin)
    gridding = Gridding(tables.first_depth_bin, tables.taps, buffers.cells, buffers.scratch)
    _sum_offsets(spectra, residue, tables.odd_phase, buffers.angles)
    for i in range(waves.size):
        side = 0 if waves[i] % spectra.shape[0] == residue.residues[0] else 1
        angles = AngleSpectra(buffers.angles[side], buffers.angles[1 - side], spectra.shape[0])
        spread_wave(waves[i], legs, angles, gridding)
        gather_cells(gridding, whole[2 * i], whole[2 * i + 1])
    for i in range(masks.shape[0]):
        _mask(whole[: 2 * waves.size], masks[i], buffers.masked)
        fft.execute(residue.fft_call)
        write_columns(waves, buffers.masked, tables.tap_correction, tables.wave_phase, columns[i])


@kernel()
def _sum_offsets(spectra, residue, odd_phase, angles):
    """Fills `_Buffers.angles` for a `_Residue`; `odd_phase` (n_lateral,) as in `_Tables`."""
    for i, r in enumerate(residue.residues):
        even, odd = spectra[r]
        of_parity = angles[i, : spectra.shape[0] // 2 + 1 - r % 2]
        offset_sum.sum_offsets(residue.offsets, even, odd, odd_phase[r], of_parity)


@kernel()
def _mask(whole, mask, masked):
    """masked = whole * mask, for spectra (n, n_depth) and a mask (n_depth,)."""
    for row in range(whole.shape[0]):
        for bin_ in range(mask.size):
            masked[row, bin_] = whole[row, bin_] * mask[bin_]


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
