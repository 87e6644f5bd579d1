"""The Fourier beamformer on the CPU: Numba kernels and FFTs, over independent pieces that the threads share.

A  `element_pairs.py`, a piece is an offset between transmitter and receiver
B  `stolt.py`, a piece is a residue of the image's lateral wavenumbers modulo the lateral period
C  `lateral_fft.py`, a piece is some rows of the image
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import read_only
from sonolucent.beamform.compute.taking import Taken
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.fourier.element_pairs import PairWorkspace
from sonolucent.beamform.fourier.lateral_fft import LateralTransform
from sonolucent.beamform.fourier.looks import LookMasks
from sonolucent.beamform.fourier.pair_folding import Shots
from sonolucent.beamform.fourier.pair_spectra import PairSpectra
from sonolucent.beamform.fourier.plan import FourierPlan
from sonolucent.beamform.fourier.shot_buffer import ShotBuffer
from sonolucent.beamform.fourier.stolt import StoltMap, StoltWorkspace

_PAIRS = 32
"""Pairs of elements that a thread takes at a time."""


class CpuEngine:
    """An `Engine` whose buffers are all made here: a frame allocates nothing."""

    def __init__(self, plan: FourierPlan, pool: ThreadPool) -> None:
        self._plan = plan
        self._pool = pool
        self._pairs = PairSpectra(plan)
        self._columns = fft.complex_buffer(1, plan.image_waves.size, plan.grid.n_z)
        stolt, threads = StoltMap(plan, self._pairs.by_wavenumber), range(pool.threads)
        with fft.planning():
            self._pair_workspaces = [PairWorkspace(self._pairs) for _ in threads]
            self._stolt_workspaces = [StoltWorkspace(stolt) for _ in threads]
            self._lateral_transforms = [LateralTransform(plan) for _ in threads]
        self._shot_of = np.full(plan.acquisition.n_rx, -1, np.int64)
        self._shot_of[list(plan.acquisition.tx_elements)] = np.arange(plan.acquisition.n_tx)
        self._pushed: ShotBuffer | None = None

    def take_frame(self, channels: ChannelData) -> None:
        self._pushed = None
        shots = Shots(read_only(channels), self._shot_of, self._pairs.is_dead)

        def transform(thread: int, taken: Taken) -> None:
            self._pair_workspaces[thread].transform_offsets(taken, shots)

        self._pool.share(transform)

    def begin_shots(self, dtype: np.dtype[Any]) -> None:
        self._pushed = ShotBuffer(self._plan.acquisition, self._pairs, dtype)

    def push(self, shot: ChannelData, tx_index: int) -> None:
        assert self._pushed is not None
        complete = self._pushed.push(shot, tx_index)
        self._pushed.transform_time(self._pair_workspaces[0], complete)

    def form_images(self, masks: LookMasks, images: NDArray[np.complex64]) -> None:
        self._write_images(masks, self._form_columns(masks), images)

    def form_columns(self) -> NDArray[np.complex64]:
        columns: NDArray[np.complex64] = self._form_columns(self._plan.whole_spectrum)[0]
        return columns

    def write_image(self, columns: NDArray[np.complex64], image: NDArray[np.complex64]) -> None:
        self._write_images(self._plan.whole_spectrum, columns[np.newaxis], image[np.newaxis])

    def describe(self) -> str:
        image = f"{self._plan.image_waves.size} x {self._plan.sampling.n_depth} of the image"
        return f"{fft.LIBRARY}, {self._pool.threads} threads: {self._plan.describe()}, {image}"

    def _transform_waiting_pairs(self, pushed: ShotBuffer) -> None:
        """Does what the shots' arrival left to do."""
        waiting = pushed.take_waiting()

        def transform_time(thread: int, block: range) -> None:
            pushed.transform_time(self._pair_workspaces[thread], waiting[block.start : block.stop])

        def transform_midpoints(thread: int, taken: Taken) -> None:
            self._pair_workspaces[thread].transform_midpoints(taken, pushed.rows)

        self._pool.map(transform_time, len(waiting), chunk=_PAIRS)
        self._pool.share(transform_midpoints)

    def _form_columns(self, masks: LookMasks) -> NDArray[np.complex64]:
        """The columns under each of the masks in depth, (n_masks, n_waves, n_z)."""
        if self._pushed is not None:
            self._transform_waiting_pairs(self._pushed)
        if len(masks.depth) > len(self._columns):
            self._columns = fft.complex_buffer(len(masks.depth), *self._columns.shape[1:])
        columns = self._columns[: len(masks.depth)]

        def map_to_depth(thread: int, taken: Taken) -> None:
            self._stolt_workspaces[thread](taken, masks.depth, columns)

        self._pool.share(map_to_depth)
        return columns

    def _write_images(self, masks: LookMasks, columns: NDArray[np.complex64], images: NDArray[np.complex64]) -> None:
        for image, mask, depth in zip(images, masks.lateral, masks.depth_of, strict=True):
            self._write_under(mask, columns[depth], image)

    def _write_under(
        self, mask: NDArray[np.float32], columns: NDArray[np.complex64], image: NDArray[np.complex64]
    ) -> None:
        def write_rows(thread: int, taken: Taken) -> None:
            self._lateral_transforms[thread](taken, columns, mask, image)

        self._pool.share(write_rows)
