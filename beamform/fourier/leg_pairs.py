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

    depth_bin: NDArray[np.float32]
    """(n_blocks, n_legs, LANES)"""
    weight: NDArray[np.float32]
    """(n_blocks, n_legs, BLOCK)"""
    transmit_weight: NDArray[np.float32]
    """The same array where both legs are weighted alike."""


class LegPairs(NamedTuple):
    """Pairs (t, r) of legs t and r >= -t, for those waves of the image that are 0 or more and share a residue.

    The spectra hold (t, r) and (r, t) added up, so each unordered pair is here once. Its mirror image, (-t, -r), has the
    same depths and weights, and makes the wavenumber of the other sign.
    """

    wave: NDArray[np.int64]
    """Which of the waves each pair makes, (n_pairs,)."""
    legs: NDArray[np.int64]
    """Rows of t and of |r| among the legs, (n_pairs, 2)."""
    angles: NDArray[np.int64]
    """Rows of the pair and of its mirror image among the spectra at angles of both residues, (n_pairs, 2)."""
    share: NDArray[np.float32]
    """A half where both legs are one, which would be counted twice, else one; over the orders in which legs are
    weighted: (n_pairs,)."""
    first_bin: NDArray[np.int64]
    """From which on both legs propagate within the taper, (n_pairs,)."""


def leg_tables(legs: LegWaves) -> LegTables:
    """Those of the legs of an image."""
    weight = _weight_blocks(legs.weight)
    alike = legs.transmit_weight is legs.weight
    transmit_weight = weight if alike else _weight_blocks(legs.transmit_weight)
    return LegTables(in_blocks(pad_edge(legs.depth_bin), LANES), weight, transmit_weight)


def _weight_blocks(weight: NDArray[np.complex64]) -> NDArray[np.float32]:
    return in_blocks(split(weight, LANES * n_blocks(weight.shape[1])), BLOCK)


def leg_pairs(legs: LegWaves, waves: NDArray[np.int64], residue: int, n_lateral: int) -> LegPairs:
    """The pairs that make `waves`, which are `residue` or -`residue` modulo `n_lateral`."""
    n_legs = legs.depth_bin.shape[0]
    of_wave = [np.arange((wave + 1) // 2, n_legs) for wave in waves]
    index = np.repeat(np.arange(waves.size), [t.size for t in of_wave])
    wave, t = waves[index], np.concatenate(of_wave)
    r = wave - t
    orders = 1 if legs.transmit_weight is legs.weight else 2
    n_angles = n_lateral // 2 + 1
    return LegPairs(
        wave=index,
        legs=np.stack([t, np.abs(r)], axis=1),
        angles=np.stack(
            [
                _side(sign * wave, residue, n_lateral) * n_angles + _angle(sign * t, sign * wave, n_lateral)
                for sign in (1, -1)
            ],
            axis=1,
        ),
        share=(np.where(t == r, 0.5, 1.0) / orders).astype(np.float32),
        first_bin=np.maximum(legs.first_bin[t], legs.first_bin[np.abs(r)]),
    )


def _side(wave: NDArray[np.int64], residue: int, n_lateral: int) -> NDArray[np.int64]:
    """0 where a wave is `residue` modulo the period, 1 where it is -`residue`."""
    return np.where(wave % n_lateral == residue, 0, 1)


def _angle(leg: NDArray[np.int64], wave: NDArray[np.int64], n_lateral: int) -> NDArray[np.int64]:
    """Row of the pair (leg, wave - leg) among the angles that `cosine_table` lists for the residue of `wave`."""
    residue = wave % n_lateral
    parity = residue % 2
    turn = (leg - (residue + parity) // 2) % n_lateral
    return np.minimum(turn, n_lateral - parity - turn)


@kernel(boundscheck=False)
def spread_pairs(
    block,
    waves,
    legs_of,
    rows_of,
    shares,
    first_bins,
    depth,
    transmit,
    receive,
    n_legs,
    alike,
    angles,
    first_depth_bin,
    table,
    bins,
    taps,
    values,
    cells,
    cells_of_wave,
):
    """Spreads a block of frequencies of all pairs."""
    leg = block * n_legs
    for i in range(waves.size):
        begin = first_bins[i] - block * LANES
        if begin < LANES:
            t, r = leg + legs_of[i, 0], leg + legs_of[i, 1]
            locate(load(depth, t * LANES), load(depth, r * LANES), first_depth_bin, bins, taps)
            weight = times(load_block(transmit, t * BLOCK), load_block(receive, r * BLOCK))
            if not alike:  # both orders of the legs, whose mean it is
                weight = plus(weight, times(load_block(receive, t * BLOCK), load_block(transmit, r * BLOCK)))
            weight = scaled(shares[i], weight)
            weigh(weight, load_block(angles, rows_of[i, 0] * BLOCK), load_block(angles, rows_of[i, 1] * BLOCK), values)
            spread(max(begin, 0), LANES, bins, taps, values, table, cells, waves[i] * cells_of_wave)
