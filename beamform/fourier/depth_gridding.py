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
    complex_multiply,
    fma,
    interleave_high,
    interleave_low,
    load,
    load_repeated,
    load_stretched,
    multiply,
    splat,
    store,
)
from sonolucent.beamform.fourier.kaiser_bessel import TABLE_SIZE, TAPS


class LegTables(NamedTuple):
    """`LegWaves` for kernels."""

    depth_bin: NDArray[np.float32]
    """(n_legs, n_bins)"""
    weight: NDArray[np.float32]
    """Complex numbers as two floats, rows padded with zeros: (n_legs, 2 padded bins)."""
    transmit_weight: NDArray[np.float32]
    """The same array where both legs are weighted alike."""
    first_bin: NDArray[np.int64]
    """(n_legs,)"""


class AngleSpectra(NamedTuple):
    """Spectra of pairs of legs, by their angle (`angle_row`): float32 (n_angles, 2 padded bins), complex as two."""

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
    """16 floats a bin, four taps of the real and the imaginary part at +wave and at -wave: (16 n_cells,)."""
    scratch: NDArray[np.float32]
    """(6, padded bins)"""


class LegPair(NamedTuple):
    """One unordered pair of legs from its first frequency on; complex numbers are two floats."""

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
    plus, minus, n_lateral = angles
    grid_first_bin, table, cells, scratch = gridding
    bins, taps, values = scratch[0].view(np.int32), scratch[1].view(np.int32), scratch[2:].reshape(-1)
    for high in range((wave + 1) // 2, depth_bin.shape[0]):
        low = wave - high
        t, r = high, abs(low)
        first = max(first_bin[t], first_bin[r])
        # Slices that begin at zero let the loops below vectorise; an offset might be negative and wrap.
        locate(depth_bin[t, first:], depth_bin[r, first:], np.float32(grid_first_bin), bins, taps)
        n = depth_bin.shape[1] - first
        pair = LegPair(
            np.float32(0.5 if high == low else 1.0),
            transmit_weight[t, 2 * first :],
            weight[r, 2 * first :],
            weight[t, 2 * first :],
            transmit_weight[r, 2 * first :],
            plus[angle_row(high, wave, n_lateral), 2 * first :],
            minus[angle_row(-high, -wave, n_lateral), 2 * first :],
        )
        if alike:
            weigh(n, pair, values)
        else:
            _weigh_apart(n, pair, values)
        spread(bins[:n], taps, values, table, cells)


@kernel()
def angle_row(leg, wave, n_lateral):
    """Row of the pair (leg, wave - leg) among the angles that `cosine_table` lists for the residue of `wave`."""
    residue = wave % n_lateral
    parity = residue % 2
    turn = (leg - (residue + parity) // 2) % n_lateral
    return min(turn, n_lateral - parity - turn)


@kernel(boundscheck=False, error_model="numpy")
def locate(depth_t, depth_r, origin, bins, taps):
    """The bin each sample falls into, and the row of `tap_table` for its fraction beyond it: all (n_frequencies,)."""
    for f in range(depth_t.size):
        position = depth_t[f] + depth_r[f] - origin
        bin_ = np.int32(position)
        bins[f] = bin_
        taps[f] = np.int32((position - np.float32(bin_)) * np.float32(TABLE_SIZE))


@kernel(boundscheck=False)
def weigh(n, pair, values):
    """The first n samples of a `LegPair`, weighted, at +wave and -wave in turn, to `values` (4 n floats and more).

    In whole vectors, so up to 7 beyond n.
    """
    share, weight_t, weight_r, _, _, plus, minus = pair
    share = splat(share)
    for first in range(0, 2 * n, LANES):
        weight = complex_multiply(multiply(share, load(weight_t, first)), load(weight_r, first))
        _store_weighed(weight, plus, minus, first, values)


@kernel(boundscheck=False)
def _weigh_apart(n, pair, values):
    """As `_weigh`, with the mean of the weights of both orders of the legs."""
    share, weight_t, weight_r, other_t, other_r, plus, minus = pair
    share = splat(np.float32(0.5) * share)
    for first in range(0, 2 * n, LANES):
        one = complex_multiply(multiply(share, load(weight_t, first)), load(weight_r, first))
        other = complex_multiply(multiply(share, load(other_t, first)), load(other_r, first))
        _store_weighed(add(one, other), plus, minus, first, values)


@kernel(boundscheck=False, inline="always")
def _store_weighed(weight, plus, minus, first, values):
    """A vector of samples from `first` on, weighted, at +wave and -wave in turn."""
    a, b = complex_multiply(weight, load(plus, first)), complex_multiply(weight, load(minus, first))
    store(values, 2 * first, interleave_low(a, b))
    store(values, 2 * first + LANES, interleave_high(a, b))


@kernel(boundscheck=False)
def spread(bins, taps, values, table, cells):
    """Adds each sample of `values`, four floats, to its cell of `cells`, weighted by its row of the tap table."""
    for f in range(bins.size):
        cell = LANES * np.intp(bins[f])
        weighted = load_repeated(table, TAPS * np.intp(taps[f]))
        store(cells, cell, fma(load_stretched(values, 4 * f), weighted, load(cells, cell)))


@kernel(boundscheck=False)
def gather_cells(gridding, plus, minus):
    """Adds the cells of a `Gridding` up into the spectra at +wave and -wave, complex64 (n_depth,), and clears them.

    Bins beyond the spectra's length alias, as they do in an image sampled at its rows. No sample lies in the first or
    last three cells.
    """
    cells = gridding.cells
    plus[:] = 0
    minus[:] = 0
    target = (gridding.first_bin + 2) % plus.size
    for bin_ in range(2, cells.size // LANES - 1):
        plus[target] += complex(_sum_taps(cells, bin_, 0), _sum_taps(cells, bin_, 4))
        minus[target] += complex(_sum_taps(cells, bin_, 8), _sum_taps(cells, bin_, 12))
        target = target + 1 if target + 1 < plus.size else 0
    cells[:] = 0


@kernel(boundscheck=False, inline="always")
def _sum_taps(cells, bin_, lane):
    """What samples left for a bin, one float: those of the next bin their first tap, its own their second, and so on.

    `cells` are (n_bins * LANES,), see `Gridding`; `lane` is 0, 4, 8 or 12, the part of the cell that is summed.
    """
    first = LANES * (bin_ + 1) + lane
    return cells[first] + cells[first - 15] + cells[first - 30] + cells[first - 45]
