"""Step B: pairs of plane waves onto the image's wavenumbers (the Stolt mapping), and back to depth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES
from sonolucent.beamform.fourier import depth_gridding, offset_sum
from sonolucent.beamform.fourier.plan import FourierPlan


class StoltMap:
    """Tables of the mapping, shared by all threads; see `StoltWorkspace` for what each thread owns."""

    def __init__(self, plan: FourierPlan) -> None:
        sampling, leg_waves = plan.sampling, plan.leg_waves
        self.plan = plan
        self.cosines = [
            [offset_sum.cosine_table(residue, sampling.n_lateral, sampling.n_offsets, parity) for parity in (0, 1)]
            for residue in (0, 1)
        ]
        self.rows_per_block = offset_sum.rows_per_block(sampling.bins_of_offset, sampling.n_bins)
        n_bins = offset_sum.padded_bins(sampling.n_bins)
        self.weight = fft.complex_buffer(leg_waves.weight.shape[0], n_bins).view(np.float32)
        self.weight[:, : 2 * sampling.n_bins] = leg_waves.weight.view(np.float32)
        self.odd_phase = np.exp(-1j * np.pi * np.arange(sampling.n_lateral) / sampling.n_lateral).astype(np.complex64)

    def waves_of(self, residue: int) -> NDArray[np.int64]:
        """Image wavenumbers >= 0 that equal +residue or -residue modulo the lateral period."""
        n = self.plan.sampling.n_lateral
        waves = np.arange(self.plan.steepest_wave + 1)
        chosen: NDArray[np.int64] = waves[(waves % n == residue) | (-waves % n == residue)]
        return chosen


class StoltWorkspace:
    """Buffers and transforms of one thread."""

    def __init__(self, stolt: StoltMap) -> None:
        sampling = stolt.plan.sampling
        n_bins = offset_sum.padded_bins(sampling.n_bins)
        n_angles = sampling.n_lateral // 2 + 1
        self._stolt = stolt
        self._waves = [stolt.waves_of(residue) for residue in range(n_angles)]
        most = max(waves.size for waves in self._waves)
        self._angles = fft.real_buffer(2, n_angles, 2 * n_bins)
        self._cells = fft.real_buffer(len(stolt.plan.depth_bins) * LANES)
        self._scratch = fft.real_buffer(6, n_bins)
        self._whole = fft.complex_buffer(2 * most, sampling.n_depth)
        self._masked = fft.complex_buffer(2 * most, sampling.n_depth)
        self._plans = [fft.plan_backward(self._masked[: 2 * waves.size]) for waves in self._waves]

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
        stolt, plan = self._stolt, self._stolt.plan
        opposite = -residue % plan.sampling.n_lateral
        _map_residue(
            spectra.view(np.float32),
            (residue, opposite),
            self._waves[residue],
            (*stolt.cosines[residue % 2], stolt.rows_per_block, stolt.odd_phase),
            (plan.leg_waves.depth_bin, stolt.weight, plan.leg_waves.first_bin),
            (plan.depth_bins.start, plan.taps),
            (self._angles, self._cells, self._scratch, self._whole, self._masked),
            self._plans[residue].call,
            (plan.tap_correction, plan.wave_phase),
            masks,
            columns,
        )


@kernel()
def _map_residue(  # type: ignore[no-untyped-def]
    spectra, residues, waves, cosines, legs, spread, buffers, transform, finish, masks, columns
):
    even_cosines, odd_cosines, n_rows, odd_phase = cosines
    angles, cells, scratch, whole, masked = buffers
    (origin, taps), n_lateral = spread, spectra.shape[0]
    for i, residue in enumerate(residues):
        even, odd = spectra[residue]
        angles_of_parity = angles[i, : n_lateral // 2 + 1 - residue % 2]
        offset_sum.sum_offsets(even_cosines, odd_cosines, even, odd, n_rows, odd_phase[residue], angles_of_parity)
    for i in range(waves.size):
        here = 0 if waves[i] % n_lateral == residues[0] else 1
        plus, minus = angles[here], angles[1 - here]
        depth_gridding.spread_wave(waves[i], *legs, plus, minus, n_lateral, np.float32(origin), taps, cells, scratch)
        depth_gridding.gather_cells(cells, origin, whole[2 * i], whole[2 * i + 1])
    for i in range(masks.shape[0]):
        _mask(whole[: 2 * waves.size], masks[i], masked)
        fft.execute(transform)
        _write_columns(waves, masked, *finish, columns[i])


@kernel()
def _mask(whole, mask, masked):  # type: ignore[no-untyped-def]
    for row in range(whole.shape[0]):
        for bin_ in range(mask.size):
            masked[row, bin_] = whole[row, bin_] * mask[bin_]


@kernel()
def _write_columns(waves, depths, correction, phase, columns):  # type: ignore[no-untyped-def]
    """From depths (2 n, n_depth) about the centre row, each wave followed by its negative, to their columns."""
    n_z = columns.shape[1]
    half, behind = n_z // 2, depths.shape[1] - n_z // 2
    for i in range(2 * waves.size):
        wave = columns.shape[0] // 2 + waves[i // 2] * (1 - i % 2 * 2)
        for row in range(half):
            columns[wave, row] = depths[i, behind + row] * (correction[row] * phase[wave])
        for row in range(half, n_z):
            columns[wave, row] = depths[i, row - half] * (correction[row] * phase[wave])
