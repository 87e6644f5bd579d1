"""The pairs of plane waves, one of each leg, that make the image's lateral wavenumbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, load
from sonolucent.beamform.compute.split_complex import (
    BLOCK,
    in_blocks,
    load_block,
    n_blocks,
    pad_edge,
    plus,
    scaled,
    split,
    times,
)
from sonolucent.beamform.fourier.depth_gridding import locate, spread, weigh
from sonolucent.beamform.fourier.leg_waves import LegWaves


class LegTables(NamedTuple):
    """`LegWaves` for kernels, a block of frequencies after the other; complex rows are split as in
    `split_complex.py`."""

    cell: NDArray[np.float32]
    """k_zleg in bins of the depth FFT, counted so that those of two legs add up to a place among the cells:
    (n_blocks, n_legs, LANES)."""
    weight: NDArray[np.float32]
    """(n_blocks, n_legs, BLOCK)"""
    transmit_weight: NDArray[np.float32]
    """The same array where both legs are weighted alike."""


class LegPairs(NamedTuple):
    """Pairs (t, r) of legs t and r >= -t, for those waves of the image that are 0 or more and share a residue.

    The spectra hold (t, r) and (r, t) added up, so each unordered pair is here once. Its mirror image, (-t, -r), has
    the same depths and weights, and makes the wavenumber of the other sign.
    """

    rows: NDArray[np.int64]
    """Of each pair: the wave that it makes; t; |r|; where it is among the spectra at angles, and where its mirror image
    is; from which bin on both legs propagate within the taper: (n_pairs, 6)."""
    share: NDArray[np.float32]
    """A half where both legs are one, which would be counted twice, else one; over the orders in which legs are
    weighted: (n_pairs,)."""


def leg_tables(legs: LegWaves, first_cell: int) -> LegTables:
    """Those of the legs of an image whose first cell is that of the depth bin `first_cell`."""
    weight = _weight_blocks(legs.weight)
    alike = legs.transmit_weight is legs.weight
    transmit_weight = weight if alike else _weight_blocks(legs.transmit_weight)
    return LegTables(in_blocks(pad_edge(legs.depth_bin - first_cell / 2), LANES), weight, transmit_weight)


def _weight_blocks(weight: NDArray[np.complex64]) -> NDArray[np.float32]:
    return in_blocks(split(weight, LANES * n_blocks(weight.shape[1])), BLOCK)


def leg_pairs(legs: LegWaves, waves: NDArray[np.int64], residue: int, n_lateral: int) -> LegPairs:
    """The pairs that make `waves`, which are `residue` or -`residue` modulo `n_lateral`."""
    high = [np.arange((wave + 1) // 2, legs.depth_bin.shape[0]) for wave in waves]
    index = np.repeat(np.arange(waves.size), [t.size for t in high])
    wave, t = waves[index], np.concatenate([np.zeros(0, np.int64), *high])
    r = np.abs(wave - t)
    pair, mirrored = (
        _side(sign * wave, residue, n_lateral) * (n_lateral // 2 + 1) + angle_row(sign * t, sign * wave, n_lateral)
        for sign in (1, -1)
    )
    first_bin = np.maximum(legs.first_bin[t], legs.first_bin[r])
    orders = 1 if legs.transmit_weight is legs.weight else 2
    share = np.where(2 * t == wave, 0.5, 1.0) / orders
    return LegPairs(np.stack([index, t, r, pair, mirrored, first_bin], axis=1), share.astype(np.float32))


def _side(wave: NDArray[np.int64], residue: int, n_lateral: int) -> NDArray[np.int64]:
    """0 where a wave is `residue` modulo the period, 1 where it is -`residue`."""
    return np.asarray(wave % n_lateral != residue, np.int64)


def angle_row(leg: NDArray[np.int64], wave: NDArray[np.int64], n_lateral: int) -> NDArray[np.int64]:
    """Row of the pair (leg, wave - leg) among the angles that `cosine_table` lists for the residue of `wave`: the
    cosine is even and repeats with the period."""
    residue = wave % n_lateral
    parity = residue % 2
    turn = (leg - (residue + parity) // 2) % n_lateral
    return np.asarray(np.minimum(turn, n_lateral - parity - turn))


@kernel(boundscheck=False)
def spread_pairs(block, pairs, legs, angles, taps, samples, cells):
    """Spreads a block of frequencies of all pairs.

    Args:
        block: of frequencies.
        pairs: `LegPairs`.
        legs: `LegTables`.
        angles: this block of the spectra at angles of both residues, (2, n_angles, BLOCK).
        taps: `kaiser_bessel.tap_table`.
        samples: `Samples`.
        cells: of each wave, added to, float32 (n_waves, 16 n_cells).
    """
    rows, shares = pairs
    depth, receive, transmit = legs
    places, values = samples
    alike = receive.ctypes.data == transmit.ctypes.data
    leg = block * depth.shape[1]
    for i in range(shares.size):
        begin = rows[i, 5] - block * LANES
        if begin < LANES:
            t, r = leg + rows[i, 1], leg + rows[i, 2]
            locate(load(depth, t * LANES), load(depth, r * LANES), places)
            weight = times(load_block(transmit, t * BLOCK), load_block(receive, r * BLOCK))
            if not alike:
                weight = plus(weight, times(load_block(receive, t * BLOCK), load_block(transmit, r * BLOCK)))
            weight = scaled(shares[i], weight)
            weigh(weight, load_block(angles, rows[i, 3] * BLOCK), load_block(angles, rows[i, 4] * BLOCK), values)
            spread(max(begin, 0), LANES, places, values, taps, cells, rows[i, 0] * cells.shape[1])
