"""Pairs of elements into complex traces, two a trace, and their spectra out again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import (
    LANES,
    add,
    even_lanes,
    even_lanes_reversed,
    load,
    odd_lanes,
    odd_lanes_reversed,
    subtract,
)
from sonolucent.beamform.compute.split_complex import BLOCK, n_blocks, store_block


class Shots(NamedTuple):
    """Channel data, and who fired which of its shots."""

    channels: ChannelData
    """(n_tx, n_rx, n_samples)"""
    of_element: NDArray[np.int64]
    """The shot that each element fired, negative where it fired none: (n_rx,)."""
    is_dead: NDArray[np.bool_]
    """Elements that are left out: (n_rx,)."""


@kernel(boundscheck=False)
def fold_pairs(shots, pairs, first_sample, traces):
    """traces[i] = p(2i) + 1j p(2i + 1), where p sums both orders of a pair: d(low, high) + d(high, low).

    Exchanging transmitter and receiver changes no weight of the image, so both are summed before any transform. What
    comes before the first sample within the taper's reach is not read.

    Args:
        shots: `Shots`.
        pairs: lower and higher element, int64 (n_pairs, 2).
        first_sample: of each offset between the elements of a pair, int64 (n_offsets,).
        traces: written to, complex64 as float32 (at least n_pairs / 2, 2 n_time).
    """
    for i in range((pairs.shape[0] + 1) // 2):
        first_ab, first_cd = (first_sample[offset_of(pairs, 2 * i)], first_sample[offset_of(pairs, 2 * i + 1)])
        begin = min(first_ab, first_cd)
        a, b, share_a, share_b = both_orders(shots, pairs, 2 * i, begin)
        c, d, share_c, share_d = both_orders(shots, pairs, 2 * i + 1, begin)
        traces[i] = 0
        # Slices that begin at zero let the loop vectorise; an offset might be negative and wrap.
        trace = traces[i, 2 * begin :]
        for n in range(a.size):
            trace[2 * n] = share_a * np.float32(a[n]) + share_b * np.float32(b[n])
            trace[2 * n + 1] = share_c * np.float32(c[n]) + share_d * np.float32(d[n])
        trace[0 : 2 * (first_ab - begin) : 2] = 0
        trace[1 : 2 * (first_cd - begin) : 2] = 0


@kernel(boundscheck=False, inline="always")
def both_orders(shots, pairs, i, begin):
    """Both traces of pair i from sample `begin` on, and the share that each has in their sum.

    Nothing of a missing transmit or pair or of a dead element, half of an element with itself. `shots` is `Shots`,
    `pairs` (n, 2) the lower and the higher element of each; the traces have (n_samples - begin,) samples.
    """
    low, high = pairs[min(i, pairs.shape[0] - 1)]
    is_missing = i >= pairs.shape[0] or shots.is_dead[low] or shots.is_dead[high]
    share = 0.0 if is_missing else 0.5 if low == high else 1.0
    shot_of_low, shot_of_high = shots.of_element[low], shots.of_element[high]
    return (
        shots.channels[max(shot_of_low, 0), high, begin:],
        shots.channels[max(shot_of_high, 0), low, begin:],
        np.float32(share if shot_of_low >= 0 else 0.0),
        np.float32(share if shot_of_high >= 0 else 0.0),
    )


@kernel(boundscheck=False, inline="always")
def offset_of(pairs, i):
    """Elements between those of pair i of `pairs` (n, 2); of the last pair where there is no such pair."""
    low, high = pairs[min(i, pairs.shape[0] - 1)]
    return high - low


@kernel(boundscheck=False)
def separate_pairs(traces, band, row_of, rows):
    """The pass band of each pair, twice its spectrum: a real pair's spectrum is even, an imaginary one's odd, up to
    conjugation.

    Args:
        traces: spectra of folded pairs, complex64 as float32 (at least n_pairs / 2, 2 n_time).
        band: first bin of the pass band, from 1 on, and how many there are.
        row_of: the row that each pair has, int64 (n_pairs,).
        rows: written to in whole blocks, split as in `split_complex.py`: float32 (n_rows, at least the band).
    """
    first_bin, n_bins = band
    for i in range((row_of.size + 1) // 2):
        trace = traces[i]
        real = rows[row_of[2 * i]]
        # Without a second pair its row is written first, then overwritten by the first one's.
        imaginary = rows[row_of[min(2 * i + 1, row_of.size - 1)]]
        for block in range(n_blocks(n_bins)):
            above = 2 * (first_bin + LANES * block)
            below = trace.size - above - 2 * (LANES - 1)
            a, b = load(trace, above), load(trace, above + LANES)
            c, d = load(trace, below), load(trace, below + LANES)
            a, b = even_lanes(a, b), odd_lanes(a, b)
            c, d = even_lanes_reversed(c, d), odd_lanes_reversed(c, d)
            store_block(imaginary, BLOCK * block, (add(b, d), subtract(c, a)))
            store_block(real, BLOCK * block, (add(a, c), subtract(b, d)))


@kernel(boundscheck=False)
def keep_band(trace, first_bin, n_bins, row):
    """Writes bins from `first_bin` on, which may be negative, of a spectrum, complex64 (n_time,), to a split row."""
    for k in range(n_bins):
        value = trace[(first_bin + k) % trace.size]
        real = k // LANES * BLOCK + k % LANES
        row[real], row[real + LANES] = value.real, value.imag
