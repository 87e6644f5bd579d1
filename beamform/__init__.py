"""Image formation: geometry, Fourier and delay-and-sum beamformers, B-mode, transmit sequences, point targets."""

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper, leg_weights, uniform_gain
from sonolucent.beamform.baseband import to_baseband
from sonolucent.beamform.beamformers import (
    Beamformer,
    BeamformerChoice,
    DecodingBeamformer,
    ShotBeamformer,
    choose_beamformer,
    make_beamformer,
)
from sonolucent.beamform.bmode import ReferenceLevel, log_compress, to_grey
from sonolucent.beamform.channel_data import ChannelData, NotFiniteError, band_weight, pass_band_hz
from sonolucent.beamform.delay_and_sum.beamformer import DelayAndSum
from sonolucent.beamform.fourier.beamformer import FourierBeamformer
from sonolucent.beamform.fourier.image_spectrum import ImageSpectrum
from sonolucent.beamform.fourier.looks import Look, equalize, frequency_looks, quadrant_looks, steering_looks
from sonolucent.beamform.fourier.plane_waves import PlaneWaveBeamformer
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.imager import BModeImager
from sonolucent.beamform.imaging_settings import BeamformingMethod, ImagingSettings
from sonolucent.beamform.point_targets.lobes import (
    SideLobes,
    first_grating_lobe_m,
    grating_level_db,
    measure_side_lobes,
)
from sonolucent.beamform.point_targets.target import PointTarget, measure_point
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.sample_types import as_channel_data
from sonolucent.beamform.transmit.decoder import SequenceDecoder, UndeterminedElementsError, decode, encode
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.beamform.transmit_waves import DivergingWave, FocusedWave, PlaneWave, TransmitWave, find_waves

__all__ = [
    "Acquisition",
    "AngleTaper",
    "Apodization",
    "BModeImager",
    "Beamformer",
    "BeamformerChoice",
    "BeamformingMethod",
    "ChannelData",
    "DecodingBeamformer",
    "DelayAndSum",
    "DivergingWave",
    "FocusedWave",
    "FourierBeamformer",
    "ImageGrid",
    "ImageSpectrum",
    "ImagingSettings",
    "Look",
    "NotFiniteError",
    "PlaneWave",
    "PlaneWaveBeamformer",
    "PointTarget",
    "Probe",
    "ReferenceLevel",
    "SequenceDecoder",
    "ShotBeamformer",
    "SideLobes",
    "TransmitSequence",
    "TransmitWave",
    "UndeterminedElementsError",
    "WavenumberTaper",
    "as_channel_data",
    "band_weight",
    "choose_beamformer",
    "decode",
    "encode",
    "equalize",
    "find_waves",
    "first_grating_lobe_m",
    "frequency_looks",
    "grating_level_db",
    "leg_weights",
    "log_compress",
    "make_beamformer",
    "measure_point",
    "measure_side_lobes",
    "pass_band_hz",
    "quadrant_looks",
    "steering_looks",
    "to_baseband",
    "to_grey",
    "uniform_gain",
]
