"""Step B of plane waves: spectra of all shots onto the image's wavenumbers, and back to depth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, load
from sonolucent.beamform.compute.split_complex import load_block, pad_edge, split, times
from sonolucent.beamform.compute.taking import Taken, take
from sonolucent.beamform.fourier import kaiser_bessel
from sonolucent.beamform.fourier.depth_gridding import Samples, gather_cells, locate, samples_buffer, spread, weigh
from sonolucent.beamform.fourier.plane_wave_plan import PlaneWavePlan
from sonolucent.beamform.fourier.stolt import write_columns

_WAVES = 4
"""Wavenumbers of the image, each with its negative, that a thread takes at a time."""


class _Tables(NamedTuple):
    """`MirrorTables` of all mirrored shots for kernels: rows padded to whole blocks, complex ones split as in
    `split_complex.py`."""

    shots: NDArray[np.int64]
    """(n_mirrors, 2)"""
    transmit_bin: NDArray[np.float32]
    """Counted from the first cell, (n_mirrors, padded bins)"""
    transmit_phase: NDArray[np.float32]
    """(n_mirrors, 2 padded bins)"""
    receive_bin: NDArray[np.float32]
    """(n_mirrors, n_waves, padded bins)"""
    receive_weight: NDArray[np.float32]
    """(n_mirrors, n_waves, 2 padded bins)"""
    bins: NDArray[np.int64]
    """(n_mirrors, n_waves, 2)"""


class _Buffers(NamedTuple):
    """Of one thread."""

    samples: Samples
    cells: NDArray[np.float32]
    """See `spread`."""
    rows: NDArray[np.complex64]
    """Of each wave and its negative, in turn, the spectrum over depth, and then the depths: (2 _WAVES, n_depth)."""
    fft_call: NDArray[np.int64]
    """Transforms all of them, for `fft.execute`."""


class _Depths(NamedTuple):
    """Where samples spread to, and what becomes of the depths."""

    first_cell: int
    """The depth bin of the first cell."""
    taps: NDArray[np.float32]
    """`kaiser_bessel.tap_table`"""
    mask: NDArray[np.float32]
    """Weight of each depth bin, (n_depth,)."""
    correction: NDArray[np.float32]
    """Undoes the spreading kernel's fall-off over depth, each number twice: (2 n_z,)."""
    wave_phase: NDArray[np.complex64]
    """Of each of the image's waves, (n_waves,)."""


class PlaneWaveMap:
    """Tables, shared by all threads, and buffers of each.

    Args:
        plan: the tables.
        spectra: of all shots, read anew for every image, see `ReceiveSpectra.by_wavenumber`.
        threads: how many may call it at once.
    """

    def __init__(self, plan: PlaneWavePlan, spectra: NDArray[np.float32], threads: int) -> None:
        n_depth, n_z, n_bins = plan.sampling.n_depth, plan.grid.n_z, spectra.shape[2] // 2
        beta = kaiser_bessel.shape_parameter(n_depth / n_z)
        self._spectra = spectra
        self._tables = _stack(plan, n_bins)
        everything = np.ones(n_depth, np.float32)
        correction = np.repeat(kaiser_bessel.de_apodization(beta, n_z, n_depth), 2)
        self._depths = _Depths(
            plan.depth_bins.start, kaiser_bessel.tap_table(beta), everything, correction, plan.wave_phase
        )
        rows = [fft.complex_buffer(2 * _WAVES, n_depth) for _ in range(threads)]
        self._plans = [fft.plan_backward(of_one) for of_one in rows]
        self._buffers = [
            _Buffers(samples_buffer(), fft.real_buffer(len(plan.depth_bins) * LANES), of_one, fft_plan.call)
            for of_one, fft_plan in zip(rows, self._plans, strict=True)
        ]

    def __call__(self, thread: int, taken: Taken, columns: NDArray[np.complex64]) -> None:
        """Writes the columns (n_waves, n_z) of wavenumbers of the image that no other thread takes."""
        _map_all_waves(taken, self._spectra, self._tables, self._depths, self._buffers[thread], columns)


def _stack(plan: PlaneWavePlan, n_bins: int) -> _Tables:
    mirrors = plan.mirrors
    return _Tables(
        shots=np.array([m.shots for m in mirrors]),
        transmit_bin=pad_edge(np.stack([m.transmit_bin for m in mirrors]) - plan.depth_bins.start),
        transmit_phase=split(np.stack([m.transmit_phase for m in mirrors]), n_bins),
        receive_bin=pad_edge(np.stack([m.receive_bin for m in mirrors])),
        receive_weight=split(np.stack([m.receive_weight for m in mirrors]), n_bins),
        bins=np.stack([m.bins for m in mirrors]),
    )


@kernel()
def _map_all_waves(taken, spectra, tables, depths, buffers, columns):
    """Writes the columns of all waves, `_WAVES` of them and their negatives at a time.

    Args:
        taken: see `take`.
        spectra: as `_map_waves`.
        tables: `_Tables`.
        depths: `_Depths`.
        buffers: `_Buffers`.
        columns: written to, complex64 (n_waves, n_z).
    """
    n_waves = columns.shape[0] // 2 + 1
    for piece in take(taken, (n_waves + _WAVES - 1) // _WAVES):
        first = piece * _WAVES
        behind = min(first + _WAVES, n_waves)
        _map_waves((first, behind), spectra, tables, depths, buffers)
        fft.execute(buffers.fft_call)
        write_columns(np.arange(first, behind), buffers.rows, depths.correction, depths.wave_phase, columns)


@kernel(boundscheck=False)
def _map_waves(waves, spectra, tables, depths, buffers):
    """Writes the spectra over depth of the image's waves from waves[0] to before waves[1], each followed by that of
    its negative, to `_Buffers.rows`.

    Args:
        waves: 0 or more, in units of the step.
        spectra: of all shots, split: float32 (n_shots + 1, n_lateral, 2 padded bins).
        tables: `_Tables`.
        depths: `_Depths`.
        buffers: `_Buffers`.
    """
    samples, cells, rows, _ = buffers
    for wave in range(waves[0], waves[1]):
        cells[:] = 0
        for mirror in range(tables.shots.shape[0]):
            shot, mirrored = tables.shots[mirror]
            _spread_wave(wave, mirror, (shot, mirrored), spectra, tables, depths.taps, samples, cells)
            if shot != mirrored:
                _spread_wave(-wave, mirror, (mirrored, shot), spectra, tables, depths.taps, samples, cells)
        i = 2 * (wave - waves[0])
        gather_cells(depths.first_cell, cells, depths.mask, rows[i], rows[i + 1])


@kernel(boundscheck=False)
def _spread_wave(wave, mirror, shots, spectra, tables, taps, samples, cells):
    """Spreads what shots[0] gives to the image's wavenumber |wave|, and shots[1] to -|wave|.

    One is the mirror image of the other: `tables` have the legs of both at `wave` of the row `mirror`.
    """
    n_lateral, row = spectra.shape[1], tables.receive_bin.shape[1] // 2 + wave
    first, behind = tables.bins[mirror, row]
    at_plus, at_minus = spectra[shots[0], abs(wave) % n_lateral], spectra[shots[1], -abs(wave) % n_lateral]
    phase, weight = tables.transmit_phase[mirror], tables.receive_weight[mirror, row]
    depth_t, depth_r = tables.transmit_bin[mirror], tables.receive_bin[mirror, row]
    places, values = samples
    for start in range(first - first % LANES, behind, LANES):
        at = 2 * start
        locate(load(depth_t, start), load(depth_r, start), places)
        factor = times(load_block(phase, at), load_block(weight, at))
        weigh(factor, load_block(at_plus, at), load_block(at_minus, at), values)
        spread(max(first - start, 0), min(behind - start, LANES), places, values, taps, cells, 0)
