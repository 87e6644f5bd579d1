"""The wavenumber beamformer for plane waves: delay-and-sum's image of the same shots, many times faster.

A frame passes three stages:

    channels --A--> spectra of shots --B--> lateral spectrum of the image, per depth --C--> analytic image

A. Per shot: FFT in time, each receiver's transmit delay taken back, FFT over receivers.   `receive_spectra.py`
B. Per lateral wavenumber K of the image: spread all shots' frequencies onto the image's depth wavenumber, FFT back to
   depth.                                                                                  `plane_wave_map.py`
C. Per depth: FFT back to the lateral axis, gain.                                          `lateral_fft.py`

`plane_wave_plan.py` has the equations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import Apodization, WavenumberTaper
from sonolucent.beamform.channel_data import ChannelData, require_finite_image, require_frame, require_shot
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.taking import Taken
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.fourier.image_buffer import image_buffer
from sonolucent.beamform.fourier.lateral_fft import LateralTransform
from sonolucent.beamform.fourier.plane_wave_map import PlaneWaveMap
from sonolucent.beamform.fourier.plane_wave_plan import plan_plane_waves
from sonolucent.beamform.fourier.receive_spectra import ReceiveSpectra
from sonolucent.beamform.image_grid import ImageGrid


class PlaneWaveBeamformer:
    """Plans once, then images frame after frame of plane waves, compounded coherently.

    Args:
        acquisition: how the channel data were taken; every shot of its sequence must be a plane wave.
        grid: the pixels; their lateral spacing must divide the pitch or a small multiple of it.
        apodization: weights of the receive leg; the default, `WavenumberTaper.for_acquisition`, fits the array. Waves
            have none.
        gain: multiplies the image, (n_z, n_x), at no cost; none by default, see `uniform_gain`.
        threads: threads that share the work; all cores by default.

    Raises:
        ValueError: a shot is no plane wave, the grid reaches beyond the record, or `gain` has another shape.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        grid: ImageGrid,
        *,
        apodization: Apodization | None = None,
        gain: NDArray[np.float32] | None = None,
        threads: int | None = None,
    ) -> None:
        self.acquisition = acquisition
        self.grid = grid
        self.apodization = apodization or WavenumberTaper.for_acquisition(acquisition)
        self.plan = plan_plane_waves(acquisition, grid, self.apodization, gain)
        self._pool = ThreadPool(threads)
        with fft.planning():
            self._spectra = ReceiveSpectra(self.plan, self._pool)
            self._map = PlaneWaveMap(self.plan, self._spectra.by_wavenumber, self._pool.threads)
            self._lateral_transforms = [LateralTransform(self.plan) for _ in range(self._pool.threads)]
        self._columns = fft.complex_buffer(self.plan.image_waves.size, grid.n_z)
        self._mask = np.ones(self.plan.image_waves.size, np.float32)
        self._pushed: np.dtype[Any] | None = None
        """Samples of the shots pushed since the last whole frame; None before the first one."""

    def __call__(self, channel_data: ChannelData, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        """The analytic image, complex64 (n_z, n_x), of one frame (n_shots, n_rx, n_samples), int16 or float32,
        complex64 where the acquisition is demodulated.

        Each pixel is the weighted sum of all traces' analytic signals at their delays. Nothing is allocated when `out`
        is given.

        Raises:
            TypeError: channel data or `out` of another type.
            ValueError: of another shape, or not contiguous.
            NotFiniteError: channel data hold infinities, values that are no numbers, or such that their sum is none.
        """
        image = image_buffer(self.grid.shape, out)
        require_frame(channel_data, self.acquisition, self._pool)
        self._pushed = None
        self._spectra.transform(channel_data, range(self.acquisition.n_tx))
        self._form_image(image)
        require_finite_image(image, channel_data)
        return image

    def push(self, shot: ChannelData, tx_index: int) -> None:
        """Takes in one shot (n_rx, n_samples) and does its work.

        Shots may come in any order and may be pushed for ever: each replaces the last one of its wave. A whole frame
        imaged in between begins anew.

        Raises:
            TypeError, ValueError: a shot of another type or shape, or not finite.
            IndexError: no such shot.
        """
        require_shot(shot, tx_index, self.acquisition)
        if self._pushed != shot.dtype:
            self._spectra.by_wavenumber[:] = 0
            self._pushed = shot.dtype
        self._spectra.transform(shot[np.newaxis], range(tx_index, tx_index + 1))

    def image(self, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        """The image of the latest shot of every wave pushed so far.

        Raises:
            RuntimeError: no shot has been pushed since the last whole frame.
        """
        if self._pushed is None:
            raise RuntimeError("no shot has been pushed since the last whole frame; call push() first")
        image = image_buffer(self.grid.shape, out)
        self._form_image(image)
        return image

    def warm_up(self, dtype: DTypeLike = np.int16) -> None:
        """Images an empty frame of samples of that type, complex64 where the acquisition is demodulated."""
        self(np.zeros(self.acquisition.shape, np.complex64 if self.acquisition.is_baseband else dtype))

    def describe(self) -> str:
        """What was planned, in one line."""
        return f"{fft.LIBRARY}, {self._pool.threads} threads: {self.plan.describe()}"

    def _form_image(self, image: NDArray[np.complex64]) -> None:
        def write_columns(thread: int, taken: Taken) -> None:
            self._map(thread, taken, self._columns)

        def write_rows(thread: int, taken: Taken) -> None:
            self._lateral_transforms[thread](taken, self._columns, self._mask, image)

        self._pool.share(write_columns)
        self._pool.share(write_rows)
