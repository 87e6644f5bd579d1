"""From channel data to B-mode, the one way: beamformer, gain, reference level of the stream, log compression."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sonolucent.beamform.apodization import Apodization, WavenumberTaper, uniform_gain
from sonolucent.beamform.bmode import ReferenceLevel, log_compress
from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.delay_and_sum.beamformer import DelayAndSum
from sonolucent.beamform.fourier.beamformer import FourierBeamformer
from sonolucent.beamform.geometry import Acquisition, ImageGrid

BeamformingMethod = Literal["fourier", "das"]


class BModeImager:
    """Images the frames of one stream, one after another: the reference level belongs to the stream.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels; by default `ImageGrid.for_acquisition`.
        method: "fourier", or "das" (delay-and-sum: slow and plain, the same aperture).
        dynamic_range_db: the range shown below the reference level.
        apodization: weights of both legs; by default `WavenumberTaper.for_acquisition`.
        gain: multiplies the image, (n_z, n_x); by default `uniform_gain`.
        reference: the level shown as 0 dB; by default a slow running maximum.
        threads: worker threads; all cores by default.
        device: "cpu", or a CUDA device for the Fourier method.

    Raises:
        ValueError: the grid reaches beyond the record, `gain` has another shape, a number is not positive, or the
            method and the device do not go together.
        RuntimeError: no such CUDA device here.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        grid: ImageGrid | None = None,
        *,
        method: BeamformingMethod = "fourier",
        dynamic_range_db: float = 60.0,
        apodization: Apodization | None = None,
        gain: NDArray[np.float32] | None = None,
        reference: ReferenceLevel | None = None,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        if not dynamic_range_db > 0:
            raise ValueError(f"dynamic_range_db must be positive, not {dynamic_range_db}")
        self.acquisition = acquisition
        self.grid = ImageGrid.for_acquisition(acquisition) if grid is None else grid
        self.dynamic_range_db = dynamic_range_db
        self.reference = ReferenceLevel() if reference is None else reference
        self.level = 1.0
        """The envelope shown as 0 dB in the last image."""
        self.analytic: NDArray[np.complex64] = np.zeros(self.grid.shape, np.complex64)
        """The analytic image that the last image was made of, (n_z, n_x); overwritten by the next one."""
        taper = WavenumberTaper.for_acquisition(acquisition) if apodization is None else apodization
        gain = uniform_gain(acquisition, self.grid, taper) if gain is None else gain
        self.beamformer = _beamformer(method, acquisition, self.grid, taper, gain, threads, device)

    def __call__(self, channel_data: ChannelData, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The B-mode image in dB, float32 (n_z, n_x) in [-dynamic_range_db, 0], of one frame (n_tx, n_rx, n_samples).

        Raises:
            TypeError, ValueError: channel data or `out` of another type or shape.
            NotFiniteError: channel data are not finite.
        """
        self.beamformer(channel_data, out=self.analytic)
        self.level = self.reference.update(self.analytic)
        return log_compress(self.analytic, dynamic_range_db=self.dynamic_range_db, reference=self.level, out=out)

    def warm_up(self, dtype: DTypeLike = np.int16) -> None:
        """Images an empty frame of samples of that type; the reference level stays as it is."""
        self.beamformer.warm_up(dtype)
        log_compress(self.analytic, dynamic_range_db=self.dynamic_range_db, reference=1.0)

    def describe(self) -> str:
        """What was planned, in one line."""
        return self.beamformer.describe()


def _beamformer(
    method: BeamformingMethod,
    acquisition: Acquisition,
    grid: ImageGrid,
    taper: Apodization,
    gain: NDArray[np.float32],
    threads: int | None,
    device: str,
) -> FourierBeamformer | DelayAndSum:
    if method == "fourier":
        return FourierBeamformer(acquisition, grid, apodization=taper, gain=gain, threads=threads, device=device)
    if device != "cpu":
        raise ValueError(f"delay-and-sum runs on the CPU alone; use the method fourier on {device}")
    # Twelve sub-bands, each with its own weights, would take twelve times as long: those at the centre stand for all.
    fixed = taper.at_center(acquisition) if isinstance(taper, WavenumberTaper) else taper
    return DelayAndSum(acquisition, grid, apodization=fixed, gain=gain, threads=threads)
