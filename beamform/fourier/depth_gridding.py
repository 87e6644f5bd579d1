"""Spreading of samples at arbitrary depth wavenumbers onto a regular grid, by a Kaiser-Bessel kernel four bins wide.

A sample adds its value times four taps to the four bins around it. So that neighbouring samples do not wait for each
other's bins, each bin owns a cell with one place for each tap; `gather_cells` adds the places up once a row.
"""

from __future__ import annotations

import numpy as np

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import (
    LANES,
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


@kernel(boundscheck=False)
def spread_wave(  # type: ignore[no-untyped-def]
    wave, depth_bin, weight, first_bin, plus, minus, n_lateral, origin, table, cells, scratch
):
    """Spreads all pairs of legs that make the image wavenumbers +wave and -wave, which share depths and weights.

    `plus` and `minus` (n_angles, 2 n_bins) hold, for the residues of +wave and -wave, the spectra of the leg pairs
    (k_t, k_r) and (k_r, k_t) added up; so each unordered pair is spread once. Complex numbers are two floats. A cell,
    16 floats, holds four taps of the real and imaginary part of both. `scratch` is six rows of as many floats as there
    are padded bins; rows of `weight`, `plus` and `minus` are padded as well.
    """
    bins, taps, values = scratch[0].view(np.int32), scratch[1].view(np.int32), scratch[2:].reshape(-1)
    for high in range((wave + 1) // 2, depth_bin.shape[0]):
        low = wave - high
        t, r = high, abs(low)
        first = max(first_bin[t], first_bin[r])
        # Slices that begin at zero let the loops below vectorise; an offset might be negative and wrap.
        _locate(depth_bin[t, first:], depth_bin[r, first:], origin, bins, taps)
        half = np.float32(0.5 if high == low else 1.0)
        n = depth_bin.shape[1] - first
        weight_t, weight_r = weight[t, 2 * first :], weight[r, 2 * first :]
        forth = plus[angle_row(high, wave, n_lateral), 2 * first :]
        back = minus[angle_row(-high, -wave, n_lateral), 2 * first :]
        _weigh(n, half, weight_t, weight_r, forth, back, values)
        _spread(bins[:n], taps, values, table, cells)


@kernel()
def angle_row(leg, wave, n_lateral):  # type: ignore[no-untyped-def]
    """Row of the pair (leg, wave - leg) among the angles that `cosine_table` lists for the residue of `wave`."""
    residue = wave % n_lateral
    parity = residue % 2
    turn = (leg - (residue + parity) // 2) % n_lateral
    return min(turn, n_lateral - parity - turn)


@kernel(boundscheck=False, error_model="numpy")
def _locate(depth_t, depth_r, origin, bins, taps):  # type: ignore[no-untyped-def]
    """The bin each sample falls into, and the row of `tap_table` for its fraction beyond it."""
    for f in range(depth_t.size):
        position = depth_t[f] + depth_r[f] - origin
        bin_ = np.int32(position)
        bins[f] = bin_
        taps[f] = np.int32((position - np.float32(bin_)) * np.float32(TABLE_SIZE))


@kernel(boundscheck=False)
def _weigh(n, scale, weight_t, weight_r, plus, minus, values):  # type: ignore[no-untyped-def]
    """values = scale * weight_t * weight_r * (plus, minus), the two in turn; whole vectors, so up to 7 beyond n."""
    scale = splat(scale)
    for first in range(0, 2 * n, LANES):
        weight = complex_multiply(multiply(scale, load(weight_t, first)), load(weight_r, first))
        a, b = complex_multiply(weight, load(plus, first)), complex_multiply(weight, load(minus, first))
        store(values, 2 * first, interleave_low(a, b))
        store(values, 2 * first + LANES, interleave_high(a, b))


@kernel(boundscheck=False)
def _spread(bins, taps, values, table, cells):  # type: ignore[no-untyped-def]
    for f in range(bins.size):
        cell = LANES * np.intp(bins[f])
        weighted = load_repeated(table, TAPS * np.intp(taps[f]))
        store(cells, cell, fma(load_stretched(values, 4 * f), weighted, load(cells, cell)))


@kernel(boundscheck=False)
def gather_cells(cells, origin, plus, minus):  # type: ignore[no-untyped-def]
    """Adds the cells up into the spectra `plus` and `minus` (n_depth,) and clears them.

    Bins beyond the spectra's length alias, as they do in an image sampled at its rows. No sample lies in the first or
    last three cells.
    """
    plus[:] = 0
    minus[:] = 0
    target = (origin + 2) % plus.size
    for bin_ in range(2, cells.size // LANES - 1):
        plus[target] += complex(_sum_taps(cells, bin_, 0), _sum_taps(cells, bin_, 4))
        minus[target] += complex(_sum_taps(cells, bin_, 8), _sum_taps(cells, bin_, 12))
        target = target + 1 if target + 1 < plus.size else 0
    cells[:] = 0


@kernel(boundscheck=False, inline="always")
def _sum_taps(cells, bin_, lane):  # type: ignore[no-untyped-def]
    """What samples left for a bin: those of the next bin their first tap, its own their second, and so on."""
    first = LANES * (bin_ + 1) + lane
    return cells[first] + cells[first - 15] + cells[first - 30] + cells[first - 45]
