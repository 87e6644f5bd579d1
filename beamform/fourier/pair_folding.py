"""Pairs of elements into complex traces, two a trace, and their spectra out again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute.compiled import kernel


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
        traces: written to, complex64 (at least n_pairs / 2, n_time).
    """
    for i in range((pairs.shape[0] + 1) // 2):
        first_ab, first_cd = (first_sample[offset_of(pairs, 2 * i)], first_sample[offset_of(pairs, 2 * i + 1)])
        begin = min(first_ab, first_cd)
        a, b, share_a, share_b = both_orders(shots, pairs, 2 * i, begin)
        c, d, share_c, share_d = both_orders(shots, pairs, 2 * i + 1, begin)
        traces[i] = 0
        # Slices that begin at zero let the loop vectorise; an offset might be negative and wrap.
        trace = traces[i, begin:].view(np.float32)
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
        traces: spectra of folded pairs, complex64 (at least n_pairs / 2, n_time).
        band: first bin of the pass band, and how many there are.
        row_of: the row that each pair has, int64 (n_pairs,).
        rows: written to, complex64 (n_rows, at least the bins of the band).
    """
    n_time, (first_bin, n_bins) = traces.shape[1], band
    for i in range((row_of.size + 1) // 2):
        trace = traces[i].view(np.float32)
        above = trace[2 * first_bin : 2 * (first_bin + n_bins)]
        below = trace[2 * (n_time - first_bin - n_bins + 1) : 2 * (n_time - first_bin + 1)]
        real = rows[row_of[2 * i]].view(np.float32)
        # Without a second pair its row is written first, then overwritten by the first one's.
        imaginary = rows[row_of[min(2 * i + 1, row_of.size - 1)]].view(np.float32)
        for k in range(n_bins):
            a, b = above[2 * k], above[2 * k + 1]
            c, d = below[2 * (n_bins - 1 - k)], below[2 * (n_bins - 1 - k) + 1]
            imaginary[2 * k], imaginary[2 * k + 1] = b + d, c - a
            real[2 * k], real[2 * k + 1] = a + c, b - d
