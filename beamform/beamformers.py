"""The beamformer that suits an acquisition: one protocol, and the one place that chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, get_args, runtime_checkable

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper
from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.delay_and_sum.beamformer import DelayAndSum
from sonolucent.beamform.fourier.beamformer import FourierBeamformer
from sonolucent.beamform.fourier.plane_waves import PlaneWaveBeamformer
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.imaging_settings import BeamformingMethod
from sonolucent.beamform.transmit.decoder import SequenceDecoder, UndeterminedElementsError
from sonolucent.beamform.transmit_waves import PlaneWave, find_waves


class Beamformer(Protocol):
    """Plans once, then images frame after frame."""

    def __call__(self, channel_data: ChannelData, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        """The analytic image, complex64 (n_z, n_x), of one frame (n_tx, n_rx, n_samples)."""

    def warm_up(self, dtype: DTypeLike = np.int16) -> None:
        """Images an empty frame of samples of that type, so that the first real one finds everything compiled."""

    def describe(self) -> str:
        """What was planned, in one line."""


@runtime_checkable
class ShotBeamformer(Beamformer, Protocol):
    """One that takes shots as they arrive, too."""

    def push(self, shot: ChannelData, tx_index: int) -> None:
        """Takes in one shot (n_rx, n_samples), in the place of the last one of that transmit, and does its work."""

    def image(self, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        """The analytic image, complex64 (n_z, n_x), of the latest shot of every transmit pushed so far."""


class DecodingBeamformer:
    """Recovers the full matrix from a sequence's shots, and images that.

    Args:
        decoder: recovers it.
        beamformer: images it.
    """

    def __init__(self, decoder: SequenceDecoder, beamformer: Beamformer) -> None:
        self.acquisition = decoder.acquisition
        self.beamformer = beamformer
        self._decoder = decoder
        self._full_matrix = np.zeros(decoder.acquisition.full_matrix.shape, np.float32)

    def __call__(self, channel_data: ChannelData, out: NDArray[np.complex64] | None = None) -> NDArray[np.complex64]:
        """The analytic image, complex64 (n_z, n_x), of one frame of shots, int16 or float32 `acquisition.shape`.

        Raises:
            TypeError, ValueError: channel data or `out` of another type or shape.
            NotFiniteError: channel data are not finite.
        """
        return self.beamformer(self._decoder(channel_data, out=self._full_matrix), out)

    def warm_up(self, dtype: DTypeLike = np.int16) -> None:
        """Images an empty frame of samples of that type."""
        self(np.zeros(self.acquisition.shape, dtype))

    def describe(self) -> str:
        """What was planned, in one line."""
        return f"{self.acquisition.n_tx} shots decoded to {len(self.acquisition.tx_elements)} elements; " + (
            self.beamformer.describe()
        )


@dataclass(frozen=True)
class BeamformerChoice:
    """How a method images an acquisition."""

    acquisition: Acquisition
    """What is imaged: the acquisition given, or its full matrix where that is decoded first."""
    is_decoded: bool
    plane_waves: bool
    """Whether the shots are imaged as plane waves in the wavenumber domain."""


def choose_beamformer(acquisition: Acquisition, method: BeamformingMethod) -> BeamformerChoice:
    """Plane waves are imaged as they come, other waves by delay-and-sum alone; what else is fired is decoded.

    Raises:
        ValueError: no such method.
    """
    if method not in get_args(BeamformingMethod):
        raise ValueError(f"method must be one of {', '.join(get_args(BeamformingMethod))}, not {method!r}")
    waves = find_waves(acquisition)
    plane_waves = bool(waves) and all(isinstance(wave, PlaneWave) for wave in waves)
    is_decoded = bool(waves) and not (plane_waves or (method == "das" and all(waves)))
    return BeamformerChoice(
        acquisition=acquisition.full_matrix if is_decoded else acquisition,
        is_decoded=is_decoded,
        plane_waves=plane_waves and method == "fourier",
    )


def make_beamformer(
    acquisition: Acquisition,
    grid: ImageGrid,
    *,
    method: BeamformingMethod = "fourier",
    apodization: Apodization | None = None,
    transmit_apodization: Apodization | None = None,
    gain: NDArray[np.float32] | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> Beamformer:
    """The beamformer of a method for single elements or any transmit sequence.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels.
        method: "fourier": single elements by `FourierBeamformer`, plane waves by `PlaneWaveBeamformer`, and whatever
            else is fired decoded to single elements. "das": single elements, plane, diverging and focused waves by
            `DelayAndSum`, other encodings decoded.
        apodization: weights of both legs, of the receive leg alone where waves are imaged as they come; by default
            `WavenumberTaper.for_acquisition`. Delay-and-sum takes the weights of the centre frequency for all others.
        transmit_apodization: of the transmit leg of single elements, where it is to be weighted otherwise.
        gain: multiplies the image, (n_z, n_x); none by default, see `uniform_gain`.
        threads: threads that share the work; all cores by default.
        device: "cpu", or a CUDA device for full matrices by the Fourier method.

    Raises:
        ValueError: the grid reaches beyond the record, `gain` has another shape, the method and the device do not go
            together, waves are given an apodization of their own, or the shots of a sequence neither are waves that the
            method images nor determine the elements.
        RuntimeError: no such CUDA device here.
    """
    choice = choose_beamformer(acquisition, method)
    taper = apodization or WavenumberTaper.for_acquisition(acquisition)
    if device != "cpu" and (method == "das" or choice.plane_waves):
        what = "delay-and-sum" if method == "das" else "imaging plane waves"
        raise ValueError(f"{what} runs on the CPU alone; leave out the device {device}")
    transmit = transmit_apodization or taper
    if transmit != taper and choice.acquisition.sequence is not None:
        raise ValueError(
            "these shots are imaged as the waves they are, which have no weights: leave out the apodization of the "
            "transmit leg alone (transmit_f_number, transmit_window)"
        )
    imaged: Beamformer
    if method == "das":
        imaged = DelayAndSum(
            choice.acquisition,
            grid,
            apodization=_angle_taper(taper, acquisition),
            transmit_apodization=_angle_taper(transmit, acquisition),
            gain=gain,
            threads=threads,
        )
    elif choice.plane_waves:
        imaged = PlaneWaveBeamformer(acquisition, grid, apodization=taper, gain=gain, threads=threads)
    else:
        imaged = FourierBeamformer(
            choice.acquisition,
            grid,
            apodization=taper,
            transmit_apodization=transmit,
            gain=gain,
            threads=threads,
            device=device,
        )
    return DecodingBeamformer(_decoder_of(acquisition, threads), imaged) if choice.is_decoded else imaged


def _decoder_of(acquisition: Acquisition, threads: int | None) -> SequenceDecoder:
    by_waves = "; the method das images these shots as the waves they are" if all(find_waves(acquisition)) else ""
    if acquisition.is_baseband:
        raise ValueError(f"shots at baseband cannot be decoded to single elements{by_waves or '; record RF'}")
    try:
        return SequenceDecoder(acquisition, threads=threads)
    except UndeterminedElementsError as error:
        raise UndeterminedElementsError(f"{error} to SequenceDecoder{by_waves}") from None


def _angle_taper(taper: Apodization, acquisition: Acquisition) -> AngleTaper:
    """The same aperture with the weights of the centre frequency at all others.

    Delay-and-sum of a `WavenumberTaper` takes twelve sub-bands with weights of their own, and twelve times as long.
    """
    return taper.at_center(acquisition) if isinstance(taper, WavenumberTaper) else taper
