"""The Fourier (wavenumber) beamformer for full-matrix data: delay-and-sum's image, many times faster.

A frame passes three stages, each over independent blocks that the workers share:

    channels --A--> spectra of offsets --B--> lateral spectrum of the image, per depth --C--> analytic image

A. Per offset h = |receiver - transmitter|: fold both orders of each pair, FFT in time, FFT over midpoints.
B. Per lateral wavenumber K of the image: sum over offsets into pairs of plane waves (k_t, k_r), spread each onto the
   image's depth wavenumber k_zt + k_zr, FFT back to depth.
C. Per depth: FFT back to the lateral axis, gain.

`leg_waves.py` has the equations, `sampling.py` the sizes of the transforms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sonolucent.beamform.apodization import Apodization, WavenumberTaper
from sonolucent.beamform.channel_data import (
    ChannelData,
    require_channels,
    require_finite,
    require_finite_image,
    require_gain,
)
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.thread_pool import Workers
from sonolucent.beamform.fourier.element_pairs import PairSpectra, PairWorkspace
from sonolucent.beamform.fourier.image_spectrum import ImageSpectrum, from_columns, to_columns
from sonolucent.beamform.fourier.lateral_fft import LateralTransform
from sonolucent.beamform.fourier.leg_waves import plan_legs
from sonolucent.beamform.fourier.looks import Look, LookMasks
from sonolucent.beamform.fourier.sampling import choose_sampling, depth_step, image_scale, wavenumber_step
from sonolucent.beamform.fourier.shot_buffer import ShotBuffer
from sonolucent.beamform.fourier.stolt import StoltMap, StoltWorkspace
from sonolucent.beamform.geometry import Acquisition, ImageGrid

_ROWS = 64
"""Rows of the image that a worker takes at a time."""


class FourierBeamformer:
    """Plans once, then images frame after frame.

    Args:
        acquisition: how the channel data were taken; any subset of elements may transmit.
        grid: the pixels; their lateral spacing must divide the pitch or a small multiple of it.
        apodization: weights of both legs; the default, `WavenumberTaper.for_acquisition`, fits the array.
        gain: multiplies the image, (n_z, n_x), at no cost; none by default, see `uniform_gain`.
        threads: worker threads; all cores by default. A GPU needs none.
        device: "cpu", or a CUDA device such as "cuda:0"; the same methods then run there (see `torch_engine.py`).

    Raises:
        ValueError: the grid reaches beyond the record, `gain` has another shape, or `device` is none.
        RuntimeError: no such CUDA device here.
    """

    def __new__(cls, *_: object, device: str = "cpu", **__: object) -> FourierBeamformer:
        if device == "cpu" or cls is not FourierBeamformer:
            return super().__new__(cls)
        from sonolucent.beamform.fourier.torch_engine import TorchBeamformer  # torch takes seconds to import

        return super().__new__(TorchBeamformer)

    def __init__(
        self,
        acquisition: Acquisition,
        grid: ImageGrid,
        *,
        apodization: Apodization | None = None,
        gain: NDArray[np.float32] | None = None,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.acquisition = acquisition
        self.grid = grid
        self.apodization = apodization or WavenumberTaper.for_acquisition(acquisition)
        self.sampling = choose_sampling(acquisition, grid, self.apodization)
        legs = plan_legs(acquisition, grid, self.apodization, self.sampling)
        self._workers = Workers(threads)
        self._stolt = StoltMap(acquisition, grid, self.sampling, legs)
        self._pairs = PairSpectra(acquisition, self.sampling)
        self._whole = self._masks([Look()])
        self._columns = fft.complex_buffer(1, self._stolt.waves.size, grid.n_z)
        self._gain = image_scale(acquisition, grid, self.sampling) * require_gain(gain, grid)
        workers = range(self._workers.threads)
        fft.recall_plans()
        self._transform = [PairWorkspace(self._pairs) for _ in workers]
        self._map_to_depth = [StoltWorkspace(self._stolt) for _ in workers]
        self._write_rows = [LateralTransform(acquisition, grid, self.sampling, self._stolt.waves) for _ in workers]
        fft.remember_plans()
        self._shot_of = np.full(acquisition.n_rx, -1, np.int64)
        self._shot_of[list(acquisition.tx_elements)] = np.arange(acquisition.n_tx)
        self._shots: ShotBuffer | None = None

    def __call__(self, channel_data: ChannelData, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        """The analytic image, complex64 (n_z, n_x), of one frame (n_tx, n_rx, n_samples), int16 or float32,
        complex64 where the acquisition is demodulated.

        Each pixel is the weighted sum of all pairs' analytic signals at their delays. Nothing is allocated when `out`
        is given.

        Raises:
            TypeError: channel data or `out` of another type.
            ValueError: of another shape, or not contiguous.
            NotFiniteError: channel data hold infinities, values that are no numbers, or such that their sum is none.
        """
        image = image_buffer(self.grid.shape, out)
        self._take_frame(channel_data)
        self._form_images(self._whole, image[np.newaxis])
        require_finite_image(image, channel_data)
        return image

    def looks(
        self, channel_data: ChannelData, looks: Sequence[Look], out: NDArray[np.complex64] | None = None
    ) -> NDArray[np.complex64]:
        """Images of parts of the spectrum of one frame, complex64 (n_looks, n_z, n_x).

        The parts share all work up to the depth transform: four quadrants cost little more than the image.

        Raises:
            TypeError: channel data or `out` of another type.
            ValueError: of another shape, not contiguous, or no looks.
            NotFiniteError: channel data are not finite.
        """
        masks = self._masks(looks)
        images = image_buffer((len(looks), *self.grid.shape), out)
        self._take_frame(channel_data)
        self._form_images(masks, images)
        require_finite_image(images, channel_data)
        return images

    def spectrum(self, channel_data: ChannelData) -> ImageSpectrum:
        """The spectrum of one frame's image before its gain, with its axes; `image_of` makes the image again.

        Raises:
            TypeError, ValueError: as for an image.
        """
        self._take_frame(channel_data)
        columns = self._form_columns(self._whole)[0]
        return from_columns(columns, self._k_x, self._k_z.min(), self.grid)

    def image_of(
        self, image_spectrum: ImageSpectrum, out: NDArray[np.complex64] | None = None
    ) -> NDArray[np.complex64]:
        """The image, complex64 (n_z, n_x), of a spectrum that `spectrum` gave, filtered perhaps.

        Raises:
            ValueError: a spectrum of another shape.
        """
        image, columns = image_buffer(self.grid.shape, out), to_columns(image_spectrum, self.grid)
        self._write_images(self._whole, columns[np.newaxis], image[np.newaxis])
        return image

    def push(self, shot: ChannelData, tx_index: int) -> None:
        """Takes in one shot (n_rx, n_samples), that of `acquisition.tx_elements[tx_index]`, and does its work.

        Shots may come in any order and may be pushed for ever: each replaces the last one of its transmit (a sliding
        synthetic aperture, without drift). A whole frame imaged in between begins anew.

        Raises:
            TypeError, ValueError: a shot of another type or shape, or not finite.
            IndexError: no such transmit.
        """
        self._require_shot(shot, tx_index)
        if self._shots is None or self._shots.frame.dtype != shot.dtype:
            self._shots = ShotBuffer(self.acquisition, self._pairs, shot.dtype)
        ready = self._shots.push(shot, tx_index)
        self._shots.transform_time(self._transform[0], ready)

    def image(self, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        """The image of the latest shot of every transmit pushed so far; after a whole frame, that frame's image.

        Raises:
            RuntimeError: no shot has been pushed since the last whole frame.
        """
        if self._shots is None:
            raise RuntimeError("no shot has been pushed since the last whole frame; call push() first")
        image, shots = image_buffer(self.grid.shape, out), self._shots
        waiting = shots.take_waiting()

        def transform_time(worker: int, pairs: range) -> None:
            shots.transform_time(self._transform[worker], waiting[pairs.start : pairs.stop])

        def transform_midpoints(worker: int, offsets: range) -> None:
            for offset in offsets:
                self._transform[worker].transform_midpoints(shots.rows[offset], offset)

        self._workers.map(transform_time, len(waiting), chunk=32)
        self._workers.map(transform_midpoints, self.sampling.n_offsets, chunk=1)
        self._form_images(self._whole, image[np.newaxis])
        return image

    def warm_up(self, dtype: DTypeLike = np.int16) -> None:
        """Images an empty frame of samples of that type, so that the first real one finds everything compiled.

        Baseband acquisitions have complex64 samples, whatever `dtype` says.
        """
        self(np.zeros(self.acquisition.shape, np.complex64 if self.acquisition.is_baseband else dtype))

    def describe(self) -> str:
        """What was planned, in one line."""
        s = self.sampling
        return (
            f"{fft.LIBRARY}, {self._workers.threads} threads: {s.n_offsets} offsets x {s.n_bins} of {s.n_time // 2} "
            f"frequencies x {s.n_lateral} lateral wavenumbers, {self._stolt.waves.size} x {s.n_depth} of the image"
        )

    @property
    def _k_x(self) -> NDArray[np.float64]:
        """Lateral wavenumbers of the image, rad/m."""
        step = wavenumber_step(self.acquisition, self.sampling)
        return np.asarray(self._stolt.waves * step, dtype=np.float64)

    @property
    def _k_z(self) -> NDArray[np.float64]:
        """Depth wavenumbers of the bins of the depth FFT, rad/m."""
        return self._stolt.depth_wavenumbers(depth_step(self.grid, self.sampling))

    def _masks(self, looks: Sequence[Look]) -> LookMasks:
        return LookMasks(looks, self._k_x, self._k_z)

    def _take_frame(self, channel_data: ChannelData) -> None:
        require_channels(channel_data, self.acquisition.shape, baseband=self.acquisition.is_baseband)
        require_finite(channel_data, workers=self._workers)
        self._transform_channels(channel_data)

    def _require_shot(self, shot: ChannelData, tx_index: int) -> None:
        require_channels(shot, self.acquisition.shape[1:], baseband=self.acquisition.is_baseband)
        if not 0 <= tx_index < self.acquisition.n_tx:
            raise IndexError(f"tx_index must lie in 0..{self.acquisition.n_tx - 1}, not {tx_index}")
        require_finite(shot[np.newaxis], first_tx=tx_index)

    def _transform_channels(self, channels: ChannelData) -> None:
        self._shots = None

        def transform(worker: int, offsets: range) -> None:
            for offset in offsets:
                self._transform[worker].transform_offset(channels, self._shot_of, offset)

        self._workers.map(transform, self.sampling.n_offsets, chunk=1)

    def _form_images(self, masks: LookMasks, images: NDArray[np.complex64]) -> None:
        self._write_images(masks, self._form_columns(masks), images)

    def _form_columns(self, masks: LookMasks) -> NDArray[np.complex64]:
        """The lateral spectrum of each depth, (n_masks, n_waves, n_z)."""
        if len(masks.depth) > len(self._columns):
            self._columns = fft.complex_buffer(len(masks.depth), *self._columns.shape[1:])
        columns = self._columns[: len(masks.depth)]

        def map_to_depth(worker: int, residues: range) -> None:
            for residue in residues:
                self._map_to_depth[worker](self._pairs.by_wavenumber, residue, masks.depth, columns)

        self._workers.map(map_to_depth, self.sampling.n_lateral // 2 + 1, chunk=1)
        return columns

    def _write_images(self, masks: LookMasks, columns: NDArray[np.complex64], images: NDArray[np.complex64]) -> None:
        def write_rows(worker: int, rows: range) -> None:
            for image, mask, depth in zip(images, masks.lateral, masks.depth_of, strict=True):
                self._write_rows[worker](columns[depth], mask, rows, self._gain, image)

        self._workers.map(write_rows, self.grid.n_z, chunk=_ROWS)


def image_buffer(shape: tuple[int, ...], out: NDArray[np.complex64] | None) -> NDArray[np.complex64]:
    if out is None:
        return np.empty(shape, np.complex64)
    if out.dtype != np.complex64:
        raise TypeError(f"out must be complex64, not {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}; this grid gives {shape}")
    return out
