"""The Fourier beamformer on a GPU: the steps of `beamformer.py` as PyTorch operations on the same plan.

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

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.fourier.engine import EngineMaker
from sonolucent.beamform.fourier.looks import LookMasks
from sonolucent.beamform.fourier.plan import FourierPlan
from sonolucent.beamform.fourier.torch_frame import DeviceShots, PinnedShots, SampleType, cuda_device
from sonolucent.beamform.fourier.torch_tables import fold_table, gather_table, lateral_matrix, offset_matrices


def engine_on(device_name: str) -> EngineMaker:
    """Makes engines on a CUDA device such as "cuda:0".

    Raises:
        ValueError: no name of a CUDA device.
        RuntimeError: no such device here.
    """
    device = cuda_device(device_name)
    return lambda plan, pool: TorchEngine(plan, pool, device)


class TorchEngine:
    """An `Engine` on a device of torch's. Pushed shots are sent there at once; all other work waits for the image.

    Columns in here are those of the waves 0, 1, .. and 0, -1, .., (2 n, n_z), without their phases at the first pixel.
    """

    def __init__(self, plan: FourierPlan, pool: ThreadPool, device: torch.device) -> None:
        self._plan = plan
        self._pool = pool
        self._device = device
        self._pair_transform = _PairTransform(plan, device)
        self._upload_gather_table()
        self._tap_correction = self._to_device(plan.tap_correction)
        self._pixel_gain = self._to_device(plan.pixel_gain)
        self._exponentials = self._to_device(
            lateral_matrix(plan.acquisition, plan.grid, plan.sampling, plan.steepest_wave + 1)
        )
        self._whole_spectrum = self._masks_on_device(plan.whole_spectrum)
        self._shots: DeviceShots | None = None

    def take_frame(self, channels: ChannelData) -> None:
        self._shots_of(channels.dtype).write(channels, 0)

    def begin_shots(self, dtype: SampleType) -> None:
        self._shots_of(dtype).clear()

    def push(self, shot: ChannelData, tx_index: int) -> None:
        self._shots_of(shot.dtype).write(shot[np.newaxis], tx_index)

    def form_images(self, masks: LookMasks, images: NDArray[np.complex64]) -> None:
        assert self._shots is not None
        whole = masks is self._plan.whole_spectrum
        on_device = self._whole_spectrum if whole else self._masks_on_device(masks)
        spectrum = self._gather(self._pair_transform(self._shots.traces()))
        columns = [self._to_depth(spectrum * mask) for mask in on_device.depth]
        for image, lateral, depth in zip(images, on_device.lateral, on_device.depth_of, strict=True):
            rows = torch.matmul(columns[depth].T, self._exponentials * lateral)
            self._shots.read(rows * self._pixel_gain, image)

    def form_columns(self) -> NDArray[np.complex64]:
        assert self._shots is not None
        columns = self._to_depth(self._gather(self._pair_transform(self._shots.traces()))).cpu().numpy()
        n = len(columns) // 2
        rising = np.concatenate([columns[:n:-1], columns[:n]])
        return np.asarray(rising * self._plan.wave_phase[:, None])

    def write_image(self, columns: NDArray[np.complex64], image: NDArray[np.complex64]) -> None:
        zero = self._plan.steepest_wave
        rising = columns / self._plan.wave_phase[:, None]
        on_device = self._to_device(np.concatenate([rising[zero:], rising[zero::-1]]))
        rows = torch.matmul(on_device.T, self._exponentials) * self._pixel_gain
        image[...] = rows.cpu().numpy()

    def describe(self) -> str:
        return f"torch {torch.__version__} on {self._device}: {self._plan.describe()}, {self._tap.numel()} taps"

    def _upload_gather_table(self) -> None:
        plan = self._plan
        table = gather_table(plan.leg_waves, plan.sampling, plan.taps)
        # An analytic signal has twice the spectrum of its real part.
        sides = 1 if plan.acquisition.is_baseband else 2
        self._angle, self._weight = self._to_device(table.angle), self._to_device(sides * table.weight)[:, None]
        self._first, self._sample = self._to_device(table.first), self._to_device(table.sample)
        self._tap = self._to_device(table.tap)

    def _shots_of(self, dtype: SampleType) -> DeviceShots:
        """Room for a frame of such samples on the device."""
        if self._shots is None or self._shots.dtype != dtype:
            kind = DeviceShots if self._device.type == "cpu" else PinnedShots
            self._shots = kind(self._plan.acquisition, dtype, self._device, self._pool)
        return self._shots

    def _masks_on_device(self, masks: LookMasks) -> _Masks:
        zero = self._plan.steepest_wave
        lateral = np.concatenate([masks.lateral[:, zero:], masks.lateral[:, zero::-1]], axis=1)
        return _Masks(self._to_device(masks.depth), masks.depth_of, self._to_device(lateral)[..., None])

    def _gather(self, by_angle: torch.Tensor) -> torch.Tensor:
        """Spectra (2, n, n_depth) of the image's wavenumbers 0, 1, .. n - 1 and 0, -1, .. from those of leg pairs."""
        pairs = by_angle[self._angle] * self._weight
        samples = torch.view_as_real(pairs.transpose(1, 2).contiguous()).view(-1, 4)
        cells = functional.embedding_bag(
            self._sample, samples, self._first, mode="sum", per_sample_weights=self._tap, include_last_offset=True
        )
        spectra = torch.view_as_complex(cells.view(-1, self._plan.sampling.n_depth, 2, 2))
        return spectra.permute(2, 0, 1).contiguous()

    def _to_depth(self, spectrum: torch.Tensor) -> torch.Tensor:
        """Columns (2 n, n_z) of the image's wavenumbers; the phases put z = 0 of the FFT at the row n_z // 2."""
        n_z = self._plan.grid.n_z
        depths = torch.roll(torch.fft.ifft(spectrum, norm="forward"), n_z // 2, dims=-1)
        return (depths[..., :n_z] * self._tap_correction).flatten(0, 1)

    def _to_device(self, table: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(table)).to(self._device)


class _Masks(NamedTuple):
    """`LookMasks` on the device."""

    depth: torch.Tensor
    """(n_masks, n_depth)"""
    depth_of: list[int]
    lateral: torch.Tensor
    """(n_looks, 2 n, 1), in the order of `lateral_matrix`."""


class _PairTransform:
    """From traces to spectra of leg pairs."""

    def __init__(self, plan: FourierPlan, device: torch.device) -> None:
        acquisition, sampling = plan.acquisition, plan.sampling
        fold = fold_table(acquisition, sampling)
        self._first_order, self._second_order, self._midpoint, self._too_early, self._too_high = (
            torch.from_numpy(table).to(device)
            for table in (fold.first_order, fold.second_order, fold.midpoint, fold.too_early, fold.too_high)
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
        folded = traces.index_select(0, self._first_order)
        folded = folded if folded.is_complex() else folded.float()
        folded += traces.index_select(0, self._second_order)
        folded.masked_fill_(self._too_early, 0)
        spectra = (torch.fft.fft if folded.is_complex() else torch.fft.rfft)(folded, n=s.n_time)
        band = spectra.index_select(1, self._bins).masked_fill_(self._too_high, 0)
        self._by_midpoint.view(-1, s.n_bins).index_copy_(0, self._midpoint, band)
        by_wavenumber = torch.fft.fft(self._by_midpoint, dim=1).transpose(0, 1)
        return torch.bmm(self._matrices, by_wavenumber).flatten(0, 1)
