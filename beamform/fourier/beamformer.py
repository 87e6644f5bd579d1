"""The Fourier (wavenumber) beamformer for full-matrix data: delay-and-sum's image, many times faster.

A frame passes three stages:

    channels --A--> spectra of offsets --B--> lateral spectrum of the image, per depth --C--> analytic image

A. Per offset h = |receiver - transmitter|: fold both orders of each pair, FFT in time, FFT over midpoints.
B. Per lateral wavenumber K of the image: sum over offsets into pairs of plane waves (k_t, k_r), spread each onto the
   image's depth wavenumber k_zt + k_zr, FFT back to depth.
C. Per depth: FFT back to the lateral axis, gain.

`leg_waves.py` has the equations, `sampling.py` the sizes of the transforms, `plan.py` the tables. An engine does the
work: `cpu_engine.py`, or `torch_engine.py` on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import Apodization, WavenumberTaper
from sonolucent.beamform.channel_data import (
    ChannelData,
    require_finite_image,
    require_frame,
    require_shot,
    require_single_elements,
)
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.fourier.cpu_engine import CpuEngine
from sonolucent.beamform.fourier.engine import EngineMaker
from sonolucent.beamform.fourier.image_buffer import image_buffer
from sonolucent.beamform.fourier.image_spectrum import ImageSpectrum, from_columns, to_columns
from sonolucent.beamform.fourier.looks import Look
from sonolucent.beamform.fourier.plan import plan_fourier
from sonolucent.beamform.image_grid import ImageGrid


class FourierBeamformer:
    """Plans once, then images frame after frame.

    The wavenumber algorithm for full-matrix data of Hunter et al. (2008) and Moghimirad et al. (2016), with weights
    that make it delay-and-sum's image, see `leg_waves.py`.

    Args:
        acquisition: how the channel data were taken; any subset of elements may transmit.
        grid: the pixels; their lateral spacing must divide the pitch or a small multiple of it.
        apodization: weights of both legs; the default, `WavenumberTaper.for_acquisition`, fits the array.
        transmit_apodization: of the transmit leg, where it is to be weighted otherwise than the receive leg.
        gain: multiplies the image, (n_z, n_x), at no cost; none by default, see `uniform_gain`.
        threads: threads that share the work; all cores by default. A GPU needs none.
        device: "cpu", or a CUDA device such as "cuda:0"; or what makes an engine of one's own, see `engine.py`.

    Raises:
        ValueError: the grid reaches beyond the record, `gain` has another shape, or `device` is none.
        RuntimeError: no such CUDA device here.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        grid: ImageGrid,
        *,
        apodization: Apodization | None = None,
        transmit_apodization: Apodization | None = None,
        gain: NDArray[np.float32] | None = None,
        threads: int | None = None,
        device: str | EngineMaker = "cpu",
    ) -> None:
        require_single_elements(acquisition, "FourierBeamformer")
        make_engine = _engine_maker(device)
        self.acquisition = acquisition
        self.grid = grid
        self.apodization = apodization or WavenumberTaper.for_acquisition(acquisition)
        self.plan = plan_fourier(acquisition, grid, self.apodization, gain, transmit_apodization)
        self._pool = ThreadPool(threads)
        self._engine = make_engine(self.plan, self._pool)
        self._pushed: np.dtype[Any] | None = None
        """Samples of the shots pushed since the last whole frame; None before the first one."""

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
        self._engine.form_images(self.plan.whole_spectrum, image[np.newaxis])
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
        masks = self.plan.masks_of(looks)
        images = image_buffer((len(looks), *self.grid.shape), out)
        self._take_frame(channel_data)
        self._engine.form_images(masks, images)
        require_finite_image(images, channel_data)
        return images

    def spectrum(self, channel_data: ChannelData) -> ImageSpectrum:
        """The spectrum of one frame's image before its gain, with its axes; `image_of` makes the image again.

        Raises:
            TypeError, ValueError: as for an image.
        """
        self._take_frame(channel_data)
        return from_columns(self._engine.form_columns(), self.plan.k_x_rad_m, self.plan.k_z_rad_m.min(), self.grid)

    def image_of(
        self, image_spectrum: ImageSpectrum, out: NDArray[np.complex64] | None = None
    ) -> NDArray[np.complex64]:
        """The image, complex64 (n_z, n_x), of a spectrum that `spectrum` gave, filtered perhaps.

        Raises:
            ValueError: a spectrum of another shape.
        """
        image = image_buffer(self.grid.shape, out)
        self._engine.write_image(to_columns(image_spectrum, self.grid), image)
        return image

    def push(self, shot: ChannelData, tx_index: int) -> None:
        """Takes in one shot (n_rx, n_samples), that of `acquisition.tx_elements[tx_index]`, and does its work.

        Shots may come in any order and may be pushed for ever: each replaces the last one of its transmit (a sliding
        synthetic aperture, without drift). A whole frame imaged in between begins anew.

        Raises:
            TypeError, ValueError: a shot of another type or shape, or not finite.
            IndexError: no such transmit.
        """
        require_shot(shot, tx_index, self.acquisition)
        if self._pushed != shot.dtype:
            self._engine.begin_shots(shot.dtype)
            self._pushed = shot.dtype
        self._engine.push(shot, tx_index)

    def image(self, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        """The image of the latest shot of every transmit pushed so far; after a whole frame, that frame's image.

        Raises:
            RuntimeError: no shot has been pushed since the last whole frame.
        """
        if self._pushed is None:
            raise RuntimeError("no shot has been pushed since the last whole frame; call push() first")
        image = image_buffer(self.grid.shape, out)
        self._engine.form_images(self.plan.whole_spectrum, image[np.newaxis])
        return image

    def warm_up(self, dtype: DTypeLike = np.int16) -> None:
        """Images an empty frame of samples of that type, so that the first real one finds everything compiled.

        Baseband acquisitions have complex64 samples, whatever `dtype` says.
        """
        self(np.zeros(self.acquisition.shape, np.complex64 if self.acquisition.is_baseband else dtype))

    def describe(self) -> str:
        """The engine and what was planned, in one line."""
        return self._engine.describe()

    def _take_frame(self, channel_data: ChannelData) -> None:
        require_frame(channel_data, self.acquisition, self._pool)
        self._pushed = None
        self._engine.take_frame(channel_data)


def _engine_maker(device: str | EngineMaker) -> EngineMaker:
    if not isinstance(device, str):
        return device
    if device == "cpu":
        return CpuEngine
    from sonolucent.beamform.fourier.torch_engine import engine_on  # torch takes seconds to import

    return engine_on(device)
