"""Shots as they arrive, and which pairs their arrival completes."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute.compiled import read_only
from sonolucent.beamform.fourier.element_pairs import PairRows, PairWorkspace
from sonolucent.beamform.fourier.pair_folding import Shots
from sonolucent.beamform.fourier.pair_spectra import Pairs, PairSpectra


class ShotBuffer:
    """The latest shot of every transmit.

    A pair's spectrum depends on the shots of both its elements. It is transformed when the second of them arrives, so
    that a frame's work is done once and while its shots arrive. Pairs of which only one shot is new wait, and are
    transformed only if an image is wanted before the other comes.
    """

    def __init__(self, acquisition: Acquisition, spectra: PairSpectra, dtype: DTypeLike) -> None:
        self._frame: ChannelData = np.zeros(acquisition.shape, dtype)
        self._shots = Shots(read_only(self._frame), np.full(acquisition.n_rx, -1, np.int64), spectra.is_dead)
        self.rows = spectra.rows(spectra.sampling.n_offsets)
        """The pass band of each pair: (offset, lower element, frequency), see `PairSpectra.rows`."""
        self._elements = acquisition.tx_elements
        self._pairs = [spectra.pairs_of(element) for element in range(acquisition.n_rx)]
        self._partners = [slice(int(pairs[0].min()), int(pairs[-1].max()) + 1) for pairs in self._pairs]
        """The elements that each pairs with."""
        self._never_fires = ~np.isin(np.arange(acquisition.n_rx), self._elements)
        self._arrivals = np.zeros(acquisition.n_rx, np.int64)
        self._waiting = np.zeros((acquisition.n_rx, acquisition.n_rx), np.bool_)
        # Whatever the spectra held before these shots is out of date.
        self._waiting[tuple(spectra.offsets.pairs.T)] = True

    def push(self, shot: ChannelData, tx_index: int) -> Pairs:
        """Stores a shot; returns the pairs that it completes."""
        element = self._elements[tx_index]
        self._frame[tx_index] = shot
        self._shots.of_element[element] = tx_index
        self._arrivals[element] += 1
        pairs, partners = self._pairs[element], self._partners[element]
        complete = self._never_fires[partners] | (self._arrivals[partners] >= self._arrivals[element])
        # Of the two triangles of the matrix one is looked at: that of pairs (lower, higher).
        below = element - partners.start
        self._waiting[partners, element][: below + 1] = ~complete[: below + 1]
        self._waiting[element, partners][below:] = ~complete[below:]
        ready: Pairs = pairs[complete]
        return ready

    def transform_time(self, workspace: PairWorkspace, pairs: Pairs) -> None:
        """Brings the rows of some pairs up to date."""
        low, high = pairs.T
        row_of = (high - low) * self.rows.shape[1] + low
        rows = PairRows(row_of, self.rows.reshape(-1, self.rows.shape[2]))
        workspace.transform_time(self._shots, pairs, rows)

    def take_waiting(self) -> Pairs:
        """The pairs that are out of date; they count as transformed from now on."""
        waiting = np.argwhere(self._waiting)
        self._waiting[...] = False
        return waiting
