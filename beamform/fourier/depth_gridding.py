"""Spreading of samples at arbitrary depth wavenumbers onto a regular grid, by a Kaiser-Bessel kernel four bins wide.

A sample adds its value times four taps to the four bins around it. So that neighbouring samples do not wait for each
other's bins, each bin owns a cell with one place for each tap; `gather_cells` adds the places up once a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import (
    LANES,
    add,
    add_couple,
    fma,
    interleave_couples_high,
    interleave_couples_low,
    interleave_high,
    interleave_low,
    load,
    load_repeated,
    load_stretched,
    multiply,
    splat,
    store,
)
from sonolucent.beamform.compute.split_complex import BLOCK, load_block, plus, times
from sonolucent.beamform.fourier.kaiser_bessel import TABLE_SIZE, TAPS


class LegTables(NamedTuple):
    """`LegWaves` for kernels: rows padded to whole blocks, complex ones split as in `split_complex.py`."""

    depth_bin: NDArray[np.float32]
    """(n_legs, padded bins)"""
    weight: NDArray[np.float32]
    """(n_legs, 2 padded bins)"""
    transmit_weight: NDArray[np.float32]
    """The same array where both legs are weighted alike."""
    first_bin: NDArray[np.int64]
    """(n_legs,)"""


class AngleSpectra(NamedTuple):
    """Spectra of pairs of legs, by their angle (`angle_row`): float32 (n_angles, 2 padded bins), split."""

    plus: NDArray[np.float32]
    """Those that make the image's wavenumber +wave."""
    minus: NDArray[np.float32]
    """Those that make -wave."""
    n_lateral: int
    """The lateral period."""


class Gridding(NamedTuple):
    """The regular grid that samples spread to, for one thread."""

    first_bin: int
    """Depth bin of the first cell."""
    taps: NDArray[np.float32]
    """`kaiser_bessel.tap_table`."""
    cells: NDArray[np.float32]
    """16 floats a bin, for each tap the real and the imaginary part at +wave and at -wave: (16 n_cells,)."""
    scratch: NDArray[np.float32]
    """(6, padded bins)"""


class LegPair(NamedTuple):
    """One unordered pair of legs from the block of its first frequency on; rows are split."""

    share: np.float32
    """A half where both legs are one, which would be counted twice, else one."""
    weight_t: NDArray[np.float32]
    weight_r: NDArray[np.float32]
    other_t: NDArray[np.float32]
    """Weights of the same legs for the other order, t receiving."""
    other_r: NDArray[np.float32]
    plus: NDArray[np.float32]
    """The pair's spectrum at +wave."""
    minus: NDArray[np.float32]
    """Its mirror image's, at -wave."""


@kernel(boundscheck=False)
def spread_wave(wave, legs, angles, gridding):
    """Spreads all pairs of legs that make the image wavenumbers +wave and -wave, which share depths and weights.

    The spectra hold the leg pairs (k_t, k_r) and (k_r, k_t) added up; so each unordered pair is spread once.

    Args:
        wave: the image's wavenumber, 0 or more, in units of the step.
        legs: `LegTables`.
        angles: `AngleSpectra`.
        gridding: `Gridding`, to whose cells samples are added.
    """
    # Taken apart once: in the loop each field would be counted as a reference of its own.
    depth_bin, weight, transmit_weight, first_bin = legs
    alike = weight.ctypes.data == transmit_weight.ctypes.data
    plus_side, minus_side, n_lateral = angles
    grid_first_bin, table, cells, scratch = gridding
    bins, taps, values = scratch[0].view(np.int32), scratch[1].view(np.int32), scratch[2:].reshape(-1)
    n_bins = depth_bin.shape[1]
    for high in range((wave + 1) // 2, depth_bin.shape[0]):
        low = wave - high
        t, r = high, abs(low)
        first = max(first_bin[t], first_bin[r])
        start = first - first % LANES
        # Slices that begin at zero let the loops below vectorise; an offset might be negative and wrap.
        locate(depth_bin[t, start:], depth_bin[r, start:], np.float32(grid_first_bin), bins, taps)
        pair = LegPair(
            np.float32(0.5 if high == low else 1.0),
            transmit_weight[t, 2 * start :],
            weight[r, 2 * start :],
            weight[t, 2 * start :],
            transmit_weight[r, 2 * start :],
            plus_side[angle_row(high, wave, n_lateral), 2 * start :],
            minus_side[angle_row(-high, -wave, n_lateral), 2 * start :],
        )
        if alike:
            weigh(n_bins - start, pair, values)
        else:
            _weigh_apart(n_bins - start, pair, values)
        used = slice(first - start, n_bins - start)
        spread(bins[used], taps[used], values[4 * used.start :], table, cells)


@kernel()
def angle_row(leg, wave, n_lateral):
    """Row of the pair (leg, wave - leg) among the angles that `cosine_table` lists for the residue of `wave`."""
    residue = wave % n_lateral
    parity = residue % 2
    turn = (leg - (residue + parity) // 2) % n_lateral
    return min(turn, n_lateral - parity - turn)


@kernel(boundscheck=False, error_model="numpy")
def locate(depth_t, depth_r, origin, bins, taps):
    """The bin each sample falls into, and the row of `tap_table` for its fraction beyond it: all (n,)."""
    for f in range(depth_t.size):
        position = depth_t[f] + depth_r[f] - origin
        bin_ = np.int32(position)
        bins[f] = bin_
        taps[f] = np.int32((position - np.float32(bin_)) * np.float32(TABLE_SIZE))


@kernel(boundscheck=False)
def weigh(n, pair, values):
    """The first n samples of a `LegPair`, weighted, at +wave and -wave in turn, to `values` (4 n floats).

    In whole blocks, so up to 15 samples beyond n.
    """
    share, weight_t, weight_r, _, _, at_plus, at_minus = pair
    for first in range(0, 2 * n, BLOCK):
        weight = _product(splat(share), weight_t, weight_r, first)
        _store_weighed(weight, at_plus, at_minus, first, values)


@kernel(boundscheck=False)
def _weigh_apart(n, pair, values):
    """As `weigh`, with the mean of the weights of both orders of the legs."""
    share, weight_t, weight_r, other_t, other_r, at_plus, at_minus = pair
    half = splat(np.float32(0.5) * share)
    for first in range(0, 2 * n, BLOCK):
        weight = plus(_product(half, weight_t, weight_r, first), _product(half, other_t, other_r, first))
        _store_weighed(weight, at_plus, at_minus, first, values)


@kernel(boundscheck=False, forceinline=True)
def _product(share, weight_t, weight_r, first):
    real, imaginary = load_block(weight_t, first)
    return times((multiply(share, real), multiply(share, imaginary)), load_block(weight_r, first))


@kernel(boundscheck=False, forceinline=True)
def _store_weighed(weight, at_plus, at_minus, first, values):
    """A block of samples, weighted: real and imaginary part at +wave, and at -wave, sample by sample."""
    real, imaginary = times(weight, load_block(at_plus, first))
    plus_low, plus_high = interleave_low(real, imaginary), interleave_high(real, imaginary)
    real, imaginary = times(weight, load_block(at_minus, first))
    minus_low, minus_high = interleave_low(real, imaginary), interleave_high(real, imaginary)
    target = 2 * first
    store(values, target, interleave_couples_low(plus_low, minus_low))
    store(values, target + LANES, interleave_couples_high(plus_low, minus_low))
    store(values, target + 2 * LANES, interleave_couples_low(plus_high, minus_high))
    store(values, target + 3 * LANES, interleave_couples_high(plus_high, minus_high))


@kernel(boundscheck=False)
def spread(bins, taps, values, table, cells):
    """Adds each sample of `values`, four floats, to its cell of `cells`, times each tap of its row of the table."""
    for f in range(bins.size):
        cell = LANES * np.intp(bins[f])
        weighted = load_stretched(table, TAPS * np.intp(taps[f]))
        store(cells, cell, fma(load_repeated(values, 4 * f), weighted, load(cells, cell)))


@kernel(boundscheck=False)
def gather_cells(gridding, plus_row, minus_row):
    """Adds the cells of a `Gridding` up into the spectra at +wave and -wave, complex64 (n_depth,), and clears them.

    Bins beyond the spectra's length alias, as they do in an image sampled at its rows. No sample lies in the first or
    last three cells.
    """
    cells = gridding.cells
    n_depth = plus_row.size
    plus_row[:] = 0
    minus_row[:] = 0
    at_plus, at_minus = plus_row.view(np.float32), minus_row.view(np.float32)
    target = (gridding.first_bin + 2) % n_depth
    for bin_ in range(2, cells.size // LANES - 1):
        # Of the next bin's samples the first tap, of its own the second, and so on.
        first = LANES * (bin_ + 1)
        near = add(load_repeated(cells, first), load_repeated(cells, first - 12))
        total = add(near, add(load_repeated(cells, first - 24), load_repeated(cells, first - 36)))
        add_couple(at_plus, 2 * target, total, 0)
        add_couple(at_minus, 2 * target, total, 1)
        target = target + 1 if target + 1 < n_depth else 0
    cells[:] = 0
