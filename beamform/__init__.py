"""Image formation: geometry, Fourier and delay-and-sum beamformers, B-mode, transmit sequences, point targets."""

from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper, leg_weights, uniform_gain
from sonolucent.beamform.baseband import to_baseband
from sonolucent.beamform.bmode import ReferenceLevel, log_compress, to_grey
from sonolucent.beamform.channel_data import ChannelData, NotFiniteError, band_weight, pass_band_hz
from sonolucent.beamform.delay_and_sum.beamformer import DelayAndSum
from sonolucent.beamform.fourier.beamformer import FourierBeamformer
from sonolucent.beamform.fourier.image_spectrum import ImageSpectrum
from sonolucent.beamform.fourier.looks import Look, equalize, frequency_looks, quadrant_looks, steering_looks
from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe
from sonolucent.beamform.imager import BModeImager
from sonolucent.beamform.point_targets.lobes import (
    SideLobes,
    first_grating_lobe_m,
    grating_level_db,
    measure_side_lobes,
)
from sonolucent.beamform.point_targets.target import PointTarget, measure_point
from sonolucent.beamform.transmit.decoder import SequenceDecoder, decode, encode
from sonolucent.beamform.transmit.sequence import TransmitSequence

__all__ = [
    "Acquisition",
    "AngleTaper",
    "Apodization",
    "BModeImager",
    "ChannelData",
    "DelayAndSum",
    "FourierBeamformer",
    "ImageGrid",
    "ImageSpectrum",
    "Look",
    "NotFiniteError",
    "PointTarget",
    "Probe",
    "ReferenceLevel",
    "SequenceDecoder",
    "SideLobes",
    "TransmitSequence",
    "WavenumberTaper",
    "band_weight",
    "decode",
    "encode",
    "equalize",
    "first_grating_lobe_m",
    "frequency_looks",
    "grating_level_db",
    "leg_weights",
    "log_compress",
    "measure_point",
    "measure_side_lobes",
    "pass_band_hz",
    "quadrant_looks",
    "steering_looks",
    "to_baseband",
    "to_grey",
    "uniform_gain",
]
