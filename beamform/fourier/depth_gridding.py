"""Spreading of samples at arbitrary depth wavenumbers onto a regular grid, by a Kaiser-Bessel kernel four bins wide.

A sample adds its value times four taps to the four bins around it. So that neighbouring samples do not wait for each
other's bins, each bin owns a cell with one place for each tap; `gather_cells` adds the places up once a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
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
    store_integers,
    subtract,
    truncate,
)
from sonolucent.beamform.compute.split_complex import times
from sonolucent.beamform.fourier.kaiser_bessel import TABLE_SIZE, TAPS


class Samples(NamedTuple):
    """A block of samples on their way to cells, buffers of one thread."""

    places: NDArray[np.int32]
    """The float at which the cell that each falls into begins, then the one at which the row of the tap table for its
    fraction beyond it does: (2 LANES,)."""
    values: NDArray[np.float32]
    """Real and imaginary part at +wave, and at -wave, of each in turn: (4 LANES,)."""


def samples_buffer() -> Samples:
    """For one thread."""
    return Samples(np.zeros(2 * LANES, np.int32), fft.real_buffer(4 * LANES))


@kernel(boundscheck=False, forceinline=True)
def locate(cell_t, cell_r, places):
    """Finds the places of a block of samples whose legs' depth wavenumbers add up to them."""
    position = add(cell_t, cell_r)
    whole = truncate(position)
    row = truncate(multiply(splat(np.float32(TABLE_SIZE)), subtract(position, whole)))
    store_integers(places, 0, multiply(splat(np.float32(LANES)), whole))
    store_integers(places, LANES, multiply(splat(np.float32(TAPS)), row))


@kernel(boundscheck=False, forceinline=True)
def weigh(weight, at_plus, at_minus, values):
    """Multiplies blocks of samples at +wave and at -wave by one block of weights, to `Samples.values`."""
    real, imaginary = times(weight, at_plus)
    plus_low, plus_high = interleave_low(real, imaginary), interleave_high(real, imaginary)
    real, imaginary = times(weight, at_minus)
    minus_low, minus_high = interleave_low(real, imaginary), interleave_high(real, imaginary)
    store(values, 0, interleave_couples_low(plus_low, minus_low))
    store(values, LANES, interleave_couples_high(plus_low, minus_low))
    store(values, 2 * LANES, interleave_couples_low(plus_high, minus_high))
    store(values, 3 * LANES, interleave_couples_high(plus_high, minus_high))


@kernel(boundscheck=False, forceinline=True)
def spread(begin, end, places, values, taps, cells, first_cell):
    """Adds samples `begin` to before `end` of a block to their cells, times each of their taps.

    Args:
        begin: first sample.
        end: the one behind the last.
        places: see `Samples`.
        values: see `Samples`.
        taps: `kaiser_bessel.tap_table`.
        cells: added to, 16 floats a bin: for each tap the real and the imaginary part at +wave and at -wave.
        first_cell: the float in it at which the first bin's cell begins.
    """
    for sample in range(np.uintp(begin), np.uintp(end)):
        lane = np.intp(sample)
        cell = first_cell + np.intp(places[sample])
        weights = load_stretched(taps, np.intp(places[np.uintp(lane + LANES)]))
        store(cells, cell, fma(load_repeated(values, 4 * lane), weights, load(cells, cell)))


@kernel(boundscheck=False)
def gather_cells(first_bin, cells, mask, at_plus, at_minus):
    """Adds cells from the depth bin `first_bin` on up into the spectra at +wave and -wave, complex64 (n_depth,), times
    `mask` (n_depth,).

    Bins beyond the spectra's length alias, as they do in an image sampled at its rows. No sample lies in the first or
    last three cells.
    """
    n_depth = mask.size
    at_plus[:] = 0
    at_minus[:] = 0
    plus_floats, minus_floats = at_plus.view(np.float32), at_minus.view(np.float32)
    target = (first_bin + 2) % n_depth
    for bin_ in range(2, cells.size // LANES - 1):
        # Of the next bin's samples the first tap, of its own the second, and so on.
        first = LANES * (bin_ + 1)
        near = add(load_repeated(cells, first), load_repeated(cells, first - 12))
        total = add(near, add(load_repeated(cells, first - 24), load_repeated(cells, first - 36)))
        total = multiply(splat(mask[target]), total)
        add_couple(plus_floats, 2 * target, total, 0)
        add_couple(minus_floats, 2 * target, total, 1)
        target = target + 1 if target + 1 < n_depth else 0
