"""The Fourier beamformer on a GPU: the steps of `fourier.py` as PyTorch operations on the same plan.

Only this module and `torch_frame.py` import torch here, and only `FourierBeamformer(device="cuda:0")` imports them. Any
device of torch's will do; the tests hold torch's CPU device to the CPU's image.

    A  gather and fold pairs, FFT in time, FFT over midpoints
    B  one complex matrix product per residue of the image's wavenumber sums the offsets into pairs of legs;
       one weighted `embedding_bag` gathers them into the bins of k_z (see `torch_tables.py`); FFT to depth
    C  one product with the matrix of exponentials, a few dozen microseconds on a GPU at any column spacing

Each sum runs in a fixed order and no atomics are used, so that a replay gives the same image bit for bit on the same
device, driver and libraries.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from sonolucent.beamform.apodization import Apodization, WavenumberTaper
from sonolucent.beamform.channel_data import ChannelData, require_gain
from sonolucent.beamform.compute.thread_pool import Workers
from sonolucent.beamform.fourier import depth_gridding
from sonolucent.beamform.fourier.beamformer import FourierBeamformer, image_buffer
from sonolucent.beamform.fourier.image_spectrum import ImageSpectrum, from_columns, to_columns
from sonolucent.beamform.fourier.leg_waves import Legs, plan_legs
from sonolucent.beamform.fourier.looks import Look, LookMasks
from sonolucent.beamform.fourier.sampling import Sampling, choose_sampling, image_scale
from sonolucent.beamform.fourier.stolt import StoltMap
from sonolucent.beamform.fourier.torch_frame import Frame, PinnedFrame, SampleType, cuda_device
from sonolucent.beamform.fourier.torch_tables import fold_table, gather_table, lateral_matrix, offset_matrices
from sonolucent.beamform.geometry import Acquisition, ImageGrid


class TorchBeamformer(FourierBeamformer):
    """What `FourierBeamformer(device="cuda:0")` makes: its arguments and methods, on a device of torch's."""

    def __init__(
        self,
        acquisition: Acquisition,
        grid: ImageGrid,
        *,
        apodization: Apodization | None = None,
        gain: NDArray[np.float32] | None = None,
        threads: int | None = None,
        device: str | torch.device,
    ) -> None:
        self._device = device if isinstance(device, torch.device) else cuda_device(device)
        self.acquisition, self.grid = acquisition, grid
        self.apodization = apodization or WavenumberTaper.for_acquisition(acquisition)
        self.sampling = choose_sampling(acquisition, grid, self.apodization)
        legs = plan_legs(acquisition, grid, self.apodization, self.sampling)
        self._workers = Workers(threads)
        self._stolt = StoltMap(acquisition, grid, self.sampling, legs)
        self._whole = self._masks([Look()])
        self._whole_on_device = self._on_device(self._whole)
        self._plan_spreading(legs)
        self._pixel_gain = self._to_device(image_scale(acquisition, grid, self.sampling) * require_gain(gain, grid))
        self._spectra = _PairSpectra(acquisition, self.sampling, self._device)
        n_waves = self._stolt.steepest_wave + 1
        self._exponentials = self._to_device(lateral_matrix(acquisition, grid, self.sampling, n_waves))
        self._frame: Frame | None = None
        self._pushed = False

    def spectrum(self, channel_data: ChannelData) -> ImageSpectrum:
        self._take_frame(channel_data)
        assert self._frame is not None
        columns = self._to_depth(self._spread(self._spectra(self._frame.traces()))).cpu().numpy()
        n_waves = len(columns) // 2
        rising = np.concatenate([columns[:n_waves:-1], columns[:n_waves]])
        return from_columns(rising * self._stolt.phase[:, None], self._k_x, self._k_z.min(), self.grid)

    def image_of(
        self, image_spectrum: ImageSpectrum, out: NDArray[np.complex64] | None = None
    ) -> NDArray[np.complex64]:
        image, zero = image_buffer(self.grid.shape, out), self._stolt.steepest_wave
        rising = to_columns(image_spectrum, self.grid) / self._stolt.phase[:, None]
        columns = self._to_device(np.concatenate([rising[zero:], rising[zero::-1]]))
        rows = torch.matmul(columns.T, self._exponentials) * self._pixel_gain
        image[...] = rows.cpu().numpy()
        return image

    def push(self, shot: ChannelData, tx_index: int) -> None:
        """Sends one shot (n_rx, n_samples) to the GPU; all other work waits for `image`."""
        self._require_shot(shot, tx_index)
        frame = self._frame_of(shot.dtype)
        if not self._pushed:
            frame.clear()
        self._pushed = True
        frame.write(shot[np.newaxis], tx_index)

    def image(self, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        if not self._pushed:
            raise RuntimeError("no shot has been pushed since the last whole frame; call push() first")
        image = image_buffer(self.grid.shape, out)
        self._form_images(self._whole, image[np.newaxis])
        return image

    def describe(self) -> str:
        s = self.sampling
        return (
            f"torch {torch.__version__} on {self._device}: {s.n_offsets} offsets x {s.n_bins} of {s.n_time // 2} "
            f"frequencies x {s.n_lateral} lateral wavenumbers, {self._tap.numel()} taps"
        )

    def _plan_spreading(self, legs: Legs) -> None:
        n_depth, n_z = self.sampling.n_depth, self.grid.n_z
        beta = depth_gridding.shape_parameter(n_depth / n_z)
        table = gather_table(legs, self.sampling, depth_gridding.tap_table(beta))
        # An analytic signal has twice the spectrum of its real part.
        sides = 1 if self.acquisition.is_baseband else 2
        self._angle, self._weight = self._to_device(table.angle), self._to_device(sides * table.weight)[:, None]
        self._first, self._sample = self._to_device(table.first), self._to_device(table.sample)
        self._tap = self._to_device(table.tap)
        self._correction = self._to_device(depth_gridding.de_apodization(beta, n_z, n_depth))

    def _transform_channels(self, channels: ChannelData) -> None:
        self._pushed = False
        self._frame_of(channels.dtype).write(channels, 0)

    def _frame_of(self, dtype: SampleType) -> Frame:
        """The frame on the device; another type of samples begins anew."""
        if self._frame is None or self._frame.dtype != dtype:
            kind = Frame if self._device.type == "cpu" else PinnedFrame
            self._frame = kind(self.acquisition, dtype, self._device, self._workers)
            self._pushed = False
        return self._frame

    def _on_device(self, masks: LookMasks) -> _Masks:
        zero = self._stolt.steepest_wave
        lateral = np.concatenate([masks.lateral[:, zero:], masks.lateral[:, zero::-1]], axis=1)
        return _Masks(self._to_device(masks.depth), masks.depth_of, self._to_device(lateral)[..., None])

    def _form_images(self, masks: LookMasks, images: NDArray[np.complex64]) -> None:
        assert self._frame is not None
        on_device = self._whole_on_device if masks is self._whole else self._on_device(masks)
        spectrum = self._spread(self._spectra(self._frame.traces()))
        columns = [self._to_depth(spectrum * mask) for mask in on_device.depth]
        for image, lateral, depth in zip(images, on_device.lateral, on_device.depth_of, strict=True):
            rows = torch.matmul(columns[depth].T, self._exponentials * lateral)
            self._frame.read(rows * self._pixel_gain, image)

    def _spread(self, by_angle: torch.Tensor) -> torch.Tensor:
        """Spectra (2, n, n_depth) of the image's wavenumbers 0, 1, .. n - 1 and 0, -1, .. from those of leg pairs."""
        pairs = by_angle[self._angle] * self._weight
        samples = torch.view_as_real(pairs.transpose(1, 2).contiguous()).view(-1, 4)
        cells = functional.embedding_bag(
            self._sample, samples, self._first, mode="sum", per_sample_weights=self._tap, include_last_offset=True
        )
        spectra = torch.view_as_complex(cells.view(-1, self.sampling.n_depth, 2, 2))
        return spectra.permute(2, 0, 1).contiguous()

    def _to_depth(self, spectrum: torch.Tensor) -> torch.Tensor:
        """Columns (2 n, n_z) of the image's wavenumbers; the phases put z = 0 of the FFT at the row n_z // 2."""
        depths = torch.roll(torch.fft.ifft(spectrum, norm="forward"), self.grid.n_z // 2, dims=-1)
        return (depths[..., : self.grid.n_z] * self._correction).flatten(0, 1)

    def _to_device(self, table: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(table)).to(self._device)


class _Masks(NamedTuple):
    """`LookMasks` on the device."""

    depth: torch.Tensor
    """(n_masks, n_depth)"""
    depth_of: list[int]
    lateral: torch.Tensor
    """(n_looks, 2 n, 1), in the order of `lateral_matrix`."""


class _PairSpectra:
    """From traces to spectra of leg pairs."""

    def __init__(self, acquisition: Acquisition, sampling: Sampling, device: torch.device) -> None:
        fold = fold_table(acquisition, sampling)
        self._forth, self._back, self._midpoint, self._unread, self._unheard = (
            torch.from_numpy(table).to(device)
            for table in (fold.forth, fold.back, fold.midpoint, fold.unread, fold.unheard)
        )
        bins = (sampling.first_bin + np.arange(sampling.n_bins)) % sampling.n_time
        self._bins = torch.from_numpy(bins).to(device)
        shape = sampling.n_offsets, sampling.n_lateral, sampling.n_bins
        self._sampling = sampling
        self._by_midpoint = torch.zeros(shape, dtype=torch.complex64, device=device)
        self._matrices = torch.from_numpy(offset_matrices(sampling)).to(device)

    def __call__(self, traces: torch.Tensor) -> torch.Tensor:
        """Spectra (n_lateral * n_angles, n_bins) from traces (n_tx * n_rx + 1, n_samples), the last of them zero."""
        s = self._sampling
        folded = traces.index_select(0, self._forth)
        folded = folded if folded.is_complex() else folded.float()
        folded += traces.index_select(0, self._back)
        folded.masked_fill_(self._unread, 0)
        spectra = (torch.fft.fft if folded.is_complex() else torch.fft.rfft)(folded, n=s.n_time)
        band = spectra.index_select(1, self._bins).masked_fill_(self._unheard, 0)
        self._by_midpoint.view(-1, s.n_bins).index_copy_(0, self._midpoint, band)
        by_wavenumber = torch.fft.fft(self._by_midpoint, dim=1).transpose(0, 1)
        return torch.bmm(self._matrices, by_wavenumber).flatten(0, 1)
