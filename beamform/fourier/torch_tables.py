"""The steps of the Fourier beamformer as index tables and matrices, for a GPU, which has the bandwidth to read them.

Spreading sample by sample lets threads collide on bins; gathering bin by bin from a list does not, and always adds in
the same order. `sampling.py` has the physics and `kaiser_bessel.py` the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.compute.simd import LANES
from sonolucent.beamform.fourier import kaiser_bessel
from sonolucent.beamform.fourier.leg_pairs import angle_row
from sonolucent.beamform.fourier.leg_waves import LegWaves
from sonolucent.beamform.fourier.sampling import Sampling, wavenumber_step
from sonolucent.beamform.image_grid import ImageGrid

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class FoldTable:
    """Which two traces each pair of elements adds up, and where its spectrum goes.

    Traces count as shot * n_rx + receiver; the one after the last stands for all that were not taken.
    """

    first_order: Indices
    """The trace of (lower, higher) as transmitter and receiver, (n_pairs,)."""
    second_order: Indices
    """That of (higher, lower)."""
    midpoint: Indices
    """offset * n_lateral + the midpoint, rounded down to an element."""
    too_early: NDArray[np.bool_]
    """Samples too early for an echo of a pixel, (n_pairs, n_samples)."""
    too_high: NDArray[np.bool_]
    """Frequencies too high to reach a pixel, (n_pairs, n_bins)."""


def fold_table(acquisition: Acquisition, sampling: Sampling) -> FoldTable:
    """The table of all pairs of living elements that the apodization lets through, lower element first."""
    low, high = np.triu_indices(acquisition.n_rx)
    used = (high - low < sampling.n_offsets) & ~np.isin([low, high], acquisition.dead_elements).any(axis=0)
    # Whole blocks, as the CPU's.
    bins_used = LANES * np.ceil(np.array(sampling.bins_of_offset) / LANES)
    low, high = low[used], high[used]
    missing = acquisition.n_tx * acquisition.n_rx
    first_trace = np.full(acquisition.n_rx, missing, np.int64)
    first_trace[list(acquisition.tx_elements)] = np.arange(acquisition.n_tx) * acquisition.n_rx
    return FoldTable(
        first_order=np.minimum(first_trace[low] + high, missing),
        second_order=np.where(low == high, missing, np.minimum(first_trace[high] + low, missing)),
        midpoint=(high - low) * sampling.n_lateral + (low + high) // 2,
        too_early=np.arange(acquisition.n_samples) < np.array(sampling.first_sample)[high - low, None],
        too_high=np.arange(sampling.n_bins) >= bins_used[high - low, None],
    )


def offset_matrices(sampling: Sampling) -> NDArray[np.complex64]:
    """The sum over offsets h, for each residue of the image's wavenumber modulo the lateral period a matrix
    (n_angles, n_offsets): 2 cos(h angle), and for odd h the half element by which midpoints were rounded down."""
    n = sampling.n_lateral
    residue, row, offset = np.ogrid[:n, : n // 2 + 1, : sampling.n_offsets]
    angle = (row + residue % 2 / 2) * 2 * np.pi / n
    rounding = np.exp(-1j * np.pi * residue / n * (offset % 2))
    return np.asarray(2 * np.cos(angle * offset) * rounding, dtype=np.complex64)


@dataclass(frozen=True)
class GatherTable:
    """For each bin of the image's spectrum, the samples that spread to it.

    A sample is one frequency of one unordered pair of legs k_t + k_r >= 0: number pair * n_bins + frequency. A cell is
    one depth bin of one of the image's wavenumbers >= 0: number wavenumber * n_depth + bin. Its mirror image, at the
    negative wavenumber, gathers the mirrored samples by the same list.
    """

    angle: Indices
    """(n_pairs, 2): residue * n_angles + row, in `offset_matrices`, of each pair and of its mirror image."""
    weight: NDArray[np.complex64]
    """(n_pairs, n_bins)"""
    first: NDArray[np.int32]
    """Where the samples of each cell begin in the list, and its length: (n_cells + 1,)."""
    sample: NDArray[np.int32]
    tap: NDArray[np.float32]
    """The spreading kernel between each listed sample and its cell."""


def gather_table(leg_waves: LegWaves, sampling: Sampling, taps: NDArray[np.float32]) -> GatherTable:
    """The list for `taps`, a `kaiser_bessel.tap_table`: 8 bytes a tap, 44 MB at the reference geometry."""
    wave, high = _leg_pairs(len(leg_waves.depth_bin))
    low = np.abs(wave - high)
    passes = np.arange(sampling.n_bins) >= np.maximum(leg_waves.first_bin[high], leg_waves.first_bin[low])[:, None]
    sample = np.flatnonzero(passes)
    bins, values = _spread((leg_waves.depth_bin[high] + leg_waves.depth_bin[low])[passes], taps)
    cell = wave[sample // sampling.n_bins, None] * sampling.n_depth + bins % sampling.n_depth
    order = np.argsort(cell, axis=None, kind="stable")
    n_cells = (wave.max() + 1) * sampling.n_depth
    # (k_t, k_r) and (k_r, k_t) are summed together, hence twice where both are one.
    half = np.where(2 * high == wave, np.float32(0.5), np.float32(1))[:, None]
    return GatherTable(
        angle=np.stack([_angle(wave, high, sampling.n_lateral), _angle(-wave, -high, sampling.n_lateral)], axis=1),
        weight=half * _pair_weight(leg_waves, high, low),
        first=np.searchsorted(cell.ravel()[order], np.arange(n_cells + 1)).astype(np.int32),
        sample=np.repeat(sample, kaiser_bessel.TAPS)[order].astype(np.int32),
        tap=values.ravel()[order],
    )


def _pair_weight(leg_waves: LegWaves, high: Indices, low: Indices) -> NDArray[np.complex64]:
    """Weights of unordered pairs of legs, (n_pairs, n_bins): the mean of both orders where legs are weighted apart."""
    receive, transmit = leg_waves.weight, leg_waves.transmit_weight
    if transmit is receive:
        return np.asarray(receive[high] * receive[low])
    return np.asarray(0.5 * (transmit[high] * receive[low] + transmit[low] * receive[high]), dtype=np.complex64)


def lateral_matrix(
    acquisition: Acquisition, grid: ImageGrid, sampling: Sampling, n_waves: int
) -> NDArray[np.complex64]:
    """i exp(i K x), (2 n_waves, n_x), for the wavenumbers 0, 1, .. and 0, -1, ..; the second 0 is left out."""
    wave = np.concatenate([np.arange(n_waves), -np.arange(n_waves)])
    k_x = wave[:, None] * wavenumber_step(acquisition, sampling)
    matrix = 1j * np.exp(1j * k_x * (grid.x_m - acquisition.probe.element_x_m[0]))
    matrix[n_waves] = 0
    return np.asarray(matrix, dtype=np.complex64)


def _leg_pairs(n_legs: int) -> tuple[Indices, Indices]:
    """Sum, 0 or more, and higher leg of all unordered pairs of legs within -+(n_legs - 1)."""
    high, low = np.meshgrid(np.arange(n_legs), np.arange(1 - n_legs, n_legs), indexing="ij")
    wanted = (low <= high) & (low + high >= 0)
    return (low + high)[wanted], high[wanted]


def _spread(position: NDArray[np.float32], taps: NDArray[np.float32]) -> tuple[Indices, NDArray[np.float32]]:
    """The four bins around each position, and their taps: (n, 4) each."""
    below = position.astype(np.int64)
    rows = taps.reshape(-1, kaiser_bessel.TAPS)
    fraction = ((position - below.astype(np.float32)) * np.float32(len(rows))).astype(np.int64)
    return below[:, None] + np.arange(kaiser_bessel.TAPS) - 1, rows[fraction]


def _angle(wave: Indices, leg: Indices, n_lateral: int) -> Indices:
    """residue * n_angles + row of the pair (leg, wave - leg)."""
    return np.asarray(wave % n_lateral * (n_lateral // 2 + 1) + angle_row(leg, wave, n_lateral))
