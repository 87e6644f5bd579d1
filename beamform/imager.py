"""From channel data to B-mode, the one way: beamformer, gain, reference level of the stream, log compression."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import uniform_gain
from sonolucent.beamform.beamformers import Beamformer, ShotBeamformer, choose_beamformer, make_beamformer
from sonolucent.beamform.bmode import ReferenceLevel, log_compress
from sonolucent.beamform.channel_data import ChannelData, require_gain
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.imaging_settings import ImagingSettings


class BModeImager:
    """Images the frames of one stream, one after another: the reference level belongs to the stream.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels, where the settings leave them open; by default `ImageGrid.for_acquisition`.
        settings: what a user chooses.
        gain: multiplies the image, (n_z, n_x), before the settings' own; by default `uniform_gain`.
        reference: the running level, shown as 0 dB where the settings do not fix another.
        threads: threads that share the work; all cores by default.
        device: "cpu", or a CUDA device for the Fourier method.

    Attributes:
        acquisition: that of the shots that are imaged.
        grid: the pixels of the image.
        settings: as given.
        dynamic_range_db: as in the settings.
        level: the envelope shown as 0 dB in the last image, before TGC and gain.
        analytic: the analytic image that the last image was made of, (n_z, n_x); overwritten by the next one.
        beamformer: what makes the analytic images.

    Raises:
        ValueError: the grid reaches beyond the record, `gain` has another shape, the settings do not suit the
            acquisition, or the method and the device do not go together.
        RuntimeError: no such CUDA device here.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        grid: ImageGrid | None = None,
        *,
        settings: ImagingSettings | None = None,
        gain: NDArray[np.float32] | None = None,
        reference: ReferenceLevel | None = None,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        settings = ImagingSettings() if settings is None else settings
        self.acquisition = used = settings.acquisition_of(acquisition)
        self.grid = settings.grid_of(acquisition, grid)
        self.reference = ReferenceLevel() if reference is None else reference
        self.level = 1.0
        self._show_by(settings)
        self.analytic: NDArray[np.complex64] = np.zeros(self.grid.shape, np.complex64)
        self._shots = settings.shots_of(acquisition)
        self._of_all_shots = acquisition.shape
        receive, transmit = settings.tapers_of(used)
        if gain is None:
            imaged = choose_beamformer(used, settings.method).acquisition
            gain = uniform_gain(imaged, self.grid, receive, transmit_apodization=transmit)
        self.beamformer: Beamformer = make_beamformer(
            used,
            self.grid,
            method=settings.method,
            apodization=receive,
            transmit_apodization=transmit,
            gain=require_gain(gain, self.grid),
            threads=threads,
            device=device,
        )

    def __call__(self, channel_data: ChannelData, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The B-mode image in dB, float32 (n_z, n_x) in [-dynamic_range_db, 0], of one frame (n_tx, n_rx, n_samples).

        Raises:
            TypeError, ValueError: channel data or `out` of another type or shape.
            NotFiniteError: channel data are not finite.
        """
        self.beamformer(self._used(channel_data), out=self.analytic)
        return self._shown(out)

    def push(self, shot: ChannelData, tx_index: int) -> None:
        """Takes in one shot (n_rx, n_samples) of the acquisition given, and does its work; one that the settings leave
        out is of no use. Shots may be pushed for ever, each in the place of the last one of its transmit.

        Raises:
            TypeError, ValueError: a shot of another type or shape, or not finite.
            NotImplementedError: the beamformer needs whole frames.
        """
        beamformer = self._shot_beamformer()
        if tx_index in self._shots:
            beamformer.push(shot, self._shots.index(tx_index))

    def image(self, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The B-mode image in dB of the shots pushed so far.

        Raises:
            RuntimeError: none has been since the last whole frame.
            NotImplementedError: the beamformer needs whole frames.
        """
        self._shot_beamformer().image(out=self.analytic)
        return self._shown(out)

    @property
    def takes_shots(self) -> bool:
        """Whether shots can be pushed one by one."""
        return isinstance(self.beamformer, ShotBeamformer)

    def _shot_beamformer(self) -> ShotBeamformer:
        if not isinstance(self.beamformer, ShotBeamformer):
            raise NotImplementedError("this beamformer images whole frames; the method fourier takes single elements")
        return self.beamformer

    def compress(self, image: NDArray[np.complex64], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """An analytic image, or the envelope of one, complex64 (n_z, n_x), as B-mode in dB, float32: with the TGC, the
        gain, the level and the range of the last image."""
        return log_compress(
            image,
            dynamic_range_db=self.dynamic_range_db,
            reference=self.level / 10 ** (self.settings.gain_db / 20),
            row_gain=self._row_gain,
            out=out,
        )

    def shown_by(self, settings: ImagingSettings) -> BModeImager | None:
        """This imager's beamformer with other settings of TGC, gain, range and level; None where others change too,
        and another beamformer is needed."""
        if settings.of_beamforming != self.settings.of_beamforming:
            return None
        other = copy.copy(self)
        other._show_by(settings)
        return other

    def _show_by(self, settings: ImagingSettings) -> None:
        self.settings, self.dynamic_range_db = settings, settings.dynamic_range_db
        self._row_gain = settings.row_gain(self.grid.z_m) if settings.tgc_db else None

    def _shown(self, out: NDArray[np.float32] | None) -> NDArray[np.float32]:
        running = self.reference.update(self.analytic)
        self.level = self.settings.reference_level or running
        return self.compress(self.analytic, out)

    def _used(self, channel_data: ChannelData) -> ChannelData:
        """The shots that are imaged, of a frame of all."""
        if len(self._shots) == self._of_all_shots[0]:
            return channel_data
        if channel_data.shape != self._of_all_shots:
            raise ValueError(
                f"channel data has shape {channel_data.shape}; this acquisition gives {self._of_all_shots} "
                "(n_tx, n_rx, n_samples)"
            )
        return channel_data[list(self._shots)]

    def warm_up(self, dtype: DTypeLike = np.int16) -> None:
        """Images an empty frame of samples of that type, whole and shot by shot; the reference level stays as it is."""
        self.beamformer.warm_up(dtype)
        if isinstance(self.beamformer, ShotBeamformer):
            sample = np.complex64 if self.acquisition.is_baseband else dtype
            self.beamformer.push(np.zeros(self.acquisition.shape[1:], sample), 0)
            self.beamformer.image()
        log_compress(self.analytic, dynamic_range_db=self.dynamic_range_db, reference=1.0)

    def describe(self) -> str:
        """What was planned, in one line."""
        return self.beamformer.describe()
